"""What each device may give: free memory less overhead, reserve (or the user's margin) and the guests of the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.reserve import reserve
from moefit.placement.budget import Budget, Term
from moefit.search.request import Options, Request

EVERY_DEVICE = ""
"""The key of a margin that holds for every device."""


def budgets(request: Request, devices: Sequence[Device], settings: Settings) -> tuple[Budget, ...]:
    """One budget for each device of a candidate.

    `--margin` replaces the reserve, and so does the line's own `-fitt`; `--beside` and what `--exact` found add to it.

    Args:
        request: the options, and the guests of the line.
        devices: those that the line may use; a candidate may leave some of them out.
        settings: the candidate's: the reserve and the guests' buffers grow with the micro-batch.

    Raises:
        UsageError: a margin or room for a device that is not used, or fewer `-fitt` values than devices.
    """
    options = request.options
    _check_names("--margin", options.margins, devices)
    _check_names("--beside", options.beside, devices)
    asked = _fit_targets(request.launch.constraints, devices)
    return tuple(
        Budget(
            device.free,
            device.overhead,
            (*_reserve(request, settings, device, target), *_room(device, options)),
            sum(guest.at(settings.ubatch).total for guest in request.guests if guest.device == device.name),
        )
        for device, target in zip(devices, asked, strict=True)
    )


def _check_names(option: str, sizes: Mapping[str, int], devices: Sequence[Device]) -> None:
    known = {device.name for device in devices}
    for name in sizes:
        if name != EVERY_DEVICE and name not in known:
            raise UsageError(
                f"{option}: there is no device {name}", f"known: {', '.join(sorted(known)) or 'none'}"
            )


def _room(device: Device, options: Options) -> tuple[Term, ...]:
    beside = options.beside.get(device.name, options.beside.get(EVERY_DEVICE, 0))
    terms = (
        Term("beside", beside, "--beside"),
        Term("correction", options.corrections.get(device.name, 0), "--exact: llama.cpp's own figure"),
    )
    return tuple(term for term in terms if term.bytes)


def _reserve(request: Request, settings: Settings, device: Device, target: int | None) -> tuple[Term, ...]:
    margins = request.options.margins
    margin = margins.get(device.name, margins.get(EVERY_DEVICE))
    if margin is not None:
        return (Term("margin", margin, "--margin"),)
    if target is not None:
        return (Term("margin", target, "-fitt"),)
    return reserve(request.model, settings, device)


def _fit_targets(constraints: Constraints, devices: Sequence[Device]) -> tuple[int | None, ...]:
    """`-fitt` for each device: one value stands for all (common/arg.cpp)."""
    targets = constraints.fit_target
    if targets is None:
        return (None,) * len(devices)
    if len(targets) == 1:
        return targets * len(devices)
    if len(targets) < len(devices):
        raise UsageError(
            f"-fitt has {len(targets)} values for {len(devices)} devices", "give one, or one for each"
        )
    return targets[: len(devices)]
