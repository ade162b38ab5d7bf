"""llama.cpp's own fit, steps 3 and 4: how many layers each device gets, and how many of those leave their experts elsewhere.

source: common/fit.cpp, common_params_fit_impl of b11434, followed to the letter: its numbers of layers are 32-bit and unsigned, and
wrap where it subtracts too much. `llama_fit` has the steps before these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Final

from moefit.machine.types import CPU
from moefit.values import dataclass

_WRAP: Final = 0xFFFFFFFF
_TRIES: Final = 64
"""Of one device; false position needs about the logarithm of the layers, and llama.cpp has no limit where a number has wrapped."""


class Overflow(Enum):
    """Which tensors of a partial layer are not on its device, as a pattern (get_overflow_pattern)."""

    FFN = "ffn_(gate|up|gate_up|down).*"
    """LAYER_FRACTION_ATTN: attention alone stays."""
    GATE_AND_DOWN = "ffn_(gate|gate_up|down).*"
    """LAYER_FRACTION_UP."""
    DOWN = "ffn_down.*"
    """LAYER_FRACTION_GATE."""
    EXPERTS = "ffn_(up|down|gate_up|gate)_(ch|)exps"
    """LAYER_FRACTION_MOE: everything but routed experts stays."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Tensors of one layer that one pattern moves."""

    layer: int
    what: Overflow
    device: int
    """Index, or CPU."""

    @property
    def pattern(self) -> str:
        """As `-ot` takes it."""
        return pattern_of(str(self.layer), self.what)


def pattern_of(layer: str, what: Overflow) -> str:
    """The fit's pattern for a layer (get_overflow_pattern); `layer` may be a pattern itself."""
    return rf"blk\.{layer}\.{what.value}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the fit sets: `-ngl`, `-ts` and `-ot`."""

    gpu_layers: int
    tensor_split: tuple[int, ...]
    """Layers of each device; empty for one device."""
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """One device's layers (ngl_t)."""

    layers: int = 0
    partial: int = 0
    """How many of them leave something elsewhere."""
    first: Overflow = Overflow.EXPERTS
    """What the first partial layer leaves elsewhere; the others leave their experts."""

    @property
    def full(self) -> int:
        """Layers that are on the device as a whole."""
        return (self.layers - self.partial) & _WRAP

    def more(self, layers: int, partial: int) -> Share:
        """So many more (or fewer) layers, and partial ones among them."""
        return replace(self, layers=(self.layers + layers) & _WRAP, partial=(self.partial + partial) & _WRAP)


@dataclass(frozen=True, slots=True)
class LayerTask:
    """What steps 3 and 4 know."""

    blocks: int
    """Layers as llama.cpp counts them here (hp_ngl): a multi-token-prediction block only where it is loaded."""
    routed: bool
    """The model has experts."""
    targets: tuple[int, ...]
    """Bytes that each device may use."""
    at_least: Callable[[Assignment], Sequence[int]]
    """Bytes that each device would use without compute buffers."""
    measure: Callable[[Assignment], Sequence[int]]
    """Bytes that each device would use."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A try."""

    shares: tuple[Share, ...]
    spill: tuple[int, ...]
    """Where each device's first partial layer leaves what it leaves: a device's index, or CPU."""
    dense_start: int = 0
    """The first device with partial layers (id_dense_start)."""

    def sharing(self, changed: dict[int, Share]) -> Filling:
        """The same with other shares of some devices."""
        return replace(self, shares=tuple(changed.get(i, share) for i, share in enumerate(self.shares)))


def place_layers(task: LayerTask, *, convert: bool) -> Assignment:
    """Step 3, and for a model whose dense parts fit also step 4.

    Args:
        task: the model's layers and the devices.
        convert: with all experts on the CPU everything fits, so that some may move to the devices.
    """
    count = len(task.targets)
    filling = Filling((Share(),) * count, (CPU,) * count)
    for device in reversed(range(count)):
        filling = _fill(task, filling, device)
    if task.routed and convert:
        filling = _convert(task, replace(filling, dense_start=_dense_start(filling)))
    return assignment(task, filling)


def assignment(task: LayerTask, filling: Filling) -> Assignment:
    """The options for a filling (set_ngl_tensor_split_tbo)."""
    layers = sum(share.layers for share in filling.shares) & _WRAP
    block = (task.blocks + 1 - layers) & _WRAP
    moved: list[Moved] = []
    for share, spill in zip(filling.shares, filling.spill, strict=True):
        block = (block + share.full) & _WRAP
        for index in range(block, (block + share.partial) & _WRAP):
            first = index == block
            moved.append(Moved(index, share.first if first else Overflow.EXPERTS, spill if first else CPU))
        block = (block + share.partial) & _WRAP
    split = tuple(share.layers for share in filling.shares) if len(filling.shares) > 1 else ()
    return Assignment(layers, split, tuple(moved))


def _used(task: LayerTask, filling: Filling, device: int) -> int:
    return task.measure(assignment(task, filling))[device]


def _within(task: LayerTask, filling: Filling, devices: Sequence[int], spare: int = 0) -> bool:
    """Whether so many bytes of these devices' targets stay: llama.cpp measures every try, but where weights alone say no that is an answer."""
    made = assignment(task, filling)
    return all(
        used(made)[i] + spare <= task.targets[i] for used in (task.at_least, task.measure) for i in devices
    )


def _fill(task: LayerTask, low: Filling, device: int) -> Filling:
    """Step 3 for one device: as many layers as it holds of those that later devices have left, without their experts."""
    last = device == len(task.targets) - 1
    left = task.blocks + 1 - sum(share.layers for share in low.shares[device + 1 :])
    if left <= 0:
        return low
    partial = (left - last) if task.routed else 0  # the output is a layer that is always whole
    high = low.sharing({device: Share(left, partial)})
    if _within(task, high, (device,)):
        return high

    def advance(now: Filling, step: int) -> Filling:
        full = last and now.shares[device].partial == 0
        partial = (step - full) if task.routed else 0
        return now.sharing({device: now.shares[device].more(step, partial)})

    return _narrow(task, (low, high), device, lambda share: share.layers, advance)


def _narrow(
    task: LayerTask,
    bounds: tuple[Filling, Filling],
    device: int,
    count: Callable[[Share], int],
    advance: Callable[[Filling, int], Filling],
) -> Filling:
    """The method of false position: between what fits and what does not, until they are one layer apart."""
    low, high = bounds
    target = task.targets[device]
    for _ in range(_TRIES):
        delta = (count(high.shares[device]) - count(low.shares[device])) & _WRAP
        if delta <= 1:
            break
        step = 1
        if delta > 2:
            least = _used(task, low, device)
            step = _step(delta, target - least, _used(task, high, device) - least)
        middle = advance(low, step)
        low, high = (middle, high) if _within(task, middle, (device,)) else (low, middle)
    return low


def _step(delta: int, room: int, growth: int) -> int:
    """So many of `delta` layers as the room lets expect; a negative share wraps, and so is all but one.

    >>> _step(40, 300, 1000), _step(40, 1, 1000), _step(40, -300, 1000)
    (12, 1, 39)
    """
    quotient = abs(delta * room) // abs(growth) if growth else 0
    signed = quotient if (room < 0) == (growth < 0) else -quotient
    return min(max(signed & _WRAP, 1), delta - 1)


def _dense_start(filling: Filling) -> int:
    """The first of the last devices that have layers."""
    start = len(filling.shares)
    while start and filling.shares[start - 1].layers:
        start -= 1
    return start


def _convert(task: LayerTask, filling: Filling) -> Filling:
    """Step 4: partial layers at the back become whole layers at the front, device after device."""
    count = len(task.targets)
    for device in range(count):
        if not device <= filling.dense_start < count:
            break
        filling = _fill_full(task, filling, device)
        start = filling.dense_start
        if start < count and filling.shares[start].layers > (device == count - 1):
            filling = _part_of_one_more(task, filling, device)
    return filling


def _fill_full(task: LayerTask, low: Filling, device: int) -> Filling:
    """As many whole layers on one device as it holds."""
    high = _all_full(low, device)
    if _within(task, high, (device,)):
        return high
    return _narrow(
        task,
        (low, high),
        device,
        lambda share: share.full,
        lambda now, step: _converted(now, device, step),
    )


def _all_full(filling: Filling, device: int) -> Filling:
    """Every partial layer a whole one of `device`; the output stays on the last."""
    last = len(filling.shares) - 1
    shares = list(filling.shares)
    for other in range(filling.dense_start, len(shares)):
        moving = shares[other].layers - (other == last)
        shares[device] = shares[device].more(moving, 0)
        shares[other] = replace(shares[other].more(-moving, 0), partial=0)
    return replace(filling, shares=tuple(shares), dense_start=last)


def _converted(filling: Filling, device: int, count: int) -> Filling:
    """`count` partial layers, those of the first devices first, as whole layers of `device`."""
    shares = list(filling.shares)
    start, done = filling.dense_start, 0
    while start < len(shares):
        part = min(count - done, shares[start].partial)
        shares[start] = shares[start].more(-part, -part)
        shares[device] = shares[device].more(part, 0)
        done += part
        if shares[start].partial:
            break
        start += 1
    return replace(filling, shares=tuple(shares), dense_start=start)


def _part_of_one_more(task: LayerTask, filling: Filling, device: int) -> Filling:
    """One more layer on the device, of which a part overflows to the next device, or to the CPU: as little as fits."""
    count = len(task.targets)
    spill = device + 1 if device < count - 1 else filling.spill[device]
    start = filling.dense_start
    moved = filling.sharing({start: filling.shares[start].more(-1, -1)})
    moved = moved.sharing({device: moved.shares[device].more(1, 1)})
    start += not moved.shares[start].partial
    moved = replace(
        moved,
        spill=tuple(spill if i == device else other for i, other in enumerate(moved.spill)),
        dense_start=start,
    )

    def tried(what: Overflow) -> Filling | None:
        one = moved.sharing({device: replace(moved.shares[device], first=what)})
        near = (device, device + 1) if device + 1 < count else (device,)
        return one if _within(task, one, near, spare=1) else None

    found = tried(Overflow.GATE_AND_DOWN)
    if found is None:
        return tried(Overflow.FFN) or filling
    return tried(Overflow.DOWN) or found
