"""Random models, machines and commands: what the soak draws, each by its number and the same for ever."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from moefit.cost.workload import Workload
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import OptionTable
from moefit.launch.precedence import effective
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.model import Model
from tests import oracle

MIB, GIB = 1 << 20, 1 << 30
MODEL = "soak.gguf"
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


FIRST_SEEDS, FIRST_MODELS = 5, 145
"""Seeds that draw from the models that were recorded first, whatever came since: tests name their draws."""


def draw(seed: int, number: int) -> World:
    """Draw `number` of a seed: the same for ever."""
    chance = random.Random(f"{seed}/{number}")
    described = oracle.models()
    name = chance.choice(sorted([*described][: FIRST_MODELS if seed <= FIRST_SEEDS else None]))
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
