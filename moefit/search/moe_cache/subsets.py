"""The devices on which an expert cache is looked for: of few every subset in every order, of more what is left where one after the other goes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.placement.arrange import strategies
from moefit.search.bounds import sketch
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, score
from moefit.search.device_split import DeviceSplit, in_proportion, on_others
from moefit.search.moe_cache.sketched import sketched_cache
from moefit.search.orders import first_alike
from moefit.search.problem import Problem
from moefit.search.settle import first_guess, settle
from moefit.search.settled import Settled
from moefit.search.task import Task

EVERY: Final = 3
"""Devices of which every subset is tried, in every order."""


class Subsets:
    """Starts with each layer's base on some of the devices, in one micro-batch and load mode."""

    def __init__(
        self, problem: Problem, launch: Settings, fastest: Candidate, found: Sequence[Candidate]
    ) -> None:
        """Take a launch; the fastest and what else was found say what was tried, and what buffers take of RAM."""
        self._problem = problem
        self._launch = launch
        self._given = budgets(problem.request, problem.devices, self._launch)
        self._tried = {c.order for c in (fastest, *found) if c is fastest or c.settings.moe_cache}
        self._buffers = first_guess(problem.request.model, problem.devices, self._launch)
        self._on_host = fastest.settled.footprint.host.compute

    def promising(self) -> list[tuple[float, tuple[int, ...]]]:
        """The orders for which a cache gains, with what they then seem to take, the fastest first."""
        few = len(self._problem.devices) <= EVERY
        return sorted(self._in_every_order() if few else self._one_by_one())

    def settled(self, order: tuple[int, ...]) -> Candidate | None:
        """The start on these devices, its buffers measured; None where it does not fit, or leaves layers on the CPU.

        A device that would get no layer gets a part of them by its room: the first has the copies, whatever it holds.
        """
        task = self._task(order)
        made = settle(task)
        slots, tail = self._problem.request.model.slots, task.demand.tail
        if len(made.devices) < len(order) <= slots and tail in {None, slots}:
            made = settle(replace(task, demand=replace(task.demand, runs=self._in_proportion(task, order))))
        return self._scored(made)

    def _in_every_order(self) -> Iterator[tuple[float, tuple[int, ...]]]:
        every = range(len(self._problem.devices))
        for order in (one for count in every for one in itertools.permutations(every, count + 1)):
            start = None if order in self._tried else self.settled(order)
            if start is not None:
                sketched = sketched_cache(self._problem, start)
                if sketched is not start:
                    yield sketched.prediction.seconds, order

    def _one_by_one(self) -> Iterator[tuple[float, tuple[int, ...]]]:
        """All devices, then each time without the one that is missed least: it has a slow link or slow memory, or too little room for its part."""
        order = tuple(range(len(self._problem.devices)))
        ways = [(*self._sketched(order), order)]
        while ways:
            seconds, gains, order = min(ways)
            if gains and order not in self._tried:
                yield seconds, order
            ways = [(*self._sketched(fewer), fewer) for fewer in self._without_one(order)]

    def _without_one(self, order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """The devices of an order without one of them, of those that are alike without the last."""
        alike = first_alike(self._problem.devices, self._given)
        last = {alike[i]: i for i in order}
        if len(order) > 1:
            yield from (tuple(i for i in order if i != one) for one in order if last[alike[one]] == one)

    def _sketched(self, order: tuple[int, ...]) -> tuple[float, bool]:
        """Seconds of a start with the cache that it then seems to have, buffers guessed; and whether it gains by one."""
        start = self._scored(sketch(self._task(order), self._buffers_of(order), self._on_host))
        if start is None:
            return float("inf"), False
        made = sketched_cache(self._problem, start)
        return made.prediction.seconds, made is not start

    def _task(self, order: tuple[int, ...]) -> Task:
        problem = self._problem
        devices, given = tuple(problem.devices[i] for i in order), tuple(self._given[i] for i in order)
        base_first = strategies(problem.demand)["base-first"]
        return Task(problem.request, devices, given, self._launch, base_first, problem.demand)

    def _buffers_of(self, order: tuple[int, ...]) -> list[int]:
        """About the compute buffers of the devices of an order, the first of which has the copies."""
        return [max(self._buffers) if place == 0 else min(self._buffers) for place in range(len(order))]

    def _in_proportion(self, task: Task, order: tuple[int, ...]) -> tuple[int, ...]:
        """The device of each slot, each with a part by its room and with one at the least."""
        ubatch, slots = self._launch.ubatch, self._problem.request.model.slots
        rooms = [room.capacity for room in task.rooms(self._buffers_of(order))]
        sums = [0, *itertools.accumulate(size.total for size in task.ledger.slots)]
        return in_proportion(
            on_others(DeviceSplit(order, (0,), slots, ubatch), order, ubatch), rooms, sums
        ).runs

    def _scored(self, settled: Settled) -> Candidate | None:
        start = score(self._problem, "base-first", self._launch, settled)
        return start if start.fits and CPU not in settled.placement.slots else None
