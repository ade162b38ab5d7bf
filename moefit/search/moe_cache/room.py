"""The room that devices have for experts, and the largest cache that fits into it."""

from __future__ import annotations

from collections.abc import Sequence

from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.memo import per_object
from moefit.memory.moe_cache import MoeCache, proportions, served
from moefit.memory.weights import tensor_sizes
from moefit.model import Layer
from moefit.search.candidate import Candidate
from moefit.search.problem import Problem
from moefit.sizes import MIB
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """Layers whose experts no cache serves."""

    full: frozenset[int] = frozenset()
    """All of their experts are on their device."""
    in_part: frozenset[int] = frozenset()
    """Some are, as they were found."""

    def __contains__(self, layer: int) -> bool:
        return layer in self.full or layer in self.in_part


def room_for_experts(problem: Problem, start: Candidate, launch: Settings) -> list[int]:
    """Bytes of each device for experts: all beside base, caches and compute buffers, which grow with the micro-batch."""
    settled = start.settled
    grown = launch.ubatch / start.settings.ubatch
    return [
        budget.usable - (use.total - use.compute) - int(use.compute * grown) + sum(held.values()) - biases
        for budget, use, held, biases in zip(
            settled.budgets,
            settled.footprint.devices,
            movable(problem, start),
            _returning(problem, start),
            strict=True,
        )
    ]


@per_object(8, objects=2)
def _returning(problem: Problem, start: Candidate) -> list[int]:
    """Bytes of each device's biases and scales of experts that are on the CPU now."""
    placement, fixed = start.settled.placement, problem.demand.fixed
    return [
        sum(
            t.bytes
            for layer in problem.request.model.layers
            if placement.slots[layer.index] == index and not is_fixed(problem, layer)
            for t in layer.experts
            if not served(t.name) and t.name not in fixed and placement.overrides.get(t.name, index) != index
        )
        for index in range(len(start.settled.devices))
    ]


@per_object(8, objects=2)
def movable(problem: Problem, start: Candidate, *, all_of_them: bool = False) -> list[dict[int, int]]:
    """For each device, its layers of which experts may move, with the bytes of those that are there (or of all)."""
    settled, model, fixed = start.settled, problem.request.model, problem.demand.fixed
    slots, moved = settled.placement.slots, settled.placement.overrides
    found: list[dict[int, int]] = []
    for index, device in enumerate(settled.devices):
        sizes = tensor_sizes(model, start.settings.mtp, device.backend)
        found.append(
            {
                layer.index: sum(
                    sizes.get(t.name, 0)
                    for t in layer.experts
                    if served(t.name)
                    and t.name not in fixed
                    and (all_of_them or moved.get(t.name, index) == index)
                )
                for layer in model.layers
                if slots[layer.index] == index and layer.experts and not is_fixed(problem, layer)
            }
        )
    return found


def is_fixed(problem: Problem, layer: Layer) -> bool:
    """Whether no cache can come or go by it: the user has an expert matrix of it on a device, or says where each is.

    One of which some are on the CPU by the user's word, and others are free, is served once those are there, too.
    """
    places = {problem.demand.fixed.get(t.name) for t in layer.experts if served(t.name)}
    return not places <= {None, CPU} or None not in places


def layers_in_part(problem: Problem, start: Candidate) -> frozenset[int]:
    """The layers that may move and have some of their expert matrices on their device, and some not."""
    now, every = movable(problem, start), movable(problem, start, all_of_them=True)
    return frozenset(
        layer
        for held, sizes in zip(now, every, strict=True)
        for layer, size in sizes.items()
        if 0 < held[layer] < size
    )


def cache_size(problem: Problem, start: Candidate, rooms: Sequence[int], kept: Kept) -> int:
    """Bytes of a cache beside these layers, in whole MiB; none where a device has not room for those."""
    now, every = movable(problem, start), movable(problem, start, all_of_them=True)
    left = [
        room - sum(sizes[layer] if layer in kept.full else held[layer] for layer in sizes if layer in kept)
        for room, held, sizes in zip(rooms, now, every, strict=True)
    ]
    return 0 if min(left) < 0 else largest_cache(start, left, _taking(problem, start, kept))


def _taking(problem: Problem, start: Candidate, kept: Kept) -> frozenset[int]:
    """The devices with a layer whose experts are to be cached: all with experts but the kept ones."""
    slots, layers = start.settled.placement.slots, problem.request.model.layers
    return frozenset(slots[layer.index] for layer in layers if layer.experts and layer.index not in kept)


def largest_cache(start: Candidate, rooms: Sequence[int], taking: frozenset[int]) -> int:
    """The largest cache whose parts fit into rooms of so many bytes, in whole MiB, where these devices have a part; none where none has."""
    if not taking:
        return 0
    most = min(room / share for room, share in zip(rooms, _parts(start, taking), strict=True) if share)
    return int(most) // MIB * MIB


@per_object(8, objects=1)
def _parts(start: Candidate, taking: frozenset[int]) -> list[float]:
    """The part of the cache that each device has: -ts, as the user or the plan writes it."""
    settled = start.settled
    split = proportions(start.settings, settled.placement, set(taking), len(settled.devices))
    return [part / sum(split) for part in split]


def size_of_all(cache: MoeCache) -> int:
    """Bytes with which every expert has a slot, in whole MiB."""
    bytes_of = sum((len(g.layers) * g.experts + 1) * g.expert_bytes for g in cache.groups)
    return (bytes_of + bytes_of // 64) // MIB * MIB
