"""How a token goes from place to place: what leaves a layer and comes back, and what moves on between runs of layers.

One more than these ways is what llama.cpp's log calls the splits of its graph. source: ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from moefit.machine.types import CPU
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.cost.work import Work
    from moefit.placement.types import Placement

Step = tuple[int, int]
"""Two places: device indices or CPU."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Of one token, or of a micro-batch."""

    hops: Counter[Step]
    """(a layer's place, another place) -> times it leaves the one for the other and comes back, within a layer."""
    crossings: Counter[Step]
    """(a place, another place) -> times it goes from the one to the other and does not come back."""
    to_biases: int
    """Visits more of layers whose matrices' biases are elsewhere: short ones, which decode prices by themselves."""

    def splits(self, first: int) -> int:
        """Splits of llama.cpp's graph; `first` is the first slot's place. The token's embedding is looked up on the CPU."""
        return 1 + (first != CPU) + 2 * (self.hops.total() + self.to_biases) + self.crossings.total()


def ways(work: Work, placement: Placement) -> Ways:
    """What a placement makes a token go."""
    hops, to_biases = _visits(work, placement)
    crossings = Counter[Step]()
    slots = placement.slots
    for slot, (home, following) in enumerate(itertools.pairwise(slots)):
        if home == following:
            continue
        last = _last_place(work, placement, slot)
        if last not in {home, None} and hops[home, last]:
            hops[home, last] -= 1
        path = _onwards(work, slot, home, last, following)
        crossings.update(step for step in itertools.pairwise(path) if step[0] != step[1])
    return Ways(+hops, crossings, to_biases)


def _visits(work: Work, placement: Placement) -> tuple[Counter[Step], int]:
    """The visits of other places within layers, of all a layer's matrices there together; and those more of each whose bias is left behind."""
    slots, overrides, tensors = placement.slots, placement.overrides, work.tensors
    away = {
        (tensor.slot, device)
        for name, device in overrides.items()
        if (tensor := tensors.get(name)) is not None and tensor.matrix
    }
    hops = Counter((home, device) for slot, device in away if (home := slots[slot]) != device)
    apart: Counter[Step] = Counter()
    for bias, matrix in work.biases.items():
        slot, device = tensors[matrix].slot, overrides.get(matrix)
        if device is not None and device not in {slots[slot], overrides.get(bias)}:
            apart[slot, device] += 1
    return hops, sum(times - 1 for times in apart.values())


def _is_parted(work: Work, overrides: Mapping[str, int], name: str, device: int) -> bool:
    """Whether a matrix of experts has a bias, and that is elsewhere."""
    if not work.biases:
        return False
    bias = name.removesuffix("weight") + "bias"
    return bias in work.biases and overrides.get(bias) != device


def _last_place(work: Work, placement: Placement, slot: int) -> int | None:
    """Where the last matrix of a layer has been moved to; None where it is at home, or its bias is."""
    for stem in ("ffn_down_exps", "ffn_down"):
        name = f"blk.{slot}.{stem}.weight"
        place = placement.overrides.get(name)
        if place is not None:
            return None if _is_parted(work, placement.overrides, name, place) else place
    return None


def _onwards(work: Work, slot: int, home: int, last: int | None, following: int) -> tuple[int, ...]:
    """The places on the way from a layer to the next, which is elsewhere.

    A recurrent layer fetches its state before what the layer in front of it computes after its experts, or in place of experts: llama.cpp
    builds it into the graph earlier. source: src/llama-graph.cpp, llm_graph_context::build_rs and build_moe_ffn
    """
    away = () if last is None else (last,)
    after = (home,) if slot in work.after_experts else ()
    early = (following,) if slot + 1 in work.recurrent_slots else ()
    if slot in work.dense_slots:
        return (home, *early, *((home,) if early else ()), *away, *after, following)
    return (home, *away, *early, *after, following)
