"""Launches with an expert cache before they are measured: each micro-batch, part of the layers and load mode, with the largest cache beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.moe_cache import served
from moefit.placement.types import Placement
from moefit.search.candidate import Candidate
from moefit.search.choices import Choices
from moefit.search.cpu_share import cpu_shares
from moefit.search.moe_cache.room import Kept, cache_size, is_fixed, layers_in_part, movable, room_for_experts
from moefit.search.problem import Problem
from moefit.values import dataclass

PARTS: Final = tuple(n / 8 for n in range(8))
"""Of each device's layers, those that stay full; fixed, so that more memory only ever makes a cache larger."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A launch with an expert cache, its memory not yet measured."""

    launch: Settings
    placement: Placement
    seconds: float


def drafted(
    problem: Problem, choices: Choices, start: Candidate, parts: Sequence[float] = PARTS
) -> Iterator[Draft]:
    """Each micro-batch, part of the layers and load mode, and with a program that can what the CPU computes of the misses."""
    shares = cpu_shares(problem)
    every = dict.fromkeys(_full_layers(problem, start, part) for part in parts)
    placements = {Kept(full): placement_with(problem, start, Kept(full)) for full in every}
    for ubatch in dict.fromkeys((*choices.ubatches, start.settings.ubatch)):  # where none fits, a smaller one
        launches = [problem.launch(ubatch, mode) for mode in choices.load_modes]
        yield from _sized(problem, start, launches, shares, placements)


def drafted_of_those_there(problem: Problem, start: Candidate, drafts: Sequence[Draft]) -> Iterator[Draft]:
    """With the launches of the best draft and of the start: each part of the layers that are full on a device of the start, which differ between devices.

    A layer that is on its device in part keeps that part, too.
    """
    best = min(drafts, key=lambda draft: draft.seconds, default=None)
    if best is not None:
        full = dict.fromkeys(_full_layers(problem, start, part, there=True) for part in PARTS)
        in_part = dict.fromkeys((frozenset[int](), layers_in_part(problem, start)))
        every = [Kept(layers, halves) for halves in in_part for layers in full]
        placements = {kept: placement_with(problem, start, kept) for kept in every}
        for launch in dict.fromkeys(replace(one, moe_cache=0) for one in (best.launch, start.settings)):
            yield from _sized(problem, start, [launch], [launch.moe_cache_cpu_share], placements)


def _sized(
    problem: Problem,
    start: Candidate,
    launches: Sequence[Settings],
    shares: Sequence[float],
    placements: Mapping[Kept, Placement],
) -> Iterator[Draft]:
    """Launches of one micro-batch with each placement and the largest cache beside it."""
    if launches:
        rooms = room_for_experts(problem, start, launches[0])
        for kept, placement in placements.items():
            size = cache_size(problem, start, rooms, kept)
            for launch, share in itertools.product(launches, shares) if size > 0 else ():
                sized = replace(launch, moe_cache=size, moe_cache_cpu_share=share)
                yield Draft(sized, placement, _predicted(problem, start, sized, placement))


def _full_layers(problem: Problem, start: Candidate, part: float, *, there: bool = False) -> frozenset[int]:
    """The layers whose experts stay on a device: the first of each device, or of those that are full `there`."""
    all_of_them = movable(problem, start, all_of_them=True)
    every = [list(layers) for layers in all_of_them]
    if there:
        now = movable(problem, start)
        every = [
            [layer for layer in layers if held[layer] == sizes[layer]]
            for layers, held, sizes in zip(every, now, all_of_them, strict=True)
        ]
    return frozenset(layer for layers in every for layer in layers[: int(part * len(layers))])


def placement_with(problem: Problem, start: Candidate, kept: Kept) -> Placement:
    """The start's, with the experts of just these layers on their devices, of those that may move.

    Biases and scales of all of them are there: hits are computed there, and on the CPU they would take each token along.
    """
    placement = start.settled.placement
    overrides = dict(placement.overrides)
    for layer in problem.request.model.layers:
        if not is_fixed(problem, layer) and layer.index not in kept.in_part:
            for tensor in (t for t in layer.experts if t.name not in problem.demand.fixed):
                overrides.pop(tensor.name, None)
                if layer.index not in kept.full and served(tensor.name):
                    overrides[tensor.name] = CPU
    return replace(placement, overrides=overrides)


def _predicted(problem: Problem, start: Candidate, launch: Settings, placement: Placement) -> float:
    return problem.predict(launch, start.settled.devices, placement, start.settled.guests).seconds
