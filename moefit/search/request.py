"""What is asked: a model on a machine, the user's command, and moefit's own options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from moefit.cost.workload import Workload
from moefit.launch.launch import Launch
from moefit.machine.types import Machine
from moefit.memory.guests import GuestFiles
from moefit.model import Model
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """moefit's own options, as far as they steer the plan."""

    workload: Workload
    strategy: str = "auto"
    thorough: bool = True
    """List every candidate on all devices; False leaves out those that cannot win, which changes no choice and takes less time."""
    neighbours: bool = True
    """Of those also the next micro-batches of the fastest strategy, which a page without reasons does not show."""
    margins: Mapping[str, int] = field(default_factory=dict)
    """Device name (or the empty string for every device) -> bytes that replace the reserve."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """The same -> bytes left free for models that another server loads on that device."""
    corrections: Mapping[str, int] = field(default_factory=dict)
    """Device name -> bytes that the real llama.cpp was found to use beyond the prediction; negative where less."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a plan depends on."""

    model: Model
    machine: Machine
    launch: Launch
    options: Options
    files: GuestFiles = GuestFiles()
    """The headers of the mmproj, the draft model and other guests of the line, as far as they have one."""
