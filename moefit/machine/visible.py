"""Which of a declared machine's devices a program sees whose line chooses among them, and what it calls them.

source: the CUDA programming guide and the HIP and ROCm manuals on their variables; ggml/src/ggml-vulkan/ggml-vulkan.cpp, ggml_vk_instance_init.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.machine.types import Device, Machine

_VARIABLES: Final = {
    "CUDA": ("CUDA_VISIBLE_DEVICES",),
    "ROCm": ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
    "Vulkan": ("GGML_VK_VISIBLE_DEVICES",),
}
"""By backend, the one that counts first."""


def visible_devices(machine: Machine, variables: Mapping[str, str]) -> Machine:
    """The machine as the program sees it: what is left is numbered anew.

    Raises:
        UsageError: a variable names a device otherwise than by its number.
    """
    gpus = list(machine.gpus)
    for backend, names in _VARIABLES.items():
        name = next((name for name in names if name in variables), None)
        own = [gpu for gpu in machine.gpus if gpu.backend.name == backend]
        if name is None or not own:
            continue
        chosen = _chosen(own, name, variables[name])
        others = [gpu for gpu in gpus if gpu.backend.name != backend]
        gpus = [*(replace(gpu, name=f"{backend}{i}") for i, gpu in enumerate(chosen)), *others]
    return replace(machine, gpus=tuple(gpus))


def _chosen(devices: Sequence[Device], name: str, value: str) -> list[Device]:
    """The devices that a list of numbers names: it ends at the first that is none."""
    chosen: list[Device] = []
    for text in value.split(",") if value.strip() else []:
        word = text.strip()
        if not word.lstrip("-").isdecimal():
            raise UsageError(
                f"{name}={value}: a declared machine's devices have numbers only", f"write {name}=0"
            )
        if not 0 <= int(word) < len(devices) or devices[int(word)] in chosen:
            break
        chosen.append(devices[int(word)])
    return chosen
