"""What was measured of the way to RPC servers: values, and their JSON in a calibration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.machine.types import Device

_SLOWEST: Final = 10.0
"""Seconds of a round trip; with more nothing is served."""


@dataclass(frozen=True, slots=True)
class ServerRate:
    """The way to one RPC server."""

    address: str
    """HOST:PORT, as `--rpc` has it."""
    bandwidth: int
    """Bytes per second that reach a tensor there."""
    latency: float
    """Seconds from a question to its answer."""


def to_json(rates: Iterable[ServerRate]) -> list[dict[str, Any]]:
    """As a calibration keeps them."""
    return [{"address": r.address, "bandwidth": r.bandwidth, "latency": r.latency} for r in rates]


def from_json(value: Any) -> tuple[ServerRate, ...]:
    """What `to_json` gave.

    Raises:
        ValueError: a rate that cannot be.
        TypeError: not a list of objects.
        KeyError: a key is missing.
    """
    return tuple(
        ServerRate(str(one["address"]), _number(one["bandwidth"], int), _number(one["latency"], float))
        for one in value
    )


def with_rates(device: Device, rates: Sequence[ServerRate]) -> Device:
    """The device with what was measured of the way to its server; what is declared stays."""
    own = next((one for one in rates if one.address == device.server), None)
    if own is None or device.source != "llama-server":
        return device
    return replace(device, link_bandwidth=own.bandwidth, latency=own.latency)


def _number(value: Any, kind: type) -> Any:
    """A number above zero; seconds within reason."""
    if type(value) not in {int, kind} or not 0 < value <= (_SLOWEST if kind is float else 1 << 60):
        raise ValueError(f"{value!r} is no rate")
    return kind(value)
