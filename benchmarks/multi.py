"""Eight machines with unequal cards, six models: moefit's line against what llama.cpp's own fit settles on, by moefit's cost model.

    python -m benchmarks.multi                  # a row for each, from the recorded answers of the real fit; exit 1 if any line is slower
    python -m benchmarks.multi --markdown       # the table of docs/multi-gpu.md
    python -m benchmarks.multi --record FIT     # asks the real fit anew: FIT makes RPC devices of any size behave as CUDA ones

The fit is llama.cpp's common_fit_params with the server's line as it comes (`-c 32768 -np 1`), on devices that have as much free as the cards have
when llama.cpp asks. FIT takes the flags of llama-fit-params and the variables ORACLE_MEM (MiB free of each device), ORACLE_CUDA and ORACLE_OUTPUTS, and
prints one JSON object with status, n_ctx, ngl, ts and ot. tests/search/test_server_fit.py holds moefit's own fit to the same answers.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moefit.cost.ways import ways
from moefit.cost.workload import WORKLOADS
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import builtin
from moefit.launch.precedence import effective
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.model import Model
from moefit.planning.as_given import as_given
from moefit.planning.core import plan
from moefit.search.candidate import Candidate
from moefit.search.problem import known_work
from moefit.search.request import Options, Request
from moefit.sizes import GIB, MIB
from tests import oracle as recorded

ANSWERS = recorded.HERE / "many_fit.jsonl.xz"
LLAMA = Path("~/.cache/moefit/llama.cpp-b11434/build/bin").expanduser()
BUILD = 11434
CONTEXT = 32768
FLAGS = ("-np", "1", "-c", str(CONTEXT))
CLOSE = 0.001
"""Of the fit's seconds: no more than a rounding."""
MODELS = (
    ("qwen3-30b-a3b", "Q4_K_M"),
    ("gpt-oss-120b", "MXFP4"),
    ("glm-4.5-air", "Q4_K_M"),
    ("qwen3-next-80b-a3b", "Q4_K_M"),
    ("mixtral-8x7b", "Q4_K_M"),
    ("qwen3-235b-a22b", "Q4_K_M"),
)
MACHINES: Mapping[str, tuple[tuple[str, ...], int, int, int]] = {
    "3090 + 3060": (("rtx-3090", "rtx-3060"), 192, 8, 50),
    "3060 + 3090": (("rtx-3060", "rtx-3090"), 192, 8, 50),
    "3090 on x1 + 3060": (("rtx-3090,link=0.8GB/s", "rtx-3060"), 192, 8, 35),
    "3090 + 3060 + 2060": (("rtx-3090", "rtx-3060", "rtx-2060"), 192, 8, 35),
    "5090 + 4060 Ti": (("rtx-5090", "rtx-4060-ti-16gb"), 192, 16, 60),
    "2 x 3090 + 3080": (("rtx-3090", "rtx-3090", "rtx-3080"), 192, 16, 120),
    "4090 + 4 GiB left of a 3060": (("rtx-4090", "rtx-3060,free=4GiB"), 192, 12, 60),
    "3060 + P40 + 1080 Ti": (("rtx-3060", "p40", "gtx-1080-ti"), 192, 12, 35),
}
"""Cards in CUDA's order, GiB of RAM, cores, GB/s of RAM."""


@dataclass(frozen=True)
class Side:
    """One line, priced."""

    seconds: float
    on_cpu: int
    """Bytes of weights that RAM holds."""
    ways: int
    """Times a token leaves a device and comes back, or moves on."""


Row = tuple[str, str, Side, Side]
"""Machine, model, moefit's line, the fit's."""


def machine(name: str) -> Machine:
    """A machine of the set."""
    cards, ram, cores, bandwidth = MACHINES[name]
    return Machine(parse_gpus(cards), Ram(ram * GIB, ram * GIB, bandwidth * 10**9), Cpu(cores, 2 * cores))


def line(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The line that the fit settles on."""
    words = [
        "llama-server",
        "-m",
        "m.gguf",
        "-np",
        "1",
        "-c",
        str(answer["n_ctx"]),
        "-ngl",
        str(answer["ngl"]),
    ]
    if answer["ts"]:
        words += ["-ts", ",".join(f"{n:g}" for n in answer["ts"])]
    if answer["ot"]:
        words += ["-ot", ",".join(answer["ot"])]
    return (*words, "--fit", "off")


def rows() -> Iterator[Row]:
    """(machine, model, moefit's line, the fit's) for each answer."""
    options = Options(WORKLOADS["chat"])
    for answer in map(json.loads, lzma.decompress(ANSWERS.read_bytes()).splitlines()):
        model, host = recorded.model(answer["model"], answer["quant"]), machine(answer["machine"])
        base = ("llama-server", "-m", "m.gguf", *FLAGS)
        made = plan(Request(model, host, launch(base), options))
        assert made.argv is not None
        ours = as_given(Request(model, host, launch(made.argv), options), CONTEXT)
        theirs = as_given(Request(model, host, launch(line(answer)), options), CONTEXT)
        seconds = made.prediction.seconds
        yield answer["machine"], answer["model"], side(model, ours, seconds), side(model, theirs)


def launch(words: Sequence[str]) -> Launch:
    """A line of the build that the fit is of."""
    command = parse(words, builtin("llama-server", BUILD))
    given = effective(command)
    return Launch(command, given, constraints(command.name, given))


def side(model: Model, candidate: Candidate, seconds: float | None = None) -> Side:
    """A candidate in three figures."""
    gone = ways(known_work(model), candidate.settled.placement)
    on_cpu = candidate.settled.footprint.host.model
    return Side(seconds or candidate.prediction.seconds, on_cpu, gone.hops.total() + gone.crossings.total())


def record(fit: Path) -> None:
    """Ask the real fit about every model on every machine."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
    from oracle.ask import servers  # noqa: PLC0415 - scripts

    found = []
    with tempfile.TemporaryDirectory() as folder, servers(LLAMA / "ggml-rpc-server") as ports:
        for name, quant in MODELS:
            path = Path(folder) / f"{name}.gguf"
            write_file(path, name, quant)
            for host in MACHINES:
                answer = asked(fit, path, machine(host), ports)
                print(host, name, answer["ngl"], answer["ts"], len(answer["ot"]), flush=True)
                found.append({"machine": host, "model": name, "quant": quant, **answer})
            path.unlink()
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in found)
    ANSWERS.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def write_file(path: Path, name: str, quant: str) -> None:
    """A sparse file of a recorded model."""
    from oracle import gguf_file  # noqa: PLC0415 - scripts
    from oracle.describe import general  # noqa: PLC0415 - scripts

    described = recorded.models()[name]
    kinds = described["types"][quant].split()
    listed = zip(described["tensors"], kinds, strict=True)
    tensors = [(tensor, tuple(shape), kind) for (tensor, *shape), kind in listed]
    header = general(described["name"], described["architecture"], described["vocab"])
    gguf_file.write(path, {**header, **described["metadata"]}, tensors)


def asked(fit: Path, path: Path, host: Machine, ports: Sequence[int]) -> dict[str, Any]:
    """What the fit settles on for a model on a machine; buffers are called by CUDA's names."""
    free = [str((gpu.free - gpu.overhead) // MIB) for gpu in host.gpus]
    own = ports[: len(free)]
    environment = {**os.environ, "ORACLE_MEM": ",".join(free), "ORACLE_CUDA": "1", "ORACLE_OUTPUTS": "1"}
    words = ["-m", path, "--rpc", ",".join(f"127.0.0.1:{port}" for port in own), *FLAGS]
    done = subprocess.run([fit, *words], capture_output=True, text=True, check=True, env=environment)
    text = done.stdout
    for index, port in enumerate(own):
        text = text.replace(f"RPC0[127.0.0.1:{port}]", f"CUDA{index}")
    answer = json.loads(text)
    return {
        "mem_gib": [int(size) / 1024 for size in free],
        "flags": " ".join(FLAGS),
        "mode": "cuda",
        **{key: answer[key] for key in ("status", "n_ctx", "ngl", "ts", "ot")},
    }


def main() -> int:
    """Print the table; 1 if any of moefit's lines is slower."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", type=Path, metavar="FIT")
    parser.add_argument("--markdown", action="store_true")
    a = parser.parse_args()
    if a.record:
        record(a.record)
    found = list(rows())
    (markdown if a.markdown else plain)(found)
    gains = sorted(theirs.seconds / ours.seconds for *_, ours, theirs in found)
    print(f"\nagainst the fit: median {statistics.median(gains):.2f}, {gains[0]:.2f} to {gains[-1]:.2f}")
    return int(gains[0] < 1.0 - CLOSE)


def plain(found: Sequence[Row]) -> None:
    """For a terminal."""
    head = f"{'':<30}{'':<22}{'seconds':>16}{'GiB on CPU':>18}{'ways':>12}{'gain':>7}"
    print(head)
    for host, model, ours, theirs in found:
        seconds = f"{ours.seconds:.1f} / {theirs.seconds:.1f}"
        on_cpu = f"{ours.on_cpu / GIB:.1f} / {theirs.on_cpu / GIB:.1f}"
        hops = f"{ours.ways} / {theirs.ways}"
        gain = theirs.seconds / ours.seconds
        print(f"{host:<30}{model:<22}{seconds:>16}{on_cpu:>18}{hops:>12}{gain:>7.2f}")


def markdown(found: Sequence[Row]) -> None:
    """A row a machine, a column a model: seconds, GiB of weights in RAM and ways of a token, moefit's / the fit's."""
    names = list(dict.fromkeys(model for _, model, *_ in found))
    print("| machine |", " | ".join(names), "|")
    print("|---|" + "---|" * len(names))
    for host in dict.fromkeys(host for host, *_ in found):
        cells = [_cell(ours, theirs) for where, _, ours, theirs in found if where == host]
        print(f"| {host} |", " | ".join(cells), "|")


def _cell(ours: Side, theirs: Side) -> str:
    on_cpu = f"{ours.on_cpu / GIB:.0f} / {theirs.on_cpu / GIB:.0f} GiB"
    return f"{ours.seconds:.1f} / {theirs.seconds:.1f} s, {on_cpu}, {ours.ways} / {theirs.ways}"


if __name__ == "__main__":
    sys.exit(main())
