"""The search: strategy x micro-batch x devices x load mode, each with its own compute buffers, scored by predicted time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf

from moefit.machine.types import CPU
from moefit.search.bounds import lacks_at_least, lacks_where_placed
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import SMALL_UBATCHES, Choices
from moefit.search.floor import Floor, sketched_part
from moefit.search.moe_cache.choose import with_cache
from moefit.search.openings import (
    SEARCHED,
    Opening,
    first_opening,
    least_strategy,
    least_task,
    openings,
    with_buffers,
)
from moefit.search.problem import Problem
from moefit.search.settle import in_load_mode, none_will_do, settle
from moefit.search.settled import Settled
from moefit.search.task import Task

_CERTAIN = 0.85
"""Of the compute buffers that one launch had on some devices, what another on the same devices needs at the least, for its time."""
_LAST = 1 << 30
"""The rank of what no opening leads to."""
_LIKELY = 0.5
"""The same for whether it fits: without the output on a device, say, they can be smaller."""


def search(problem: Problem, choices: Choices, *, thorough: bool) -> tuple[Candidate, ...]:
    """Candidates in the order of the choices, the fastest that fits among them.

    Where none fits, also those that take less: a smaller micro-batch than llama.cpp's default. Where a sum of bytes
    says that none can, the first of the choices alone is placed, to say what is missing.

    Args:
        problem: what stays the same.
        choices: what is open.
        thorough: list also what a reader expects to see, although it cannot win.
    """
    found = _Search(problem)
    for step, some in enumerate(dict.fromkeys((choices, _smaller(problem, choices)))):
        found.run(some, step)
        if found.fits:
            break
    if found.fits and (thorough or found.may_be_beaten_beside):
        found.add_listed(choices)
    if not found.candidates:
        found.place(first_opening(problem, choices))
    return found.candidates


def can_fit(problem: Problem, choices: Choices) -> bool:
    """Whether anything fits: the smallest micro-batch decides, it has the smallest compute buffers."""
    return first_that_fits(problem, choices) is not None


def first_that_fits(problem: Problem, choices: Choices, like: Candidate | None = None) -> Candidate | None:
    """Something that fits with the smallest micro-batch; first is tried what is `like` a launch that fits elsewhere."""
    found = _Search(problem)
    found.run_until_one_fits(_smallest(problem, choices), like)
    return best(found.candidates) if found.fits else None


def may_fit(problem: Problem, choices: Choices) -> bool:
    """Whether a sum of bytes leaves open that something fits."""
    return not lacks_at_least(problem, least_task(problem, _smallest(problem, choices)))


def lacks_least(problem: Problem, choices: Choices) -> Candidate:
    """What lacks least of what has the smallest micro-batch, or something that fits; of many devices in their own order alone."""
    some = _smallest(problem, choices)
    if len(problem.devices) > SEARCHED:
        some = replace(some, orders=some.orders[:1])
    if (
        problem.request.model.experts
    ):  # "standard" moves them by whole layers; of a dense model the output alone may leave room for one
        finer = tuple(name for name in some.strategies if name != "standard")
        some = replace(some, strategies=finer or some.strategies)
    every = (o for o in openings(problem, some) if o.end is None)
    ranked = [(lacks_at_least(problem, o.task), o.rank, o) for o in every]
    found = _Search(problem)
    for bound, _, opening in sorted(ranked, key=lambda one: one[:2]):
        if found.candidates and bound >= best(found.candidates).shortfall:
            break
        if found.may_lack_less(opening):
            found.place(opening)
    return best(found.candidates)


def _smallest(problem: Problem, choices: Choices) -> Choices:
    """Those with the smallest compute buffers, and nothing pinned that need not be."""
    is_open = problem.request.launch.constraints.ubatch is None
    sizes = SMALL_UBATCHES[-1:] if is_open else choices.ubatches[:1]
    return replace(choices, ubatches=sizes, load_modes=choices.load_modes[:1])


def _smaller(problem: Problem, choices: Choices) -> Choices:
    is_open = problem.request.launch.constraints.ubatch is None
    return replace(choices, ubatches=SMALL_UBATCHES) if is_open else choices


class _Search:
    """What was placed so far, the most promising first; what cannot be faster than that is left out, and what cannot fit."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._found: list[tuple[int, int, Candidate]] = []
        self._seen: dict[object, bool] = {}
        """Placements of a micro-batch, and whether one of their launches fits."""
        self._lacking: dict[object, int] = {}
        """Of a strategy and devices, the smallest micro-batch that was seen not to fit: no larger one can."""
        self._floor = Floor()
        self._fastest: Candidate | None = None
        self._cache_is_open = len(problem.devices) > SEARCHED and problem.request.options.strategy == "auto"
        self._known: dict[Choices, list[Opening]] = {}

    @property
    def fits(self) -> bool:
        """Whether anything fits."""
        return self._fastest is not None

    @property
    def may_be_beaten_beside(self) -> bool:
        """Whether the next micro-batch may still win: by whole layers more room can be slower, on several devices or beside the CPU, so that no bound is sure."""
        best = self._fastest
        if best is None or best.strategy not in {"two-pass", "standard"}:
            return False
        placed = best.settled.placement
        return len(self._problem.devices) > 1 or CPU in {*placed.slots, *placed.overrides.values()}

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All of them, in the order of the choices."""
        return tuple(candidate for *_, candidate in sorted(self._found, key=lambda row: row[:2]))

    def run_until_one_fits(self, choices: Choices, like: Candidate | None) -> None:
        """Place what lacks least first."""
        if lacks_at_least(self._problem, least_task(self._problem, choices)):
            return
        for opening in self._likeliest_first(choices, like):
            if self._is_worth(opening):
                self.place(opening)
            if self.fits:
                return

    def _likeliest_first(self, choices: Choices, like: Candidate | None) -> Iterator[Opening]:
        """What is like a launch that fits elsewhere; then the others by a sketch with the buffers of that."""
        first = self._first_like(choices, like) or self._least(choices)
        if first is not None:
            yield first
        others = (opening for opening in self._openings(choices) if opening is not first)
        yield from sorted(others, key=lambda opening: (self._seems_to_lack(opening), opening.rank))

    def _first_like(self, choices: Choices, one: Candidate | None) -> Opening | None:
        """The opening with the strategy and the devices of a launch."""
        if one is None:
            return None
        wanted = one.strategy, None, tuple(device.name for device in one.settled.devices)
        return next((o for o in self._openings(choices) if _alike(o) == wanted), None)

    def _seems_to_lack(self, opening: Opening) -> int:
        buffers = self._floor.least(opening, 1.0) or (0,) * len(opening.task.devices)
        return sum(lacks_where_placed(self._problem, opening.task, buffers))

    def run(self, choices: Choices, step: int = 0) -> None:
        """Place what may win; once something did not fit, first what needs least: the buffers of that say what else cannot."""
        if lacks_at_least(self._problem, least_task(self._problem, choices)):
            return
        least = self._least(choices)
        for opening in self._openings(choices):
            if opening.bound > self._seconds:
                break
            if self._found and not self.fits and least is not None:
                self.place(least, step)
                least = None
            if self._is_worth(opening):
                if self._found and not self.fits and not self._is_full(opening):
                    self._place_smaller(opening, choices, step)
                if self._is_lacking(opening):
                    continue
                self.place(opening, step)
                if self._cache_is_open and self.fits:
                    self._add_cache(choices, step)

    def _least(self, choices: Choices) -> Opening | None:
        """The smallest micro-batch by the strategy that lacks least."""
        first = least_strategy(self._problem, choices)
        every = (o for o in self._openings(choices) if o.end is None and o.strategy == first)
        return min(every, key=lambda o: (o.task.settings.ubatch, o.rank), default=None)

    def _place_smaller(self, opening: Opening, choices: Choices, step: int) -> None:
        """The smallest micro-batch of the same strategy and devices, which decides for the others."""
        alike = (o for o in self._openings(choices) if _alike(o) == _alike(opening))
        smallest = min(alike, key=lambda o: o.task.settings.ubatch)
        if smallest is not opening and not self._is_lacking(opening):
            self.place(smallest, step)

    def _is_lacking(self, opening: Opening) -> bool:
        """Whether it lacks something with this micro-batch or a smaller one; of what may all be on devices each is tried, for the way there differs."""
        ubatch = opening.task.settings.ubatch
        return not self._is_full(opening) and self._lacking.get(_alike(opening), ubatch + 1) <= ubatch

    def _is_full(self, opening: Opening) -> bool:
        """Whether all that is free to move may be on devices, and something is."""
        return opening.all_placed and self._problem.demand.tail != 0

    def _is_worth(self, opening: Opening) -> bool:
        """Whether an opening may be faster than what was found, and fit."""
        if (
            self.fits
            and with_buffers(self._problem, opening, self._floor.of(opening, _CERTAIN)) > self._seconds
        ):
            return False
        least = () if opening.all_placed else self._floor.least(opening, _LIKELY)
        if lacks_at_least(self._problem, opening.task, least):
            return False
        if self.fits:
            return with_buffers(self._problem, opening, sketched_part(opening, _CERTAIN)) <= self._seconds
        if not least:
            return True
        unplaced, ram = lacks_where_placed(self._problem, opening.task, least)
        return ram <= self._gap(opening.task) and unplaced <= _layers(opening.task)

    def may_lack_less(self, opening: Opening) -> bool:
        """Whether an opening may lack less than what was placed, whose buffers others on the same devices have about half of at the least."""
        least = self._floor.least(opening, _LIKELY)
        if not self._found or not least:
            return True
        unplaced, ram = lacks_where_placed(self._problem, opening.task, least)
        beyond = max(0, unplaced - _layers(opening.task)) + max(0, ram - self._gap(opening.task))
        return beyond < best(self.candidates).shortfall

    def _gap(self, task: Task) -> int:
        """Bytes by which a strategy may fill less room better: what matters for the smallest micro-batch alone, which all the others need less than."""
        wanted = self._problem.request.launch.constraints.ubatch
        if task.settings.ubatch > (wanted or SMALL_UBATCHES[-1]):
            return 0
        return max((n for size in task.open_ledger.slots for _, n in size.matrices), default=0)

    def _add_cache(self, choices: Choices, step: int) -> None:
        """An expert cache beside what fits first: with many devices its orders differ by little, and a cache that wins spares them."""
        self._cache_is_open = False
        for candidate in with_cache(self._problem, choices, self.candidates):
            self._found.append((step, _LAST, candidate))
            if candidate.prediction.seconds < self._seconds:
                self._fastest = candidate

    def place(
        self, opening: Opening, step: int = 0, will_do: Callable[[Settled], bool] = none_will_do
    ) -> None:
        """Settle a combination, and score it in every load mode: each keeps back what it pins, so that some have a placement of their own.

        What `will_do` may be faster than the fullest, which alone counts: what is listed changes no choice.
        """
        settled = settle(opening.task, will_do, closest=not self.fits)
        ubatch = opening.task.settings.ubatch
        self._floor.learn(ubatch, settled)
        if (ubatch, settled.key) in self._seen:
            self._learn(opening, fits=self._seen[ubatch, settled.key])
            return
        candidates = []
        for launch in opening.launches:
            own = in_load_mode(replace(opening.task, settings=launch), settled)
            candidates.append(score(self._problem, opening.strategy, launch, own))
        if will_do is not none_will_do and any(
            c.fits and c.prediction.seconds < self._seconds for c in candidates
        ):
            self.place(opening, step)
            return
        self._seen[ubatch, settled.key] = fits = any(candidate.fits for candidate in candidates)
        self._learn(opening, fits=fits)
        for candidate in candidates:
            self._found.append((step, opening.rank, candidate))
            if candidate.fits and candidate.prediction.seconds < self._seconds:
                self._fastest = candidate

    def _learn(self, opening: Opening, *, fits: bool) -> None:
        if not fits:
            ubatch = opening.task.settings.ubatch
            self._lacking[_alike(opening)] = min(ubatch, self._lacking.get(_alike(opening), ubatch))

    def add_listed(self, choices: Choices) -> None:
        """Place what a reader expects to see beside the best: the next micro-batches, on all devices as they stand, in its load mode."""
        best = self._fastest
        assert best is not None
        sizes = sorted(choices.ubatches)
        at = sizes.index(best.settings.ubatch) if best.settings.ubatch in sizes else 0
        near = sizes[max(0, at - 1) : at + 2]
        for opening in self._openings(choices):
            alike = opening.strategy == best.strategy and opening.task.settings.ubatch in near
            if alike and opening.end is None and opening.task.devices == self._problem.devices:
                mode = best.settings.load_mode
                launches = tuple(one for one in opening.launches if one.load_mode == mode)
                task = replace(opening.task, settings=launches[0])
                self.place(replace(opening, task=task, launches=launches), will_do=lambda _settled: True)

    def _openings(self, choices: Choices) -> list[Opening]:
        if choices not in self._known:
            self._known[choices] = openings(self._problem, choices)
        return self._known[choices]

    @property
    def _seconds(self) -> float:
        return self._fastest.prediction.seconds if self._fastest is not None else inf


def _layers(task: Task) -> int:
    """Bytes of the largest layer, for each device."""
    return len(task.devices) * max(size.total for size in task.open_ledger.slots)


def _alike(opening: Opening) -> object:
    """Equal for openings that differ by the micro-batch alone."""
    return opening.strategy, opening.end, tuple(device.name for device in opening.task.devices)
