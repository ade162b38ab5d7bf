"""More devices than llama.cpp takes: a plan is for the best of them.

source: ggml/src/ggml-backend.cpp, GGML_SCHED_MAX_BACKENDS
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit.errors import Warn
from moefit.launch.patterns import CPU_BUFFER
from moefit.launch.resolve import MAX_DEVICES, default_order
from moefit.machine.types import Device
from moefit.search.request import Request


def with_the_best(request: Request) -> tuple[Request, tuple[Warn, ...]]:
    """The request with as many devices as llama.cpp takes, where the line leaves them open, and what is to be said of the others.

    What a device is worth is taken to be its free memory times the bandwidth of that.
    """
    machine, wanted = request.machine, request.launch.constraints
    usual = [machine.gpus[i] for i in default_order(machine.gpus)]
    named = wanted.devices is not None or wanted.tensor_split is not None or wanted.split_mode == "none"
    named = named or any(rule.buffer != CPU_BUFFER for rule in wanted.overrides)
    if named or len(usual) <= MAX_DEVICES:
        return request, ()
    others = {device.name for device in sorted(usual, key=_rank)[MAX_DEVICES:]}
    kept = tuple(device for device in machine.gpus if device.name not in others)
    gone = tuple(device.name for device in usual if device.name in others)
    fewer = replace(machine, gpus=kept, excluded=(*machine.excluded, *gone))
    return replace(request, machine=fewer), (_said(gone),)


def _rank(device: Device) -> tuple[float, int, str]:
    return -float(device.free) * float(device.bandwidth or 1), len(device.name), device.name


def _said(names: Sequence[str]) -> Warn:
    are = "is" if len(names) == 1 else "are"
    return Warn(
        "most-devices",
        f"{', '.join(names)} {are} left out: llama.cpp takes at most {MAX_DEVICES} devices",
        note=True,
    )
