"""A machine as JSON: what `moefit devices --json` prints, what plans carry, and what `--machine FILE` reads back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from moefit.documents import parse_json
from moefit.errors import InputError
from moefit.machine.modules import parse_modules
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.sizes import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

_HINT: Final = "write such a file with `moefit devices --json`"


def to_json(machine: Machine) -> dict[str, Any]:
    """`machine` as the `machine` object of a plan's JSON: gpus, ram and cpu, each field under its own name, unknown ones null."""
    return {
        "gpus": [
            _object(gpu) | {"buffer": gpu.buffer_name, "held": [list(pair) for pair in gpu.held]}
            for gpu in machine.gpus
        ],
        "ram": _object(machine.ram)
        | {
            "bandwidth_by_threads": [list(pair) for pair in machine.ram.bandwidth_by_threads],
            "decoded_by_threads": [list(pair) for pair in machine.ram.decoded_by_threads],
            "modules": str(machine.ram.modules) if machine.ram.modules else None,
        },
        "cpu": _object(machine.cpu),
        "host": machine.host,
        "calibration": machine.calibration,
        "benched": list(machine.benched),
        "misses": dict(machine.misses),
        "excluded": list(machine.excluded),
        "duplicates": [list(pair) for pair in machine.duplicates],
        "accelerators": list(machine.accelerators),
        "warnings": list(machine.warnings),
    }


def from_json(text: str, path: str = "machine file") -> Machine:
    """The machine that `text` describes: what `to_json` gives, alone or as the `machine` of a larger document.

    Keys that are not known are ignored, so that an older moefit reads a newer file.

    Raises:
        InputError: not JSON, a key is missing, or a value has the wrong type or sign; `path` names the file in the message.
    """
    try:
        document = parse_json(text)
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}", _HINT) from None
    machine = document.get("machine", document) if isinstance(document, dict) else document
    reader = _Reader(path)
    found = reader.mapping(machine, "machine")
    gpus = reader.value(found, "gpus", list, "machine")
    devices = tuple(reader.device(gpu, f"gpus[{index}]") for index, gpu in enumerate(gpus))
    names = [device.name for device in devices]
    if len(set(names)) != len(names):
        raise reader.error("gpus: two devices have one name")
    return Machine(
        gpus=devices,
        ram=reader.ram(found.get("ram"), "ram"),
        cpu=reader.cpu(found.get("cpu"), "cpu"),
        warnings=tuple(str(warning) for warning in reader.optional(found, "warnings", list, "machine", [])),
        calibration=reader.optional(found, "calibration", str, "machine", ""),
        host=reader.optional(found, "host", str, "machine", ""),
        benched=tuple(str(model) for model in reader.optional(found, "benched", list, "machine", [])),
        misses=reader.misses(found),
        excluded=tuple(str(name) for name in reader.optional(found, "excluded", list, "machine", [])),
        duplicates=reader.names(found),
        accelerators=tuple(str(name) for name in reader.optional(found, "accelerators", list, "machine", [])),
    )


def _object(value: Device | Ram | Cpu) -> dict[str, Any]:
    """The fields of a dataclass by name."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


class _Reader:
    """Reads JSON values, naming the file and the place in every error."""

    def __init__(self, path: str) -> None:
        self._path = path

    def error(self, message: str) -> InputError:
        """The error to raise for `message`."""
        return InputError(f"{self._path}: {message}", _HINT)

    def mapping(self, value: object, where: str) -> Mapping[str, Any]:
        """`value`, which must be an object."""
        if not isinstance(value, dict):
            raise self.error(f"{where} is not an object" if value is not None else f"{where} is missing")
        return value

    def value(self, found: Mapping[str, Any], key: str, kind: type, where: str) -> Any:
        """The value of a required key, which must be of `kind`; numbers must not be negative."""
        if found.get(key) is None:
            raise self.error(f"{where} has no {key!r}")
        return self._checked(found[key], kind, key, f"{where}: {key!r}")

    def optional(
        self, found: Mapping[str, Any], key: str, kind: type, where: str, default: Any = None
    ) -> Any:
        """The value of a key that may be missing or null."""
        if found.get(key) is None:
            return default
        return self._checked(found[key], kind, key, f"{where}: {key!r}")

    def misses(self, found: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
        """How often models miss an expert cache; most machines say nothing of it."""
        if not (said := self.optional(found, "misses", dict, "machine", {})):
            return ()
        from moefit.machine.calibration import miss_factors  # noqa: PLC0415 - most machines have run no expert cache

        try:
            return miss_factors(said)
        except ValueError as error:
            raise self.error(str(error)) from None

    def device(self, value: object, where: str) -> Device:
        """One entry of `gpus`."""
        found = self.mapping(value, where)
        name = self.value(found, "name", str, where)
        buffer = self.optional(found, "buffer", str, where, "")
        free, total = (self.value(found, key, int, where) for key in ("free", "total"))
        if free > total:
            raise self.error(f"{where}: more memory free than there is in total")
        return Device(
            name=name,
            free=free,
            total=total,
            buffer="" if buffer == name else buffer,
            description=self.optional(found, "description", str, where, ""),
            bandwidth=self.optional(found, "bandwidth", int, where),
            link_bandwidth=self.optional(found, "link_bandwidth", int, where),
            pageable_bandwidth=self.optional(found, "pageable_bandwidth", int, where),
            compute=self.optional(found, "compute", float, where),
            overhead=self.optional(found, "overhead", int, where, 0),
            integrated=self.optional(found, "integrated", bool, where, default=False),
            uuid=self.optional(found, "uuid", str, where, ""),
            source=self.optional(found, "source", str, where, "file"),
            uncapped=self.optional(found, "uncapped", int, where),
            latency=self.optional(found, "latency", float, where),
            link_now=self.optional(found, "link_now", int, where),
            link_most=self.optional(found, "link_most", int, where),
            held=self.held(found, where),
            display=self.optional(found, "display", bool, where, default=False),
        )

    def names(self, found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Further names of cards."""
        pairs = []
        for pair in self.optional(found, "duplicates", list, "machine", []):
            if not isinstance(pair, list) or [type(part) for part in pair] != [str, str]:
                raise self.error("machine: 'duplicates' is not pairs of names")
            pairs.append((pair[0], pair[1]))
        return tuple(pairs)

    def held(self, found: Mapping[str, Any], where: str) -> tuple[tuple[str, int], ...]:
        """Who holds a device's memory."""
        held = []
        for pair in self.optional(found, "held", list, where, []):
            if not isinstance(pair, list) or [type(part) for part in pair] != [str, int]:
                raise self.error(f"{where}: 'held' is not pairs of names and bytes")
            held.append((pair[0], self._checked(pair[1], int, "held", where)))
        return tuple(held)

    def ram(self, value: object, where: str) -> Ram:
        """The `ram` object."""
        found = self.mapping(value, where)
        bandwidth = self.optional(found, "bandwidth", int, where)
        rating = self.optional(found, "modules", str, where)
        modules = parse_modules(rating) if rating else None
        if rating and modules is None:
            raise self.error(f"{where}: 'modules' is no rating such as ddr5-5600x2: {rating!r}")
        return Ram(
            total=self.value(found, "total", int, where),
            available=self.value(found, "available", int, where),
            bandwidth=bandwidth,
            unlocked_limit=self.optional(found, "unlocked_limit", int, where),
            bandwidth_by_threads=self._rates(found, "bandwidth_by_threads", where),
            decoded_by_threads=self._rates(found, "decoded_by_threads", where),
            source=self.optional(
                found, "source", str, where, "file" if bandwidth is not None or modules else "unknown"
            ),
            modules=modules,
        )

    def _rates(self, found: Mapping[str, Any], key: str, where: str) -> tuple[tuple[int, int], ...]:
        pairs = []
        for pair in self.optional(found, key, list, where, []):
            if (
                not isinstance(pair, list)
                or len(pair) != 2
                or not all(type(n) is int and 0 < n <= _MOST for n in pair)
            ):
                raise self.error(f"{where}: '{key}' is not pairs of threads and bytes per second")
            pairs.append((pair[0], pair[1]))
        return tuple(sorted(pairs))

    def cpu(self, value: object, where: str) -> Cpu:
        """The `cpu` object."""
        found = self.mapping(value, where)
        cores = self.value(found, "cores", int, where)
        threads = self.optional(found, "threads", int, where, cores)
        if not 1 <= cores <= threads:
            raise self.error(f"{where}: {counted(cores, 'core')} and {counted(threads, 'thread')}")
        return Cpu(
            cores=cores,
            threads=threads,
            model=self.optional(found, "model", str, where, ""),
            numa_nodes=self.optional(found, "numa_nodes", int, where, 1),
            quota=self.optional(found, "quota", float, where),
            default_threads=self.optional(found, "default_threads", int, where),
            virtual=self.optional(found, "virtual", bool, where, default=False),
            assumed=self.optional(found, "assumed", bool, where, default=False),
        )

    def _checked(self, value: Any, kind: type, key: str, where: str) -> Any:
        """`value` as `kind`, or an error; an int is a float too, a bool is no number."""
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(f"{where} is not {_KIND_NAMES[kind]}")
        least, most = _LEAST.get(key, 0), _MOST_OF.get(key, _MOST)
        if isinstance(value, int | float) and not least <= value <= most:
            raise self.error(f"{where} is out of range")
        return value


_MOST: Final = 1 << 60
"""Of bytes and rates: anything above is damage."""
_LEAST: Final = {
    **dict.fromkeys(("compute", "numa_nodes", "default_threads"), 1),
    **dict.fromkeys(("bandwidth", "link_bandwidth", "pageable_bandwidth"), 10**6),
}
"""What is divided by."""
_MOST_OF: Final = dict.fromkeys(("cores", "threads", "numa_nodes", "default_threads"), 1 << 16)
_KIND_NAMES: Final = {
    int: "a whole number",
    float: "a number",
    str: "a string",
    bool: "true or false",
    list: "a list",
}
