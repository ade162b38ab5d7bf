"""Base-first: what every token reads goes on the GPU before what one token in sixteen reads.

Output, bases and KV are read in full for every token; a routed expert only used/total of the time. So by use per
byte of GPU memory:

1. the output, then bases from the last layer down (`-ngl`'s own order), as far as they fit. A layer without
   experts is all base. If the output alone does not fit it stays on the CPU;
2. only if all bases fit: experts by full layers from the first layer up, so that the LAST layers' experts stay on the CPU
   (a copy that op-offload makes late in the graph finds the attention mask already freed: smaller compute buffers);
3. then single expert matrices of the layers that are left, each with its bias, in the same order, into what remains.

With several rooms the runs are cut so that every room holds the same share of its layers' experts, the largest
that places everything; each room is then filled by the rules above. Rooms of RPC servers get full layers beside others, where the
others hold the rest: for each layer with experts on the CPU its activations would cross the network there and back.

>>> from moefit.placement.types import LayerSize, Ledger, Room
>>> layer = lambda i: LayerSize(10, ((f"blk.{i}.ffn_up_exps.weight", 90),))
>>> ledger = Ledger((layer(0), layer(1), layer(2), layer(3), LayerSize(20)))
>>> layout = base_first(ledger, [Room(256)])
>>> layout.slots, sorted(layout.on_cpu)
((0, 0, 0, 0, 0), ['blk.2.ffn_up_exps.weight', 'blk.3.ffn_up_exps.weight'])
>>> base_first(ledger, [Room(35)]).slots  # the output and one base: not all bases fit
(-1, -1, -1, 0, 0)
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.machine.types import CPU
from moefit.placement.types import LayerSize, Layout, Ledger, Room

_SHARES = 4096
"""Resolution of the common share of experts."""
_REMOTE = "RPC"


def base_first(ledger: Ledger, rooms: Sequence[Room]) -> Layout:
    """Place by use per byte, as described above.

    Args:
        ledger: sizes of all slots, the output last.
        rooms: what each device may hold, in the order in which llama.cpp will use them.
    """
    slots = _runs(ledger, rooms)
    if CPU in slots[:-1]:
        lonely = (size for size, room in zip(ledger.slots, slots, strict=True) if room != CPU)
        return Layout(slots, frozenset(name for size in lonely for name, _ in size.experts))
    return fill_experts(ledger, rooms, slots)


def fill_experts(ledger: Ledger, rooms: Sequence[Room], slots: Sequence[int]) -> Layout:
    """Keep the runs as they are and give each room's leftover to its layers' experts (rules 2 and 3)."""
    on_cpu = set[str]()
    for index, room in enumerate(rooms):
        run = [size for size, owner in zip(ledger.slots, slots, strict=True) if owner == index]
        on_cpu.update(_left_out(run, room.capacity - sum(size.base for size in run)))
    return Layout(tuple(slots), frozenset(on_cpu))


def _left_out(run: Sequence[LayerSize], space: int) -> list[str]:
    """Expert tensors of a run that do not find room in `space` bytes."""
    layers = [size for size in run if size.experts]
    full = 0
    for size in layers:
        if size.expert_bytes > space:
            break
        space -= size.expert_bytes
        full += 1
    out: list[str] = []
    for size in layers[full:]:
        for names, n in size.matrices:
            if n <= space:
                space -= n
            else:
                out.extend(names)
    return out


def _runs(ledger: Ledger, rooms: Sequence[Room]) -> tuple[int, ...]:
    """The room of each slot: the largest common share of experts that places every slot, or bases as far as they fit."""
    sizes = [(size.base, size.expert_bytes) for size in ledger.slots]
    far = frozenset(index for index, room in enumerate(rooms) if room.backend == _REMOTE)
    if far and len(far) < len(rooms):
        runs = _most_shared(sizes, rooms, far)
        if CPU not in runs:
            return runs
    return _most_shared(sizes, rooms, frozenset())


def _most_shared(
    sizes: Sequence[tuple[int, int]], rooms: Sequence[Room], full: frozenset[int]
) -> tuple[int, ...]:
    """Runs with the largest share of experts in all rooms but those that get `full` layers."""
    best = _greedy(sizes, rooms, 0, full)
    if CPU in best or len(rooms) == 1:
        return best
    low, high = 0, _SHARES + 1
    while high - low > 1:
        middle = (low + high) // 2
        slots = _greedy(sizes, rooms, middle, full)
        if CPU in slots:
            high = middle
        else:
            low, best = middle, slots
    return best


def _greedy(
    sizes: Sequence[tuple[int, int]], rooms: Sequence[Room], share: int, full: frozenset[int]
) -> tuple[int, ...]:
    """Fill rooms from the last one and the last slot down, each layer (base, expert bytes) at its base and `share` of its experts."""
    slots = [CPU] * len(sizes)
    part = [base + experts * share // _SHARES for base, experts in sizes]
    sizes_in_full = [base + experts for base, experts in sizes] if full else part
    layer = len(part) - 1
    if rooms and part[layer] > max(room.capacity for room in rooms):
        layer -= 1  # an output that fits nowhere stays on the CPU
    for room in reversed(range(len(rooms))):
        space, wanted = rooms[room].capacity, sizes_in_full if room in full else part
        while layer >= 0 and wanted[layer] <= space:
            slots[layer] = room
            space -= wanted[layer]
            layer -= 1
    return tuple(slots)
