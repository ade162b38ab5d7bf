"""FFN last: dense layers keep attention, norms and KV on the GPU, and their FFN matrices give way.

A dense model reads every weight for every token, so a byte on the CPU costs the same wherever it is taken from. What differs is
the rest of a layer: a full layer on the CPU takes its KV and its attention along, which grow with the context, and saves the way
to the CPU and back; a layer without its FFN keeps both on the GPU, at the price of one such way. So by the rules of base-first,
with the FFN matrices of layers without experts (`ffn_up`, `ffn_gate`, `ffn_down`) in the place of routed experts:

1. the output, then attention, norms and KV from the last layer down, as far as they fit;
2. only if all of those fit: FFNs by full layers from the first layer up;
3. then single FFN matrices of the layers that are left.

For a model with routed experts this is base-first, the FFNs of its dense layers being neither more nor less than experts.

>>> from moefit.placement.types import LayerSize, Ledger, Room
>>> def layer(i):
...     return LayerSize(100, ffn=((f"blk.{i}.ffn_up.weight", 40), (f"blk.{i}.ffn_down.weight", 40)))
>>> ledger = Ledger((layer(0), layer(1), layer(2), layer(3), LayerSize(20)))
>>> layout = ffn_last(ledger, [Room(240)])
>>> layout.slots, sorted(layout.on_cpu)  # 100 for the output and four times 20, 80 for one FFN, 40 for half of one
((0, 0, 0, 0, 0), ['blk.1.ffn_down.weight', 'blk.2.ffn_down.weight', 'blk.2.ffn_up.weight', 'blk.3.ffn_down.weight', 'blk.3.ffn_up.weight'])
>>> ffn_last(ledger, [Room(500)]).on_cpu
frozenset()
"""

from __future__ import annotations

from collections.abc import Sequence

from moefit.placement.base_first import base_first
from moefit.placement.types import LayerSize, Layout, Ledger, Room


def ffn_last(ledger: Ledger, rooms: Sequence[Room]) -> Layout:
    """Place as described above.

    Args:
        ledger: sizes of all slots, the output last.
        rooms: what each device may hold, in the order in which llama.cpp will use them.
    """
    return base_first(Ledger(tuple(_apart(size) for size in ledger.slots)), rooms)


def _apart(size: LayerSize) -> LayerSize:
    """The slot with its FFN matrices counted as experts are."""
    return LayerSize(size.base - sum(n for _, n in size.ffn), (*size.experts, *size.ffn))
