"""Random commands planned for two RPC devices, each beside what the real llama.cpp says of the planned line.

    python -m benchmarks.soak_real [--count 200] [--seed 1]

The models are made-up files with real headers, whose weights are a hole; two ggml-rpc-servers stand for cards, and llama-server says
what it would take by a dummy load. A plan whose weights or context on a device differ by more than 2 MiB (llama.cpp cuts every figure
off to whole MiB), or whose line llama.cpp refuses, is a fault: printed, and the exit status.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.draws import GIB, MIB, launch, line
from moefit.cost.workload import Workload
from moefit.errors import MoefitError
from moefit.gguf.split import read_header
from moefit.llama.help import option_table
from moefit.llama.verify import verify
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.model import Model, build
from moefit.planning.check import check
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from tests.llama.harness import free_port, rpc_server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
PROGRAMS = Path(os.environ.get("MOEFIT_LLAMA", Path.home() / ".cache/moefit/llama.cpp-b11434/build/bin"))


class Bench:
    """Two devices and the models' files, for as long as the block lasts."""

    def __init__(self, stack: ExitStack) -> None:
        from make_header import models  # noqa: PLC0415 - numpy, and a folder that is no package

        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.ports = [free_port(), free_port()]
        self.models = models()
        self.files: dict[str, Path] = {}

    @contextmanager
    def devices(self) -> Iterator[None]:
        """Two servers of this draw's own: one that a stopped client takes with it is no fault of the next."""
        with ExitStack() as stack:
            for port in self.ports:
                log = self.folder / f"{port}.log"
                stack.enter_context(rpc_server(PROGRAMS / "ggml-rpc-server", port, log))
            yield

    def model(self, name: str) -> Model:
        """The model of that name, as a file."""
        from make_header import write_header  # noqa: PLC0415 - as above

        if name not in self.files:
            quant = min(self.models[name]["types"])
            to = self.folder / f"{name}.gguf"
            (self.files[name],) = write_header(to, self.models[name], quant, vocab=True, whole=True)
        path = str(self.files[name])
        return build(path, read_header(path))

    def machine(self, chance: random.Random) -> Machine:
        """The two devices, with so much memory as chance says."""
        gpus = []
        for number, port in enumerate(self.ports):
            size = int(2 ** chance.uniform(1, 5) * GIB)
            buffer = f"RPC0[127.0.0.1:{port}]"
            gpus.append(Device(f"RPC{number}", size, size, buffer, bandwidth=10**12, link_bandwidth=10**10))
        return Machine(tuple(gpus), Ram(1 << 40, 1 << 40, 50 * 10**9), Cpu(8, 16))

    def words(self, chance: random.Random, machine: Machine, model: Model) -> tuple[str, ...]:
        """A random line with the model's path, told of the devices before it names them."""
        program, option, _, *rest = line(chance, machine)
        served = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return (program, option, model.path, "--rpc", served, *rest)


def by_free_memory(words: tuple[str, ...]) -> bool:
    """Whether the split follows what devices report free, which is not what was declared of them."""
    shares = words[words.index("-ts") + 1] if "-ts" in words else "1"
    return not any(float(share) for share in shares.split(",")[:2])


def differs(
    model: Model, machine: Machine, words: tuple[str, ...], environment: Mapping[str, str]
) -> str | None:
    """What differs; empty for nothing, None where there is no plan to compare."""
    table = option_table(str(PROGRAMS / "llama-server"), "llama-server", environment)
    try:
        made = plan(
            Request(model, machine, launch(words, table), Options(Workload(2048, 512), thorough=False))
        )
    except MoefitError:
        return None
    if not made.fits:
        return None
    try:
        found = check(made, verify(made.argv, table=table, environment=environment))
    except MoefitError as error:
        return error.message
    wrong = [
        row
        for row in found.rows
        if row.term in {"model", "context"} and row.device != "Host" and abs(row.error) > 2 * MIB
    ]
    return ", ".join(f"{row.device} {row.term} {row.error / MIB:+.1f} MiB" for row in wrong)


def main() -> None:
    """Draw until so many plans were compared."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    environment = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    faults, compared, number = [], 0, 0
    with ExitStack() as stack:
        bench = Bench(stack)
        while compared < asked.count:
            number += 1
            chance = random.Random(f"{asked.seed}/real/{number}")
            model = bench.model(chance.choice(sorted(bench.models)))
            machine = bench.machine(chance)
            words = bench.words(chance, machine, model)
            if by_free_memory(words):
                continue
            with bench.devices():
                fault = differs(model, machine, words, environment)
            compared += fault is not None
            if fault:
                faults.append(f"{number}: {' '.join(words)}: {fault}")
                print(f"  {faults[-1]}", flush=True)
    print(f"{compared} plans beside the real llama.cpp, {len(faults)} differ")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
