"""The keys that a loader reads (load_hparams and load_arch_hparams)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from loaders.source import Source, arguments, closing

KINDS = {
    "uint32_t": "u32",
    "int32_t": "u32",
    "int": "u32",
    "uint64_t": "u64",
    "float": "f32",
    "bool": "bool",
    "std::string": "str",
}
"""Of C++ (enums are read as u32), and of GGUF."""
NO = {"false", "0", "0.0f"}
CALL = re.compile(r"ml\.(get_key_or_arr|get_key|get_arr)\(\s*(LLM_KV_\w+)\s*,")
NONZERO = re.compile(r"qwen4exp_require_nonzero\(ml,\s*(LLM_KV_\w+)")


@dataclass(frozen=True)
class Read:
    """One key that a loader reads."""

    kind: str
    form: str
    """one, or list, or either."""
    required: bool
    nonzero: bool = False
    """The graph stops at 0, which is its worth where the file does not say."""


def keys_of(source: Source, name: str, constant: str, function: str = "load_arch_hparams") -> dict[str, Read]:
    """What a class's function reads, by key."""
    body = source.body(name, function)
    found: dict[str, Read] = {}
    spans, others = list(_conditional(body, constant)), list(_of_others(body, constant))
    for call in CALL.finditer(body):
        if any(start <= call.start() < end for start, end in others):
            continue
        given = arguments(body[call.end() : closing(body, body.index("(", call.start()))])
        key = source.keys[call[2]]
        if not key.startswith("%s."):
            continue
        required = (
            not any(start <= call.start() < end for start, end in spans)
            and re.sub(r"/\*.*?\*/", "", given[-1]).strip() not in NO
        )
        form = {"get_key": "one", "get_arr": "list", "get_key_or_arr": "either"}[call[1]]
        kind = _kind(source, body, given[0])
        _add(found, key[3:], Read(kind, form, required))
    for call in NONZERO.finditer(body):
        required = not any(start <= call.start() < end for start, end in spans)
        _add(found, source.keys[call[1]][3:], Read("u32", "one", required))
    gating = found.get("expert_gating_func")
    if gating and not re.search(r"expert_gating_func *!?= *LLAMA", body):
        found["expert_gating_func"] = replace(gating, nonzero=True)
    if "load_swa_pattern(" in body:
        _add(found, "attention.sliding_window_pattern", Read("u32", "either", required=False))
    return found


def _add(found: dict[str, Read], key: str, read: Read) -> None:
    before = found.get(key)
    if before:
        form = before.form if before.form == read.form else "either"
        read = Read(read.kind, form, before.required or read.required)
    found[key] = read


def _kind(source: Source, body: str, target: str) -> str:
    """The type of what a value is read into."""
    name = target.rpartition(".")[2]
    if target.startswith("hparams."):
        kind = source.members[name] if target.count(".") == 1 else "uint32_t"
    elif local := re.search(rf"std::vector<(\S+)> +{name}\b|([\w:]+) +{name}\b *[;=({{]", body):
        kind = local[1] or local[2]
    else:
        kind = {"target_layer_ids": "int32_t", "classifier_labels": "std::string"}.get(name, "")
    return KINDS.get(kind, "u32")


def _conditional(body: str, constant: str) -> Iterator[tuple[int, int]]:
    """Where what is done hangs on a condition that is not known."""
    for found in re.finditer(r"\bif \(|\belse\b|\bfor \(|\bswitch \(", body):
        start = found.end()
        if found[0] != "else":
            start = closing(body, found.end() - 1) + 1
            if known(body[found.end() : start - 1], constant):
                continue
        yield start, end_of(body, start)
    for found in re.finditer(r"\|\||&&|\?", body):
        yield found.end(), body.find(";", found.end())


def _of_others(body: str, constant: str) -> Iterator[tuple[int, int]]:
    """Where what is done is done for other architectures alone."""
    for found in re.finditer(r"\bif \(((?:(?: \|\| )?arch == LLM_ARCH_\w+)+)\)", body):
        if constant not in re.findall(r"LLM_ARCH_\w+", found[1]):
            yield found.end(), end_of(body, found.end())


def end_of(body: str, start: int) -> int:
    """Where the statement that begins there ends."""
    while body[start].isspace():
        start += 1
    return closing(body, start) if body[start] == "{" else body.index(";", start) + 1


def known(condition: str, constant: str) -> bool:
    """Whether a condition is true of the architecture, whatever the file."""
    return bool(constant) and bool(re.search(rf"\barch == {constant}\b", condition)) and "&&" not in condition


def merged_keys(all_of: Sequence[Mapping[str, Read]]) -> dict[str, Read]:
    """Keys of several builds."""
    found: dict[str, Read] = {}
    for keys in all_of:
        for key, read in keys.items():
            required = all(key in one and one[key].required for one in all_of)
            form = read.form if key not in found or found[key].form == read.form else "either"
            found[key] = Read(read.kind, form, required, read.nonzero)
    return found


def word(key: str, read: Read) -> str:
    """A key as the table has it."""
    form = {"one": "", "either": "*", "list": "[]"}[read.form]
    return f"{key}={read.kind}{'!' if read.required else ''}{'+' if read.nonzero else ''}{form}"
