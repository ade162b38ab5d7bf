"""What keeps this machine below what it could be, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from moefit.llama.program_findings import program_findings
from moefit.machine.finding import A_LITTLE, NOTHING_RUNS, Finding
from moefit.machine.system import ROOT
from moefit.machine.system_findings import host_findings
from moefit.machine.types import Machine
from moefit.progress import Tell


def examine(
    machine: Machine, environment: Mapping[str, str], tell: Tell, root: Path = ROOT
) -> tuple[Finding, ...]:
    """Every finding, those that cost most first."""
    tell("the host", 0.1)
    found = [*_gpus(machine), *host_findings(machine, environment, root)]
    tell("llama-server", 0.6)
    found += program_findings(machine, environment)
    found += _calibration(machine)
    return tuple(sorted(found, key=lambda finding: finding.cost))


def _gpus(machine: Machine) -> list[Finding]:
    """A GPU that is there and does not answer, or none."""
    why = "; ".join(machine.warnings)
    if machine.unseen:
        return [
            Finding(
                "gpu-silent",
                NOTHING_RUNS,
                f"{machine.unseen}, but no GPU answers: {why}",
                "load its driver",
                "sure",
            )
        ]
    if not machine.gpus:
        return [
            Finding(
                "no-gpu",
                A_LITTLE,
                f"no GPU was found{f': {why}' if why else ''}",
                "moefit plan --gpu plans for one",
                "likely",
            )
        ]
    return []


def _calibration(machine: Machine) -> list[Finding]:
    if machine.calibration or not machine.host:
        return []
    what = "this machine was not measured: predicted speed rests on datasheets and guesses"
    return [Finding("uncalibrated", A_LITTLE, what, "moefit calibrate, once, in under a minute", "sure")]
