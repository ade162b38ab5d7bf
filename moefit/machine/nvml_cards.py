"""The cards of an initialised NVML: what each is, what it can do, and as which device CUDA will show it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from moefit.machine import nvml_calls as nvml
from moefit.machine.card import Card
from moefit.machine.catalogue import card_of_driver, is_discrete
from moefit.machine.cuda_order import GUESSED, NumberedGpu, Visible, devices_by_uuid, visible_gpus
from moefit.machine.link import pcie_bandwidth
from moefit.machine.nvml_now import read_now
from moefit.machine.overhead import context_overhead
from moefit.machine.types import Device
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moefit.machine.types import Ram

_VARIABLES: Final = ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES")

_MOST_CARDS: Final = 256
"""Far more than one host has: beyond it the count is not believed."""
_MOST_PARTS: Final = 64
"""MIG devices of one card; seven on those there are."""

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

_CLOCK: Final = nvml.integer_between(1, 100_000)
"""MHz."""


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

    @property
    def compute(self) -> float | None:
        """Dense FP16 tensor FLOP/s from its multiprocessors and clock; None when unknown."""
        if not self.multiprocessors or not self.clock or not self.capability:
            return None
        per_clock = _TENSOR_FLOP_PER_CLOCK.get(self.capability, 1024)
        return float(self.multiprocessors * per_clock * self.clock * 10**6)


@dataclass(frozen=True, slots=True)
class _Memory:
    """Bytes of a card, or of a part of it."""

    total: int
    free: int
    shared: bool = False
    """They are the host's."""


class Cards:
    """Asks for every card; what could not be told is gathered as warnings."""

    def __init__(self, library: Any, note: Callable[[str], None]) -> None:
        """`library` is pynvml, initialised; `note` is told the name of every call before it is made."""
        self._library = library
        self._calls = nvml.Calls(library, note)
        self._note = note
        self._warnings = self._calls.warnings
        self.lost = ""
        """What a card that is there fails with, as words; empty where each answers."""

    def devices(self, environment: Mapping[str, str], ram: Ram) -> tuple[list[Device], list[str]]:
        """See `read_gpus`."""
        cards = self._cards()
        candidates = [
            NumberedGpu(card.uuid, card.name, card.cores * card.clock, tuple(card.parts)) for card in cards
        ]
        order = visible_gpus(candidates, environment)
        self._warnings.extend(order.warnings)
        seen = order.devices
        if order.guessed:
            seen = self._asked(candidates, environment) or self._guessed(candidates, seen)
        devices: list[Device] = []
        for one in seen:
            device = self._device(cards[one.index], one.mig, f"CUDA{len(devices)}", ram)
            if device is not None:
                devices.append(device)
        return devices, self._warnings

    def _asked(
        self, candidates: Sequence[NumberedGpu], environment: Mapping[str, str]
    ) -> tuple[Visible, ...] | None:
        """What the CUDA driver itself lists, where NVML's view leaves the order open; None where it does not answer.

        It reads the variables of this process; for any others it cannot be asked.
        """
        if any(environment.get(name) != os.environ.get(name) for name in _VARIABLES):
            return None
        from moefit.machine import cuda_driver  # noqa: PLC0415 - seldom needed

        self._note("cuInit")
        uuids = cuda_driver.cuda_uuids()
        return devices_by_uuid(candidates, uuids) if uuids else None

    def _guessed(self, candidates: Sequence[NumberedGpu], seen: tuple[Visible, ...]) -> tuple[Visible, ...]:
        """What is taken for CUDA's view, with a warning."""
        names = ", ".join(f"CUDA{place} {candidates[one.index].name}" for place, one in enumerate(seen))
        self._warnings.append(f"{GUESSED}: {names}; CUDA_DEVICE_ORDER=PCI_BUS_ID makes it sure")
        return seen

    def _cards(self) -> list[_Card]:
        """Every GPU that answers, in PCI bus order."""
        try:
            count = self._calls.need(nvml.integer_between(0, _MOST_CARDS), "nvmlDeviceGetCount")
        except nvml.NvmlFault as fault:
            self._lose(
                f"no NVIDIA GPU: NVML cannot count them ({fault})", f"NVML cannot count GPUs ({fault})"
            )
            return []
        return [card for card in map(self._card, range(count)) if card is not None]

    def _lose(self, warning: str, trouble: str = "") -> None:
        self._warnings.append(warning)
        self.lost = self.lost or trouble or warning

    def _card(self, index: int) -> _Card | None:
        """One GPU; None, with a warning, where it does not answer."""
        try:
            handle = self._calls.need(_any, "nvmlDeviceGetHandleByIndex", index)
            name = self._name(handle, index)
        except nvml.NvmlFault as fault:
            self._lose(f"GPU {index} is left out: {fault}")
            return None
        label, ask = f"GPU {index} ({name})", self._calls.ask
        major, minor = ask(label, nvml.pair(0, 99), "nvmlDeviceGetCudaComputeCapability", handle) or (0, 0)
        return _Card(
            handle=handle,
            label=label,
            name=name,
            uuid=ask(label, nvml.text, "nvmlDeviceGetUUID", handle) or "",
            capability=major * 10 + minor,
            cores=ask(label, nvml.integer_between(0, 200_000), "nvmlDeviceGetNumGpuCores", handle) or 0,
            clock=ask(label, _CLOCK, "nvmlDeviceGetMaxClockInfo", handle, self._library.NVML_CLOCK_SM) or 0,
            parts=self._parts(label, handle),
        )

    def _name(self, handle: Any, index: int) -> str:
        """The card's name; a card whose name is no text is used all the same.

        Raises:
            NvmlFault: the card does not answer.
        """
        try:
            return str(self._calls.need(nvml.text, "nvmlDeviceGetName", handle))
        except nvml.NvmlFault as fault:
            if not isinstance(fault.__cause__, UnicodeDecodeError | None):
                raise
            self._warnings.append(f"GPU {index}: {fault}; taken as unknown")
            return "NVIDIA GPU"

    def _parts(self, label: str, handle: Any) -> dict[str, Any]:
        """The MIG devices of a card in MIG mode, by UUID; none for others."""
        ask = self._calls.ask
        mode = ask(label, nvml.pair(0, 1), "nvmlDeviceGetMigMode", handle)
        if not mode or mode[0] != self._library.NVML_DEVICE_MIG_ENABLE:
            return {}
        parts = {}
        most = ask(label, nvml.integer_between(0, _MOST_PARTS), "nvmlDeviceGetMaxMigDeviceCount", handle) or 0
        for index in range(most):
            part = ask(label, _any, "nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
            uuid = ask(label, nvml.text, "nvmlDeviceGetUUID", part) if part is not None else None
            if uuid:
                parts[uuid] = part
        return parts

    def _device(self, card: _Card, mig: str, name: str, ram: Ram) -> Device | None:
        """The card, or its part `mig`, as device `name`; None, with a warning, where it does not answer."""
        try:
            memory = self._memory(card, card.parts[mig] if mig else card.handle, ram)
        except nvml.NvmlFault as fault:
            self._lose(f"{card.label} is left out: {fault}")
            return None
        known = card_of_driver(card.name, memory.total)
        share = self._share(card, memory.total) if mig else 1.0
        bandwidth = self._bandwidth(card) or (known.bandwidth if known else None)
        compute = known.compute if known else card.compute
        if bandwidth is None:
            self._warnings.append(f"{card.label}: memory bandwidth unknown")
        now = read_now(self._calls, card.label, card.handle)
        return Device(
            name=name,
            free=memory.free,
            total=memory.total,
            description=f"{card.name} MIG" if mig else card.name,
            bandwidth=int(bandwidth * share) if bandwidth else None,
            link_bandwidth=None if memory.shared else self._link(card, known),
            compute=compute * share if compute else None,
            overhead=context_overhead(
                name, card.multiprocessors or (known.multiprocessors if known else None)
            ),
            integrated=memory.shared,
            uuid=mig or card.uuid,
            source="nvml",
            link_now=None if memory.shared else now.link_now,
            link_most=None if memory.shared else now.link_most,
            held=now.held,
            display=now.display,
        )

    def _memory(self, card: _Card, handle: Any, ram: Ram) -> _Memory:
        """The memory of the card or of its part; the host's, where it has none of its own.

        Raises:
            NvmlFault: it has, or may have, and does not tell how much.
        """
        try:
            return _Memory(*self._calls.need(nvml.memory, "nvmlDeviceGetMemoryInfo", handle))
        except nvml.NvmlFault as fault:
            if not fault.unsupported or is_discrete(card.name):
                raise
        known = card_of_driver(card.name, ram.total)
        if known is None or not known.integrated:
            self._warnings.append(f"{card.label} shows no memory of its own; taken to share the host's")
        return _Memory(ram.total, ram.available, shared=True)

    def _share(self, card: _Card, total: int) -> float:
        """The part of a card's memory, and so of its memory channels, that a MIG device of `total` bytes has."""
        memory = self._calls.ask(card.label, nvml.memory, "nvmlDeviceGetMemoryInfo", card.handle)
        return min(1.0, total / memory[0]) if memory else 1.0

    def _bandwidth(self, card: _Card) -> int | None:
        """Memory bandwidth from bus width and clock, bytes per second."""
        ask, kind = self._calls.ask, self._library.NVML_CLOCK_MEM
        bits = (
            ask(card.label, nvml.integer_between(0, 1 << 16), "nvmlDeviceGetMemoryBusWidth", card.handle) or 0
        )
        megahertz = ask(card.label, _CLOCK, "nvmlDeviceGetMaxClockInfo", card.handle, kind) or 0
        return bits * megahertz * 10**6 * _TRANSFERS_PER_CLOCK // 8 or None

    def _link(self, card: _Card, known: Card | None) -> int | None:
        """Host to device from pinned memory: the generation the link can reach (idle cards slow it down), its present width."""
        if known and known.link_gbs:
            return known.link_bandwidth
        ask, lanes = self._calls.ask, nvml.integer_between(1, 32)
        generation = ask(
            card.label, nvml.integer_between(1, 9), "nvmlDeviceGetMaxPcieLinkGeneration", card.handle
        )
        widths = (
            ask(card.label, lanes, "nvmlDeviceGetMaxPcieLinkWidth", card.handle),
            ask(card.label, lanes, "nvmlDeviceGetCurrPcieLinkWidth", card.handle),
        )
        width = min((width for width in widths if width), default=None)
        if generation and width:
            return pcie_bandwidth(generation, width)
        return known.link_bandwidth if known else None


def _any(answer: Any) -> Any:
    """Takes any handle but none."""
    if answer is None or isinstance(answer, str | bytes | int | float):
        raise ValueError
    return answer
