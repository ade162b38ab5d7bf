"""Seconds that a workload takes under a placement and a launch, on a machine: physics, with stated constants.

`predict` is pure and takes a fraction of a millisecond: a search may call it for every candidate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.cost.cached_steps import MISSES, decode_doubt, overall
from moefit.cost.constants import INTEL
from moefit.cost.decode import token_terms
from moefit.cost.host_rates import best_threads
from moefit.cost.load import ready
from moefit.cost.offload import op_offload_min_batch
from moefit.cost.parts import parts_of, prompt_sums, token_sums
from moefit.cost.prefill import prompt_terms
from moefit.cost.run import run_of
from moefit.cost.types import Duration, Phase, Prediction
from moefit.cost.uncertainty import Confidence, Doubt, doubt
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from moefit.cost.run import Run
    from moefit.cost.work import Work
    from moefit.cost.workload import Workload
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine
    from moefit.memory.moe_cache import Group
    from moefit.placement.types import Placement

__all__ = ["Confidence", "Doubt", "Duration", "Prediction", "best_threads", "op_offload_min_batch", "predict"]

_COMPUTED: Final = frozenset({"weights", "attention"})
_NOTHING: Final = 1e-6
"""Seconds that are left of a difference of sums."""
_NO_TIME: Final = 1e-9
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
    *,
    draft_bytes: Mapping[str, int] | None = None,
    cached: Sequence[Group] = (),
) -> Prediction:
    """How long `workload` takes.

    Args:
        work: what a token of the model costs.
        machine: the host.
        devices: the devices that the placement's indices mean, in order.
        settings: the launch, every value concrete.
        placement: where slots and tensors are.
        workload: tokens of the prompt and of the answer.
        draft_bytes: bytes of a draft model's weights, by device name (or CPU).
        cached: the groups of the launch's expert cache.
    """
    prompt, answer = workload.prompt or _USUAL_PROMPT, workload.generated or _USUAL_ANSWER
    answered = workload.generated * workload.requests
    run = run_of(work, machine, devices, settings, placement, cached, answered)
    reading, writing = _phases(run, prompt, answer, workload.prompt + answer / 2, draft_bytes or {})
    kept = (*(reading if workload.prompt else ()), *(writing if workload.generated else ()))
    assumed = _assumed(run, machine)
    confidence = _confidence(run, machine, assumed)
    loading = ready(run)
    start = loading[0] / workload.requests if workload.requests else 0.0
    return Prediction(
        prefill_tokens_per_second=_rate(prompt, reading),
        decode_tokens_per_second=_rate(answer, writing),
        prompt_tokens=workload.prompt,
        generated_tokens=workload.generated,
        seconds=start + sum(term.seconds for term in kept),
        confidence=confidence,
        terms=kept,
        doubt=_doubt(run, machine, writing, confidence, assumed),
        ready=loading,
        start=start,
        hit_rate=overall(run),
    )


def _phases(
    run: Run, prompt: int, answer: int, depth: float, draft_bytes: Mapping[str, int]
) -> tuple[tuple[Duration, ...], tuple[Duration, ...]]:
    """What the prompt's seconds are, and the answer's, at so many tokens in the cache."""
    parts = parts_of(run)
    reading = _slowest(
        _gather("prefill", (*prompt_terms(one, prompt), *prompt_sums(run, prompt)), 1.0) for one in parts
    )
    writing = _slowest(
        _gather("decode", (*token_terms(one, depth, draft_bytes), *token_sums(run)), answer) for one in parts
    )
    return reading, writing


def _slowest(parts: Iterable[tuple[Duration, ...]]) -> tuple[Duration, ...]:
    """Of devices that work at the same time, the one for which the others wait."""
    return max(parts, key=lambda terms: sum(term.seconds for term in terms))


def _rate(tokens: int, terms: Sequence[Duration]) -> float:
    """Tokens a second; of a model without weights, which takes no time, as if it took a nanosecond."""
    return tokens / max(sum(term.seconds for term in terms), _NO_TIME)


_SETTLED: Final = {"CUDA", "MTL"}
"""Backends whose answers need no more room than cards by datasheet do."""


def _doubt(
    run: Run, machine: Machine, writing: Sequence[Duration], confidence: Confidence, assumed: tuple[str, ...]
) -> Doubt:
    """How sure it is; with an expert cache nobody knows beforehand how often that is hit."""
    needs_cpu = any(t.place == "CPU" and t.name in _COMPUTED and t.seconds > _NOTHING for t in writing)
    known = doubt(
        confidence,
        assumed,
        turns=len(run.devices) > 1 and (needs_cpu or run.settings.split_mode == "tensor"),
        shared=needs_cpu and machine.cpu.virtual,
        elsewhere=any(device.backend.name not in _SETTLED for device in run.devices),
        rough=any(INTEL.search(device.description) for device in run.devices),
        alone=not run.devices,
        recurrent=any(
            load.recurrent_layers > _NOTHING and (place == CPU or run.devices[place].backend.name != "MTL")
            for place, load in run.tally.places.items()
        ),
    )
    if not run.cached:
        return known
    misses = sum(term.seconds for term in writing if term.name == MISSES)
    least, most = decode_doubt(run, sum(term.seconds for term in writing), misses)
    return replace(known, decode=(known.decode[0] * least, known.decode[1] * most))


def _gather(phase: Phase, terms: Iterable[tuple[str, str, float]], times: float) -> tuple[Duration, ...]:
    """One term for each name and place, those of no time left out."""
    sums: dict[tuple[str, str], float] = {}
    for name, place, seconds in terms:
        sums[name, place] = sums.get((name, place), 0.0) + seconds * times
    return tuple(
        Duration(phase, name, place, seconds) for (name, place), seconds in sums.items() if seconds > 0
    )


def _assumed(run: Run, machine: Machine) -> tuple[str, ...]:
    """Whose rates are guesses that the prediction rests on: device names, CPU for the RAM's."""
    places = {**run.tally.places, **run.tally.output}
    devices = [
        run.name(place)
        for place in places
        if place != CPU and (run.devices[place].bandwidth is None or run.devices[place].compute is None)
    ]
    host = run.tally.places[CPU]
    reads_ram = host.base_bytes or host.expert_bytes or CPU in run.tally.output
    known = machine.ram.bandwidth is not None or machine.ram.modules is not None
    return (*devices, "CPU") if reads_ram and not known else tuple(devices)


def _confidence(run: Run, machine: Machine, assumed: tuple[str, ...]) -> Confidence:
    """Guessed where a figure that the prediction rests on is assumed, measured where runs of this very model corrected the figures."""
    if assumed:
        return "guessed"
    if machine.benched:
        from moefit.machine.calibration import bench_key  # noqa: PLC0415 - few machines have run anything

        if bench_key(run.work.fingerprint, run.devices) in machine.benched:
            return "measured"
    return "calibrated" if machine.calibration else "catalogue"
