"""Seconds to generate one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.cost.rates import DISK
from moefit.machine.types import CPU
from moefit.memory.cache_tensor import cache_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from moefit.cost.rates import DeviceRates, HostRates
    from moefit.cost.tally import Tally
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.work import Load, Work


def token(
    work: Work,
    tally: Tally,
    devices: Sequence[Device],
    rates: Sequence[DeviceRates],
    host: HostRates,
    settings: Settings,
    depth: float,
    missing: float,
) -> Iterator[tuple[str, str, float]]:
    """The terms of one generated token after `depth` others: (name, place, seconds); `missing` is the share paged in."""
    for place, load in tally.places.items():
        output = tally.output.get(place)
        more = output.base_bytes if output else 0.0
        cache = _cache_bytes(load, work, settings, depth)
        if place == CPU:
            yield from _on_host(load, output, host, cache)
            yield "paging", "disk", missing * (load.base_bytes + load.expert_read + more) / DISK
            continue
        rate = rates[place]
        name = devices[place].name
        yield "weights", name, (load.base_bytes + load.expert_read + more) / rate.read
        yield "attention", name, (cache + 2 * load.state) / rate.read
        yield "launches", name, load.layers * rate.layer + load.moe_layers * rate.moe_layer
    for place, output in tally.output.items():
        if place not in tally.places:
            yield "weights", devices[place].name, output.base_bytes / rates[place].read
    if rates:
        yield "hops", "CPU", (tally.hops + tally.crossings) * max(rate.hop for rate in rates)


def _on_host(
    load: Load, output: Load | None, host: HostRates, cache: float
) -> Iterator[tuple[str, str, float]]:
    read = load.base_bytes + load.expert_read + (output.base_bytes if output else 0.0)
    weight = load.base_work + load.expert_work + (output.base_work if output else 0.0)
    if read:
        yield "weights", "CPU", host.seconds(read, weight)
    if cache or load.state:
        yield "attention", "CPU", host.seconds(cache + 2 * load.state, cache + 2 * load.state)
    if load.layers:
        yield "barriers", "CPU", load.layers * host.layer


def _cache_bytes(load: Load, work: Work, settings: Settings, depth: float) -> float:
    """Bytes of K and V that a token after `depth` others reads."""
    key, value = cache_type(settings.cache_type_k), cache_type(settings.cache_type_v)
    near = min(depth, work.window) if work.window else depth
    return (load.key * depth + load.window_key * near) * key.block_bytes / key.block + (
        load.value * depth + load.window_value * near
    ) * value.block_bytes / value.block
