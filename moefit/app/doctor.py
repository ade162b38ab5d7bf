"""What keeps this machine below what it could be, worst first."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from moefit.errors import MoefitError
from moefit.launch.launch import Launch
from moefit.launch.seen import variables
from moefit.llama.program_findings import ServerCall, listed_devices, program_findings
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.finding import A_LITTLE, MANY_TIMES, NOTHING_RUNS, Finding
from moefit.machine.system import ROOT
from moefit.machine.system_findings import host_findings
from moefit.machine.types import Device, Machine
from moefit.progress import Tell


def as_drivers_tell(options: MachineOptions, launch: Launch) -> Machine:
    """The machine without what a program says of it, so that the two can be held against each other."""
    return detect(options, variables(launch.command, os.environ))


def examine(
    machine: Machine,
    launch: Launch,
    environment: Mapping[str, str],
    tell: Tell,
    root: Path = ROOT,
    *,
    declined: bool = False,
) -> tuple[Finding, ...]:
    """Every finding, those that cost most first; `declined`: no GPU is asked for, so that none is missed."""
    command = launch.command
    seen = variables(command, environment)
    tell("the host", 0.1)
    found = [*host_findings(machine, seen, root, command.argv)]
    tell("llama-server", 0.6)
    listed: tuple[Device, ...] | MoefitError = ()
    if command.container is None:
        server = ServerCall(command.program, command.subcommand, launch.constraints.rpc)
        listed = listed_devices(seen, server)
        found += program_findings(machine, seen, server, listed)
    if not _lists_a_gpu(listed):
        found += _gpus(machine, declined=declined)
    found += _calibration(machine)
    return tuple(sorted(found, key=lambda finding: finding.cost))


def _lists_a_gpu(listed: tuple[Device, ...] | MoefitError) -> bool:
    """Whether the program sees a GPU of this host, whatever the drivers tell."""
    return not isinstance(listed, MoefitError) and any(
        device.total and device.backend.name != "RPC" for device in listed
    )


def _gpus(machine: Machine, *, declined: bool) -> list[Finding]:
    """A GPU that is there and does not answer, or none."""
    why = "; ".join(machine.warnings)
    if machine.unseen:
        return [
            Finding(
                "gpu-silent",
                NOTHING_RUNS,
                f"{machine.unseen}, and no GPU answers: {why}",
                "load or mend its driver: nvidia-smi or rocminfo say what it lacks",
                "sure",
            )
        ]
    if not machine.gpus and not declined:
        return [
            Finding(
                "no-gpu",
                MANY_TIMES,
                f"no GPU was found{f': {why}' if why else ''}",
                "moefit plan MODEL --gpu rtx-3060 plans for one",
                "likely",
            )
        ]
    return []


def _calibration(machine: Machine) -> list[Finding]:
    if machine.calibration or not machine.host:
        return []
    what = "this machine was not measured: predicted speed rests on datasheets and guesses"
    return [Finding("uncalibrated", A_LITTLE, what, "moefit calibrate, once, in under a minute", "sure")]
