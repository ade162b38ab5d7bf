"""A strategy under the user's constraints: what they fixed stays fixed, the strategy places the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from moefit.machine.types import CPU
from moefit.model import Model
from moefit.placement.base_first import base_first
from moefit.placement.ffn import ffn_last
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from moefit.placement.types import LayerSize, Layout, Ledger, Placement, Room
from moefit.values import dataclass

Strategy = Callable[[Ledger, Sequence[Room]], Layout]


@dataclass(frozen=True, slots=True)
class Demand:
    """What the user fixed, resolved onto this model and these devices."""

    tail: int | None = None
    """Slots that must be on devices, from the output down (`-ngl`); None leaves it open."""
    runs: tuple[int, ...] | None = None
    """The device index (or CPU) of every slot, where `-ts` or `-sm none` fix it."""
    fixed: Mapping[str, int] = field(default_factory=dict)
    """Tensor name -> device index or CPU, for tensors that the user's `-ot`, `-ncmoe`, `-cmoe` or `-ncffn` place."""
    ordered: bool = False
    """The order of devices is the user's (`-dev`)."""


def strategies(demand: Demand) -> dict[str, Strategy]:
    """Every strategy by name, as `--strategy` takes it."""

    def full_layers(ledger: Ledger, rooms: Sequence[Room]) -> Layout:
        return standard(ledger, rooms, ordered=demand.ordered)

    def passes(ledger: Ledger, rooms: Sequence[Room]) -> Layout:
        return two_pass(ledger, rooms, ordered=demand.ordered)

    return {"base-first": base_first, "ffn": ffn_last, "two-pass": passes, "standard": full_layers}


def last_layers(count: int, ledger: Ledger, _rooms: Sequence[Room]) -> Layout:
    """So many slots from the end on the first device, without their experts; with none it only helps with large batches."""
    placed = ledger.slots[len(ledger.slots) - count :]
    slots = (CPU,) * (len(ledger.slots) - count) + (0,) * count
    return Layout(slots, frozenset(name for size in placed for name, _ in size.experts))


def arrange(
    strategy: Strategy, model: Model, ledger: Ledger, rooms: Sequence[Room], demand: Demand
) -> Placement:
    """Run `strategy` on what the user left open.

    The result names every exception to "a tensor lives with its slot", the user's own included. Where the
    strategy leaves slots of a demanded tail on the CPU, so does the result: the caller sees that it does not fit.
    """
    open_ledger = without_fixed(ledger, model, demand.fixed)
    open_rooms = less_fixed(rooms, model, demand.fixed)
    if demand.runs is not None:
        layout = _by_run(strategy, open_ledger, open_rooms, demand.runs)
    else:
        tail = len(ledger.slots) if demand.tail is None else min(demand.tail, len(ledger.slots))
        layout = _on_tail(strategy, open_ledger, open_rooms, tail)
    return _placement(layout, model, demand)


def without_fixed(ledger: Ledger, model: Model, fixed: Mapping[str, int]) -> Ledger:
    """The ledger less the tensors whose place is fixed."""
    if not fixed:
        return ledger
    base = [sum(t.bytes for t in layer.tensors if t.name in fixed) for layer in model.layers]
    base.append(sum(t.bytes for t in model.output if t.name in fixed))
    slots = []
    for size, gone in zip(ledger.slots, base, strict=True):
        experts = tuple((name, n) for name, n in size.experts if name not in fixed)
        fixed_experts = size.expert_bytes - sum(n for _, n in experts)
        ffn = tuple((name, n) for name, n in size.ffn if name not in fixed)
        slots.append(LayerSize(max(0, size.base - max(0, gone - fixed_experts)), experts, ffn))
    return Ledger(tuple(slots))


def less_fixed(rooms: Sequence[Room], model: Model, fixed: Mapping[str, int]) -> list[Room]:
    """The rooms less the tensors fixed to them."""
    if not fixed:
        return list(rooms)
    taken = [0] * len(rooms)
    for tensor in model.tensors:
        device = fixed.get(tensor.name, CPU)
        if device != CPU:
            taken[device] += tensor.bytes
    return [replace(room, capacity=max(0, room.capacity - n)) for room, n in zip(rooms, taken, strict=True)]


def _on_tail(strategy: Strategy, ledger: Ledger, rooms: Sequence[Room], tail: int) -> Layout:
    start = len(ledger.slots) - tail
    if tail == 0:
        return Layout((CPU,) * start)
    layout = strategy(Ledger(ledger.slots[start:]), rooms)
    return Layout((CPU,) * start + layout.slots, layout.on_cpu)


def _by_run(strategy: Strategy, ledger: Ledger, rooms: Sequence[Room], runs: tuple[int, ...]) -> Layout:
    """Each device fills its own run, as if it were alone.

    A strategy takes the last slot for the output; a run without the output gets an empty one.
    """
    slots, on_cpu = list(runs), set[str]()
    for index, room in enumerate(rooms):
        mine = [i for i, owner in enumerate(runs) if owner == index]
        if not mine:
            continue
        part = [ledger.slots[i] for i in mine]
        if mine[-1] != len(runs) - 1:
            part.append(LayerSize(0))
        layout = strategy(Ledger(tuple(part)), [room])
        on_cpu |= layout.on_cpu
        for i, owner in zip(mine, layout.slots, strict=False):
            slots[i] = CPU if owner == CPU else index
    return Layout(tuple(slots), frozenset(on_cpu))


def _placement(layout: Layout, model: Model, demand: Demand) -> Placement:
    """The layout in llama.cpp's terms: an output on the CPU below offloaded layers is an override (`-ngl` takes it first).

    Its slot is then the last run's, which is the device that a user's `-ts` gives it.
    """
    slots, fixed = layout.slots, demand.fixed
    overrides = dict.fromkeys(sorted(layout.on_cpu), CPU)
    if slots[-1] == CPU and len(slots) > 1 and slots[-2] != CPU:
        slots = (*slots[:-1], slots[-2] if demand.runs is None else demand.runs[-1])
        matrix = max(model.output, key=lambda t: t.bytes, default=None)
        if matrix is not None:
            overrides[matrix.name] = CPU
    return Placement(slots, {**overrides, **fixed})
