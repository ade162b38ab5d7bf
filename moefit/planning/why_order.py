"""Why the devices of a line stand in another order than the machine lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement
from moefit.search.orders import copying, reading


def why_order(used: Sequence[Device], listed: Sequence[Device], placement: Placement) -> str | None:
    """What the first and the last are good at, as words; None where the order is the one that is listed.

    Batches are computed with weights that are copied from RAM on the first device, and the last has the output (search/orders.py).
    """
    names = [device.name for device in used]
    if names == [device.name for device in listed if device.name in names]:
        return None
    reasons = list(_reasons(used, placement))
    why = "; ".join(reasons) if reasons else "the fastest of the orders that were tried"
    return f"not as listed: {why}"


def _reasons(used: Sequence[Device], placement: Placement) -> Iterator[str]:
    first, *others = used
    last = used[-1]
    if CPU in {*placement.slots, *placement.overrides.values()} and _is_best(first, others, copying):
        yield f"{first.name} is first, where weights from RAM are copied to and computed with: its link and arithmetic are the fastest"
    if placement.slots[-1] == len(used) - 1 and _is_best(last, used[:-1], reading):
        yield f"{last.name} is last, with the output: its memory is the fastest"


def _is_best(device: Device, others: Sequence[Device], figure: Callable[[Device], float]) -> bool:
    return all(figure(device) > figure(other) for other in others)
