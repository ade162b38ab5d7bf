"""A pynvml that answers from a list of cards, for machines without one and for failures no card shows on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

MIB = 1 << 20


class NVMLError(Exception):
    pass


class NotSupportedError(NVMLError):
    def __str__(self) -> str:
        return "Not Supported"


class GpuIsLostError(NVMLError):
    def __str__(self) -> str:
        return "GPU is lost"


class LibraryNotFoundError(NVMLError):
    def __str__(self) -> str:
        return "NVML Shared Library Not Found"


NOT_SUPPORTED = NotSupportedError()
LOST = GpuIsLostError()
NO_LIBRARY = LibraryNotFoundError()


@dataclass
class FakeCard:
    """What one card answers: a value, or an exception to raise."""

    name: Any = "NVIDIA GeForce RTX 3060"
    uuid: Any = "GPU-3060"
    total: int = 12288 * MIB
    free: Any = 11900 * MIB
    capability: Any = (8, 6)
    cores: Any = 3584
    sm_clock: Any = 2130
    memory_clock: Any = 7501
    bus: Any = 192
    generation: Any = 4
    width: Any = 16
    current_width: Any = 16
    current_generation: Any = 1
    compute: Any = ()
    """Pairs of process and bytes that compute; None for bytes that the driver keeps back."""
    graphics: Any = ()
    """The same of those that draw."""
    display: Any = 0
    handle: Any = None
    """An exception that getting the card's handle raises."""
    mig: list[FakeCard] = field(default_factory=list)

    @property
    def memory(self) -> Any:
        return (
            self.free
            if isinstance(self.free, Exception)
            else SimpleNamespace(total=self.total, free=self.free)
        )

    @property
    def computing(self) -> Any:
        return self._processes(self.compute)

    @property
    def drawing(self) -> Any:
        return self._processes(self.graphics)

    @staticmethod
    def _processes(pairs: Any) -> Any:
        if isinstance(pairs, Exception):
            return pairs
        return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in pairs]

    @property
    def mig_mode(self) -> Any:
        return (1, 1) if self.mig else NOT_SUPPORTED


def fake_nvml(*cards: FakeCard, init: Exception | None = None, count: Exception | None = None) -> ModuleType:
    """A module to stand in for pynvml."""
    module: Any = ModuleType("pynvml")
    module.shut_down = 0

    def value(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    def shut_down() -> None:
        module.shut_down += 1

    def ask(name: str) -> Any:
        return lambda card: value(getattr(card, name))

    def handle(index: int) -> FakeCard:
        value(cards[index].handle)
        return cards[index]

    def mig_handle(card: FakeCard, index: int) -> FakeCard:
        return card.mig[index] if index < len(card.mig) else value(NOT_SUPPORTED)

    module.NVMLError, module.NVMLError_NotSupported = NVMLError, NotSupportedError
    module.NVMLError_LibraryNotFound = LibraryNotFoundError
    module.NVML_CLOCK_SM, module.NVML_CLOCK_MEM, module.NVML_DEVICE_MIG_ENABLE = 1, 2, 1
    module.nvmlInit = lambda: value(init)
    module.nvmlShutdown = shut_down
    module.nvmlDeviceGetCount = lambda: value(count or len(cards))
    module.nvmlDeviceGetHandleByIndex = handle
    module.nvmlDeviceGetName = ask("name")
    module.nvmlDeviceGetUUID = ask("uuid")
    module.nvmlDeviceGetMemoryInfo = ask("memory")
    module.nvmlDeviceGetCudaComputeCapability = ask("capability")
    module.nvmlDeviceGetNumGpuCores = ask("cores")
    module.nvmlDeviceGetMemoryBusWidth = ask("bus")
    module.nvmlDeviceGetMaxClockInfo = lambda card, kind: value(
        card.sm_clock if kind == 1 else card.memory_clock
    )
    module.nvmlDeviceGetMaxPcieLinkGeneration = ask("generation")
    module.nvmlDeviceGetMaxPcieLinkWidth = ask("width")
    module.nvmlDeviceGetCurrPcieLinkWidth = ask("current_width")
    module.nvmlDeviceGetCurrPcieLinkGeneration = ask("current_generation")
    module.nvmlDeviceGetComputeRunningProcesses = ask("computing")
    module.nvmlDeviceGetGraphicsRunningProcesses = ask("drawing")
    module.nvmlDeviceGetDisplayActive = ask("display")
    module.nvmlDeviceGetMigMode = ask("mig_mode")
    module.nvmlDeviceGetMaxMigDeviceCount = lambda _card: 7
    module.nvmlDeviceGetMigDeviceHandleByIndex = mig_handle
    return module
