"""What was measured on one machine: how fast its cores read memory and how fast its GPUs are fed. A value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from moefit.machine.servers import ServerRate, with_rates
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.machine.types import Device, Machine, Ram

_MISSES: Final = (0.02, 50.0)
"""Least and most misses for one of the published curve: from hardly any to uniform routing at any share that is worth a cache."""
_UUID_DIGITS: Final = 36
"""Characters of a UUID without its GPU- or MIG- in front."""


@dataclass(frozen=True, slots=True)
class RamRate:
    """What a number of threads read together."""

    threads: int
    bandwidth: int
    """Bytes per second."""


@dataclass(frozen=True, slots=True)
class LinkRate:
    """What reaches one GPU from host memory."""

    uuid: str
    """The GPU's, with or without GPU- in front."""
    description: str
    pinned: int
    """Bytes per second from pinned memory."""
    pageable: int
    """Bytes per second from pageable memory."""


@dataclass(frozen=True, slots=True)
class Learned:
    """By how much `moefit bench` found one figure larger than stated."""

    place: str
    """CPU, or a device's key (device_key)."""
    figure: str
    """memory, compute, pinned or pageable."""
    factor: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The measurements of one machine."""

    fingerprint: str
    """Of the host they were taken on (host.fingerprint)."""
    date: str
    """When, as ISO 8601."""
    ram: tuple[RamRate, ...]
    """Threads rising; at least one."""
    links: tuple[LinkRate, ...]
    learned: tuple[Learned, ...] = ()
    """Corrections from real runs (`moefit bench --save`); a new calibration has none."""
    benched: tuple[str, ...] = ()
    """What ran: see `bench_key`."""
    misses: tuple[tuple[str, float], ...] = ()
    """Machine.misses, found by runs with an expert cache; a new calibration keeps them, for they are the models' own."""
    servers: tuple[ServerRate, ...] = ()
    """RPC servers that were asked, too."""
    decoded: tuple[RamRate, ...] = ()
    """What threads read of quantised experts as llama.cpp decodes, threads rising; empty where it was not run."""

    @property
    def label(self) -> str:
        """What a plan calls it."""
        return f"{self.fingerprint} of {self.date[:10]}{', corrected by bench' if self.learned or self.benched or self.misses else ''}"


def apply(machine: Machine, calibration: Calibration) -> Machine:
    """`machine` with what was measured of it, and unchanged where the calibration is another host's or says nothing of it.

    What the user declared stays. The bandwidth of all cores is the highest that any number of threads, of those this process
    may use, reached.
    """
    if calibration.fingerprint != machine.host:
        return machine
    ram = machine.ram
    if ram.source != "declared":
        pairs = tuple((rate.threads, rate.bandwidth) for rate in calibration.ram)
        best = max(
            [bandwidth for threads, bandwidth in pairs if threads <= machine.cpu.threads] or [pairs[0][1]]
        )
        decoded = tuple((rate.threads, rate.bandwidth) for rate in calibration.decoded)
        ram = replace(
            ram,
            bandwidth=best,
            bandwidth_by_threads=pairs,
            decoded_by_threads=decoded,
            source="calibration",
        )
        ram = _corrected_ram(ram, calibration.learned)
    gpus = tuple(with_rates(_with_link(gpu, calibration.links), calibration.servers) for gpu in machine.gpus)
    gpus = tuple(_corrected(gpu, calibration.learned) for gpu in gpus)
    if (ram, gpus) == (machine.ram, machine.gpus):
        return machine if not calibration.misses else replace(machine, misses=calibration.misses)
    own = ram.source == "calibration" and all(gpu.is_seen for gpu in gpus)
    benched = calibration.benched if own else ()
    return replace(
        machine, ram=ram, gpus=gpus, calibration=calibration.label, benched=benched, misses=calibration.misses
    )


def device_key(device: Device) -> str:
    """What tells a device from others in a calibration: its UUID, or what a person calls it; empty where it has neither."""
    return device.uuid[-_UUID_DIGITS:] or device.description


def bench_key(fingerprint: str, devices: Iterable[Device]) -> str:
    """A model on devices, as a calibration names what ran."""
    return "@".join([fingerprint, *sorted(device_key(device) for device in devices)])


def with_learned(calibration: Calibration, learned: Iterable[Learned], ran: str | None) -> Calibration:
    """The calibration with factors found under it, on top of those it has; together they stay within a factor of two.

    Args:
        calibration: what is known.
        learned: the factors.
        ran: the `bench_key` of what they now explain; None for nothing.
    """
    known = {(one.place, one.figure): one.factor for one in calibration.learned}
    for one in learned:
        factor = known.get((one.place, one.figure), 1.0) * one.factor
        known[one.place, one.figure] = round(min(2.0, max(0.5, factor)), 3)
    return replace(
        calibration,
        learned=tuple(Learned(*key, factor) for key, factor in sorted(known.items())),
        benched=tuple(sorted({*calibration.benched, *([ran] if ran else [])})),
    )


def with_misses(calibration: Calibration, model: str, factor: float) -> Calibration:
    """The calibration with how often this model, by fingerprint, misses an expert cache; what it said of it before is replaced."""
    known = {**dict(calibration.misses), model: round(min(_MISSES[1], max(_MISSES[0], factor)), 3)}
    return replace(calibration, misses=tuple(sorted(known.items())))


def miss_factors(value: Any) -> tuple[tuple[str, float], ...]:
    """Machine.misses as a document has them.

    Raises:
        TypeError: it is not a mapping.
        ValueError: a number is not possible.
    """
    if not isinstance(value, dict):
        raise TypeError(f"misses: {value!r:.40} is no object")
    for model, factor in value.items():
        if type(factor) not in {int, float} or not _MISSES[0] <= factor <= _MISSES[1]:
            raise ValueError(f"misses of {model!r:.80}: no number from {_MISSES[0]} to {_MISSES[1]:.0f}")
    return tuple(sorted((model, float(factor)) for model, factor in value.items()))


def _with_link(gpu: Device, links: tuple[LinkRate, ...]) -> Device:
    """`gpu` with the rates of its own link, if they were measured."""
    for link in links:
        if gpu.uuid and gpu.uuid[-_UUID_DIGITS:] == link.uuid[-_UUID_DIGITS:]:
            return replace(gpu, link_bandwidth=link.pinned, pageable_bandwidth=link.pageable)
    return gpu


def _corrected_ram(ram: Ram, learned: tuple[Learned, ...]) -> Ram:
    """The memory with its rates corrected."""
    factor = next((one.factor for one in learned if (one.place, one.figure) == ("CPU", "memory")), 1.0)
    return replace(
        ram,
        bandwidth=_scaled(ram.bandwidth, factor),
        bandwidth_by_threads=_all_scaled(ram.bandwidth_by_threads, factor),
        decoded_by_threads=_all_scaled(ram.decoded_by_threads, factor),
    )


def _all_scaled(rates: Iterable[tuple[int, int]], factor: float) -> tuple[tuple[int, int], ...]:
    return tuple((threads, int(rate * factor)) for threads, rate in rates)


def _corrected(gpu: Device, learned: tuple[Learned, ...]) -> Device:
    """`gpu` with its rates corrected; a declared one stays as it was declared."""
    key = device_key(gpu)
    factors = {one.figure: one.factor for one in learned if key and one.place == key}
    if not factors or not gpu.is_seen:
        return gpu
    return replace(
        gpu,
        bandwidth=_scaled(gpu.bandwidth, factors.get("memory", 1.0)),
        compute=None if gpu.compute is None else gpu.compute * factors.get("compute", 1.0),
        link_bandwidth=_scaled(gpu.link_bandwidth, factors.get("pinned", 1.0)),
        pageable_bandwidth=_scaled(gpu.pageable_bandwidth, factors.get("pageable", 1.0)),
    )


def _scaled(rate: int | None, factor: float) -> int | None:
    return None if rate is None else int(rate * factor)
