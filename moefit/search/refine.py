"""From the best that was found to what is near it: cuts moved, devices swapped, dropped and added, other micro-batches.

A strategy cuts the layers by one rule for all devices. What is best depends on each: a slow card takes whole layers, a fast one the bases of
many. So each cut is moved by fewer and fewer layers, from the fastest candidate and from each change of its devices. All of that is sketched;
only what seems faster is settled. It ends where nothing seems faster, or as many were settled as is worth the time.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from moefit.cost.link_rates import handover_rate
from moefit.machine.types import CPU
from moefit.placement.arrange import strategies
from moefit.search.candidate import Candidate, best, score
from moefit.search.choices import Choices
from moefit.search.device_split import (
    DeviceSplit,
    added,
    folded,
    in_full,
    in_proportion,
    led,
    on_others,
    removed,
    replaced,
    swapped,
)
from moefit.search.orders import first_alike
from moefit.search.problem import Problem
from moefit.search.settle import in_load_mode, settle
from moefit.search.sketch import Sketch
from moefit.search.task import Task

_NEAR: Final = 1.05
"""Times as long: a layout that seems to take more before its cuts are moved is left as it is."""
_EACH: Final = 2.0
"""The same for each slot's part of the whole: with few slots one that is elsewhere counts for much."""
_GAIN: Final = 0.9999
"""Of the seconds so far: less is a rounding."""
_WORTH: Final = 0.997
"""Of what the best so far seems to take: what seems to gain less is not settled."""
_SETTLED: Final = (2, 200)
"""Layouts that are settled at the most, or layers of all of them together where that is more: each takes as long as its graph."""
_SKETCHED: Final = (200, 24_000)
"""The same of those that are sketched, of few devices; of more three times as many, for their changes are more."""
_CUT: Final = 4
"""Of more devices than that, layouts one change away whose cuts are moved."""
EVERY: Final = 3
"""Devices of which every order and every subset is sketched."""
_CLOSE: Final = 1.01
"""Times as long as it may: a sketch is off by about so much."""
_OFF: Final = 0.98
"""Of the seconds of a launch, the least that its own sketch may say and still be held to others'."""
_LITTLE: Final = 0.05
"""Of the devices' room, what buffers take without misleading."""
_WRONG: Final = 0.15
"""Of the seconds, by which guessed buffers mislead at the most."""


def is_refined(problem: Problem) -> bool:
    """Whether what is near the best is looked for; of a strategy by name for base-first on few devices, which is what is found there."""
    if problem.request.options.strategy == "auto":
        return True
    few = len(problem.devices) <= EVERY
    return few and problem.request.options.strategy == "base-first" and problem.request.model.experts > 0


def refined(
    problem: Problem, choices: Choices, start: Candidate, limit: float = inf
) -> tuple[Candidate, ...]:
    """Candidates near a fast one, each faster than those before it.

    Args:
        problem: what stays the same.
        choices: what is open.
        start: fits, and has no expert cache.
        limit: seconds, what does not seem faster is not settled.
    """
    first = _layout(problem, start)
    if first is None or problem.demand.runs is not None or len(problem.devices) < 2:
        return ()
    if len(choices.orders) < 2 and first.order != tuple(range(len(problem.devices))):
        return ()  # the user names devices of which one holds no layer: what is fixed to them counts them all
    sketch, strategy = _sketch(problem, choices, start)
    found, fastest = [], start
    tried = {first} if start.strategy in {"base-first", strategy} else set[DeviceSplit]()
    left = max(_SETTLED[0], _SETTLED[1] // problem.request.model.slots)
    while left > 0 and (layout := _next(problem, choices, sketch, fastest, tried, limit)) is not None:
        tried.add(layout)
        left -= 1
        made = _placed(problem, sketch, layout, strategy)
        sketch.took(layout, made.prediction.seconds)
        sketch.learn(layout.ubatch, made.settled, as_asked=made.settled.placement.slots == layout.runs)
        if made.fits and made.prediction.seconds < _GAIN * fastest.prediction.seconds:
            fastest = made
            found.append(made)
    return tuple(found)


def rearranged(
    problem: Problem, choices: Choices, start: Candidate, order: tuple[int, ...]
) -> Candidate | None:
    """The start with its devices in another order and cuts where they then seem best; None where it seems slower than its swap is worth."""
    layout = _layout(problem, start)
    if layout is None or problem.demand.runs is not None:
        return None
    sketch, strategy = _sketch(problem, choices, start)
    counts = dict(zip(layout.order, layout.counts, strict=True))
    starts = itertools.accumulate((counts[i] for i in order[:-1]), initial=layout.starts[0])
    own = replace(layout, order=order, starts=tuple(starts))
    shared = in_proportion(own, sketch.rooms(own), sketch.sums(layout.ubatch))
    fixed = 0 if problem.demand.tail is None else 1
    best = min((_cut(sketch, one, fixed) for one in (own, shared)), key=sketch.seconds)
    if sketch.seconds(best) > _CLOSE * start.swap_factor * sketch.seconds(layout):
        return None
    return _placed(problem, sketch, best, strategy)


def start_of_refinement(problem: Problem, found: Sequence[Candidate]) -> Candidate | None:
    """The fastest that fits, has layers on devices and no expert cache; None where there is none."""
    near = [c for c in found if c.fits and not c.settings.moe_cache and _layout(problem, c) is not None]
    return best(near) if near else None


def _sketch(problem: Problem, choices: Choices, start: Candidate) -> tuple[Sketch, str]:
    """What knows the start's buffers, and the strategy that fills runs: where one of a dense model has no room, FFN matrices give way."""
    model = problem.request.model
    strategy = "base-first" if model.experts else "ffn"
    times = 1 if len(problem.devices) <= EVERY else 3
    sketch = Sketch(problem, choices, strategy, times * max(_SKETCHED[0], _SKETCHED[1] // model.slots))
    sketch.learn(start.settings.ubatch, start.settled)
    return sketch, strategy


def _layout(problem: Problem, candidate: Candidate) -> DeviceSplit | None:
    """A candidate's; None where it is on no device, or a device holds single tensors alone."""
    slots, order = candidate.settled.placement.slots, candidate.order
    if not order or set(range(len(order))) - set(slots):
        return None
    starts = tuple(slots.index(place) for place in range(len(order)))
    return DeviceSplit(order, starts, problem.request.model.slots, candidate.settings.ubatch)


def _next(
    problem: Problem,
    choices: Choices,
    sketch: Sketch,
    fastest: Candidate,
    tried: Collection[DeviceSplit],
    limit: float,
) -> DeviceSplit | None:
    """Of the layouts near the fastest the one that seems fastest, faster than `limit`, and was not tried."""
    start = _layout(problem, fastest)
    if start is None:
        return None
    doubt = _doubt(fastest)
    _sketch_near(problem, choices, sketch, start, 1.0 + doubt)
    took = fastest.prediction.seconds
    if start in tried:  # others like it are off by about as much
        took = min(took, max(sketch.seconds(start), _OFF * took))
    limit = _WORTH * (1.0 + doubt) * min(took, limit)
    seeming = [one for one, seconds in sketch.known.items() if seconds < limit and one not in tried]
    return min(seeming, key=lambda one: (sketch.likely(one), one.ubatch, one.order, one.starts), default=None)


def _doubt(candidate: Candidate) -> float:
    """Of the seconds, how far a sketch may be off: guessed buffers count where they take much of the devices' room, and a layer where there are few."""
    settled = candidate.settled
    room = sum(budget.usable for budget in settled.budgets)
    by_buffers = sum(settled.unsplit) / max(1, room) - _LITTLE
    cheap = 1.0 / len(settled.placement.slots) - _LITTLE
    return min(_WRONG, max(0.0, by_buffers, cheap))


def _sketch_near(
    problem: Problem, choices: Choices, sketch: Sketch, start: DeviceSplit, doubt: float
) -> None:
    """Sketch the start and what is one change of devices or of the micro-batch from it, those that seem fastest with their cuts where they seem best; from the best of those again."""
    fixed = 0 if problem.demand.tail is None else 1  # -ngl says where the first run starts
    same = first_alike(problem.devices, sketch.budgets(start.ubatch, range(len(problem.devices))))
    near = (_NEAR + _EACH / start.slots) * doubt
    most = None if len(problem.devices) <= EVERY else _CUT
    fastest = _cut(sketch, start, fixed)
    while True:
        last = sketch.seconds(fastest)
        others = dict.fromkeys(folded(one, same) for one in _others(problem, choices, sketch, fastest))
        for other in _most_promising(sorted(others, key=sketch.seconds), most):
            if sketch.seconds(other) < near * last:
                fastest = min(fastest, _cut(sketch, other, fixed), key=sketch.seconds)
        if sketch.seconds(fastest) >= _GAIN * last:
            return


def _most_promising(ranked: Sequence[DeviceSplit], most: int | None) -> Iterator[DeviceSplit]:
    """The first so many, and the first of each micro-batch: buffers of another one may be what lets a device in."""
    known: set[int] = set()
    for rank, layout in enumerate(ranked):
        if most is None or rank < most or layout.ubatch not in known:
            yield layout
        known.add(layout.ubatch)


def _cut(sketch: Sketch, layout: DeviceSplit, fixed: int) -> DeviceSplit:
    """The layout with each cut but the first `fixed` where it is best, moved by fewer and fewer slots."""
    step = 1 << max(0, (layout.slots // 4).bit_length() - 1)
    while step:
        for place, by in itertools.product(range(fixed, len(layout.starts)), (-step, step)):
            while (other := layout.moved(place, by)) is not None:
                if sketch.seconds(other) >= _GAIN * sketch.seconds(layout):
                    break
                layout = other
        step //= 2
    return layout


def _others(problem: Problem, choices: Choices, sketch: Sketch, layout: DeviceSplit) -> Iterator[DeviceSplit]:
    """Other micro-batches; where the user leaves devices open, other devices: of few every order, of many all together."""
    yield from (replace(layout, ubatch=size) for size in choices.ubatches if size != layout.ubatch)
    if len(choices.orders) < 2:
        return
    yield from (replace(one, ubatch=layout.ubatch) for one in sketch.before.values())
    count = len(problem.devices)
    one_step = (*swapped(layout), *removed(layout), *added(layout, count), *replaced(layout, count))
    if count <= EVERY:
        yield from one_step
        orders = [o for n in range(1, count + 1) for o in itertools.permutations(range(count), n)]
        yield from _in_proportion(problem, choices, sketch, layout, orders)
    else:  # where all is on devices, even parts work at the same time
        yield from _in_proportion(problem, choices, sketch, layout, [tuple(range(count))])
        yield from led(layout)
        yield from _one_by_one(problem, choices, sketch, layout)
        yield from _slow_in_full(problem, sketch, layout)
        yield from one_step


def _in_proportion(
    problem: Problem,
    choices: Choices,
    sketch: Sketch,
    layout: DeviceSplit,
    orders: Sequence[tuple[int, ...]],
) -> Iterator[DeviceSplit]:
    """The slots on devices of each order, and all slots where -ngl leaves that open, with each micro-batch, the nearest first."""
    near = sorted(choices.ubatches, key=lambda size: max(size, layout.ubatch) / min(size, layout.ubatch))
    firsts = dict.fromkeys((layout.starts[0], 0) if problem.demand.tail is None else layout.starts[:1])
    for first, size, order in itertools.product(firsts, near, orders):
        if len(order) <= layout.slots - first:
            even = on_others(replace(layout, starts=(first,)), order, size)
            yield in_proportion(even, sketch.rooms(even), sketch.sums(size))


def _one_by_one(
    problem: Problem, choices: Choices, sketch: Sketch, layout: DeviceSplit
) -> Iterator[DeviceSplit]:
    """The layout's slots on fewer and fewer devices: of its own and of all, each time without the one that is missed least. Where two slow ones must go, one alone gains nothing."""
    for devices in dict.fromkeys((layout.order, tuple(range(len(problem.devices))))):
        order = devices
        while len(order) > 1:
            fewer = (tuple(i for i in order if i != one) for one in order)
            ways = [
                _shared(sketch, layout, some)
                for some in fewer
                if len(some) <= layout.slots - layout.starts[0]
            ]
            if not ways:
                order = order[1:]
                continue
            best = min(ways, key=sketch.seconds)
            yield from (replace(best, ubatch=size) for size in choices.ubatches)
            order = best.order


def _shared(sketch: Sketch, layout: DeviceSplit, order: tuple[int, ...]) -> DeviceSplit:
    """The layout's slots on the devices of an order, in proportion to their room."""
    even = on_others(layout, order, layout.ubatch)
    return in_proportion(even, sketch.rooms(even), sketch.sums(layout.ubatch))


def _slow_in_full(problem: Problem, sketch: Sketch, layout: DeviceSplit) -> Iterator[DeviceSplit]:
    """The layout's slots on its devices, of which the slower links, one and more, have no layer in part, so that nothing of a token crosses them."""
    sums = sketch.sums(layout.ubatch)
    size, rooms = sums[-1] - sums[layout.starts[0]], sketch.rooms(layout)
    if sum(rooms) < size:
        slow = sorted(range(len(layout.order)), key=lambda i: handover_rate(problem.devices[layout.order[i]]))
        for some in range(1, len(slow)):
            yield in_proportion(layout, in_full(rooms, slow[:some], size), sums)


def _placed(problem: Problem, sketch: Sketch, layout: DeviceSplit, strategy: str) -> Candidate:
    """The layout settled, in the load mode that is best; of a dense model also without FFN matrices that give way, whose buffers are smaller."""
    made = _settled(problem, sketch, layout, strategy)
    if strategy == "base-first" or CPU not in made.settled.placement.overrides.values():
        return replace(made, strategy="base-first")
    return min((made, _settled(problem, sketch, layout, "base-first")), key=_merit)


def _settled(problem: Problem, sketch: Sketch, layout: DeviceSplit, strategy: str) -> Candidate:
    launches = sketch.launches(layout.ubatch)
    devices = tuple(problem.devices[i] for i in layout.order)
    demand = replace(problem.demand, runs=layout.runs)
    given = sketch.budgets(layout.ubatch, layout.order)
    task = Task(problem.request, devices, given, launches[0], strategies(demand)[strategy], demand)
    settled = settle(task)
    made = [
        score(problem, strategy, launch, in_load_mode(replace(task, settings=launch), settled))
        for launch in launches
    ]
    return min(made, key=_merit)


def _merit(candidate: Candidate) -> tuple[bool, float]:
    return not candidate.fits, candidate.prediction.seconds
