"""The machine a plan is made for: what is declared, what a file says, what NVML says, what llama-server itself says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.errors import BrokenError, InputError, UsageError
from moefit.machine.calibration_file import load_calibration
from moefit.machine.declared import (
    adds,
    amend,
    amendments,
    apply_limits,
    declare_host,
    parse_gpus,
    shared_memory,
)
from moefit.machine.system import ROOT, read_cpu, read_fingerprint, read_ram
from moefit.machine.types import Machine
from moefit.sizes import format_size, parse_size
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moefit.machine.sysfs import Adapter
    from moefit.machine.types import Device

    AskServer = Callable[[Sequence[Device]], tuple[Device, ...]]
    """Lists a program's devices, given those that the drivers know."""


_UNASKED: Final = "there is no llama-server to ask for the devices the line names; --gpu name=RPC0,free=8GiB,buffer=RPC0[host:port] declares one"


TIME_LIMIT: Final = 5.0
"""Seconds that a driver or a program may take to answer: one that starts takes one or two, with many cards a little more."""


_BLIND: Final = (
    "the program lists no device, though NVML does: it is built for the CPU alone, or its driver fails"
)


@dataclass(frozen=True, slots=True)
class MachineOptions:
    """The machine options of moefit's commands, as text."""

    gpus: tuple[str, ...] = ()
    """`--gpu`, in order."""
    ram: str | None = None
    ram_bandwidth: str | None = None
    cores: int | None = None
    machine_file: str | None = None
    """`--machine`: a file that `moefit devices --json` wrote."""
    budgets: tuple[str, ...] = ()
    """`--budget DEV=SIZE`."""
    excluded: tuple[str, ...] = ()
    """`--exclude DEV`."""
    calibrated: bool = True
    """Whether what `moefit calibrate` measured of this host counts: not with `--no-calibration`."""
    time_limit: float = TIME_LIMIT
    """`--timeout`, seconds."""


def detect(
    options: MachineOptions,
    environment: Mapping[str, str],
    *,
    ask_server: AskServer | None = None,
    prefer_server: bool = False,
    root: Path = ROOT,
) -> Machine:
    """The machine, with every option applied.

    GPUs come from `--gpu` (one without memory says more of a device that is there), else `--machine`, else from what the drivers and the program say. `ask_server` lists a llama-server's
    devices: its list decides names, order and kinds, and NVML adds what it does not print. Its failure is a warning, unless with
    `prefer_server` the line needs its answer (it names another backend's device or `--rpc`).
    What was measured of this host replaces what is not declared.

    Raises:
        UsageError: a bad option or an unknown device.
        InputError: a machine file that cannot be read or understood; a preferred server that does not answer.
    """
    options, said = _with_shared(options)
    detected = options.ram is None or adds(options.ram)
    if options.machine_file is not None:
        if options.gpus:
            raise UsageError("--gpu and --machine both say which GPUs there are", "give one of them")
        machine = _read_file(Path(options.machine_file))
    else:
        amending = amendments(options.gpus)
        ram_given = None if detected or options.ram is None else parse_size(options.ram)
        declared = () if amending else parse_gpus(options.gpus, ram_given)
        machine = Machine(declared, read_ram(root), read_cpu(root), host=read_fingerprint(root))
        if amending or not options.gpus:
            machine = _local_gpus(
                machine, environment, ask_server, options.time_limit, root, prefer_server=prefer_server
            )
            if not machine.gpus:
                machine = _without_answer(machine, environment, root, asked=ask_server is not None)
        if options.calibrated and detected:
            machine = _calibrated(machine, environment)
        if amending:
            machine = replace(machine, gpus=amend(machine.gpus, options.gpus))
    ram, cpu = declare_host(machine.ram, machine.cpu, options.ram, options.ram_bandwidth, options.cores)
    host = machine.host if detected else ""
    machine = replace(machine, ram=ram, cpu=cpu, host=host, warnings=(*machine.warnings, *said))
    return apply_limits(machine, options.budgets, options.excluded)


def _with_shared(options: MachineOptions) -> tuple[MachineOptions, tuple[str, ...]]:
    """The options with the RAM that a declared card comes with which shares it, where they leave it open; and what to say of that."""
    if options.ram is not None or amendments(options.gpus):
        return options, ()
    shared = shared_memory(options.gpus)
    if shared is None:
        return options, ()
    words = f"{format_size(shared)} of memory are assumed, shared with the GPU; --ram says how much there is"
    return replace(options, ram=str(shared)), (words,)


def _calibrated(machine: Machine, environment: Mapping[str, str]) -> Machine:
    """The machine with what was measured of its host; a file that cannot be used is a warning."""
    try:
        calibration = load_calibration(machine.host, environment)
    except InputError as error:
        return replace(machine, warnings=(*machine.warnings, error.message))
    if calibration is None:
        return machine
    from moefit.machine.calibration import apply  # noqa: PLC0415 - most machines have none

    return apply(machine, calibration)


def _read_file(path: Path) -> Machine:
    """The machine of a `--machine` file."""
    from moefit.reading import read_small  # noqa: PLC0415 - as below

    hint = "write such a file with `moefit devices --json`"
    try:
        text = read_small(path, hint)
    except FileNotFoundError:
        raise InputError(f"{path}: No such file or directory", hint) from None
    from moefit.machine.file import from_json  # noqa: PLC0415 - most machines are detected or declared

    return from_json(text, str(path))


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


def _local_gpus(
    machine: Machine,
    environment: Mapping[str, str],
    ask_server: AskServer | None,
    time_limit: float,
    root: Path,
    *,
    prefer_server: bool,
) -> Machine:
    """The machine with this host's devices and what could not be told about them."""
    from moefit.machine.nvml import read_gpus  # noqa: PLC0415 - a declared machine needs no NVML

    nvml, warnings, broken = read_gpus(environment, machine.ram, time_limit)
    machine = replace(machine, unseen=broken)
    if ask_server is None:
        from moefit.machine.sysfs import read_adapters  # noqa: PLC0415 - as above
        from moefit.machine.unasked import others  # noqa: PLC0415 - as above

        warnings = (*warnings, _UNASKED) if prefer_server else warnings
        return replace(
            machine, gpus=nvml, warnings=(*warnings, *(others(read_adapters(root)) if nvml else ()))
        )
    try:
        listed = ask_server(nvml)
    except InputError as error:
        if prefer_server:
            raise
        broken = error.message if isinstance(error, BrokenError) else broken
        return replace(machine, gpus=nvml, warnings=(*warnings, error.message), unseen="" if nvml else broken)
    from moefit.machine.sighted import sight  # noqa: PLC0415 - as above

    accelerators = tuple(device.name for device in listed if device.is_accelerator)
    machine = replace(machine, accelerators=accelerators)
    listed = tuple(device for device in listed if not device.is_accelerator)
    gone = tuple(device.name for device in listed if not device.total)
    dead = ", ".join(f"{device.name} ({device.description})" for device in listed if not device.total)
    if dead:
        said = f"the program lists {dead} without memory"
        warnings = (*warnings, f"{said}: left out, for its driver fails")
        listed = tuple(device for device in listed if device.total)
        machine = replace(machine, unseen=said, excluded=gone)
    seen = sight(listed, nvml, _cards_on_bus(listed, root))
    from moefit.machine.cuda_order import GUESSED  # noqa: PLC0415 - as above

    if any(device.backend.name == "CUDA" for device in listed):
        warnings = tuple(said for said in warnings if not said.startswith(GUESSED))
    if not listed and nvml:
        warnings = (*warnings, _BLIND)
        known = ", ".join(gpu.description or gpu.name for gpu in nvml)
        machine = replace(machine, unseen=f"NVML knows {known}")
    elif seen.unlisted:
        names = ", ".join(gpu.description for gpu in seen.unlisted)
        warnings = (*warnings, f"the program does not list {names}, which its driver does")
    # that NVML found nothing does not matter where the program lists a device
    return replace(
        machine,
        gpus=_linked(seen.devices, root),
        unseen="" if listed else machine.unseen,
        warnings=warnings if nvml or not listed or dead else (),
        duplicates=seen.duplicates,
    )


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
