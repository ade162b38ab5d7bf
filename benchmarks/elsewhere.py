"""What an expert on another GPU than its layer would gain: why the search has none.

    python -m benchmarks.elsewhere [--count 40]

llama.cpp's own fit puts experts of a card's last layer on the next card. In the plans of the whole models of `benchmarks.layouts`, expert matrices
that the CPU has are moved, the last layers' first, to the room that is left on cards other than their layer's, as long as the cost model says that
it gains; compute buffers are taken not to grow. Prints the plans that gain more than 0.1%, and the most that one gains.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.layouts import Instance, draw
from moefit.machine.types import CPU
from moefit.model import Layer
from moefit.placement.arrange import Demand
from moefit.placement.types import Placement
from moefit.planning.core import plan
from moefit.search.candidate import Candidate
from moefit.search.problem import Problem

SHOWN = 0.001


@dataclass
class Trial:
    """A plan's launch, from which matrices are moved one by one."""

    problem: Problem
    made: Candidate
    seconds: float
    overrides: dict[str, int]
    left: list[int]
    """Bytes of each card."""

    def move(self, layer: Layer, name: str) -> None:
        """Put a matrix with its bias where most room is left, if that gains."""
        home = self.made.settled.placement.slots[layer.index]
        names = [t for t in layer.experts if t.name in {name, name.replace("weight", "bias")}]
        size = sum(t.bytes for t in names)
        for card in sorted(range(len(self.left)), key=lambda i: -self.left[i]):
            if home in {CPU, card} or size > self.left[card]:
                continue
            moved = self.overrides | {t.name: card for t in names}
            if (seconds := self.predicted(moved)) < self.seconds:
                self.seconds, self.overrides = seconds, moved
                self.left[card] -= size
                return

    def predicted(self, overrides: dict[str, int]) -> float:
        """Seconds with tensors elsewhere."""
        settled = self.made.settled
        placement = Placement(settled.placement.slots, overrides)
        found = self.problem.predict(self.made.settings, settled.devices, placement, settled.guests)
        return found.seconds


def gain(instance: Instance) -> float | None:
    """The share of a plan's seconds that experts on other cards spare; None where it has not several cards."""
    made = plan(instance.request)
    mine = min((c for c in made.candidates if c.fits), key=lambda c: c.weight, default=None)
    if mine is None or len(mine.settled.devices) < 2:
        return None
    settled = mine.settled
    left = [b.left(u.total) for b, u in zip(settled.budgets, settled.footprint.devices, strict=True)]
    problem = Problem(instance.request, instance.request.machine.gpus, Demand(), instance.context)
    trial = Trial(problem, mine, mine.prediction.seconds, dict(settled.placement.overrides), left)
    for layer in reversed(instance.model.layers):
        for tensor in layer.experts:
            if tensor.name.endswith("weight") and trial.overrides.get(tensor.name) == CPU:
                trial.move(layer, tensor.name)
    return 1.0 - trial.seconds / mine.prediction.seconds


def main() -> None:
    """Print what gains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=40)
    found = []
    for number in range(parser.parse_args().count):
        instance = draw(number, whole=True)
        share = gain(instance)
        if share is not None:
            found.append(share)
            if share > SHOWN:
                print(f"{share:.1%}", instance.name, flush=True)
    print(f"{len(found)} plans with several cards: at most {max(found, default=0.0):.1%}")


if __name__ == "__main__":
    main()
