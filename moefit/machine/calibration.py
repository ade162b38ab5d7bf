"""What was measured on one machine: how fast its cores read memory and how fast its GPUs are fed. A value, and its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from moefit.errors import InputError

if TYPE_CHECKING:
    from moefit.machine.types import Device, Machine

_VERSION: Final = 1
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
class Calibration:
    """The measurements of one machine."""

    fingerprint: str
    """Of the host they were taken on (host.fingerprint)."""
    date: str
    """When, as ISO 8601."""
    ram: tuple[RamRate, ...]
    """Threads rising; at least one."""
    links: tuple[LinkRate, ...]

    @property
    def label(self) -> str:
        """What a plan calls it."""
        return f"{self.fingerprint} of {self.date[:10]}"


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
        ram = replace(ram, bandwidth=best, bandwidth_by_threads=pairs, source="calibration")
    gpus = tuple(_with_link(gpu, calibration.links) for gpu in machine.gpus)
    if (ram, gpus) == (machine.ram, machine.gpus):
        return machine
    return replace(machine, ram=ram, gpus=gpus, calibration=calibration.label)


def to_json(calibration: Calibration) -> dict[str, Any]:
    """`calibration` as a JSON object, version 1."""
    return {
        "version": _VERSION,
        "fingerprint": calibration.fingerprint,
        "date": calibration.date,
        "ram": [{"threads": rate.threads, "bandwidth": rate.bandwidth} for rate in calibration.ram],
        "links": [
            {
                "uuid": link.uuid,
                "description": link.description,
                "pinned": link.pinned,
                "pageable": link.pageable,
            }
            for link in calibration.links
        ],
    }


def from_json(text: str, path: str = "calibration") -> Calibration:
    """The calibration that `text` holds.

    Raises:
        InputError: not such a document, or one of a later version; `path` names the file in the message.
    """
    hint = "write a new one with `moefit calibrate`"
    try:
        document = json.loads(text)
        if document["version"] != _VERSION:
            raise InputError(f"{path}: version {document['version']} is not known to this moefit", hint)
        calibration = Calibration(
            fingerprint=str(document["fingerprint"]),
            date=str(document["date"]),
            ram=tuple(
                RamRate(_count(rate["threads"]), _count(rate["bandwidth"])) for rate in document["ram"]
            ),
            links=tuple(
                LinkRate(
                    str(link["uuid"]),
                    str(link["description"]),
                    _count(link["pinned"]),
                    _count(link["pageable"]),
                )
                for link in document["links"]
            ),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: not a calibration: {error!r}", hint) from None
    if not calibration.ram:
        raise InputError(f"{path}: not a calibration: no memory bandwidth", hint)
    return calibration


def _with_link(gpu: Device, links: tuple[LinkRate, ...]) -> Device:
    """`gpu` with the rates of its own link, if they were measured."""
    for link in links:
        if gpu.uuid and gpu.uuid[-_UUID_DIGITS:] == link.uuid[-_UUID_DIGITS:]:
            return replace(gpu, link_bandwidth=link.pinned, pageable_bandwidth=link.pageable)
    return gpu


def _count(value: object) -> int:
    """A whole number above zero."""
    if type(value) is not int or value <= 0:
        raise ValueError(f"{value!r} is no positive whole number")
    return value
