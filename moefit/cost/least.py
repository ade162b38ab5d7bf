"""Seconds that a workload takes at the least on some devices, wherever tensors are: what no placement beats.

Bases and experts are each given to the places where a byte of them costs least, as far as those have room, as if tensors could be cut
anywhere and nothing waited for another place. The CPU has room for everything; what it holds is copied for every micro-batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.cost.decode import cache_bytes
from moefit.cost.grouped import grouped
from moefit.cost.micro_batches import batches, micro_batches
from moefit.cost.prefill import attention, dense_flops
from moefit.cost.reading import least_of_a_byte
from moefit.cost.run import run_of
from moefit.machine.types import CPU
from moefit.memory.memo import per_object
from moefit.memory.pipelining import may_pipeline
from moefit.placement.types import Placement
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moefit.cost.run import Run
    from moefit.cost.token_load import Load
    from moefit.cost.work import Work
    from moefit.cost.workload import Workload
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device, Machine

_LIGHTEST: Final = 0.25
"""Of the time that a CPU core takes for a product with Q4_K, what it takes at the least for one with another type, or by a faster way."""
_EVERYTHING: Final = float("inf")


@dataclass(frozen=True, slots=True)
class _Part:
    """The bases of all blocks, or all their experts."""

    bytes: float
    read: float
    """Bytes of each byte that a token reads."""
    macs: float
    """Multiply-adds of each byte for a token."""
    experts: bool


@dataclass(frozen=True, slots=True)
class _Times:
    """How often everything is done."""

    tokens: float
    """Generated, by steps of one."""
    sizes: Mapping[int, int]
    """Micro-batches of the prompt: tokens -> how many."""
    share: float
    """What is left of a device's time where another one is busier, as they work on several micro-batches at once."""


def least(
    work: Work,
    machine: Machine,
    devices: Sequence[Device],
    settings: Settings,
    workload: Workload,
    rooms: Sequence[int],
    *,
    drafts: bool = False,
) -> float:
    """Seconds.

    Args:
        work: what a token of the model costs.
        machine: the host.
        devices: those that a placement may use.
        settings: the launch.
        workload: tokens of the prompt and of the answer.
        rooms: bytes of each device for weights, at the most.
        drafts: a model drafts tokens, so that several are had in one step.
    """
    run = run_of(work, machine, devices, settings, _nowhere(work))
    times = _times(run, workload, _gained(settings) if drafts else 1.0)
    # with an expert cache, any expert may be read on a device
    room = [_EVERYTHING if settings.moe_cache else float(n) for n in rooms]
    weights = max(
        sum(_filled(run, part, room, times, busiest) for part in _parts(run)) for busiest in _busiest(run)
    )
    return weights + _anywhere(run, workload, times, room)


@per_object(8)
def _nowhere(work: Work) -> Placement:
    """Nothing on any device: all loads are the CPU's."""
    return Placement((CPU,) * (len(work.sums) - 1))


@per_object(8)
def _layers(work: Work) -> tuple[Load, ...]:
    """Each layer by itself."""
    return tuple(work.over(i, i + 1) for i in range(len(work.sums) - 2))


def _gained(settings: Settings) -> float:
    """Tokens of a step, where every draft is as good as drafts are taken to be."""
    return float((1.0 - c.ACCEPTED ** (settings.model_draft_tokens + 1)) / (1.0 - c.ACCEPTED))


def _times(run: Run, workload: Workload, gained: float) -> _Times:
    sizes = micro_batches(run, workload.prompt) if workload.prompt else {}
    pipelined = may_pipeline(run.devices, run.settings)
    share = batches(run, workload.prompt) / sum(sizes.values()) if pipelined and sizes else 1.0
    return _Times(workload.generated / gained, sizes, share)


def _parts(run: Run) -> tuple[_Part, ...]:
    cpu = run.tally.places[CPU]
    bases = max(1.0, cpu.base_bytes)
    parts = [_Part(bases, 1.0, cpu.base_macs / bases, experts=False)]
    if cpu.expert_bytes:
        size = cpu.expert_bytes
        parts.append(_Part(size, cpu.expert_read / size, cpu.expert_macs / size, experts=True))
    return tuple(parts)


def _busiest(run: Run) -> tuple[int | None, ...]:
    """Devices that may be taken for the busiest, each for a bound of its own; None takes all for equally busy."""
    if len(run.rates) < 2:
        return (0,)
    return (None, max(range(len(run.rates)), key=lambda place: run.rates[place].read))


def _filled(run: Run, part: _Part, rooms: Sequence[float], times: _Times, busiest: int | None) -> float:
    """Seconds of a part's weights, in the places where they take least."""
    places = [
        (_on_device(run, part, place, times, _waiting(run, times, place, busiest)), rooms[place])
        for place in range(len(rooms))
    ]
    places.append((_on_cpu(run, part, times, busiest), _EVERYTHING))
    seconds, left = 0.0, part.bytes
    for cost, room in sorted(places):
        taken = min(left, room)
        seconds += taken * cost
        left -= taken
        if not left:
            break
    return seconds


def _waiting(run: Run, times: _Times, place: int, busiest: int | None) -> float:
    """What counts of a device's part of a prompt: all of the busiest one's, which is at least the mean of all."""
    rest = 1.0 - times.share
    return times.share + (rest / max(1, len(run.rates)) if busiest is None else rest * (place == busiest))


def _on_device(run: Run, part: _Part, place: int, times: _Times, waiting: float) -> float:
    """Seconds of one byte of a part."""
    prompt = sum(n * _products(run, part, place, tokens) for tokens, n in times.sizes.items())
    return (
        times.tokens * part.read * least_of_a_byte(run.work, run.rates[place], experts=part.experts)
        + prompt * waiting
    )


def _products(run: Run, part: _Part, place: int, tokens: int) -> float:
    """Seconds that a device multiplies one byte of a part in a micro-batch."""
    if not part.experts:
        return 2.0 * part.macs * tokens / dense_flops(run, place)
    return part.macs * grouped(run, place, tokens) if part.macs else 0.0


def _on_cpu(run: Run, part: _Part, times: _Times, busiest: int | None) -> float:
    """Seconds of one byte of a part: the helper multiplies it with large batches, for which it is copied."""
    seconds = times.tokens * part.read / run.host.read
    for tokens, n in times.sizes.items():
        distinct = run.work.distinct(tokens) if part.experts else 1.0
        if run.helper != CPU and tokens >= run.settings.op_offload_min_batch:
            waiting = _waiting(run, times, run.helper, busiest)
            seconds += n * (_products(run, part, run.helper, tokens) * waiting + distinct / run.copy)
        else:
            alone = _LIGHTEST * 2.0 * part.macs * tokens / run.batch_host.flops
            seconds += n * max(alone, distinct / run.batch_host.read)
    return seconds


def _anywhere(run: Run, workload: Workload, times: _Times, rooms: Sequence[float]) -> float:
    """Seconds of caches, of the output and of small kernels, each at the best place's rate."""
    cpu, output = run.tally.places[CPU], run.tally.output[CPU]
    fastest = max(
        (run.host.read, *(1.0 / least_of_a_byte(run.work, rate, experts=False) for rate in run.rates))
    )
    depth = workload.prompt + workload.generated / 2
    read = (cache_bytes(run, cpu, depth) + output.base_bytes) / fastest
    has_room = sum(rooms) >= cpu.base_bytes + cpu.expert_bytes + output.base_bytes
    seconds = (read + _launches(run, has_room=has_room) + run.host.served) * times.tokens
    if workload.prompt:
        places = (CPU, *range(len(run.rates)))
        rows = max((run.batch_host.read, *(rate.read for rate in run.rates)))
        attended = min(attention(run, cpu, place, workload.prompt) for place in places)
        seconds += attended * _waiting(run, times, CPU, None) + output.base_bytes / rows
    return seconds


def _launches(run: Run, *, has_room: bool) -> float:
    """Seconds of kernels that take their time whatever their size; a layer spares them on the CPU, which then reads what a device could."""
    slowest = min((rate.read for rate in run.rates), default=run.host.read)
    slower = max(0.0, 1.0 / run.host.read - 1.0 / slowest) if has_room else 0.0
    return sum(
        min(
            run.host.barriers(layer) + layer.base_bytes * slower,
            min((rate.launches(layer) for rate in run.rates), default=run.host.barriers(layer)),
        )
        for layer in _layers(run.work)
    )
