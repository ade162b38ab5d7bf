"""A plan, as every output format reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from moefit.cost import Prediction
from moefit.cost.workload import Workload
from moefit.launch.command import Argument, Command
from moefit.launch.complete import Addition
from moefit.launch.constraints import Constraints
from moefit.launch.given import Given
from moefit.launch.settings import Settings
from moefit.launch.translate import Dropped
from moefit.machine.types import Device, Machine
from moefit.memory.extras import Extra
from moefit.memory.guests import Files
from moefit.memory.types import HostUse, Use
from moefit.model import Model
from moefit.placement.budget import Budget
from moefit.placement.types import Placement
from moefit.search.search import Candidate
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Launch:
    """The user's command, read."""

    command: Command
    given: tuple[Given, ...]
    """Everything that sets an option: files, variables, the line."""
    constraints: Constraints
    extras: tuple[Extra, ...] = ()
    """The mmproj, the draft model and other guests of the line, with their memory."""
    files: Files = Files()
    """The headers of those, as far as they have one."""
    needed: tuple[Addition, ...] = ()
    """Without these the program would not load the model that the line names."""
    notes: tuple[Warn, ...] = ()
    """What the reading of the command has to say."""

    @property
    def draft_bytes(self) -> Mapping[str, int]:
        """What a draft model reads for each token it drafts, by device name (or CPU); empty without one.

        On the CPU nothing where a device has layers of it: what is left is taken for its token embedding, of which one row is read.
        """
        drafts = {e.device: e.model for e in self.extras if e.kind == "draft" and e.model}
        return {name: size for name, size in drafts.items() if name != "CPU"} or drafts


@dataclass(frozen=True, slots=True)
class Options:
    """moefit's own options, as far as they steer the plan."""

    workload: Workload
    strategy: str = "auto"
    thorough: bool = True
    """List every candidate on all devices; False leaves out those that cannot win, which changes no choice and takes less time."""
    margins: Mapping[str, int] = field(default_factory=dict)
    """Device name (or the empty string for every device) -> bytes that replace the reserve."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """The same -> bytes left free for models that another server loads on that device."""
    corrections: Mapping[str, int] = field(default_factory=dict)
    """Device name -> bytes that the real llama.cpp was found to use beyond the prediction; negative where less."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Something the user should know; it goes to stderr, and into JSON."""

    code: str
    """A fixed word that a program can test for: paging, unknown-architecture, truncated ..."""
    message: str
    hint: str | None = None
    note: bool = False
    """It says what was chosen; nothing is wrong."""


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """One device's memory: model + context + compute + overhead + reserve + left = free."""

    device: Device
    budget: Budget
    use: Use
    layers: tuple[int, ...]
    """Blocks whose base and KV live here."""
    expert_layers: tuple[int, ...]
    """Blocks of which at least one routed-expert tensor lives here."""
    output: bool
    """The output matrix lives here."""
    extras: tuple[Extra, ...] = ()
    """The guests of the line that live here."""

    @property
    def left(self) -> int:
        """Bytes that stay free; negative is a shortfall."""
        return self.budget.left(self.use.total)


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """Where one block lives."""

    index: int
    device: str
    """Device name, or CPU."""
    experts: str | Mapping[str, str] | None
    """Device name or CPU of all its routed experts; by tensor where they differ; None without experts."""
    why: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Where its other tensors live that are not on `device`, by the tensor's short name: those of an FFN, or what the user moved."""


def holds_weights(experts: Mapping[str, str]) -> bool:
    """Whether a device holds one of a layer's expert matrices, not their biases alone, by the tensors' homes."""
    return any(home != "CPU" for name, home in experts.items() if not name.endswith(".bias"))


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer."""

    fits: bool
    strategy: str
    model: Model
    machine: Machine
    settings: Settings
    placement: Placement
    devices: tuple[DevicePlan, ...]
    host: HostUse
    host_left: int
    """Bytes of available RAM that stay free; negative is a shortfall."""
    extras: tuple[Extra, ...]
    layers: tuple[LayerPlan, ...]
    prediction: Prediction
    candidates: tuple[Candidate, ...]
    shortfall: int
    argv: tuple[str, ...]
    """The whole line; empty when it does not fit."""
    environment: Mapping[str, str]
    kept: tuple[Argument, ...]
    added: tuple[Addition, ...]
    dropped: tuple[Dropped, ...]
    warnings: tuple[Warn, ...]
    remedy: str | None = None
    """What would fit, when this does not: the smallest change to the user's own line."""
    inherited: tuple[Given, ...] = ()
    """What files and variables set, beside the line."""
