"""What the real llama.cpp says it will use, set against a prediction: what `moefit verify` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moefit.memory.types import Footprint, HostUse, Use


@dataclass(frozen=True, slots=True)
class RealDevice:
    """One device, as llama.cpp sees it."""

    name: str
    total: int
    free: int
    """Bytes free while llama.cpp's own context on the device exists."""
    use: Use
    """Of the main model: whole MiB, cut off, so each term may be up to one MiB larger."""


@dataclass(frozen=True, slots=True)
class RealUse:
    """What llama.cpp will use for a line."""

    devices: tuple[RealDevice, ...]
    host: Use
    """Pinned, mapped and repacked memory together."""
    extra: Mapping[str, Use] = field(default_factory=dict)
    """Device name (or Host) -> a draft model's or MTP context's use."""
    mmproj: Mapping[str, int] = field(default_factory=dict)
    """Device name -> bytes of the multimodal projector, weights and compute."""
    whole_ubatch_outputs: bool = False
    """The figures come from llama-fit-params, which reserves logits for every token of a ubatch."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One term of one device."""

    device: str
    """As llama.cpp names it, or Host."""
    term: str
    """model, context or compute."""
    predicted: int
    real: int
    """Cut off to whole MiB by llama.cpp."""

    @property
    def error(self) -> int:
        """Bytes predicted beyond what is real; negative when the prediction is too low."""
        return self.predicted - self.real


def compare(names: Sequence[str], predicted: Footprint, real: RealUse) -> tuple[Difference, ...]:
    """Every term of every device and of the host, in the order of the plan's devices `names`.

    A device that llama.cpp does not report uses nothing.
    """
    known = {device.name: device.use for device in real.devices}
    rows: list[Difference] = []
    for name, use in zip(names, predicted.devices, strict=True):
        rows += _terms(name, use, known.get(name, Use()))
    return (*rows, *_terms("Host", predicted.host, real.host))


def shortfalls(real: RealUse, reserves: Mapping[str, int]) -> dict[str, int]:
    """Bytes that each device lacks for what llama.cpp will use and the plan's reserve, by device name.

    Extras (a draft model, a projector) count; devices with enough are left out. llama.cpp reads free memory after its own
    runtime has started, so a plan's overhead is already taken from it.
    """
    lacking: dict[str, int] = {}
    for device in real.devices:
        extra = real.extra.get(device.name, Use()).total + real.mmproj.get(device.name, 0)
        need = device.use.total + extra + reserves.get(device.name, 0)
        if need > device.free:
            lacking[device.name] = need - device.free
    return lacking


def _terms(name: str, predicted: Use | HostUse, real: Use) -> list[Difference]:
    return [
        Difference(name, "model", predicted.model, real.model),
        Difference(name, "context", predicted.context, real.context),
        Difference(name, "compute", predicted.compute, real.compute),
    ]
