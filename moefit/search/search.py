"""The search: strategy x micro-batch x devices x load mode, each with its own compute buffers, scored by predicted time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from moefit.search.candidate import Candidate, score
from moefit.search.choices import Choices
from moefit.search.openings import Opening, openings, with_buffers
from moefit.search.problem import Problem
from moefit.search.settle import Settled, in_load_mode, settle

_CERTAIN = 0.85
"""Of the compute buffers that one launch had on some devices, what another on the same devices needs at the least."""


def search(problem: Problem, choices: Choices) -> tuple[Candidate, ...]:
    """Candidates in the order of the choices, the fastest that fits among them.

    The most promising are placed first. Those that cannot be faster than what was found are left out, unless the search is
    thorough and they are for all devices as they stand: the answer is the same, the list of the others is longer.
    """
    thorough = problem.request.options.thorough
    seen: set[object] = set()
    found: list[tuple[int, Candidate]] = []
    fastest = inf
    floor = _Floor()
    for opening in openings(problem, choices):
        if opening.bound > fastest and not thorough:
            break
        if opening.bound > fastest and opening.end is not None:
            continue
        listed = thorough and _is_listed(opening, problem)
        if not listed and max(opening.bound, with_buffers(problem, opening, floor.of(opening))) > fastest:
            continue
        settled = settle(opening.task)
        ubatch = opening.task.settings.ubatch
        floor.learn(ubatch, settled)
        if (ubatch, settled.key) in seen:
            continue
        seen.add((ubatch, settled.key))
        for candidate in _scored(problem, opening, settled):
            found.append((opening.rank, candidate))
            if candidate.fits:
                fastest = min(fastest, candidate.prediction.seconds)
    found.sort(key=lambda pair: pair[0])
    return tuple(candidate for _, candidate in found)


def _is_listed(opening: Opening, problem: Problem) -> bool:
    """Whether a reader expects to see it, although it cannot win."""
    return opening.task.devices == problem.devices


def candidates(problem: Problem, choices: Choices) -> Iterator[Candidate]:
    """Candidates one by one, the most promising first."""
    for opening in openings(problem, choices):
        yield from _scored(problem, opening, settle(opening.task))


def _scored(problem: Problem, opening: Opening, settled: Settled) -> Iterator[Candidate]:
    """The candidates of one opening: each load mode keeps back what it pins, so that some have a placement of their own."""
    for launch in opening.launches:
        own = in_load_mode(replace(opening.task, settings=launch), settled)
        yield score(problem, opening.strategy, launch, own)


class _Floor:
    """What compute buffers take at least, from launches that were placed before on the same devices."""

    def __init__(self) -> None:
        self._known: dict[frozenset[str], tuple[int, dict[str, int]]] = {}

    def learn(self, ubatch: int, settled: Settled) -> None:
        """Remember the first launch on these devices: it was the most promising."""
        uses = zip(settled.devices, settled.footprint.devices, strict=True)
        compute = {device.name: use.compute for device, use in uses}
        self._known.setdefault(frozenset(compute), (ubatch, compute))

    def of(self, opening: Opening) -> tuple[int, ...]:
        """Bytes of each device of an opening; nothing where no launch was placed on these devices.

        In proportion to the micro-batch where that is smaller, less a part for what another order changes.
        """
        names = [device.name for device in opening.task.devices]
        if not names or frozenset(names) not in self._known:
            return ()
        ubatch, compute = self._known[frozenset(names)]
        share = _CERTAIN * min(1.0, opening.task.settings.ubatch / ubatch)
        return tuple(int(compute[name] * share) for name in names)
