"""Where every tensor and every layer's KV goes, in the only terms llama.cpp can express."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache

from moefit.machine.types import CPU
from moefit.values import dataclass

_APPLIED = frozenset({"weight", "bias", "scale", "input_scale"})
"""Last parts of the names of a matrix and of what its product is added to or multiplied with."""


@dataclass(frozen=True, slots=True)
class Placement:
    """`-ngl` and `-ts` as device runs, `-ot` as exceptions."""

    slots: tuple[int, ...]
    """Device index (or CPU) of each layer slot: one per block, MTP blocks included, and the output last.

    A layer's KV and every tensor of it that has no override live there. llama.cpp can express a CPU prefix
    followed by contiguous runs of devices in order.
    """
    overrides: Mapping[str, int] = field(default_factory=dict)
    """Tensor name -> device index (or CPU), for tensors that live elsewhere than their slot's device."""

    @property
    def offloaded(self) -> int:
        """`-ngl`: slots on a device, counted from the output down."""
        return sum(device != CPU for device in self.slots)


@lru_cache(1024)
def _matrices(experts: tuple[tuple[str, int], ...]) -> tuple[tuple[tuple[str, ...], int], ...]:
    found: dict[str, tuple[tuple[str, ...], int]] = {}
    for name, size in experts:
        stem, _, part = name.rpartition(".")
        key = stem if part in _APPLIED else name
        names, together = found.get(key, ((), 0))
        found[key] = ((*names, name), together + size)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class LayerSize:
    """What one layer slot costs the device that holds it, in bytes."""

    base: int
    """Weights without routed experts, plus KV or state."""
    experts: tuple[tuple[str, int], ...] = ()
    """Routed-expert tensors: (name, bytes), in the file's order."""
    ffn: tuple[tuple[str, int], ...] = ()
    """Matrices of a dense FFN, which are part of `base`: (name, bytes)."""

    @property
    def expert_bytes(self) -> int:
        """Bytes of all routed-expert tensors."""
        return sum(size for _, size in self.experts)

    @property
    def matrices(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """Routed-expert matrices, each with the bias and the scale that are applied to its product: (names, bytes).

        They are placed together: a bias that lives elsewhere takes each token there and back, for llama.cpp computes where a weight lies.
        source: ggml/src/ggml-backend.cpp, ggml_backend_sched_backend_id_from_cur
        """
        return _matrices(self.experts)

    @property
    def total(self) -> int:
        """Base and experts."""
        return self.base + self.expert_bytes


@dataclass(frozen=True, slots=True)
class Ledger:
    """The sizes a strategy places: every layer slot in order, the output last."""

    slots: tuple[LayerSize, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """What a strategy may use of one device."""

    capacity: int
    """Bytes for weights and KV: free - overhead - reserve - compute; never negative."""
    backend: str = ""
    """Devices of different backends are never mixed by the two-pass fit."""
    integrated: bool = False
    free: int = 0
    """Bytes by which rooms are ordered, where compute buffers must not decide it; 0 means the capacity."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A strategy's answer."""

    slots: tuple[int, ...]
    """Index of the room (or CPU) that holds each slot's base, the output last."""
    on_cpu: frozenset[str] = frozenset()
    """Expert tensors that stay on the CPU although their layer's base is in a room."""

    def used(self, ledger: Ledger, rooms: int) -> tuple[int, ...]:
        """Bytes placed in each of `rooms` rooms."""
        used = [0] * rooms
        for size, room in zip(ledger.slots, self.slots, strict=True):
            if room != CPU:
                used[room] += size.base + sum(n for name, n in size.experts if name not in self.on_cpu)
        return tuple(used)
