"""The two-pass fit: the standard layout, then base-only layers in what it leaves (ollama pull request 15207).

After the standard layout, from the last layer down, every layer that is not placed and has routed experts
gets its base (attention, norms, router, shared experts, KV) placed in the room that holds the run just above it or,
once that is full, in the next room of the order, never back: runs stay contiguous, which `-ngl` and `-ts` require.
Its experts go to the CPU. A layer without experts is placed in full, and only where layers with experts lie below it.

Nothing happens if everything is placed, or if the model has no experts. Where the request had defects, this keeps its
intent: only rooms of the chosen backend are used.

>>> from moefit.placement.types import LayerSize, Ledger, Room
>>> layer = lambda i: LayerSize(10, ((f"blk.{i}.ffn_up_exps.weight", 90),))
>>> ledger = Ledger((layer(0), layer(1), layer(2), layer(3), LayerSize(20)))
>>> layout = two_pass(ledger, [Room(256)])
>>> layout.slots, sorted(layout.on_cpu)
((0, 0, 0, 0, -1), ['blk.0.ffn_up_exps.weight', 'blk.1.ffn_up_exps.weight'])
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.machine.types import CPU
from moefit.placement.standard import backend_groups, by_kind, standard
from moefit.placement.types import Layout, Ledger, Room


def two_pass(ledger: Ledger, rooms: Sequence[Room], *, ordered: bool = False) -> Layout:
    """Place full layers, then bases alone; arguments as for `standard`."""
    first = standard(ledger, rooms, ordered=ordered)
    experts = [i for i, size in enumerate(ledger.slots) if size.experts]
    if not experts or not rooms:
        return first
    slots, on_cpu = list(first.slots), set[str]()
    space = [room.capacity - used for room, used in zip(rooms, first.used(ledger, len(rooms)), strict=True)]
    path = _path(first, rooms, ordered=ordered)
    for i in reversed(range(experts[0], len(slots) - 1)):
        if slots[i] != CPU:
            continue
        size = ledger.slots[i]
        while path and size.base > space[path[0]]:
            path.pop(0)
        if not path:
            break
        slots[i] = path[0]
        space[path[0]] -= size.base
        on_cpu.update(name for name, _ in size.experts)
    return Layout(tuple(slots), frozenset(on_cpu))


def _path(first: Layout, rooms: Sequence[Room], *, ordered: bool) -> list[int]:
    """Rooms that may still take layers, the one below the lowest run first: the chosen backend's, in reverse order."""
    lowest = next((room for room in first.slots if room != CPU), None)
    by_backend = backend_groups(rooms, ordered=ordered)
    group = by_backend[0] if lowest is None else next(g for g in by_backend if lowest in g)
    path = [room for kind in by_kind(rooms, group, alike=ordered) for room in reversed(kind)]
    return path if lowest is None else path[path.index(lowest) :]
