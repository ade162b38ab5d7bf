"""NVIDIA GPUs as NVML describes them, named and ordered as CUDA, and so llama.cpp, will."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from moefit.machine.child import ask_in_child
from moefit.machine.types import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moefit.machine.types import Ram

    Note = Callable[[str], None]


def read_gpus(
    environment: Mapping[str, str], ram: Ram, seconds: float
) -> tuple[tuple[Device, ...], tuple[str, ...], str]:
    """The GPUs a CUDA program sees under `environment`, in its order as CUDA0, CUDA1, ..., what could not be told, and why none is seen though NVML is there, as words.

    Whatever NVML fails at is a warning: without a driver there are no GPUs, a card that does not answer is left out, a figure
    that is not there or cannot be comes from the catalogue or stays unknown. A card without memory of its own shares `ram`.
    NVML is asked in a child process, which may hang or crash; it has so many `seconds`.
    """
    answer = ask_in_child(lambda note: _ask(environment, ram, note), seconds)
    if answer.text is None:
        trouble = f"NVML {answer.trouble}{f' ({answer.last})' if answer.last else ''}"
        return (), (f"no NVIDIA GPU: {trouble}",), _unless_hidden(trouble, environment)
    devices, warnings, lost = json.loads(answer.text)
    return tuple(map(_device, devices)), tuple(warnings), "" if devices else _unless_hidden(lost, environment)


def _unless_hidden(trouble: str, environment: Mapping[str, str]) -> str:
    """Nobody misses a card that is hidden on purpose."""
    from moefit.machine.unseen import hides_nvidia  # noqa: PLC0415 - most drivers answer

    return "" if hides_nvidia(environment) else trouble


def _device(said: dict[str, Any]) -> Device:
    """A device from the child's JSON, which knows lists alone."""
    return Device(**{**said, "held": tuple((name, size) for name, size in said["held"])})


def _ask(environment: Mapping[str, str], ram: Ram, note: Note) -> str:
    """In the child: the devices, warnings and why there is no device as JSON."""
    devices, warnings, lost = _look(environment, ram, note)
    return json.dumps(
        [[{f.name: getattr(one, f.name) for f in fields(one)} for one in devices], warnings, lost]
    )


def _look(environment: Mapping[str, str], ram: Ram, note: Note) -> tuple[list[Device], list[str], str]:
    try:
        import pynvml  # noqa: PLC0415 - slow to import, and a declared machine does without
    except ImportError as error:
        return [], [f"NVIDIA GPUs are not looked for: {error}"], ""
    note("nvmlInit")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        if isinstance(error, getattr(pynvml, "NVMLError_LibraryNotFound", ())):
            return [], [f"no NVIDIA GPU: {error}"], ""
        said = f"NVML says {error} (nvmlInit)"
        absent = isinstance(error, getattr(pynvml, "NVMLError_DriverNotLoaded", ()))
        return [], [f"no NVIDIA GPU: {said}"], "" if absent else said
    from moefit.machine.nvml_cards import Cards  # noqa: PLC0415 - as above

    # Not shut down: the process ends now, and a driver that hangs there would take the answer with it.
    cards = Cards(pynvml, note)
    return *cards.devices(environment, ram), cards.lost
