"""What the line's other files take beside the model."""

from __future__ import annotations

from moefit.launch.defaults import settings
from moefit.memory.guest import Guest
from moefit.memory.guests import guests
from moefit.search.demand import chosen_devices
from moefit.search.request import Request


def count_guests(request: Request, context: int) -> tuple[Guest, ...]:
    """What the files take where the line stands as it is.

    Args:
        request: the model, all devices of the machine, the line and the files that it names.
        context: tokens, where the line does not say.

    Raises:
        UsageError: the line names a device or a buffer that is not there.
    """
    wanted, files = request.launch.constraints, request.files
    if not (files.mmproj or files.draft or files.loras or wanted.control_vectors):
        return ()
    devices = chosen_devices(wanted, request.machine.gpus)
    launch = settings(wanted, context=context, devices=devices)
    return guests(wanted, files, request.model, devices, launch)
