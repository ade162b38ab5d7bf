"""What the line's other files take beside the model, where a candidate puts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moefit.launch.placed import as_placed
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.guest import Guest
from moefit.memory.guests import guests
from moefit.placement.types import Placement
from moefit.search.request import Request


def has_guests(request: Request) -> bool:
    """Whether the line loads anything beside its model."""
    files = request.files
    return bool(files.mmproj or files.draft or files.loras or request.launch.constraints.control_vectors)


def seated(
    request: Request, devices: Sequence[Device], settings: Settings, placement: Placement
) -> tuple[Guest, ...]:
    """The guests of the line that a placement is printed as: what that says of devices and splits holds for them, too.

    Args:
        request: the user's line, the files that it names, the machine.
        devices: those that the placement uses.
        settings: the candidate's.
        placement: the main model's, in terms of `devices`.

    Raises:
        UsageError: the line names a device or a buffer that is not there, or images cannot be as large as it wants.
    """
    if not has_guests(request):
        return ()
    machine, wanted = request.machine, request.launch.constraints
    line = as_placed(wanted, placement, devices, machine.gpus, hidden=bool(machine.hidden))
    return guests(line, request.files, request.model, machine.gpus, devices, settings, placement)


def draft_bytes(found: Sequence[Guest]) -> Mapping[str, int]:
    """What a draft model reads for each token it drafts, by device name (or CPU); empty without one.

    On the CPU nothing where a device has layers of it: what is left is taken for its token embedding, of which one row is read.
    """
    drafts = {g.device: g.model for g in found if g.kind == "draft" and g.model}
    return {name: size for name, size in drafts.items() if name != "CPU"} or drafts
