"""Ten thousand random models, machines and commands, each plan held to what must be true of every plan.

    python -m benchmarks.soak [--count 10000] [--seed 1]        # plans alone: a minute for about five hundred
    python -m benchmarks.soak_real [--count 200] [--seed 1]     # plans beside the real llama.cpp on RPC devices

The models are all recorded headers. A plan is a value or one of moefit's own errors, never another exception; its line, read by
`benchmarks/resolver.py` (which shares no code with the planner), puts every tensor where the plan says; no device gives more than
it has; the weights of a device are the sum of its tensors; and planning the line again changes nothing. Every fault is
printed with the number that repeats it (`--only N`), and is the exit status. Memory that stays unused on devices while experts wait on
the CPU is told as median and 90%, and the worst cases with their numbers.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from benchmarks import resolver
from moefit.cost.workload import Workload
from moefit.errors import MoefitError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import OptionTable
from moefit.launch.precedence import effective
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.model import Model
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Options, Request
from tests import oracle

MIB, GIB = 1 << 20, 1 << 30
MODEL = "soak.gguf"
_LONGEST = 30.0
"""Seconds of processor time for one draw."""
OVERRIDES = (
    "blk[.](1|3)[.]ffn=CPU",
    "exps=CPU",
    "[.]ffn_up_exps=CPU",
    "output=CPU",
    "blk[.]0[.]=CPU",
    "attn=CPU",
)


@dataclass(frozen=True)
class World:
    """One draw."""

    number: int
    name: str
    quant: str
    machine: Machine
    line: tuple[str, ...]
    workload: Workload

    @property
    def model(self) -> Model:
        """The model, from its recorded header."""
        return oracle.model(self.name, self.quant)


@dataclass
class Tally:
    """What the draws came to."""

    plans: int = 0
    nothing_fits: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: list[tuple[float, int, str]] = field(default_factory=list)
    """Of processor time, the draw, its model."""
    unused: list[tuple[float, int, str]] = field(default_factory=list)
    """Share of a machine's device memory that stays unused while experts wait on the CPU, the draw, what limits it."""

    @staticmethod
    def joined(tallies: Iterable[Tally]) -> Tally:
        """The sum of several."""
        whole = Tally()
        for tally in tallies:
            for name, value in vars(tally).items():
                setattr(whole, name, getattr(whole, name) + value)
        return whole


def draw(seed: int, number: int) -> World:
    """Draw `number` of a seed: the same for ever."""
    chance = random.Random(f"{seed}/{number}")
    described = oracle.models()
    name = chance.choice(sorted(described))
    quant = chance.choice(sorted(described[name]["types"]))
    machine = _machine(chance)
    workload = Workload(chance.choice([64, 2048, 16384]), chance.choice([64, 512, 2048]))
    return World(number, name, quant, machine, tuple(line(chance, machine)), workload)


def _machine(chance: random.Random) -> Machine:
    backend = chance.choice(["CUDA", "CUDA", "CUDA", "ROCm", "Vulkan", "RPC"])
    gpus = []
    for number in range(chance.choice([0, 1, 1, 1, 2, 2, 3, 4])):
        total = int(2 ** chance.uniform(0, 6.4) * GIB)
        gpus.append(
            Device(
                f"{backend}{number}",
                free=int(total * chance.choice([1.0, 0.97, 0.6])),
                total=total,
                buffer=f"RPC0[10.0.0.{number}:50052]" if backend == "RPC" else "",
                bandwidth=chance.choice([200, 400, 1000, 3000]) * 10**9,
                link_bandwidth=chance.choice([3, 12, 25, 50]) * 10**9,
                compute=chance.choice([2e13, 1e14]),
                overhead=chance.choice([0, 300 * MIB]),
            )
        )
    ram = int(2 ** chance.uniform(2, 9.5) * GIB)
    cores = chance.choice([4, 8, 32])
    return Machine(tuple(gpus), Ram(ram, ram, chance.choice([20, 50, 300]) * 10**9), Cpu(cores, 2 * cores))


def line(chance: random.Random, machine: Machine) -> Iterator[str]:
    yield from ("llama-server", "-m", MODEL)
    count = len(machine.gpus)
    shares = ",".join(
        chance.choice(["0", "0.5", "1", "2", "3.7"]) for _ in range(chance.randint(1, count + 1))
    )
    names = [gpu.name for gpu in machine.gpus]
    chance.shuffle(names)
    for option, values in (
        ("-c", ("0", "512", "4096", "32768", "131072")),
        ("-ub", ("64", "512", "4096")),
        ("-b", ("512", "8192")),
        ("-ngl", ("0", "1", "7", "99", "auto", "all")),
        ("-ts", (shares,)),
        ("-ot", OVERRIDES),
        ("-ncmoe", ("0", "1", "12", "200")),
        ("-dev", (",".join(names[: chance.randint(1, max(1, count))]) or "none", "none")),
        ("-mg", ("0", "1")),
        ("-sm", ("layer", "none")),
        ("-lm", ("none", "mmap", "mlock")),
        ("-np", ("1", "2", "8")),
        ("-ctk", ("q8_0", "q4_0")),
        ("-fa", ("on", "off", "auto")),
        ("-cram", ("0", "1024")),
        ("-fitt", ("0", "2048")),
    ):
        if chance.random() < 0.12:
            yield from (option, chance.choice(values))
    for flag in ("-cmoe", "-nkvo", "--no-host", "--swa-full", "-kvu", "--embeddings"):
        if chance.random() < 0.03:
            yield flag


def launch(words: tuple[str, ...], table: OptionTable | None = None) -> Launch:
    """The words as moefit reads them, without files and variables."""
    command = parse(words, table)
    given = effective(command)
    return Launch(command, given, constraints(command.name, given))


def try_one(world: World, tally: Tally) -> None:
    """Plan, and hold the plan to everything; a draw that takes too much processor time is a fault."""
    began = time.process_time()
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, _LONGEST)
    try:
        _try(world, tally)
    except TooLongError:
        tally.faults.append(f"{world.number}: takes more than {_LONGEST} s")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    tally.seconds.append((time.process_time() - began, world.number, world.name))


class TooLongError(BaseException):
    """A draw's time is over."""


def _too_long(*_: object) -> None:
    raise TooLongError


def _try(world: World, tally: Tally) -> None:
    options = Options(world.workload, thorough=False)
    try:
        made = plan(Request(world.model, world.machine, launch(world.line), options))
    except MoefitError:
        tally.refused += 1
        return
    except Exception:  # noqa: BLE001 - any other is what is looked for
        tally.faults.append(f"{world.number}: {traceback.format_exc(limit=-3)}")
        return
    if not made.fits:
        tally.nothing_fits += 1
        return
    tally.plans += 1
    try:
        found = [*_faults(made), *_again(made, world, options)]
    except Exception:  # noqa: BLE001 - any other is what is looked for
        found = [traceback.format_exc(limit=-3)]
    tally.faults += [f"{world.number}: {fault}" for fault in found]
    if (share := _unused(made)) is not None:
        tally.unused.append((share, world.number, _limit(made)))


def _faults(made: Plan) -> Iterator[str]:
    places = _read_back(made)
    yield from list(resolver.differences(places, _planned(made)))[:3]
    sizes = {tensor.name: tensor.bytes for tensor in made.model.tensors}
    sure = {name: homes for name, homes in places.items() if not _predicts(made, name)}
    least_of, most_of = resolver.weights(sure, sizes), resolver.weights(places, sizes)
    for device in made.devices:
        kept = device.budget.overhead + device.budget.reserved
        if device.use.total + kept > device.budget.free:
            yield f"{device.device.name} gives {device.use.total + kept} of {device.budget.free}"
        least, most = (of.get(device.device.buffer_name, 0) for of in (least_of, most_of))
        if not least <= device.use.model <= most * 1.02 + 64 * MIB:
            yield f"{device.device.name} has {device.use.model} bytes of weights, and its tensors {least} to {most}"
    if made.host_left < 0 and not made.settings.load_mode.startswith("mmap"):
        yield f"RAM lacks {-made.host_left}"
    if not 0 < made.prediction.seconds < float("inf"):
        yield f"predicted seconds are {made.prediction.seconds}"


def _predicts(made: Plan, name: str) -> bool:
    """Whether a tensor is of a multi-token-prediction block: some architectures load them only when asked to."""
    blocks = {layer.index for layer in made.model.layers if layer.mtp}
    return any(name.startswith(f"blk.{block}.") for block in blocks)


def _read_back(made: Plan) -> dict[str, list[str]]:
    parts = [(t.name, "input") for t in made.model.input]
    parts += [(t.name, str(layer.index)) for layer in made.model.layers for t in layer.tensors]
    parts += [(t.name, "output") for t in made.model.output]
    cards = [
        resolver.Card(gpu.name, gpu.buffer_name, max(0, (gpu.uncapped or gpu.free) - gpu.overhead))
        for gpu in made.machine.gpus
    ]
    return resolver.places(made.argv, len(made.model.layers), parts, cards)


def _planned(made: Plan) -> dict[str, list[str]]:
    """The same from the plan's own placement."""
    slots, found = made.placement.slots, {}
    parts = [(t.name, None) for t in made.model.input]
    parts += [(t.name, layer.index) for layer in made.model.layers for t in layer.tensors]
    parts += [(t.name, -1) for t in made.model.output]
    buffers = [device.device.buffer_name for device in made.devices]
    for name, slot in parts:
        home = -1 if slot is None else slots[slot]
        home = home if slot is None else made.placement.overrides.get(name, home)
        found.setdefault(name, []).append("CPU" if home < 0 else buffers[home])
    return found


def _again(made: Plan, world: World, options: Options) -> Iterator[str]:
    anew = plan(Request(world.model, world.machine, launch(made.argv), options))
    if anew.argv != made.argv:
        yield f"planned again: {' '.join(anew.argv)} and not {' '.join(made.argv)}"


def _unused(made: Plan) -> float | None:
    """The share of the devices' memory that is unused though experts wait on the CPU; None where none wait, or a user said so."""
    waiting = [layer for layer in made.layers if layer.experts is not None and "CPU" in _homes(layer.experts)]
    if not waiting or not made.devices or any(a.option.name in _PLACING for a in made.kept):
        return None
    left = sum(max(0, device.left) for device in made.devices)
    return left / sum(device.budget.free for device in made.devices)


def _homes(experts: object) -> set[str]:
    return {experts} if isinstance(experts, str) else set(experts.values())


_PLACING = {
    "--gpu-layers",
    "--n-gpu-layers",
    "--tensor-split",
    "--override-tensor",
    "--n-cpu-moe",
    "--cpu-moe",
    "--device",
    "--main-gpu",
    "--split-mode",
    "--no-kv-offload",
    "--fit-target",
}


def _limit(made: Plan) -> str:
    """Why so much is unused, where it can be told."""
    smallest = min((t.bytes for layer in made.model.layers for t in layer.experts), default=0)
    left = max(device.left for device in made.devices)
    if left < smallest:
        return f"no expert tensor fits: the smallest has {smallest / GIB:.1f} GiB"
    return (
        f"{left / GIB:.1f} GiB left, the smallest expert tensor has {smallest / GIB:.2f} GiB; {made.strategy}"
    )


def report(tally: Tally) -> int:
    """Print what came of it; the exit status."""
    print(
        f"{tally.plans} plans, {tally.nothing_fits} where nothing fits, {tally.refused} refused in one line"
    )
    shares = sorted(share for share, _, _ in tally.unused)
    if len(shares) > 1:
        cut = statistics.quantiles(shares, n=10)
        print(
            f"unused while experts wait on the CPU, {len(shares)} plans: median {statistics.median(shares):.2%}, 90% {cut[-1]:.2%}"
        )
    for share, number, why in sorted(tally.unused, reverse=True)[:10]:
        print(f"  {share:.1%} in draw {number}: {why}")
    slow = sorted(tally.seconds, reverse=True)[:5]
    print(
        "slowest: " + ", ".join(f"{seconds:.1f} s ({name}, draw {number})" for seconds, number, name in slow)
    )
    print(f"{len(tally.faults)} faults")
    for fault in tally.faults[:50]:
        print(f"  {fault}")
    return bool(tally.faults)


def main() -> None:
    """Draw, try, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="the first draw's number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one draw, shown")
    asked = parser.parse_args()
    if asked.only is not None:
        world = draw(asked.seed, asked.only)
        print(world.name, world.quant, world.machine, " ".join(world.line), sep="\n")
    numbers = range(asked.start, asked.start + asked.count) if asked.only is None else [asked.only]
    with multiprocessing.Pool(asked.jobs) as pool:
        tallies = pool.imap_unordered(partial(_part, asked.seed), numbers, chunksize=8)
        sys.exit(report(Tally.joined(tallies)))


def _part(seed: int, number: int) -> Tally:
    tally = Tally()
    try_one(draw(seed, number), tally)
    return tally


if __name__ == "__main__":
    main()
