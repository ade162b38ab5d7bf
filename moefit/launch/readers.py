"""Values of single options as llama.cpp reads them: numbers, lists, proportions, overrides.

source: common/arg.cpp, the handlers in common_params_parser_init; tools/llama-bench/llama-bench.cpp, parse_cmd_params.
"""

from __future__ import annotations

import re

from moefit.errors import UsageError
from moefit.launch.lookup import Values, given_integer, switch
from moefit.launch.options import TRUTHY, Option, known_words
from moefit.launch.patterns import DENSE, EXPERTS, MAX_OVERRIDES, Rule, cpu_moe, first_blocks, parse_overrides
from moefit.launch.settings import SERVERS
from moefit.sizes import MIB

_FLOAT_MAX = 3.4e38
BENCH = "llama-bench"

KV_TYPES = frozenset({"-ctk", "-ctv", "-ctkd", "-ctvd"})
KNOWN_TYPES = frozenset({"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1"})
"""source: common/arg.cpp, kv_cache_types"""
_BITS = (("q4_1", 4), ("q5_1", 5), ("q8_0", 8), ("f16", 16), ("f32", 32))
_MODES = {
    "-sm": (("none", "layer", "row", "tensor"), "layer"),
    "-lm": (("auto", "none", "mmap", "mlock", "mmap+mlock", "dio"), "none"),
    "-lzm": (("on", "auto", "off"), "auto"),
}
"""Modes by option, and the one that another build's own counts as: of loading that which holds most memory."""
OVERRIDES = ("-ot", "-cmoe", "-ncmoe", "-ncffn")
DRAFT_OVERRIDES = ("-otd", "-cmoed", "-ncmoed")
_DRAFT_MAX, _NGRAM_MOD_MAX, _NGRAM_CACHE_MAX, _NGRAM_SIZE = 3, 64, 8, 48
"""source: common/common.h, common_params_speculative_*; common/speculative.cpp, common_speculative_n_max."""


def context(values: Values, default: int | None) -> int | None:
    """-c; 0 asks for the trained context."""
    found = values.last("-c")
    if found is None:
        return default
    tokens = given_integer(found)
    if tokens < 0:
        raise UsageError(f"{found.source}: a context cannot be negative", "-c 0 asks for the trained context")
    return tokens


def bench_context(values: Values) -> int:
    """Tokens of llama-bench's largest context: a test's prompt or answer, on its depth. Each value may be a list or a range.

    source: tools/llama-bench/llama-bench.cpp, cmd_params_instance::to_llama_cparams
    """

    def most(spelling: str, default: int) -> int:
        numbers = [int(n) for g in values.all(spelling) for n in re.findall(r"\d{1,9}", g.value)]
        return max(numbers, default=default)

    pairs = [sum(int(n) for n in re.findall(r"\d{1,9}", g.value)[:2]) for g in values.all("-pg")]
    return max(most("-p", 512), most("-n", 128), *pairs, 1) + most("-d", 0)


def batch(values: Values, default: int | None) -> int | None:
    """-b, which llama.cpp needs to be 1 or more."""
    return _at_least(1, values, "-b", default)


def ubatch(values: Values, default: int | None) -> int | None:
    """-ub; 0 is the whole batch, and so is a negative number, which is a large one there (llama_context::llama_context)."""
    size = _at_least(-(1 << 31), values, "-ub", default)
    return None if size is None else max(0, size)


def positive(values: Values, spelling: str) -> int | None:
    """A number for which 0 and less stand for "not set" (of -t and -tb: as many as there are processors; of --image-max-tokens: what the model says)."""
    count = values.number(spelling)
    return count if count is not None and count > 0 else None


def _at_least(least: int, values: Values, spelling: str, default: int | None) -> int | None:
    found = values.last(spelling)
    if found is None:
        return default
    count = given_integer(found)
    if count < least:
        raise UsageError(f"{found.source}: {spelling} must be {least} or more")
    return count


def slots(values: Values, program: str, default: int | None) -> int | None:
    """-np; None for a server's auto, which llama-cli's server has where it is asked for, too (llama_server, run by llama-cli's cli_server)."""
    found = values.last("-np")
    if found is None:
        return 1 if default is None and program == "llama-cli" else default
    count = given_integer(found)
    if count == 0 or (count < 0 and program not in SERVERS):
        raise UsageError(f"{found.source}: a number of slots of 1 or more is needed")
    return count if count > 0 else None


def gpu_layers(values: Values, spelling: str) -> int | str | None:
    """A number, auto or all."""
    found = values.last(spelling)
    if found is None:
        return None
    if found.value in {"auto", "all"}:
        return found.value
    layers = given_integer(found)
    return layers if layers >= 0 else "auto" if layers == -1 else "all"


def tensor_split(values: Values, program: str) -> tuple[float, ...] | None:
    """Numbers apart by `,` or `/`; all zero is as if not given (llama_model_base::load_tensors)."""
    found = values.last("-ts")
    if found is None:
        return None
    parts = re.split(r"[;/]+" if program == "llama-bench" else r"[,/]+", found.value)
    try:
        split = tuple(float(part) for part in parts)
    except ValueError as error:
        raise UsageError(f"{found.source}: -ts takes numbers such as 3,1") from error
    if not all(0 <= share < _FLOAT_MAX for share in split):
        raise UsageError(f"{found.source}: a share cannot be negative or infinite")
    if len(split) >= 16:
        raise UsageError(f"{found.source}: llama.cpp takes fewer than 16 proportions")
    return split if any(split) else None


def overrides(values: Values, spellings: tuple[str, ...], program: str) -> tuple[Rule, ...]:
    """The one list of -ot, -cmoe, -ncmoe and -ncffn (or the draft's), in the order in which they are set."""
    tensor, all_experts, some_experts, *_ = spellings
    found = values.all(*spellings)
    if (
        program == BENCH
    ):  # cmd_params_instance::to_llama_mparams puts -ncmoe after the overrides, wherever it stands
        found.sort(key=lambda g: tensor not in known_words(g.option))
    rules: list[Rule] = []
    for given in found:
        words = (given.source,)
        if tensor in known_words(given.option):
            rules += parse_overrides(given.value, words, ";" if program == BENCH else ",")
        elif all_experts in known_words(given.option):
            rules += [] if given.option.arity and given.value not in TRUTHY else [cpu_moe(words)]
        else:
            count = given_integer(given)
            if count < 0:
                raise UsageError(f"{given.source}: a number of layers cannot be negative")
            if count >= MAX_OVERRIDES:
                raise UsageError(f"{given.source}: llama.cpp has room for {MAX_OVERRIDES - 1} overrides")
            rules += first_blocks(
                count, EXPERTS if some_experts in known_words(given.option) else DENSE, words
            )
    return tuple(rules)


def devices(values: Values, spelling: str, program: str) -> tuple[str, ...] | None:
    """Device names; the empty tuple for `none`, None when it is left to llama.cpp. llama-bench alone takes spaces around them."""
    text = values.text(spelling)
    if text is None or (text.strip() == "auto" and program == BENCH):
        return None
    names = tuple(name.strip() for name in text.split("/")) if program == BENCH else tuple(text.split(","))
    return () if names == ("none",) else names


def servers(values: Values) -> tuple[str, ...]:
    """The addresses of every `--rpc`; what they are is told where they are asked.

    Raises:
        UsageError: one is empty, over which llama.cpp aborts (ggml/src/ggml-rpc/ggml-rpc.cpp, parse_endpoint).
    """
    for given in values.all("--rpc"):
        if "" in given.value.split(","):
            raise UsageError(f"--rpc {given.value!r}: an address is empty", "--rpc HOST:PORT,HOST:PORT")
    return values.lists("--rpc")


def one_device(text: str | None) -> str | None:
    """A device's name; `none` says the CPU, which is no device."""
    if text and "," in text:
        raise UsageError(f"-mmdev {text}: only one device may be specified for mmproj", "name one of them")
    return None if text == "none" else text


def flash_attention(values: Values) -> str | None:
    """Builds before the three-way -fa took it as a flag that means on."""
    found = values.last("-fa")
    if found is None:
        return None
    state = switch(found.value) if found.option.arity else True
    return {True: "on", False: "off", None: "auto"}[state]


def load_mode(values: Values) -> str | None:
    """-lm, or what --mmap, --mlock and --direct-io of builds before it come to."""
    if (said := mode(values, "-lm")) is not None:
        return said
    mmap = values.pair("--mmap", "--no-mmap")
    if values.pair("--direct-io", "--no-direct-io"):
        return "dio"
    if values.is_on("--mlock"):
        return "mlock" if mmap is False else "mmap+mlock"
    return None if mmap is None else "mmap" if mmap else "none"


def counted_type(name: str) -> str:
    """The KV type that a newer build's own counts as: the smallest known one that has as many bits as its name says, else f16.

    >>> [counted_type(name) for name in ("q8_0", "f8_e4m3", "q6_0", "tq3", "turbo")]
    ['q8_0', 'q8_0', 'q8_0', 'q4_1', 'f16']
    """
    if name in KNOWN_TYPES:
        return name
    bits = re.search(r"\d+", name)
    wide = int(bits[0]) if bits else 16
    return next((known for known, of in _BITS if wide <= of), "f32")


def counted_value(option: Option, value: str) -> str | None:
    """The known value that another build's own counts as; None where none of them tells what is counted."""
    if not KV_TYPES.isdisjoint(known_words(option)):
        return counted_type(value)
    return next((counted for name, (_, counted) in _MODES.items() if name in known_words(option)), None)


def mode(values: Values, spelling: str) -> str | None:
    """-sm, -lm or -lzm; a mode of another build counts as a known one."""
    text = values.text(spelling)
    known, counted = _MODES[spelling]
    return text if text is None or text in known else counted


def cache_type(values: Values, spelling: str) -> str | None:
    """-ctk and the like; a type of another build counts as a known one."""
    text = values.text(spelling)
    return None if text is None else counted_type(text)


def fit_target(values: Values) -> tuple[int, ...] | None:
    """Bytes to leave free: one value for every device, or one each."""
    found = values.last("-fitt")
    if found is None:
        return None
    parts = re.split(r"[,/]+", found.value)
    if not all(re.fullmatch(r"\s*\d{1,9}\s*", part, re.ASCII) for part in parts):
        raise UsageError(f"{found.source}: -fitt takes MiB, one number or one for each device")
    return tuple(int(part) * MIB for part in parts)


def mebibytes(value: int | None) -> int | None:
    """MiB in bytes; a negative number stays what it is, no limit."""
    return value if value is None or value < 0 else value * MIB


def moe_cache(values: Values) -> int | None:
    """--moe-cache-mib in bytes, which llama.cpp refuses below 0."""
    size = _at_least(0, values, "--moe-cache-mib", None)
    return None if size is None else size * MIB


def moe_cache_cpu_share(values: Values) -> float | None:
    """--moe-cache-cpu-share, which no checked build has: what is no share of one is passed on, for the program to judge."""
    found = values.last("--moe-cache-cpu-share")
    if found is None or not re.fullmatch(r"0?\.\d{1,9}|[01](\.0{0,9})?", found.value, re.ASCII):
        return None
    return float(found.value)


def embeddings(values: Values) -> bool:
    """Whether whole batches of outputs are reserved (tools/server/server-context.cpp, server_output_limits)."""
    pooling = values.text("--pooling")
    return values.is_on("--embedding", "--embeddings", "--rerank") or pooling not in {None, "none"}


def scaled_files(values: Values, spelling: str) -> tuple[str, ...]:
    """The files of --lora and --lora-scaled, --control-vector and --control-vector-scaled."""
    scaled = [item.rpartition(":")[0] for item in values.lists(f"{spelling}-scaled")]
    if not all(scaled):
        raise UsageError(
            f"{spelling}-scaled takes FILE:SCALE", f"write {spelling} for a file without a scale"
        )
    return (*values.lists(spelling), *scaled)


def spec_types(values: Values) -> tuple[str, ...]:
    """--spec-type appends; `none` in a value makes that value none; --spec-default adds ngram-mod."""
    types: list[str] = []
    for given in values.all("--spec-type", "--spec-default"):
        some = given.value.split(",") if given.value else ["ngram-mod"]
        types += [] if "none" in some else some
    return tuple(dict.fromkeys(types))


def draft_tokens(values: Values, kind: str) -> int:
    """Tokens that one draft of this kind may have."""
    if kind.startswith("draft-"):
        return max(0, values.number("--spec-draft-n-max", "--draft-max") or _DRAFT_MAX)
    if kind == "ngram-mod":
        return max(0, values.number("--spec-ngram-mod-n-max") or _NGRAM_MOD_MAX)
    if kind == "ngram-cache":
        return _NGRAM_CACHE_MAX
    return max(0, values.number(f"--spec-{kind}-size-m") or _NGRAM_SIZE)
