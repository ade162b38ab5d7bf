"""Broken and hostile input through the whole of moefit that reads it: whatever the bytes, a value or one of moefit's own errors, soon.

    python -m benchmarks.fuzz [--seconds 60] [--seed N] [--jobs N] [--target header]

Inputs are mutated from good ones. One that reaches a line of moefit that none reached before is kept and mutated further (with
Python 3.12 or newer, which can tell cheaply; older ones mutate the seeds alone). A traceback, a second of processor time for one input,
or a peak of 200 MiB is a fault: it is printed, the input written to the folder of --keep, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import resource
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.limit import TooLongError, limited
from moefit.cost.workload import Workload
from moefit.errors import MoefitError
from moefit.formats.plan_json import plan_json
from moefit.gguf.split import read_header
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.help_page import parse_help
from moefit.launch.launch import Launch
from moefit.launch.patterns import parse_overrides
from moefit.launch.precedence import Config, effective, parse_ini
from moefit.llama.devices import parse_list
from moefit.machine.calibration_json import from_json as read_calibration
from moefit.machine.declared import parse_gpus
from moefit.machine.file import from_json as read_machine
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.model import build
from moefit.model.roles import block_of
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from tests import oracle
from tests.gguf import raw
from tests.gguf.raw import BytesSource, Raw

ROOT = Path(__file__).resolve().parents[1]
MIB, GIB = 1 << 20, 1 << 30
SLOW, FAT = 1.0, 200
"""Seconds of processor time for one input; MiB of the whole process."""
LONGEST = 20.0
"""Seconds of processor time after which an input is given up, so that one without end does not end the run."""
CORPUS = 4000
"""Inputs that are kept at most."""
FEW = 100
"""Tensors of a recorded header that is a seed: most that a change hits should matter."""
MANY, BLOCKS = 512, 6
"""As many blocks as any header has, and as are kept of one that is not small: hybrids attend in every fourth."""
QUICK = 0.003
"""Seconds; of two quicker inputs none is drawn more often."""


@dataclass
class Target:
    """Something that reads what strangers wrote."""

    name: str
    run: Callable[[bytes], object]
    seeds: list[bytes]
    corpus: list[bytes] = field(default_factory=list)
    _odds: list[float] = field(default_factory=list)
    """Of each of the corpus, one after the other added up."""

    def keep(self, data: bytes, taken: float) -> None:
        """Add an input to those that are changed further: the quicker it ran, the more often."""
        self.corpus.append(data)
        self._odds.append((self._odds[-1] if self._odds else 0.0) + 1 / (taken + QUICK))

    def draw(self, chance: random.Random) -> bytes:
        """One of them."""
        return chance.choices(self.corpus, cum_weights=self._odds)[0]


def machines() -> tuple[Machine, ...]:
    """One card too small, one that is large, two, and none."""
    cards = [
        Device(f"CUDA{n}", free, free, bandwidth=10**12, link_bandwidth=10**10)
        for n, free in enumerate((GIB, 20 * GIB))
    ]
    return tuple(
        Machine(tuple(gpus), Ram(64 * GIB, 64 * GIB), Cpu(8, 16))
        for gpus in (cards[:1], cards[1:], cards, [])
    )


MACHINES = machines()
COMMAND = parse(["llama-server", "-m", "m.gguf"])
LAUNCH = Launch(COMMAND, effective(COMMAND), constraints(COMMAND.name, effective(COMMAND)))


def header(data: bytes) -> object:
    """Reader, model and plan, for a machine that the bytes choose."""
    model = build("m.gguf", read_header("m.gguf", lambda _: BytesSource(data)))
    machine = MACHINES[sum(data[-64:]) % len(MACHINES)]
    return plan_json(plan(Request(model, machine, LAUNCH, Options(Workload(2048, 512), thorough=False))))


def line(data: bytes) -> object:
    """The words of a command."""
    command = parse([word for word in text(data).split("\0") if word])
    given = effective(command)
    return constraints(command.name, given)


def config(data: bytes) -> object:
    """A config.ini, and a command under it."""
    return constraints("llama-server", effective(COMMAND, [Config("config.ini", text(data))])), parse_ini(
        text(data), "c"
    )


def machine(data: bytes) -> object:
    """A file for --machine."""
    return read_machine(text(data), "machine.json")


def calibration(data: bytes) -> object:
    """What `moefit calibrate` wrote."""
    return read_calibration(text(data), "calibration.json")


def gpu(data: bytes) -> object:
    """A value of --gpu."""
    return parse_gpus([text(data)])


def override(data: bytes) -> object:
    """A value of -ot."""
    return [rule.matches("blk.0.ffn_up_exps.weight") for rule in parse_overrides(text(data))]


def program(data: bytes) -> object:
    """What a program prints for --help, and for --list-devices."""
    return parse_help("llama-server", text(data)), parse_list(text(data))


def text(data: bytes) -> str:
    """Bytes as words of a command line come in."""
    return data.decode("utf-8", "surrogateescape")


def small_header(architecture: str, experts: int, order: str = "<") -> bytes:
    """A header that plans, small enough that most mutations hit something."""
    made = Raw(order).text("general.architecture", architecture).text("general.name", "fuzz")
    numbers = {"block_count": 3, "embedding_length": 256, "feed_forward_length": 512, "context_length": 4096}
    numbers |= {"attention.head_count": 4, "attention.head_count_kv": 2, "vocab_size": 3}
    numbers |= (
        {"expert_count": experts, "expert_used_count": 2, "expert_feed_forward_length": 512}
        if experts
        else {}
    )
    for key, value in numbers.items():
        made.pair(f"{architecture}.{key}", raw.UINT32, "I", value)
    made.pair(f"{architecture}.attention.layer_norm_rms_epsilon", raw.FLOAT32, "f", 1e-6)
    made.array(f"{architecture}.attention.sliding_window_pattern", raw.INT32, 3, made.pack("3i", 1, 0, 1))
    made.text("tokenizer.ggml.model", "llama")
    made.array("tokenizer.ggml.tokens", raw.STRING, 3, b"".join(map(made.string, ["a", "bc", ""])))
    offset = 0
    for name, shape in _shapes(experts, normed=architecture.startswith("qwen3")):
        made.tensor(name, shape, offset=offset)
        size = 4
        for n in shape:
            size *= n
        offset += size
    return made.header()


def recorded_header(name: str, blocks: int = MANY) -> bytes:
    """The header of a recorded model's first blocks, without its tokens."""
    described = oracle.models()[name]
    architecture, quant = described["architecture"], min(described["types"])
    count = described["metadata"][f"{architecture}.block_count"]
    told = {**described["metadata"], f"{architecture}.vocab_size": described["vocab"]}
    told |= {f"{architecture}.block_count": min(count, blocks)}
    told |= (
        {f"{architecture}.nextn_predict_layers": 0} if count > blocks and "nextn" in " ".join(told) else {}
    )
    made = Raw().text("general.architecture", architecture)
    for key, value in told.items():
        _pair(made, key, value[:blocks] if isinstance(value, list) and len(value) == count else value)
    offset = 0
    for tensor in oracle.header(name, quant).tensors:
        if (block_of(tensor.name) or 0) < blocks:
            made.tensor(tensor.name, tensor.shape, tensor.quant.id, offset)
            offset += -(-tensor.bytes // 32) * 32
    return made.header()


def _pair(made: Raw, key: str, value: object) -> None:
    kinds = {bool: (raw.BOOL, "?"), int: (raw.UINT32, "I"), float: (raw.FLOAT32, "f")}
    if isinstance(value, str):
        made.text(key, value)
    elif isinstance(value, list):
        kind, layout = kinds.get(type(value[0]), (raw.STRING, "")) if value else (raw.INT32, "i")
        each = [made.string(one) if isinstance(one, str) else made.pack(layout, one) for one in value]
        made.array(key, kind, len(value), b"".join(each))
    else:
        made.pair(key, *kinds[type(value)], value)


def _shapes(experts: int, *, normed: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "token_embd.weight", (256, 3)
    for block in range(3):
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{block}.{name}.weight", (256,)
        for name, width in (("attn_q", 256), ("attn_k", 128), ("attn_v", 128), ("attn_output", 256)):
            yield f"blk.{block}.{name}.weight", (256, width)
        for name in ("attn_q_norm", "attn_k_norm") if normed else ():
            yield f"blk.{block}.{name}.weight", (64,)
        kind, more = ("_exps", (experts,)) if experts else ("", ())
        if experts:
            yield f"blk.{block}.ffn_gate_inp.weight", (256, experts)
        for name, rows in (("gate", 512), ("up", 512)):
            yield f"blk.{block}.ffn_{name}{kind}.weight", (256, rows, *more)
        yield f"blk.{block}.ffn_down{kind}.weight", (512, 256, *more)
    yield "output_norm.weight", (256,)
    yield "output.weight", (256, 3)


def targets() -> list[Target]:
    """Everything that reads what strangers write, headers first and most."""
    headers = [small_header("llama", experts) for experts in (0, 8)]
    headers += [
        recorded_header(name, MANY if len(one["tensors"]) <= FEW else BLOCKS)
        for name, one in oracle.models().items()
    ]
    headers += [small_header("llama", 0, ">"), (ROOT / "examples" / "qwen3-30b-a3b-q4_k_m.gguf").read_bytes()]
    lines = (ROOT / "tests" / "launch" / "corpus" / "lines.txt").read_text(encoding="utf-8").splitlines()
    devices = '{"gpus":[{"name":"CUDA0","free":1073741824,"total":2147483648,"bandwidth":360000000000}],'
    devices += '"ram":{"total":8589934592,"available":8589934592,"bandwidth_by_threads":[[1,10]]},"cpu":{"cores":4,"threads":8}}'
    rates = '{"version":1,"fingerprint":"a","date":"2026-01-01","ram":[{"threads":1,"bandwidth":10}],"links":[],"learned":[]}'
    specs = (
        "rtx-3060",
        "rtx-3060,free=11.62GiB",
        "name=CUDA0,free=11.6GiB,bandwidth=360GB/s,link=25GB/s,compute=51T",
    )
    rules = (r"blk\.(1|2)\.ffn_(up|down)_exps=CPU", "[[:alpha:]]+[^a-z]{2,3}?(?!x)=CUDA0,\\x41=CPU")
    page = "----- common -----\n\n-c,    --ctx-size N   size (default: 0)\n                       (env: LLAMA_ARG_CTX_SIZE)\n-kvo, --kv-offload, -nkvo, --no-kv-offload\n"
    page += "Available devices:\n  CUDA0: NVIDIA (24105 MiB, 24000 MiB free)\n"
    return [
        Target("header", header, headers),
        Target(
            "line",
            line,
            ["\0".join(one.split()).encode() for one in lines if one and not one.startswith("#")],
        ),
        Target(
            "config",
            config,
            [b"[*]\nctx-size = 4096 ; x\nngl = 99\n[default]\nfa = on\nLLAMA_ARG_UBATCH = 512\n"],
        ),
        Target("machine", machine, [devices.encode()]),
        Target("calibration", calibration, [rates.encode()]),
        Target("gpu", gpu, [spec.encode() for spec in specs]),
        Target("override", override, [rule.encode() for rule in rules]),
        Target("program", program, [page.encode()]),
    ]


INTERESTING = (
    0,
    1,
    2,
    3,
    255,
    256,
    4096,
    65535,
    1 << 16,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
FLOATS = (float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e-40, 1e38)
TOKENS = (
    b"\0",
    b"\n",
    b"\x1b[2J",
    b"\xff",
    b"'",
    b'"',
    b"$(x)",
    b"${x}",
    b"%n",
    b"=",
    b",",
    b"-",
    b"1e400",
    b"[" * 50,
    b" " * 500,
)


def mutate(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """One to four changes, most of them small."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        _change(chance, made, others)
    return bytes(made[: 1 << 17])


def _change(chance: random.Random, made: bytearray, others: list[bytes]) -> None:
    at = chance.randrange(len(made) + 1)
    kind = chance.randrange(9)
    if kind == 0 and made:
        made[at % len(made)] ^= 1 << chance.randrange(8)
    elif kind == 1:
        made[at : at + 4] = struct.pack(chance.choice("<>") + "I", chance.choice(INTERESTING) & 0xFFFFFFFF)
    elif kind == 2:
        made[at : at + 8] = struct.pack("<Q", chance.choice(INTERESTING))
    elif kind == 3:
        made[at : at + 4] = struct.pack("<f", chance.choice(FLOATS))
    elif kind == 4:
        del made[at : at + chance.choice((1, 4, 8, 40))]
    elif kind == 5:
        made[at:at] = chance.choice(TOKENS)
    elif kind == 6:
        other = chance.choice(others)
        start = chance.randrange(len(other) + 1)
        made[at : at + chance.choice((0, 8, 32))] = other[start : start + chance.choice((1, 8, 32, 200))]
    elif kind == 7:
        made[at:at] = made[at : at + chance.choice((8, 40, 100))]
    else:
        del made[at:]


class Reached:
    """Whether an input reached a line of moefit that none did before."""

    def __init__(self) -> None:
        self.lines = 0
        self._before = 0
        if sys.version_info >= (3, 12):
            monitoring = sys.monitoring
            monitoring.use_tool_id(monitoring.COVERAGE_ID, "moefit fuzz")
            monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, self._line)
            monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)

    def _line(self, code: object, _number: int) -> object:
        if "/moefit/" in code.co_filename:
            self.lines += 1
        return sys.monitoring.DISABLE  # each line is told once, so that watching costs next to nothing

    def new(self) -> bool:
        """Whether there are more than at the last call."""
        more, self._before = self.lines > self._before, self.lines
        return more


def attempt(target: Target, data: bytes) -> tuple[str, float]:
    """What is wrong with how an input ended, empty where nothing is; and its seconds of processor time.

    One that takes long is tried twice more: beside other programs a processor is slower, and the least time is the input's own.
    """
    trouble, taken = _once(target, data)
    for _ in range(2):
        if not trouble and taken > SLOW:
            taken = min(taken, _once(target, data)[1])
    return trouble or (f"takes {taken:.1f} s" if taken > SLOW else ""), taken


def _once(target: Target, data: bytes) -> tuple[str, float]:
    began = time.thread_time()  # with a timer running the process's own moves in steps of 4 ms
    trouble = ""
    try:
        with limited(LONGEST):
            target.run(data)
    except TooLongError:
        trouble = f"takes more than {LONGEST:.0f} s"
    except MoefitError as error:
        if not error.message or len(error.message) > 3000:
            trouble = f"a message of {len(error.message)} characters"
    except Exception:  # noqa: BLE001 - any other is what is looked for
        trouble = traceback.format_exc(limit=-4)
    return trouble, time.thread_time() - began


@dataclass
class Found:
    """What one process found."""

    seed: str
    tried: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    lines: int = 0
    peak: int = 0
    """MiB."""
    slowest: float = 0.0
    """Seconds of processor time."""


def main() -> None:
    """Mutate until the time is over."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, help="60 without --count")
    parser.add_argument("--count", type=int, help="so many inputs, or what --seconds give")
    parser.add_argument("--seed", type=int, help="drawn anew without it, and printed")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with a seed of its own")
    parser.add_argument("--target", help="this one alone")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that are faults")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
    reached, chosen = Reached(), [t for t in targets() if asked.target in (None, t.name)]
    try_seeds(chosen)
    reached.new()
    shared = multiprocessing.get_context("fork")  # the seeds' results and the lines that they reach
    with shared.Pool(asked.jobs, initializer=_share, initargs=(chosen, reached)) as pool:
        found = pool.map(partial(fuzz, asked), [f"{seed}/{job}" for job in range(asked.jobs)], chunksize=1)
    sys.exit(report(found))


def try_seeds(chosen: Sequence[Target]) -> None:
    """Keep every seed, by the time that it takes."""
    for target in chosen:
        for data in target.seeds:
            target.keep(data, attempt(target, data)[1])


def _share(*begun: object) -> None:
    _BEGUN[:] = begun


_BEGUN: list[Any] = []
"""In a process of the pool, what was made before it parted: the targets, and what reached new lines."""


def fuzz(asked: argparse.Namespace, seed: str) -> Found:
    """One process: mutate, try, keep what reaches new lines."""
    chance, found = random.Random(seed), Found(seed)
    chosen, reached = _BEGUN
    weights = [8 if target.name == "header" else 1 for target in chosen]
    end = time.monotonic() + (asked.seconds or (math.inf if asked.count else 60))
    count = -(-asked.count // asked.jobs) if asked.count else math.inf
    while found.tried.total() < count and time.monotonic() < end:
        (target,) = chance.choices(chosen, weights)
        data = mutate(chance, target.draw(chance), target.seeds)
        trouble, taken = attempt(target, data)
        found.tried[target.name] += 1
        found.slowest = max(found.slowest, taken)
        if trouble:
            _tell(target, data, trouble, found, asked.keep)
        elif reached.new() and len(target.corpus) < CORPUS:
            target.keep(data, taken)
            found.kept += 1
    found.lines = reached.lines
    found.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return found


def _tell(target: Target, data: bytes, trouble: str, found: Found, keep: Path | None) -> None:
    where = f"{target.name}: {trouble.strip().splitlines()[-1][:200]}"
    if not found.faults[where]:
        print(f"FAULT in {target.name}: {trouble}\n  input {data[:200]!r}", flush=True)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{target.name}-{found.seed.replace('/', '-')}-{found.tried.total()}").write_bytes(data)
    found.faults[where] += 1


def report(found: Sequence[Found]) -> int:
    """Print what came of it; the exit status."""
    tried = sum((one.tried for one in found), Counter[str]())
    faults = sum((one.faults for one in found), Counter[str]())
    peak, slowest = max(one.peak for one in found), max(one.slowest for one in found)
    print(
        f"seed {found[0].seed.partition('/')[0]}, {len(found)} processes: {tried.total()} inputs ({dict(tried)}), "
        f"{sum(one.kept for one in found)} kept, {max(one.lines for one in found)} lines of moefit reached"
    )
    print(
        f"{len(faults)} kinds of fault in {faults.total()} inputs; slowest {slowest:.2f} s of CPU, peak {peak} MiB"
    )
    return bool(faults) or peak > FAT


if __name__ == "__main__":
    main()
