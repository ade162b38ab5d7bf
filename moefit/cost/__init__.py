"""Seconds that a workload takes under a placement and a launch, on a machine: physics, with stated constants.

`predict` is pure and takes a fraction of a millisecond: a search may call it for every candidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost.decode import token
from moefit.cost.prefill import Prefill
from moefit.cost.rates import best_threads, copy_rate, device_rates, host_rates
from moefit.cost.tally import Tally, tally
from moefit.cost.types import Confidence, Phase, Prediction, Term
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine
    from moefit.placement.types import Placement
    from moefit.work import Work
    from moefit.workload import Workload

__all__ = ["Confidence", "Prediction", "Term", "best_threads", "op_offload_min_batch", "predict"]

_USUAL_PROMPT: Final = 512
_USUAL_ANSWER: Final = 128
"""llama-bench's own -p and -n, for the rate of a phase that the workload leaves out."""


def predict(
    work: Work,
    machine: Machine,
    devices: Sequence[Device],
    settings: Settings,
    placement: Placement,
    workload: Workload,
) -> Prediction:
    """How long `workload` takes.

    Args:
        work: what a token of the model costs.
        machine: the host.
        devices: the devices that the placement's indices mean, in order.
        settings: the launch, every value concrete.
        placement: where slots and tensors are.
        workload: tokens of the prompt and of the answer.
    """
    prompt, answer = workload.prompt or _USUAL_PROMPT, workload.generated or _USUAL_ANSWER
    prefill = _prefill(work, machine, devices, settings, placement)
    reading = _gather("prefill", prefill.terms(prompt), 1.0)
    depth = workload.prompt + answer / 2
    costs = token(work, prefill.tally, devices, prefill.rates, prefill.host, settings, depth, prefill.missing)
    writing = _gather("decode", costs, answer)
    prefill_seconds, decode_seconds = (sum(term.seconds for term in phase) for phase in (reading, writing))
    kept = (*(reading if workload.prompt else ()), *(writing if workload.generated else ()))
    return Prediction(
        prefill_tokens_per_second=prompt / prefill_seconds,
        decode_tokens_per_second=answer / decode_seconds,
        prompt_tokens=workload.prompt,
        generated_tokens=workload.generated,
        seconds=sum(term.seconds for term in kept),
        confidence=_confidence(machine, devices),
        terms=kept,
    )


def op_offload_min_batch(
    work: Work, machine: Machine, devices: Sequence[Device], settings: Settings, placement: Placement
) -> int:
    """The smallest batch for which copying weights to the device beats computing on the CPU (GGML_OP_OFFLOAD_MIN_BATCH).

    The launch's own value where nothing is copied, or nothing on the CPU could be.
    """
    prefill = _prefill(work, machine, devices, settings, placement)
    load = prefill.tally.places[CPU]
    if prefill.copy == 0 or not (load.expert_macs or load.base_macs):
        return settings.op_offload_min_batch

    def copying_wins(tokens: int) -> bool:
        moved = load.base_bytes + load.expert_bytes * work.distinct(tokens)
        return moved / prefill.copy + prefill.compute(load, prefill.rates[0], tokens) < prefill.on_host(
            load, tokens
        )

    return next((tokens for tokens in _BATCHES if copying_wins(tokens)), _BATCHES[-1])


_BATCHES: Final[tuple[int, ...]] = (
    *range(2, 32),
    *range(32, 128, 4),
    *range(128, 512, 16),
    *range(512, 8193, 64),
)


def _prefill(
    work: Work, machine: Machine, devices: Sequence[Device], settings: Settings, placement: Placement
) -> Prefill:
    host = host_rates(machine, settings)
    offloads = (
        bool(devices) and settings.op_offload and settings.host_buffers and devices[0].backend.op_offload
    )
    where = tally(work, settings, placement)
    return Prefill(
        work=work,
        tally=where,
        devices=devices,
        rates=tuple(device_rates(device) for device in devices),
        host=host,
        settings=settings,
        copy=copy_rate(host, devices[0], settings) if offloads else 0.0,
        missing=_missing(work, machine, where),
    )


def _missing(work: Work, machine: Machine, where: Tally) -> float:
    """Share of the host's weights that its memory cannot hold: read from disk whenever they are needed."""
    host = where.places[CPU]
    output = where.output.get(CPU)
    needed = host.base_bytes + host.expert_bytes + work.input_bytes + (output.base_bytes if output else 0.0)
    return max(0.0, 1.0 - machine.ram.available / needed) if needed else 0.0


def _gather(phase: Phase, terms: Iterable[tuple[str, str, float]], times: float) -> tuple[Term, ...]:
    """One term for each name and place, those of no time left out."""
    sums: dict[tuple[str, str], float] = {}
    for name, place, seconds in terms:
        sums[name, place] = sums.get((name, place), 0.0) + seconds * times
    return tuple(Term(phase, name, place, seconds) for (name, place), seconds in sums.items() if seconds > 0)


def _confidence(machine: Machine, devices: Sequence[Device]) -> Confidence:
    if machine.ram.bandwidth is None or any(device.bandwidth is None for device in devices):
        return "guessed"
    return "calibrated" if machine.calibration else "catalogue"
