"""From which batch on copying beats computing: the value of GGML_OP_OFFLOAD_MIN_BATCH."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost.prefill import copied, host_products, products
from moefit.cost.run import run_of
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.cost.work import Work
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine
    from moefit.placement.types import Placement

_BATCHES: Final[tuple[int, ...]] = (
    *range(2, 32),
    *range(32, 128, 4),
    *range(128, 512, 16),
    *range(512, 8193, 64),
)


def op_offload_min_batch(
    work: Work, machine: Machine, devices: Sequence[Device], settings: Settings, placement: Placement
) -> int:
    """The smallest batch for which copying weights over the link beats computing on the CPU.

    The launch's own value where no device copies, or where nothing on the CPU could be copied.
    """
    run = run_of(work, machine, devices, settings, placement)
    load = run.tally.places[CPU]
    if run.helper == CPU or not (load.expert_macs or load.base_macs):
        return settings.op_offload_min_batch

    def copying_wins(tokens: int) -> bool:
        helped = copied(run, load, tokens) / run.copy + products(run, load, run.helper, tokens)
        return helped < host_products(run, load, tokens)

    return next((tokens for tokens in _BATCHES if copying_wins(tokens)), _BATCHES[-1])
