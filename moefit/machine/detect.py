"""The machine a plan is made for: what is declared, what a file says, what NVML says, what llama-server itself says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError, UsageError
from moefit.machine.calibration_file import load_calibration
from moefit.machine.declared import apply_limits, declare_host, parse_gpus
from moefit.machine.host import ROOT, read_cpu, read_fingerprint, read_ram
from moefit.machine.sysfs import read_adapters
from moefit.machine.types import Machine
from moefit.machine.unseen import unseen_gpus
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moefit.machine.types import Device, Ram

    AskServer = Callable[[], tuple[Device, ...]]


_UNASKED: Final = "there is no llama-server to ask for the devices the line names; --gpu name=RPC0,free=8GiB,buffer=RPC0[host:port] declares one"


TIME_LIMIT: Final = 5.0
"""Seconds that a driver or a program may take to answer: one that starts takes one or two, with many cards a little more."""


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

    GPUs come from `--gpu`, else `--machine`, else NVML, which is asked alone when it answers. `ask_server` lists a llama-server's
    devices; it is asked when NVML finds none, or at once with `prefer_server` (the line names another backend's device or
    `--rpc`), and NVML then only adds what the server does not print. Its failure is a warning, unless the line needs its answer.
    What was measured of this host replaces what is not declared.

    Raises:
        UsageError: a bad option or an unknown device.
        InputError: a machine file that cannot be read or understood; a preferred server that does not answer.
    """
    if options.machine_file is not None:
        if options.gpus:
            raise UsageError("--gpu and --machine both say which GPUs there are", "give one of them")
        machine = _read_file(Path(options.machine_file))
    else:
        machine = Machine(
            parse_gpus(options.gpus), read_ram(root), read_cpu(root), host=read_fingerprint(root)
        )
        if not options.gpus:
            gpus, warnings = _local_gpus(
                environment, machine.ram, ask_server, options.time_limit, prefer_server=prefer_server
            )
            unseen = "" if gpus else unseen_gpus(root, read_adapters(root), environment)
            machine = replace(machine, gpus=gpus, warnings=warnings, unseen=unseen)
        if options.calibrated and options.ram is None:
            machine = _calibrated(machine, environment)
    ram, cpu = declare_host(machine.ram, machine.cpu, options.ram, options.ram_bandwidth, options.cores)
    host = machine.host if options.ram is None else ""
    return apply_limits(replace(machine, ram=ram, cpu=cpu, host=host), options.budgets, options.excluded)


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


def _local_gpus(
    environment: Mapping[str, str],
    ram: Ram,
    ask_server: AskServer | None,
    time_limit: float,
    *,
    prefer_server: bool,
) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    """This host's devices and what could not be told about them."""
    from moefit.machine.nvml import read_gpus  # noqa: PLC0415 - a declared machine needs no NVML

    nvml, warnings = read_gpus(environment, ram, time_limit)
    if nvml and not prefer_server:
        return nvml, warnings
    if ask_server is None:
        return nvml, (*warnings, _UNASKED) if prefer_server else warnings
    try:
        served = ask_server()
    except InputError as error:
        if prefer_server:
            raise
        return nvml, (*warnings, error.message)
    if not served:
        return nvml, warnings
    known = {gpu.name: gpu for gpu in nvml}
    # that NVML found nothing no longer matters
    return tuple(_with_rates(gpu, known.get(gpu.name)) for gpu in served), warnings if nvml else ()


def _with_rates(served: Device, known: Device | None) -> Device:
    """The server's device with the rates NVML knows of the same device."""
    if known is None or known.description != served.description:
        return served
    return replace(
        served,
        bandwidth=known.bandwidth,
        link_bandwidth=known.link_bandwidth,
        compute=known.compute,
        integrated=known.integrated,
        uuid=known.uuid,
    )
