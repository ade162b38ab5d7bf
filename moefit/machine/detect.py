"""The machine a plan is made for: what is declared, what a file says, what NVML says, what llama-server itself says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError, UsageError
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
from moefit.sizes import format_size, option_size
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.machine.local_gpus import AskServer


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
        machine = _this_host(options, environment, ask_server, root, prefer_server=prefer_server)
    ram, cpu = declare_host(
        machine.ram, machine.cpu, options.ram, options.ram_bandwidth, options.cores, machine.gpus
    )
    host = machine.host if detected else ""
    machine = replace(machine, ram=ram, cpu=cpu, host=host, warnings=(*machine.warnings, *said))
    return apply_limits(machine, options.budgets, options.excluded)


def _this_host(
    options: MachineOptions,
    environment: Mapping[str, str],
    ask_server: AskServer | None,
    root: Path,
    *,
    prefer_server: bool,
) -> Machine:
    """The host with its own devices or declared ones, and with what was measured of it where its RAM is not declared."""
    detected = options.ram is None or adds(options.ram)
    amending = amendments(options.gpus)
    ram_given = None if detected or options.ram is None else option_size("--ram", options.ram)
    declared = () if amending else parse_gpus(options.gpus, ram_given)
    machine = Machine(declared, read_ram(root), read_cpu(root), host=read_fingerprint(root))
    if amending or not options.gpus:
        from moefit.machine.local_gpus import local_gpus  # noqa: PLC0415 - a declared machine has none

        machine = local_gpus(
            machine, environment, ask_server, options.time_limit, root, prefer_server=prefer_server
        )
    if options.calibrated and detected:
        machine = _calibrated(machine, environment)
    return replace(machine, gpus=amend(machine.gpus, options.gpus)) if amending else machine


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
