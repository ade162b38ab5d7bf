"""A row's launch as moefit's own values, through moefit's own parser: devices, settings, placement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.defaults import settings
from moefit.launch.precedence import effective
from moefit.launch.resolve import resolve
from moefit.machine.backends import Backend
from moefit.machine.types import Device
from moefit.values import dataclass
from tests import oracle

if TYPE_CHECKING:
    from moefit.launch.settings import Settings
    from moefit.placement.types import Placement

FREE = 24 << 30


@dataclass(frozen=True, slots=True)
class CudaLike(Device):
    """A device as the recorder's mode cuda-like has them: an RPC device's operations, but for flash attention, and CUDA's other rules."""

    alignment: int = 128

    @property
    def backend(self) -> Backend:
        """What scripts/oracle/recorder.cpp changes of an RPC device, with the row's alignment."""
        return Backend(
            "CUDA",
            op_offload=True,
            host_buffer=True,
            row_padding=512,
            alignment=self.alignment,
            partial=frozenset({"FLASH_ATTN_EXT"}),
        )


@dataclass(frozen=True, slots=True)
class Launch:
    """What a row's command line means."""

    devices: tuple[Device, ...]
    settings: Settings
    placement: Placement


def launch(row: oracle.Row) -> Launch:
    """The launch of a row.

    The recorder reserves outputs as llama-server does, but has one slot unless told otherwise.
    """
    devices = tuple(_device(row, i) for i in range(row.gpus))
    slots = [] if "-np" in row.tokens else ["-np", "1"]
    command = parse(["llama-server", "-m", "m.gguf", "-lm", "none", *slots, *row.tokens])
    asked = constraints("llama-server", effective(command))
    program = "llama-server" if row.outputs else "llama-fit-params"
    return Launch(
        devices,
        replace(settings(asked, context=4096, devices=devices), program=program),
        resolve(oracle.model(row.model, row.quant), asked, devices),
    )


def _device(row: oracle.Row, index: int) -> Device:
    name, buffer = f"RPC{index}", f"RPC0[127.0.0.1:{oracle.PORTS[index]}]"
    if row.mode == "cuda":
        return Device(f"CUDA{index}", FREE, FREE)
    if row.mode == "cuda-like":
        return CudaLike(name, FREE, FREE, buffer=buffer, alignment=row.alignment)
    return Device(name, FREE, FREE, buffer=buffer)
