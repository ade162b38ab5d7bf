"""What each device may give: free memory less overhead and reserve (or the user's margin); then less what a placement adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.guest import Guest
from moefit.memory.reserve import page_tables, reserve
from moefit.placement.budget import Budget, Term
from moefit.search.request import Options, Request
from moefit.sizes import counted

EVERY_DEVICE = ""
"""The key of a margin that holds for every device."""
_WINDOWS: Final = 1 << 30


def budgets(request: Request, devices: Sequence[Device], settings: Settings) -> tuple[Budget, ...]:
    """One budget for each device of a candidate.

    `--margin` replaces the reserve, and so does the line's own `-fitt`; `--beside` and what `--exact` found add to it.

    Args:
        request: the options and the line.
        devices: those that the line may use; a candidate may leave some of them out.
        settings: the candidate's: the reserve grows with the micro-batch.

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
        )
        for device, target in zip(devices, asked, strict=True)
    )


def charged(
    given: Sequence[Budget], devices: Sequence[Device], found: Sequence[Guest], pinned: int
) -> tuple[Budget, ...]:
    """The budgets once something is placed: less the guests of each device, and its page tables for so many pinned bytes of RAM."""
    return tuple(
        replace(
            budget,
            reserve=(
                *_before_placing(budget),
                *(() if _is_replaced(budget) else page_tables(pinned, device)),
            ),
            guests=sum(guest.total for guest in found if guest.device == device.name),
        )
        for budget, device in zip(given, devices, strict=True)
    )


def _is_replaced(budget: Budget) -> bool:
    return any(term.name == "margin" for term in budget.reserve)


def _before_placing(budget: Budget) -> tuple[Term, ...]:
    return tuple(term for term in budget.reserve if term.name != "page tables")


def devices_of_guests(
    request: Request, devices: Sequence[Device], settings: Settings, found: Sequence[Guest], pinned: int
) -> tuple[tuple[Device, Budget], ...]:
    """Devices that hold guests and nothing of the model, with their budgets."""
    used = {device.name for device in devices}
    hosts = {guest.device for guest in found} - used
    others = tuple(gpu for gpu in request.machine.gpus if gpu.name in hosts)
    given = (
        Budget(
            gpu.free, gpu.overhead, (*_reserve(request, settings, gpu, None), *_room(gpu, request.options))
        )
        for gpu in others
    )
    return tuple(zip(others, charged(tuple(given), others, found, pinned), strict=True))


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
    return (*reserve(request.model, settings, device), *_for_windows(request, device))


def _for_windows(request: Request, device: Device) -> tuple[Term, ...]:
    """What stays free under a Windows driver, which moves what does not fit to RAM without a word: two reports of 10 and 80 times slower."""
    local = device.backend.name != "RPC" and not device.integrated
    if request.machine.ram.unlocked_limit is None or not local:
        return ()
    return (Term("windows", _WINDOWS, "Windows moves memory of a full card to RAM without an error"),)


def _fit_targets(constraints: Constraints, devices: Sequence[Device]) -> tuple[int | None, ...]:
    """`-fitt` for each device: one value stands for all (common/arg.cpp)."""
    targets = constraints.fit_target
    if targets is None:
        return (None,) * len(devices)
    if len(targets) == 1:
        return targets * len(devices)
    if len(targets) < len(devices):
        raise UsageError(
            f"-fitt has {counted(len(targets), 'value')} for {counted(len(devices), 'device')}",
            "give one, or one for each",
        )
    return targets[: len(devices)]
