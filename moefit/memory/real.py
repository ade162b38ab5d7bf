"""What the real llama.cpp says it will use, set against a prediction: what `moefit verify` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from moefit.memory.types import HostUse, Use
from moefit.values import dataclass

HOST_ROW: Final = "Host"
"""The row of everything in RAM."""


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
    draft: Mapping[str, Use] = field(default_factory=dict)
    """Device name (or Host) -> a draft model's or MTP context's use."""
    mmproj: Mapping[str, int] = field(default_factory=dict)
    """Device name -> bytes of the multimodal projector, weights and compute."""
    outputs_per_token: bool = False
    """The figures come from llama-fit-params, which reserves logits for every token of a ubatch."""

    def guests_on(self, device: str) -> int:
        """Bytes of draft model and projector on a device."""
        return self.draft.get(device, Use()).total + self.mmproj.get(device, 0)


@dataclass(frozen=True, slots=True)
class Difference:
    """One term of one device."""

    device: str
    """As llama.cpp names it, or Host."""
    term: str
    """model, context, compute or guests."""
    predicted: int
    real: int
    """Cut off to whole MiB by llama.cpp."""

    @property
    def error(self) -> int:
        """Bytes predicted beyond what is real; negative when the prediction is too low."""
        return self.predicted - self.real


def differences(predicted: Mapping[str, Use], host: HostUse, real: RealUse) -> tuple[Difference, ...]:
    """Every term of every device of a prediction, in its order, and of the host.

    A device that llama.cpp does not report uses nothing.
    """
    known = {device.name: device.use for device in real.devices}
    rows: list[Difference] = []
    for name, use in predicted.items():
        rows += _terms(name, use, known.get(name, Use()))
    return (*rows, *_terms(HOST_ROW, host, real.host))


def compare_guests(predicted: Mapping[str, int], real: RealUse) -> tuple[Difference, ...]:
    """Guests of the line (a draft model, a projector), all of their bytes on a device as one term."""
    return tuple(
        Difference(name, "guests", size, real.guests_on(name))
        for name, size in predicted.items()
        if size or real.guests_on(name)
    )


def real_shortfalls(real: RealUse, usable: Mapping[str, int]) -> dict[str, int]:
    """Bytes that devices lack for what llama.cpp will use, guests of the line included; those with enough are left out.

    Args:
        real: what llama.cpp says.
        usable: device name -> free memory less overhead and reserve; below zero nothing can be used.
    """
    needed = {device.name: device.use.total + real.guests_on(device.name) for device in real.devices}
    lacking = {name: needed.get(name, 0) - max(0, size) for name, size in usable.items()}
    return {name: size for name, size in lacking.items() if size > 0}


def _terms(name: str, predicted: Use | HostUse, real: Use) -> list[Difference]:
    return [
        Difference(name, "model", predicted.model, real.model),
        Difference(name, "context", predicted.context, real.context),
        Difference(name, "compute", predicted.compute, real.compute),
    ]
