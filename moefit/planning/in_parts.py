"""`-sm tensor` as a change that would help: every card at each layer, for a faster answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from moefit.memory.split_modes import SPLIT_MODES
from moefit.planning.conditions import NO_TENSOR_MODE
from moefit.planning.types import Help

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moefit.launch.launch import Launch
    from moefit.machine.types import Device
    from moefit.model import Model
    from moefit.planning.types import Plan

_UNIT: Final = 10**10
"""Bytes per second of memory: proportions are told in so many, which a reader can check."""


def in_parts(model: Model, launch: Launch, made: Plan) -> Iterator[Help]:
    """The words, for cards that differ with their shares first: none where llama.cpp would refuse, or where the user has placed something.

    It is experimental in llama.cpp, so no plan chooses it.
    """
    wanted, devices = launch.constraints, [device.device for device in made.devices if device.layers]
    free = wanted.gpu_layers in {None, "auto", "all"} and not wanted.overrides and wanted.tensor_split is None
    able = model.architecture not in NO_TENSOR_MODE and made.settings.flash_attention != "off"
    if len(devices) < 2 or not free or not able or wanted.split_mode in {*SPLIT_MODES, "none"}:
        return
    if _layers(model) > sum(device.free for device in devices):  # every layer lies there, its experts too
        return
    named = "" if wanted.devices is not None else f" -dev {','.join(device.name for device in devices)}"
    for shares in _shares(devices):
        yield Help("sm-tensor", "every card at each layer (experimental)", f"-sm tensor{named}{shares}")


def _layers(model: Model) -> int:
    """Bytes of what is loaded with or without a prediction head."""
    return sum(tensor.bytes for layer in model.layers if not layer.mtp for tensor in layer.tensors)


def _shares(devices: Sequence[Device]) -> Iterator[str]:
    """By what each reads a second, where that differs; or llama.cpp's own, which are equal."""
    rates = [round((device.bandwidth or 0) / _UNIT) for device in devices]
    if len(set(rates)) > 1 and min(rates) > 0:
        yield f" -ts {','.join(map(str, rates))}"
    yield ""
