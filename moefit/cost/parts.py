"""`-sm tensor`: every device does its part of each layer at the same time, and they add up what each has found, twice a layer.

source: ggml/src/ggml-backend-meta.cpp, ggml_backend_meta_graph_compute
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final

from moefit.cost import constants as c
from moefit.cost.link_rates import handover_rate
from moefit.cost.micro_batches import micro_batches
from moefit.cost.token_load import Load
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moefit.cost.run import Run
    from moefit.cost.ways import Step

_COUNTED: Final = frozenset(
    {"layers", "moe_layers", "recurrent_layers", "delta_layers", "kernels", "expert_tensors"}
)
"""What every device has as many of as there are."""
_A_LAYER: Final = 2
"""Sums: behind attention, and behind the feed-forward network."""


def parts_of(run: Run) -> tuple[Run, ...]:
    """The run as each device has it; itself where no layer is cut."""
    if not _is_in_parts(run):
        return (run,)
    shares = [*(run.settings.tensor_split or ()), *(0.0 for _ in run.devices)][: len(run.devices)]
    if not any(shares):
        shares = [1.0] * len(shares)
    parts = [share / sum(shares) for share in shares]
    return tuple(_part(run, index, part) for index, part in enumerate(parts) if part)


def _is_in_parts(run: Run) -> bool:
    return run.settings.split_mode == "tensor" and len(run.devices) > 1


def _part(run: Run, device: int, part: float) -> Run:
    tally = run.tally
    return replace(
        run,
        tally=replace(
            tally,
            places=_on(tally.places, device, part),
            output=_on(tally.output, device, part),
            hops=_ways(tally.hops, device),
            crossings=_ways(tally.crossings, device),
            draft_place=min(tally.draft_place, device),
        ),
    )


def _on(places: Mapping[int, Load], device: int, part: float) -> dict[int, Load]:
    """What is on devices, in its part on one of them; the CPU's as it is."""
    found = {CPU: places[CPU]} if CPU in places else {}
    on_devices = [load for place, load in places.items() if place != CPU]
    if on_devices:
        total = Load()
        for load in on_devices:
            total.add(load)
        names = (field.name for field in fields(Load))
        found[device] = Load(**{n: getattr(total, n) * (1.0 if n in _COUNTED else part) for n in names})
    return found


def _ways(steps: Mapping[Step, int], device: int) -> Counter[Step]:
    """Only those to and from the CPU are left."""
    found: Counter[Step] = Counter()
    for (start, end), times in steps.items():
        if CPU in {start, end}:
            found[min(start, device), min(end, device)] += times
    return found


def token_sums(run: Run) -> Iterator[tuple[str, str, float]]:
    """What the sums of a token take: (what, where, seconds)."""
    if _is_in_parts(run):
        yield "sums", run.name(0), _sums(run, 1)


def prompt_sums(run: Run, prompt: int) -> Iterator[tuple[str, str, float]]:
    """The same of a prompt."""
    if _is_in_parts(run):
        sizes = micro_batches(run, prompt).items()
        yield "sums", run.name(0), sum(times * _sums(run, tokens) for tokens, times in sizes)


def _sums(run: Run, tokens: int) -> float:
    """Seconds of one pass: each sum has a start, and each device sends and receives its states but for its own part."""
    layers = sum(load.layers for place, load in run.tally.places.items() if place != CPU)
    count, one_way = len(run.devices), 1.0 - 1.0 / len(run.devices)
    states = 4.0 * run.work.embedding * tokens
    direct = all(d.backend.peer_copies and d.backend == run.devices[0].backend for d in run.devices)
    seconds = (
        max(states / handover_rate(device) for device in run.devices) * one_way * (2.0 if direct else 4.0)
    )
    start = max(c.SUM[device.backend.name] for device in run.devices) * (count - 1)
    return _A_LAYER * layers * (start + seconds)
