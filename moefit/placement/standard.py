"""The standard layout: full layers only, a contiguous tail, the output dropped first.

It restates the layout that ollama used before v0.30 and that its two-pass fit starts from (ollama pull request 15207):

- Rooms are ordered discrete before integrated, then by free memory, most first. Backends are not mixed: of the groups
  by backend, the one that places strictly more slots wins; a tie goes to the group that comes first.
- Rooms are added one at a time until everything is placed.
- Layers are placed from the last one down, starting in the last room of the order; a layer that does not fit
  moves on to the room before it, and never back. Discrete rooms take the end of the list first, integrated ones what
  is left below.
- Of all common factors of capacity that place as many layers, the smallest is taken: it balances the rooms.
- If that leaves anything out, the output is dropped and the rest is placed anew.
- Where the caller's order stays, integrated rooms count as discrete: `-ts` splits in the order of `-dev`.

A number of layers that the user wants (`-ngl`) is a tail of the ledger to its caller (`moefit.placement.arrange`).

>>> from moefit.placement.types import LayerSize, Ledger, Room
>>> layers = Ledger((LayerSize(100),) * 4)
>>> standard(layers, [Room(256)]).slots  # the output (last) is dropped first; layer 0 does not fit
(-1, 0, 0, -1)
>>> standard(Ledger((LayerSize(256), LayerSize(50), LayerSize(50))), [Room(128), Room(256)]).slots
(1, 0, 0)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from moefit.machine.types import CPU
from moefit.placement.types import Layout, Ledger, Room

_PARTS = 1_000_000
"""Resolution of the common factor of capacity: parts of one."""


def standard(ledger: Ledger, rooms: Sequence[Room], *, ordered: bool = False) -> Layout:
    """Place full layers as described above.

    Args:
        ledger: sizes of all slots, the output last.
        rooms: what each device may hold, in the caller's order.
        ordered: keep the caller's order of rooms (the user fixed it with `-dev`).
    """
    best: tuple[int, ...] = (CPU,) * len(ledger.slots)
    for group in backend_groups(rooms, ordered=ordered):
        slots = _assign([size.total for size in ledger.slots], rooms, group, alike=ordered)
        if _placed(slots) > _placed(best):
            best = slots
    return Layout(best)


def backend_groups(rooms: Sequence[Room], *, ordered: bool = False) -> list[list[int]]:
    """Room indices by backend: discrete before integrated, then most free first; or as they stand."""
    ranked = range(len(rooms))
    by_backend: dict[str, list[int]] = {room.backend: [] for room in rooms}
    for i in (
        ranked
        if ordered
        else sorted(ranked, key=lambda i: (rooms[i].integrated, -(rooms[i].free or rooms[i].capacity)))
    ):
        by_backend[rooms[i].backend].append(i)
    return list(by_backend.values())


def _assign(sizes: Sequence[int], rooms: Sequence[Room], group: list[int], *, alike: bool) -> tuple[int, ...]:
    everything = len(sizes)
    slots: tuple[int, ...] = ()
    for count in (everything, everything - 1):
        for used in range(1, len(group) + 1):
            last = used == len(group)
            kinds = by_kind(rooms, group[:used], alike=alike)
            if not last and _most(sizes[:count], rooms, kinds) < count:
                continue
            slots = _balanced(sizes[:count], rooms, kinds)
            if _placed(slots) == count:
                break
        if _placed(slots) == everything:
            return slots
    return (*slots, CPU)


def _most(sizes: Sequence[int], rooms: Sequence[Room], kinds: Sequence[list[int]]) -> int:
    """How many layers rooms take that are filled to the end."""
    placed = 0
    for kind in kinds:
        rest = sizes[: len(sizes) - placed]
        placed += len(_greedy(rest, [(room, rooms[room].capacity) for room in reversed(kind)], _PARTS))
    return placed


def _balanced(sizes: Sequence[int], rooms: Sequence[Room], kinds: Sequence[list[int]]) -> tuple[int, ...]:
    """Fill kind by kind, each with the smallest common factor of capacity that places as many layers as the largest."""
    slots: tuple[int, ...] = ()  # the end of the list, as far as it is placed
    for kind in kinds:
        rest = sizes[: len(sizes) - len(slots)]
        placed = partial(_greedy, rest, [(room, rooms[room].capacity) for room in reversed(kind)])
        low, high, all_of_it = -1, _PARTS, len(placed(_PARTS))
        while high - low > 1:
            middle = (high + low) // 2
            if len(placed(middle)) == all_of_it:
                high = middle
            else:
                low = middle
        slots = placed(high) + slots
    return (CPU,) * (len(sizes) - len(slots)) + slots


def by_kind(rooms: Sequence[Room], group: Sequence[int], *, alike: bool) -> list[list[int]]:
    """The group's discrete rooms, then its integrated ones; all together where they count alike."""
    if alike:
        return [list(group)]
    return [[i for i in group if rooms[i].integrated is kind] for kind in (False, True)]


def _greedy(sizes: Sequence[int], rooms: Sequence[tuple[int, int]], factor: int) -> tuple[int, ...]:
    """Rooms of the last layers, as many as fit: from the last layer down, a full room is left for the next one."""
    layer = len(sizes)
    slots: list[int] = []
    for room, capacity in rooms:
        space = capacity * factor // _PARTS
        while layer and sizes[layer - 1] <= space:
            layer -= 1
            space -= sizes[layer]
            slots.append(room)
    return tuple(reversed(slots))


def _placed(slots: Sequence[int]) -> int:
    return sum(room != CPU for room in slots)
