"""What every strategy makes of small ledgers and rooms that chance draws, and what `arrange` makes of it under a user's demands.

python -m tests.placement.layouts --write      # after a change that is meant: see what moved, and why, before it is kept
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable
from pathlib import Path

from moefit.machine.types import CPU
from moefit.placement.arrange import Demand, arrange, last_layers, strategies
from moefit.placement.base_first import base_first
from moefit.placement.ffn import ffn_last
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from moefit.placement.types import LayerSize, Layout, Ledger, Room
from tests import oracle

FILE = Path(__file__).parent / "layouts.json"
DRAWS = 240
MODEL = oracle.model("tiny-olmoe-4l", min(oracle.models()["tiny-olmoe-4l"]["types"]))


def ledger(chance: random.Random) -> Ledger:
    """A model of a few layers, some with experts, some of those with a bias for each matrix."""
    slots = []
    for i in range(chance.randint(1, 9)):
        experts, ffn, base = [], [], chance.randint(1, 40)
        if chance.random() < 0.7:
            for part in ("up", "down", "gate")[: chance.randint(1, 3)]:
                experts.append((f"blk.{i}.ffn_{part}_exps.weight", chance.randint(0, 60)))
                if chance.random() < 0.3:
                    experts.append((f"blk.{i}.ffn_{part}_exps.bias", chance.randint(0, 3)))
        elif chance.random() < 0.7:
            ffn = [(f"blk.{i}.ffn_{part}.weight", base // 3) for part in ("up", "down")]
        slots.append(LayerSize(base, tuple(experts), tuple(ffn)))
    return Ledger((*slots, LayerSize(chance.randint(0, 60))))


def rooms(chance: random.Random, most: int = 3) -> list[Room]:
    """Devices of one backend or two, some integrated, full or roomy."""
    return [
        Room(
            int(chance.choice([0, 20, 60, 150, 400]) * chance.uniform(0.5, 1.5)),
            chance.choice(["CUDA", "CUDA", "Vulkan", "RPC"]),
            chance.random() < 0.25,
            chance.choice([0, 0, 500, 1000]),
        )
        for _ in range(chance.randint(0, most))
    ]


def said(layout: Layout) -> str:
    """The rooms of the slots, and what stays on the CPU, shortly."""
    return f"{_homes(layout.slots)} {_names(layout.on_cpu)}".rstrip()


def _homes(slots: Iterable[int]) -> str:
    return "".join("-" if room == CPU else str(room) for room in slots)


def _names(names: Iterable[str]) -> str:
    return " ".join(sorted(name.removeprefix("blk.").replace("ffn_", "") for name in names))


def layouts(number: int) -> dict[str, str]:
    """What is made of one draw."""
    chance = random.Random(f"layouts/{number}")
    of, room = ledger(chance), rooms(chance)
    few, ordered = chance.randint(0, len(of.slots)), chance.random() < 0.5
    return {
        "base-first": said(base_first(of, room)),
        "ffn": said(ffn_last(of, room)),
        "standard": said(standard(of, room, ordered=ordered)),
        "two-pass": said(two_pass(of, room, ordered=ordered)),
        "end": said(last_layers(min(few, 2), of, room)),
        "demanded": demanded(chance),
    }


def demanded(chance: random.Random) -> str:
    """A user's tail, runs and fixed tensors around each strategy, of a real model of four layers."""
    count, slots = chance.randint(1, 3), len(MODEL.layers) + 1
    tail = chance.choice([None, None, *range(slots + 2)])
    runs = None
    if tail is None and chance.random() < 0.5:
        first = chance.randint(0, slots)
        runs = (CPU,) * first + tuple(sorted(chance.randrange(count) for _ in range(slots - first)))
    every = [t.name for t in MODEL.tensors if t not in MODEL.input]
    fixed = {
        name: chance.randint(-1, count - 1) for name in chance.sample(every, chance.choice([0, 0, 1, 8]))
    }
    demand = Demand(tail, runs, fixed, ordered=chance.random() < 0.5)
    sizes = [
        LayerSize(
            sum(t.bytes for t in layer.tensors if t not in layer.experts) + 5000,
            tuple((t.name, t.bytes) for t in layer.experts),
        )
        for layer in MODEL.layers
    ]
    whole = Ledger((*sizes, LayerSize(sum(t.bytes for t in MODEL.output))))
    total = sum(size.total for size in whole.slots)
    devices = [Room(int(total * chance.choice([0.01, 0.15, 0.4, 0.9])), "CUDA") for _ in range(count)]
    found = []
    for name, strategy in strategies(demand).items():
        placed = arrange(strategy, MODEL, whole, devices, demand)
        moved = sorted(f"{_names([one])}={home}" for one, home in placed.overrides.items())
        found.append(f"{name} {_homes(placed.slots)} {' '.join(moved)}".rstrip())
    return "; ".join(found)


def main() -> None:
    """Print what moved; keep it with --write."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []
    found = [layouts(number) for number in range(DRAWS)]
    for number, row in enumerate(found):
        before = known[number] if number < len(known) else {}
        for name, text in row.items():
            if before.get(name) != text:
                print(number, name, before.get(name), "->", text)  # noqa: T201 - a program's answer
    if "--write" in sys.argv:
        FILE.write_text("[\n" + ",\n".join(map(json.dumps, found)) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
