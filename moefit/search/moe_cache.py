"""An expert cache as a choice: fewer layers whole on the devices, and the room that they leave for experts of all the others.

Where layers keep experts on the CPU, each part of their room is weighed: whole layers, which spare a prompt their copies and a token its
misses, or cache, which serves every layer's most used experts. source: src/llama-moe-cache.cpp (b11480 and later)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from moefit import memory
from moefit.cost import Prediction
from moefit.cost.cached_steps import MISSES
from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.launch.settings import Settings
from moefit.machine.types import CPU
from moefit.memory.memo import per_object
from moefit.memory.moe_cache import MoeCache, overflows, proportions, served
from moefit.memory.weights import tensor_sizes
from moefit.model import Layer, Model
from moefit.placement.arrange import without_fixed
from moefit.placement.types import Placement
from moefit.search.bounds import host_use
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import Choices
from moefit.search.cpu_share import cpu_shares, with_cpu_share
from moefit.search.moe_cache_split import better_split
from moefit.search.openings import usual_task
from moefit.search.problem import Problem
from moefit.search.settle import Settled, placed_with, settle
from moefit.values import dataclass

MOE_CACHE: Final = "moe-cache"
"""The strategy's name."""
OPTION: Final = "--moe-cache-mib"
_MIB: Final = 1 << 20
_PARTS: Final = tuple(n / 8 for n in range(8))
"""Of each device's layers, those that stay whole; fixed, so that more memory only ever makes a cache larger."""
_UNSURE: Final = 0.05
"""The part that the least hits have in what a cache is weighed by: one model in twenty may route that evenly. So a cache that gains a few
per cent if routing is as published, and takes several times as long if it is not, is left out."""
_CLOSE: Final = 1.02
"""Against the most promising draft, how much slower one may seem that is measured, too: its compute buffers are not known yet."""


def refuse(model: Model, constraints: Constraints, devices: int, build: int | None = None) -> None:
    """What llama.cpp does not start with.

    Raises:
        UsageError: the user's line has an expert cache, and a model, devices or split mode that cannot have one.
    """
    if not constraints.moe_cache:
        return
    why = None
    if not model.experts:
        why = "the model has no experts"
    elif not devices:
        why = "no device holds it"
    elif constraints.split_mode == "tensor":
        why = "-sm tensor cannot have one"
    elif overflows(model, _cache_types(constraints), build):
        why = "the KV cache is quantised and layers have so few tensors: its graph is too small for both"
    if why:
        said = f"{OPTION} {constraints.moe_cache // _MIB}"
        raise UsageError(f"{said}: llama.cpp does not start with an expert cache where {why}", "leave it out")


def _cache_types(constraints: Constraints) -> tuple[str, str]:
    return constraints.cache_type_k or "f16", constraints.cache_type_v or "f16"


def with_cache(problem: Problem, choices: Choices, found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Candidates with an expert cache that are faster than every one found, and not only if routing is as uneven as is usual.

    None where the user or the program decides otherwise.
    """
    if problem.request.launch.constraints.moe_cache:
        return tuple(with_cpu_share(problem, found))
    start = _start(problem, choices, found)
    if start is None:
        return ()
    fastest = min(c.weight for c in found if c.fits)
    balanced = _balanced(problem, start)
    for one in (start,) if balanced is start else (balanced, start):
        usual = list(_drafts(problem, choices, one))
        for drafts in (usual, _drafts_of_those_there(problem, one, usual)):
            promising = _most_promising(problem, one, [d for d in drafts if d.seconds < fastest])
            if made := tuple(c for c in promising if is_worth(c, fastest)):
                return made
    return ()


def is_worth(candidate: Candidate, fastest: float) -> bool:
    """Whether it is faster than so many seconds, weighed with what uniform routing would cost."""
    return candidate.weight + _UNSURE * lost_if_even(candidate.prediction) < fastest


def _most_promising(problem: Problem, start: Candidate, drafts: Sequence[_Draft]) -> Iterator[Candidate]:
    """The drafts that fit once they are measured, the fastest first: the first of those, and what is about as fast."""
    limit = inf
    for draft in sorted(drafts, key=lambda draft: draft.seconds):
        if draft.seconds > limit:
            return
        candidate = _measured(problem, start, draft)
        if candidate is not None and candidate.fits:
            limit = min(limit, _CLOSE * draft.seconds)
            yield candidate


def lost_if_even(prediction: Prediction) -> float:
    """Seconds that the misses take more where the model's routing is uniform."""
    rate = prediction.hit_rate
    if rate is None or rate.likely == 1.0:
        return 0.0
    misses = sum(term.seconds for term in prediction.terms if term.name == MISSES)
    return misses * ((1.0 - rate.least) / (1.0 - rate.likely) - 1.0)


def _start(problem: Problem, choices: Choices, found: Sequence[Candidate]) -> Candidate | None:
    """A placement with every layer on a device and experts on the CPU that may move: the fastest that was found, or base-first."""
    request = problem.request
    wanted = request.launch.constraints
    knows = OPTION in request.launch.command.table and wanted.program != "llama-bench"
    if wanted.moe_cache is not None or not knows or not request.model.experts:
        return None
    if overflows(request.model, _cache_types(wanted), request.launch.command.table.build):
        return None
    fitting = [c for c in found if c.fits]
    fastest = best(fitting) if fitting else None
    if fastest is None or not keeps_experts(request.model, fastest):
        return None
    start = fastest if CPU not in fastest.settled.placement.slots else _base_first(problem, choices)
    usable = start.fits and CPU not in start.settled.placement.slots and start.settled.devices
    return start if usable and not any(device.integrated for device in start.settled.devices) else None


def _base_first(problem: Problem, choices: Choices) -> Candidate:
    """Every layer's base first, on all devices as they stand."""
    task = usual_task(problem, choices.load_modes[-1])
    return score(problem, "base-first", task.settings, settle(task))


def keeps_experts(model: Model, candidate: Candidate) -> bool:
    """Whether experts of it are on the CPU."""
    placement = candidate.settled.placement
    return any(
        placement.overrides.get(t.name, placement.slots[layer.index]) == CPU
        for layer in model.layers
        for t in layer.experts
    )


def _balanced(problem: Problem, start: Candidate) -> Candidate:
    """The start with its layers split so that every device has room for its part of a cache, where the line leaves that open."""
    settled, settings = start.settled, start.settings
    if problem.demand.runs is not None or settings.tensor_split or len(settled.devices) < 2:
        return start
    model, demand = problem.request.model, problem.demand
    ledger = without_fixed(memory.ledger(model, settings, settled.devices), model, demand.fixed)
    bases = [size.base for size in ledger.slots]
    slots = better_split(settled.placement.slots, bases, _rooms(problem, start, settings))
    if slots is None:
        return start
    placement = _placement(problem, start, frozenset())
    moved = _afresh(problem, start, replace(placement, slots=slots), settings)
    return replace(start, settled=placed_with(problem.request, moved, settings))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A launch with an expert cache, its memory not yet measured."""

    launch: Settings
    placement: Placement
    seconds: float


def _drafts(
    problem: Problem, choices: Choices, start: Candidate, parts: Sequence[float] = _PARTS
) -> Iterator[_Draft]:
    """Each micro-batch, part of the layers and load mode, and with a program that can what the CPU computes of the misses."""
    every = dict.fromkeys(_full_layers(problem, start, part) for part in parts)
    placements = {whole: _placement(problem, start, whole) for whole in every}
    shares = cpu_shares(problem)
    for ubatch in choices.ubatches:
        launches = [problem.launch(ubatch, mode) for mode in choices.load_modes]
        yield from _sized(problem, start, launches, shares, placements)


def _drafts_of_those_there(problem: Problem, start: Candidate, drafts: Sequence[_Draft]) -> Iterator[_Draft]:
    """With the launch of the best draft: each part of the layers that are whole on a device of the start, which differ between devices."""
    best = min(drafts, key=lambda draft: draft.seconds, default=None)
    if best is not None:
        every = dict.fromkeys(_full_layers(problem, start, part, there=True) for part in _PARTS)
        placements = {whole: _placement(problem, start, whole) for whole in every}
        launch = replace(best.launch, moe_cache=0)
        yield from _sized(problem, start, [launch], [launch.moe_cache_cpu_share], placements)


def _sized(
    problem: Problem,
    start: Candidate,
    launches: Sequence[Settings],
    shares: Sequence[float],
    placements: Mapping[frozenset[int], Placement],
) -> Iterator[_Draft]:
    """Launches of one micro-batch with each placement and the largest cache beside it."""
    if launches:
        rooms = _rooms(problem, start, launches[0])
        for whole, placement in placements.items():
            size = _size(problem, start, rooms, whole)
            for launch, share in itertools.product(launches, shares) if size > 0 else ():
                sized = replace(launch, moe_cache=size, moe_cache_cpu_share=share)
                yield _Draft(sized, placement, _predicted(problem, start, sized, placement))


def sketched_cache(problem: Problem, start: Candidate) -> Candidate:
    """A launch with about the best expert cache of the start's own micro-batch and load mode; the start itself where none is faster.

    No graph is measured: it has the start's buffers, and RAM for the experts that are not on devices.
    """
    alone = Choices((start.strategy,), (start.settings.ubatch,), (start.settings.load_mode,), (start.order,))
    known = None if CPU in start.settled.placement.slots else _start(problem, alone, (start,))
    if known is None:
        return start
    few = [_drafted(problem, start, d) for d in _drafts(problem, alone, known, _PARTS[::3])]
    every = few
    if any(one.ram_shortfall for one in few):  # where RAM is short, each part counts
        every = [_drafted(problem, start, d) for d in _drafts(problem, alone, known)]
    worth = [one for one in every if not one.ram_shortfall and is_worth(one, start.weight)]
    return min(worth, key=lambda one: one.prediction.seconds, default=start)


def _drafted(problem: Problem, start: Candidate, draft: _Draft) -> Candidate:
    return score(problem, MOE_CACHE, draft.launch, _with_host(problem, start.settled, draft))


def _with_host(problem: Problem, settled: Settled, draft: _Draft) -> Settled:
    """The draft's placement with what it takes of RAM."""
    held = host_use(problem.request.model, settled.devices, draft.launch, draft.placement)
    host = replace(held, compute=settled.footprint.host.compute)
    return replace(settled, placement=draft.placement, footprint=replace(settled.footprint, host=host))


def _predicted(problem: Problem, start: Candidate, launch: Settings, placement: Placement) -> float:
    return problem.predict(launch, start.settled.devices, placement, start.settled.guests).seconds


def _rooms(problem: Problem, start: Candidate, launch: Settings) -> list[int]:
    """Bytes of each device for experts: all beside base, caches and compute buffers, which grow with the micro-batch."""
    settled = start.settled
    grown = launch.ubatch / start.settings.ubatch
    return [
        budget.usable - (use.total - use.compute) - int(use.compute * grown) + sum(held.values()) - biases
        for budget, use, held, biases in zip(
            settled.budgets,
            settled.footprint.devices,
            _movable(problem, start),
            _returning(problem, start),
            strict=True,
        )
    ]


@per_object(8, objects=2)
def _returning(problem: Problem, start: Candidate) -> list[int]:
    """Bytes of each device's biases and scales of experts that are on the CPU now."""
    placement = start.settled.placement
    return [
        sum(
            t.bytes
            for layer in problem.request.model.layers
            if placement.slots[layer.index] == index and not _is_fixed(problem, layer)
            for t in layer.experts
            if not served(t.name) and placement.overrides.get(t.name, index) != index
        )
        for index in range(len(start.settled.devices))
    ]


@per_object(8, objects=2)
def _movable(problem: Problem, start: Candidate, *, all_of_them: bool = False) -> list[dict[int, int]]:
    """For each device, its layers whose experts nothing fixes, with the bytes of those that are there (or of all)."""
    settled, model = start.settled, problem.request.model
    slots, moved = settled.placement.slots, settled.placement.overrides
    found: list[dict[int, int]] = []
    for index, device in enumerate(settled.devices):
        sizes = tensor_sizes(model, start.settings.mtp, device.backend)
        found.append(
            {
                layer.index: sum(
                    sizes.get(t.name, 0)
                    for t in layer.experts
                    if served(t.name) and (all_of_them or moved.get(t.name, index) == index)
                )
                for layer in model.layers
                if slots[layer.index] == index and layer.experts and not _is_fixed(problem, layer)
            }
        )
    return found


def _is_fixed(problem: Problem, layer: Layer) -> bool:
    return any(t.name in problem.demand.fixed for t in layer.experts)


def _full_layers(problem: Problem, start: Candidate, part: float, *, there: bool = False) -> frozenset[int]:
    """The layers whose experts stay on a device: the first of each device, or of those that are whole `there`."""
    all_of_them = _movable(problem, start, all_of_them=True)
    every = [list(layers) for layers in all_of_them]
    if there:
        now = _movable(problem, start)
        every = [
            [layer for layer in layers if held[layer] == sizes[layer]]
            for layers, held, sizes in zip(every, now, all_of_them, strict=True)
        ]
    return frozenset(layer for layers in every for layer in layers[: int(part * len(layers))])


def _size(problem: Problem, start: Candidate, rooms: Sequence[int], whole: frozenset[int]) -> int:
    """Bytes of a cache beside these whole layers, in whole MiB; none where a device has not room for those."""
    layers = _movable(problem, start, all_of_them=True)
    left = [
        room - sum(size for layer, size in sizes.items() if layer in whole)
        for room, sizes in zip(rooms, layers, strict=True)
    ]
    return 0 if min(left) < 0 else _of_rooms(start, left, _taking(problem, start, whole))


def _taking(problem: Problem, start: Candidate, whole: frozenset[int]) -> frozenset[int]:
    """The devices with a layer whose experts are to be cached: all with experts but these whole ones."""
    slots, layers = start.settled.placement.slots, problem.request.model.layers
    return frozenset(slots[layer.index] for layer in layers if layer.experts and layer.index not in whole)


def _of_rooms(start: Candidate, rooms: Sequence[int], taking: frozenset[int]) -> int:
    """The largest cache whose parts fit into rooms of so many bytes, in whole MiB, where these devices have a part."""
    most = min(room / share for room, share in zip(rooms, _parts(start, taking), strict=True) if share)
    return int(most) // _MIB * _MIB


@per_object(8, objects=1)
def _parts(start: Candidate, taking: frozenset[int]) -> list[float]:
    """The part of the cache that each device has: -ts, as the user or the plan writes it."""
    settled = start.settled
    split = proportions(start.settings, settled.placement, set(taking), len(settled.devices))
    return [part / sum(split) for part in split]


def _placement(problem: Problem, start: Candidate, whole: frozenset[int]) -> Placement:
    """The start's, with the experts of just these layers on their devices, of those that may move.

    Biases and scales of all of them are there: hits are computed there, and on the CPU they would take each token along.
    """
    placement = start.settled.placement
    overrides = dict(placement.overrides)
    for layer in problem.request.model.layers:
        if not _is_fixed(problem, layer):
            for tensor in layer.experts:
                overrides.pop(tensor.name, None)
                if layer.index not in whole and served(tensor.name):
                    overrides[tensor.name] = CPU
    return replace(placement, overrides=overrides)


def _measured(problem: Problem, start: Candidate, draft: _Draft) -> Candidate | None:
    """The draft with its own compute buffers, guests and page tables, its cache as large as they leave room for."""
    launch = draft.launch
    placed = _afresh(problem, start, draft.placement, launch)
    for _ in range(3):  # nothing else depends on the size: the second time it is the same
        settled = placed_with(problem.request, placed, launch)
        cache = settled.footprint.moe_cache
        if cache is None or cache.too_small:
            break
        rooms = [
            budget.left(use.total) + held
            for budget, use, held in zip(
                settled.budgets, settled.footprint.devices, cache.devices, strict=True
            )
        ]
        taking = frozenset(group.device for group in cache.groups)
        size = max(0, min(_of_rooms(start, rooms, taking), _full(cache)))
        if size == launch.moe_cache:
            return score(problem, MOE_CACHE, launch, settled)
        launch = replace(launch, moe_cache=size)
    return None


def resized(problem: Problem, made: Candidate) -> Candidate | None:
    """A launch with an expert cache whose other settings have changed: its layers split and its cache sized for the buffers that it has now.

    Layers that are whole on a device keep their places. None where the user's line has the cache.
    """
    if problem.request.launch.constraints.moe_cache:
        return None
    without = replace(made.settings, moe_cache=0)
    placed = _afresh(problem, made, made.settled.placement, without)
    start = replace(made, settings=without, settled=placed_with(problem.request, placed, without))
    if not any(size for sizes in _movable(problem, start) for size in sizes.values()):
        start = _balanced(problem, start)
    return _measured(problem, start, _Draft(made.settings, start.settled.placement, made.prediction.seconds))


def _afresh(problem: Problem, start: Candidate, placement: Placement, launch: Settings) -> Settled:
    """A placement on the start's devices, with what a launch may use of them before its guests; its memory not yet measured."""
    every = zip(problem.devices, budgets(problem.request, problem.devices, launch), strict=True)
    given = {device.name: budget for device, budget in every}
    mine = tuple(given[device.name] for device in start.settled.devices)
    return replace(start.settled, placement=placement, budgets=mine, unplaced=0)


def _full(cache: MoeCache) -> int:
    """Bytes with which every expert has a slot, in whole MiB."""
    bytes_of = sum((len(g.layers) * g.experts + 1) * g.expert_bytes for g in cache.groups)
    return (bytes_of + bytes_of // 64) // _MIB * _MIB
