"""What an NVIDIA card is doing now: who holds its memory, whether a screen hangs on it, at what its link runs. For a reader: no plan needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moefit.machine import nvml_calls as nvml
from moefit.machine.link import pcie_bandwidth
from moefit.shown import visible
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

_LISTS: Final = ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses")
_MOST: Final = 64
"""Processes of a list that are looked at."""


@dataclass(frozen=True, slots=True)
class Now:
    """A card at this moment."""

    held: tuple[tuple[str, int], ...]
    """Names of processes and the bytes that each holds, the largest first; what the driver does not tell is not there."""
    display: bool
    """A screen is driven by it."""
    link_now: int | None
    """Bytes per second that its link would carry at its present generation and width; idle links slow down."""
    link_most: int | None
    """The same at the highest that card and slot can do."""


def read_now(calls: nvml.Calls, label: str, handle: Any) -> Now:
    """The card's present state; what it does not tell is unknown."""

    def ask(check: nvml.Check, name: str) -> Any:
        return calls.ask(label, check, name, handle)

    def link(kind: str) -> int | None:
        generation = ask(nvml.integer_between(1, 9), f"nvmlDeviceGet{kind}PcieLinkGeneration")
        width = ask(nvml.integer_between(1, 32), f"nvmlDeviceGet{kind}PcieLinkWidth")
        return pcie_bandwidth(generation, width) if generation and width else None

    sizes: dict[int, int] = {}
    for name in _LISTS:
        sizes |= dict(ask(_processes, name) or ())
    return Now(
        held=_named(sizes.items()),
        display=bool(ask(nvml.integer_between(0, 1), "nvmlDeviceGetDisplayActive")),
        link_now=link("Curr"),
        link_most=link("Max"),
    )


def _processes(answer: Any) -> list[tuple[int, int]]:
    """Takes processes with their bytes; those whose bytes the driver keeps back are left out."""
    number, size = nvml.integer_between(1, 1 << 32), nvml.integer_between(1, 1 << 50)
    return [(number(one.pid), size(one.usedGpuMemory)) for one in list(answer)[:_MOST] if one.usedGpuMemory]


def _named(sizes: Iterable[tuple[int, int]]) -> tuple[tuple[str, int], ...]:
    import psutil  # noqa: PLC0415 - most cards are held by nobody

    found = []
    for pid, size in sizes:
        try:
            name = visible(psutil.Process(pid).name())
        except (psutil.Error, OSError):  # of another user, of another container, or gone
            name = f"process {pid}"
        found.append((name, size))
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))
