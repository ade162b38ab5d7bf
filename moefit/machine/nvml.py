"""NVIDIA GPUs as NVML describes them, named and ordered as CUDA, and so llama.cpp, will."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

from moefit.machine.catalogue import card_of_driver
from moefit.machine.cuda_order import Candidate, Visible, devices_by_uuid, visible_devices
from moefit.machine.link import pcie_bandwidth
from moefit.machine.overhead import context_overhead
from moefit.machine.types import Device
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moefit.machine.types import Ram

    Warn = Callable[[str], None]

T = TypeVar("T")

_VARIABLES: Final = ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES")

_TRANSFERS_PER_CLOCK: Final = 2
"""NVML's memory clock of GDDR5 to GDDR7 and HBM2 to HBM3e alike is half the data rate: an RTX 3060 (GDDR6, 192 bits) shows
7501 MHz for 360 GB/s, an RTX 5090 (GDDR7, 512) 14001 for 1792, a P40 (GDDR5, 384) 3615 for 347, an H100 (HBM3, 5120) 2619 for 3350."""

_CORES_PER_MULTIPROCESSOR: Final = {60: 64, 70: 64, 72: 64, 75: 64, 80: 64}
"""CUDA cores of a multiprocessor by compute capability; 128 everywhere else (CUDA C++ Programming Guide, compute capabilities)."""

_TENSOR_FLOP_PER_CLOCK: Final = {
    60: 256,
    61: 512,
    70: 1024,
    72: 1024,
    75: 1024,
    80: 2048,
    90: 4096,
    100: 8192,
    103: 8192,
}
"""Dense FP16 tensor FLOP of a multiprocessor and clock by compute capability, 1024 for later ones (NVIDIA's architecture white
papers); Pascal has none: its FP16 rate (6.0) or half its int8 dot products (6.1)."""


@dataclass(frozen=True, slots=True)
class _Card:
    """One GPU that NVML lists."""

    handle: Any
    label: str
    """What a warning calls it."""
    name: str
    uuid: str
    capability: int
    """Compute capability times ten; 0 when unknown."""
    cores: int
    clock: int
    """Highest multiprocessor clock, MHz; 0 when unknown."""
    parts: Mapping[str, Any]
    """MIG device handles by UUID."""

    @property
    def multiprocessors(self) -> int | None:
        """Streaming multiprocessors; None when unknown."""
        return self.cores // _CORES_PER_MULTIPROCESSOR.get(self.capability, 128) or None


def read_gpus(environment: Mapping[str, str], ram: Ram) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    """The GPUs a CUDA program sees under `environment`, in its order as CUDA0, CUDA1, ..., and what could not be told.

    Whatever NVML fails at is a warning: without a driver there are no GPUs, a card that does not answer is left out, a figure
    that is not there comes from the catalogue or stays unknown. A card without memory of its own shares `ram`.
    """
    try:
        import pynvml  # noqa: PLC0415 - slow to import, and a declared machine does without
    except ImportError as error:
        return (), (f"NVIDIA GPUs are not looked for: {error}",)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return (), (f"no NVIDIA GPU: {error}",)
    try:
        return _Nvml(pynvml).devices(environment, ram)
    finally:
        _quietly(pynvml, pynvml.nvmlShutdown)


class _Nvml:
    """One initialised NVML and the warnings gathered while asking it."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._warnings: list[str] = []

    def devices(self, environment: Mapping[str, str], ram: Ram) -> tuple[tuple[Device, ...], tuple[str, ...]]:
        """See `read_gpus`."""
        cards = self._cards()
        candidates = [
            Candidate(card.uuid, card.name, card.cores * card.clock, tuple(card.parts)) for card in cards
        ]
        order = visible_devices(candidates, environment)
        self._warnings.extend(order.warnings)
        seen = order.devices
        if order.guessed:
            seen = self._asked(candidates, environment) or self._guessed(candidates, seen)
        devices: list[Device] = []
        for one in seen:
            device = self._device(cards[one.index], one.mig, f"CUDA{len(devices)}", ram)
            if device is not None:
                devices.append(device)
        return tuple(devices), tuple(self._warnings)

    def _asked(
        self, candidates: Sequence[Candidate], environment: Mapping[str, str]
    ) -> tuple[Visible, ...] | None:
        """What the CUDA driver itself lists, where NVML's view leaves the order open; None where it does not answer.

        It reads the variables of this process; for any others it cannot be asked.
        """
        if any(environment.get(name) != os.environ.get(name) for name in _VARIABLES):
            return None
        uuids = cuda_uuids()
        return devices_by_uuid(candidates, uuids) if uuids else None

    def _guessed(self, candidates: Sequence[Candidate], seen: tuple[Visible, ...]) -> tuple[Visible, ...]:
        """What is taken for CUDA's view, with a warning."""
        names = ", ".join(f"CUDA{place} {candidates[one.index].name}" for place, one in enumerate(seen))
        self._warnings.append(
            f"how CUDA orders unlike cards is a guess: {names}; CUDA_DEVICE_ORDER=PCI_BUS_ID makes it sure"
        )
        return seen

    def _cards(self) -> list[_Card]:
        """Every GPU that answers, in PCI bus order."""
        nvml = self._library
        try:
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as error:
            self._warnings.append(f"no NVIDIA GPU: NVML cannot count them ({error})")
            return []
        cards = []
        for index in range(count):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                name = _text(nvml.nvmlDeviceGetName(handle))
            except nvml.NVMLError as error:
                self._warnings.append(f"GPU {index} is left out: NVML says {error}")
                continue
            major, minor = self._ask(nvml.nvmlDeviceGetCudaComputeCapability, handle) or (0, 0)
            cards.append(
                _Card(
                    handle=handle,
                    label=f"GPU {index} ({name})",
                    name=name,
                    uuid=_text(self._ask(nvml.nvmlDeviceGetUUID, handle) or ""),
                    capability=major * 10 + minor,
                    cores=self._ask(nvml.nvmlDeviceGetNumGpuCores, handle) or 0,
                    clock=self._ask(nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_SM) or 0,
                    parts=self._parts(handle),
                )
            )
        return cards

    def _parts(self, handle: Any) -> dict[str, Any]:
        """The MIG devices of a card in MIG mode, by UUID; none for others."""
        nvml = self._library
        mode = self._ask(nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return {}
        parts = {}
        for index in range(self._ask(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self._ask(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
            uuid = self._ask(nvml.nvmlDeviceGetUUID, part) if part is not None else None
            if uuid:
                parts[_text(uuid)] = part
        return parts

    def _device(self, card: _Card, mig: str, name: str, ram: Ram) -> Device | None:
        """The card, or its part `mig`, as device `name`; None, with a warning, where it does not answer."""
        nvml = self._library
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(card.parts[mig] if mig else card.handle)
            total, free, integrated = int(memory.total), int(memory.free), False
        except nvml.NVMLError_NotSupported:
            total, free, integrated = ram.total, ram.available, True
        except nvml.NVMLError as error:
            self._warnings.append(f"{card.label} is left out: NVML says {error}")
            return None
        known = card_of_driver(card.name, total)
        if integrated and (known is None or not known.integrated):
            self._warnings.append(f"{card.label} shows no memory of its own; taken to share the host's")
        share = self._share(card, total) if mig else 1.0
        bandwidth = self._bandwidth(card) or (known.bandwidth if known else None)
        compute = known.compute if known else self._compute(card)
        link = None if integrated else self._link(card) or (known.link_bandwidth if known else None)
        if bandwidth is None:
            self._warnings.append(f"{card.label}: memory bandwidth unknown")
        return Device(
            name=name,
            free=min(free, total),
            total=total,
            description=f"{card.name} MIG" if mig else card.name,
            bandwidth=int(bandwidth * share) if bandwidth else None,
            link_bandwidth=link,
            compute=compute * share if compute else None,
            overhead=context_overhead(
                name, card.multiprocessors or (known.multiprocessors if known else None)
            ),
            integrated=integrated,
            uuid=mig or card.uuid,
            source="nvml",
        )

    def _share(self, card: _Card, total: int) -> float:
        """The part of a card's memory, and so of its memory channels, that a MIG device of `total` bytes has."""
        whole = self._ask(self._library.nvmlDeviceGetMemoryInfo, card.handle)
        return min(1.0, total / whole.total) if whole and whole.total else 1.0

    def _bandwidth(self, card: _Card) -> int | None:
        """Memory bandwidth from bus width and clock, bytes per second."""
        nvml = self._library
        bits = self._ask(nvml.nvmlDeviceGetMemoryBusWidth, card.handle) or 0
        megahertz = self._ask(nvml.nvmlDeviceGetMaxClockInfo, card.handle, nvml.NVML_CLOCK_MEM) or 0
        return bits * megahertz * 10**6 * _TRANSFERS_PER_CLOCK // 8 or None

    def _compute(self, card: _Card) -> float | None:
        """Dense FP16 tensor FLOP/s of a card that is not in the catalogue, from its multiprocessors and clock."""
        if not card.multiprocessors or not card.clock or not card.capability:
            return None
        per_clock = _TENSOR_FLOP_PER_CLOCK.get(card.capability, 1024)
        return float(card.multiprocessors * per_clock * card.clock * 10**6)

    def _link(self, card: _Card) -> int | None:
        """Host to device from pinned memory: the generation the link can reach (idle cards slow it down), its present width."""
        nvml = self._library
        generation = self._ask(nvml.nvmlDeviceGetMaxPcieLinkGeneration, card.handle)
        widths = (
            self._ask(nvml.nvmlDeviceGetMaxPcieLinkWidth, card.handle),
            self._ask(nvml.nvmlDeviceGetCurrPcieLinkWidth, card.handle),
        )
        width = min((width for width in widths if width), default=None)
        return pcie_bandwidth(generation, width) if generation and width else None

    def _ask(self, function: Callable[..., T], *arguments: Any) -> T | None:
        """What an optional question answers, None where NVML has no answer."""
        return _quietly(self._library, function, *arguments)


def cuda_uuids() -> tuple[str, ...] | None:
    """The UUIDs of the devices CUDA sees, in its order; None where there is no driver or it fails.

    Initialising the driver takes some tenths of a second, more with many cards, which is why NVML is asked first.
    """
    from moefit.machine.cuda_driver import CudaDriver, CudaError, load_library  # noqa: PLC0415 - seldom needed

    library = load_library()
    if library is None:
        return None
    try:
        driver = CudaDriver(library)
        return tuple(driver.uuid(index) for index in range(driver.count()))
    except CudaError:
        return None


def _quietly(library: Any, function: Callable[..., T], *arguments: Any) -> T | None:
    """The function's value, None where NVML fails."""
    try:
        return function(*arguments)
    except library.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    """A name as text: some versions of the bindings give bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
