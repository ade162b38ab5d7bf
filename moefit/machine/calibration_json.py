"""A calibration as a JSON document, written and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from moefit.documents import parse_json
from moefit.errors import InputError
from moefit.machine import servers
from moefit.machine.calibration import Calibration, Learned, LinkRate, RamRate, miss_factors

_VERSION: Final = 1


def to_json(calibration: Calibration) -> dict[str, Any]:
    """`calibration` as a JSON object, version 1."""
    return {
        "version": _VERSION,
        "fingerprint": calibration.fingerprint,
        "date": calibration.date,
        "ram": _ram_to_json(calibration.ram),
        "decoded": _ram_to_json(calibration.decoded),
        "links": [
            {
                "uuid": link.uuid,
                "description": link.description,
                "pinned": link.pinned,
                "pageable": link.pageable,
            }
            for link in calibration.links
        ],
        "learned": [
            {"place": one.place, "figure": one.figure, "factor": one.factor} for one in calibration.learned
        ],
        "benched": list(calibration.benched),
        "misses": dict(calibration.misses),
        "servers": servers.to_json(calibration.servers),
    }


def _object(document: Any) -> dict[str, Any]:
    """Raises: TypeError: it is something else."""
    if not isinstance(document, dict):
        raise TypeError("no object")
    return document


def from_json(text: str, path: str = "calibration") -> Calibration:
    """The calibration that `text` holds.

    Raises:
        InputError: not such a document, or one of a later version; `path` names the file in the message.
    """
    hint = "write a new one with `moefit calibrate`"
    try:
        document = _object(parse_json(text))
        if document["version"] != _VERSION:
            raise InputError(f"{path}: version {document['version']} is not known to this moefit", hint)
        calibration = Calibration(
            fingerprint=str(document["fingerprint"]),
            date=str(document["date"]),
            ram=_ram_from_json(document["ram"]),
            links=tuple(
                LinkRate(
                    str(link["uuid"]),
                    str(link["description"]),
                    _count(link["pinned"]),
                    _count(link["pageable"]),
                )
                for link in document["links"]
            ),
            learned=tuple(
                Learned(str(one["place"]), str(one["figure"]), _factor(one["factor"]))
                for one in document.get("learned", [])
            ),
            benched=tuple(_words(document.get("benched", []))),
            misses=miss_factors(document.get("misses", {})),
            servers=servers.from_json(document.get("servers", [])),
            decoded=_ram_from_json(document.get("decoded", [])),
        )
    except (ValueError, TypeError, KeyError) as error:
        why = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{path}: not a calibration: {why}", hint) from None
    if not calibration.ram:
        raise InputError(f"{path}: not a calibration: no memory bandwidth", hint)
    return calibration


def _ram_to_json(rates: Iterable[RamRate]) -> list[dict[str, int]]:
    return [{"threads": rate.threads, "bandwidth": rate.bandwidth} for rate in rates]


def _ram_from_json(rates: Any) -> tuple[RamRate, ...]:
    return tuple(RamRate(_count(rate["threads"]), _count(rate["bandwidth"])) for rate in rates)


def _words(value: Any) -> list[str]:
    """A list of strings."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{value!r} is no list of strings")
    return value


def _factor(value: Any) -> float:
    """A number from a half to two."""
    if type(value) not in {int, float} or not 0.5 <= value <= 2.0:
        raise ValueError(f"{value!r} is no factor from 0.5 to 2")
    return float(value)


def _count(value: object) -> int:
    """A whole number above zero."""
    if type(value) is not int or value <= 0:
        raise ValueError(f"{value!r} is no positive whole number")
    return value
