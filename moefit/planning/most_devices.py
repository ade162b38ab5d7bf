"""More devices than llama.cpp takes: a plan is for the best of them.

source: ggml/src/ggml-backend.cpp, GGML_SCHED_MAX_BACKENDS
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import Warn
from moefit.launch.patterns import CPU_BUFFER
from moefit.launch.resolve import MAX_DEVICES, default_order
from moefit.machine.types import Device, Machine
from moefit.search.request import Request
from moefit.sizes import counted

_NAMED: Final = 3
"""Names of more than twice as many devices."""


def with_the_best(request: Request) -> tuple[Request, tuple[Warn, ...]]:
    """The request with as many devices as llama.cpp takes, where the line leaves them open, and what is to be said of the others.

    What a device is worth is taken to be its free memory times the bandwidth of that.
    """
    machine, wanted = request.machine, request.launch.constraints
    usual = [machine.gpus[i] for i in default_order(machine.gpus)]
    named = wanted.devices is not None or wanted.tensor_split is not None or wanted.split_mode == "none"
    named = named or any(rule.buffer != CPU_BUFFER for rule in wanted.overrides)
    most = most_devices(machine)
    if named or len(usual) <= most:
        return request, ()
    others = {device.name for device in sorted(usual, key=_rank)[most:]}
    kept = tuple(device for device in machine.gpus if device.name not in others)
    gone = tuple(device.name for device in usual if device.name in others)
    fewer = replace(machine, gpus=kept, excluded=(*machine.excluded, *gone))
    return replace(request, machine=fewer), (_said(gone, machine),)


def most_devices(machine: Machine) -> int:
    """How many devices llama.cpp takes: an accelerator (BLAS) takes the place of one.

    source: src/llama-context.cpp, llama_context::llama_context, which adds a backend for each; ggml_backend_sched_new asserts their number
    """
    return MAX_DEVICES - len(machine.accelerators)


def _rank(device: Device) -> tuple[float, int, str]:
    return -float(device.free) * float(device.bandwidth or 1), len(device.name), device.name


def some_names(names: Sequence[str]) -> str:
    """Who does something, of many the first few.

    >>> some_names(["CUDA1"]), some_names(["CUDA1", "CUDA2"]), some_names([f"CUDA{i}" for i in range(20)])
    ('CUDA1 is', 'CUDA1, CUDA2 are', 'CUDA0, CUDA1, CUDA2 and 17 more are')
    """
    if len(names) == 1:
        return f"{names[0]} is"
    others = len(names) - _NAMED if len(names) > 2 * _NAMED else 0
    shown = ", ".join(names[:_NAMED] if others else names)
    return f"{shown} and {others} more are" if others else f"{shown} are"


def _said(names: Sequence[str], machine: Machine) -> Warn:
    beside = f" beside {', '.join(machine.accelerators)}" if machine.accelerators else ""
    said = f"{some_names(names)} left out: llama.cpp takes at most {counted(most_devices(machine), 'device')}{beside}"
    return Warn("most-devices", said, note=True)
