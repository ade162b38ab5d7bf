"""The files that a line names beside its model: their headers, read, and what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.gguf.split import read_header
from moefit.launch.defaults import settings
from moefit.memory.guests import Files, guests
from moefit.model import build
from moefit.model.sidecar import SidecarKind, sidecar
from moefit.planning.context import wanted_context
from moefit.planning.demand import chosen_devices

if TYPE_CHECKING:
    from moefit.gguf.header import Header
    from moefit.launch.constraints import Constraints
    from moefit.machine.types import Machine
    from moefit.memory.extras import Extra
    from moefit.model import Model


def has_guests(wanted: Constraints) -> bool:
    """Whether the line names a file beside its model that lies on this machine."""
    return bool(wanted.mmproj.path or wanted.draft.path or wanted.loras or wanted.control_vectors)


def read_guests(wanted: Constraints, model: Model, machine: Machine) -> tuple[Extra, ...]:
    """What those files take, at the context that the line wants.

    Raises:
        InputError: a file is missing, damaged, or of another kind than its option takes.
        UsageError: the line names a device or a buffer that is not there.
    """
    devices = chosen_devices(wanted, machine.gpus)
    asked = settings(wanted, context=wanted_context(wanted, model), devices=devices)
    return guests(wanted, read_files(wanted), model, devices, asked)


def read_files(wanted: Constraints) -> Files:
    """The headers of the files that the line names by path.

    Raises:
        InputError: as `read_guests`.
    """
    draft = wanted.draft.path
    return Files(
        mmproj=_sidecar(wanted.mmproj.path, SidecarKind.MMPROJ) if wanted.mmproj.path else None,
        draft=build(draft, read_header(draft)) if draft else None,
        loras=tuple(_sidecar(path, SidecarKind.ADAPTER) for path in wanted.loras),
    )


def _sidecar(path: str, kind: SidecarKind) -> Header:
    header = read_header(path)
    sidecar(path, header, kind)
    return header
