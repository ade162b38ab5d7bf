"""The devices of this host: what NVML and the kernel say, and what a program lists of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.errors import BrokenError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moefit.machine.sysfs import Adapter
    from moefit.machine.types import Device, Machine

    AskServer = Callable[[Sequence[Device]], tuple[Device, ...]]
    """Lists a program's devices, given those that the drivers know."""


_UNASKED: Final = "there is no llama-server to ask for the devices the line names; --gpu name=RPC0,free=8GiB,buffer=RPC0[host:port] declares one"

_BLIND: Final = (
    "the program lists no device, though NVML does: it is built for the CPU alone, or its driver fails"
)


def local_gpus(
    machine: Machine,
    environment: Mapping[str, str],
    ask_server: AskServer | None,
    time_limit: float,
    root: Path,
    *,
    prefer_server: bool,
) -> Machine:
    """The machine with this host's devices and what could not be told about them.

    Raises:
        InputError: a preferred server that does not answer.
    """
    from moefit.machine.nvml import read_gpus  # noqa: PLC0415 - a declared machine needs no NVML

    nvml, warnings, broken = read_gpus(environment, machine.ram, time_limit)
    machine = replace(machine, gpus=nvml, warnings=warnings, unseen=broken)
    if ask_server is None:
        machine = _by_drivers(machine, root, wanted=prefer_server)
    else:
        machine = _by_program(machine, ask_server, root, wanted=prefer_server)
    if machine.gpus:
        return machine
    return _without_answer(machine, environment, root, asked=ask_server is not None)


def _by_drivers(machine: Machine, root: Path, *, wanted: bool) -> Machine:
    """The machine with NVML's devices, where there is no program to ask, and what to say of that and of further cards."""
    from moefit.machine.sysfs import read_adapters  # noqa: PLC0415 - as above
    from moefit.machine.unasked import others  # noqa: PLC0415 - as above

    said = (_UNASKED,) if wanted else ()
    beside = others(read_adapters(root)) if machine.gpus else ()
    return replace(machine, warnings=(*machine.warnings, *said, *beside))


def _by_program(machine: Machine, ask_server: AskServer, root: Path, *, wanted: bool) -> Machine:
    """The machine with the devices that a program lists, or NVML's where it does not answer."""
    try:
        listed = ask_server(machine.gpus)
    except InputError as error:
        if wanted:
            raise
        broken = error.message if isinstance(error, BrokenError) else machine.unseen
        unseen = "" if machine.gpus else broken
        return replace(machine, warnings=(*machine.warnings, error.message), unseen=unseen)
    accelerators = tuple(device.name for device in listed if device.is_accelerator)
    machine = replace(machine, accelerators=accelerators)
    return _listed(machine, tuple(device for device in listed if not device.is_accelerator), root)


def _listed(machine: Machine, listed: tuple[Device, ...], root: Path) -> Machine:
    """The machine with the devices of the list that have memory, and in what the list differs from NVML's."""
    from moefit.machine.cuda_order import GUESSED  # noqa: PLC0415 - as above
    from moefit.machine.sighted import sight  # noqa: PLC0415 - as above

    nvml, alive = machine.gpus, tuple(device for device in listed if device.total)
    machine = _without_dead(machine, tuple(device for device in listed if not device.total))
    seen = sight(alive, nvml, _cards_on_bus(alive, root))
    warnings, unseen = machine.warnings, "" if alive else machine.unseen
    if any(device.backend.name == "CUDA" for device in alive):
        warnings = tuple(said for said in warnings if not said.startswith(GUESSED))
    if nvml and not alive:
        warnings = (*warnings, _BLIND)
        unseen = f"NVML knows {', '.join(gpu.description or gpu.name for gpu in nvml)}"
    elif seen.unlisted:
        names = ", ".join(gpu.description for gpu in seen.unlisted)
        warnings = (*warnings, f"the program does not list {names}, which its driver does")
    if not nvml and len(alive) == len(listed) > 0:  # that NVML found nothing does not matter then
        warnings = ()
    gpus = _linked(seen.devices, root)
    return replace(machine, gpus=gpus, unseen=unseen, warnings=warnings, duplicates=seen.duplicates)


def _without_dead(machine: Machine, dead: tuple[Device, ...]) -> Machine:
    """The machine where devices are listed without memory, whose drivers fail."""
    if not dead:
        return machine
    said = f"the program lists {', '.join(f'{device.name} ({device.description})' for device in dead)} without memory"
    return replace(
        machine,
        unseen=said,
        excluded=tuple(device.name for device in dead),
        warnings=(*machine.warnings, f"{said}: left out, for its driver fails"),
    )


def _without_answer(machine: Machine, environment: Mapping[str, str], root: Path, *, asked: bool) -> Machine:
    """The machine of which nobody told a device: with what sysfs shows, unless a program has been `asked` and sees none of it."""
    from moefit.machine.sysfs import has_kfd, read_adapters  # noqa: PLC0415 - a declared machine needs none
    from moefit.machine.unseen import unseen_gpus  # noqa: PLC0415 - as above

    adapters = read_adapters(root)
    if not adapters:
        from moefit.machine.soc import soc_gpus  # noqa: PLC0415 - as above

        said = machine.warnings if asked else (*machine.warnings, *soc_gpus(root))
        unseen = unseen_gpus(root, adapters, environment) or machine.unseen
        return replace(machine, unseen=unseen, warnings=said)
    from moefit.machine.holders import read_holders  # noqa: PLC0415 - as above
    from moefit.machine.unasked import from_sysfs  # noqa: PLC0415 - most hosts have a driver or a program that answers

    devices, words = from_sysfs(adapters, computing=has_kfd(root), held=read_holders(root))
    if asked or not devices:
        words = () if asked else words
        unseen = unseen_gpus(root, adapters, environment) or machine.unseen
        return replace(machine, unseen=unseen, warnings=(*machine.warnings, *words))
    return replace(machine, gpus=devices, warnings=words, unseen="")


def _linked(devices: tuple[Device, ...], root: Path) -> tuple[Device, ...]:
    """The devices with their links and holders as the kernel tells them, where a driver did not."""
    if not any(device.source == "llama-server" for device in devices):
        return devices
    from moefit.machine.bus import with_holders, with_links  # noqa: PLC0415 - NVIDIA's cards have theirs from NVML
    from moefit.machine.holders import read_holders  # noqa: PLC0415 - as above
    from moefit.machine.sysfs import read_adapters  # noqa: PLC0415 - as above

    adapters = read_adapters(root)
    linked = with_links(devices, adapters)
    return with_holders(linked, adapters, read_holders(root)) if adapters else linked


def _cards_on_bus(listed: Sequence[Device], root: Path) -> tuple[Adapter, ...]:
    """What the bus has, where two backends list devices and may mean the same card."""
    if len({device.backend.name for device in listed} - {"RPC"}) < 2:
        return ()
    from moefit.machine.sysfs import read_adapters  # noqa: PLC0415 - most programs have one backend

    return read_adapters(root)
