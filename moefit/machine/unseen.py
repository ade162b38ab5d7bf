"""GPUs that are evidently here though nothing answers for them: a failing driver is not a machine without GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.machine.sysfs import files_of_nvidia, has_kfd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from moefit.machine.sysfs import Adapter

_NVIDIA: Final = ("CUDA_VISIBLE_DEVICES",)
_AMD: Final = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
"""HIP obeys CUDA's variable as well."""
_NONE: Final = frozenset({"", "-1", "NoDevFiles"})


def unseen_gpus(root: Path, adapters: Iterable[Adapter], environment: Mapping[str, str]) -> str:
    """What shows that this host has GPUs for computing, as words; empty where nothing does, or where they are hidden on purpose.

    A processor's own GPU is no reason: few who have one mean to compute on it.
    """
    evidence = []
    files = next(files_of_nvidia(root), None)
    if files and not _hidden(_NVIDIA, environment):
        evidence.append(f"NVIDIA's device files are here ({files})")
    amd = [adapter for adapter in adapters if adapter.driver == "amdgpu"]
    cards = [adapter for adapter in amd if not adapter.integrated]
    if (cards or (has_kfd(root) and not amd)) and not _hidden(_AMD, environment):
        where = f"{cards[0].name or 'amdgpu'} at {cards[0].slot}" if cards else "/dev/kfd"
        evidence.append(f"an AMD card is here ({where})")
    return " and ".join(evidence)


def hides_nvidia(environment: Mapping[str, str]) -> bool:
    """Whether CUDA is shown no card."""
    return _hidden(_NVIDIA, environment)


def _hidden(variables: Iterable[str], environment: Mapping[str, str]) -> bool:
    """Whether one of the variables hides every card."""
    return any(environment.get(name, "0").partition(",")[0].strip() in _NONE for name in variables)
