"""A plan, as every output format reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from moefit.cost import Prediction
from moefit.errors import Warn
from moefit.launch.command import Argument
from moefit.launch.complete import Addition
from moefit.launch.given import Given
from moefit.launch.settings import Settings
from moefit.launch.translate import Dropped
from moefit.machine.types import Device, Machine
from moefit.memory.guest import Guest
from moefit.memory.moe_cache import MoeCache
from moefit.memory.types import HostUse, Use
from moefit.model import Model
from moefit.placement.budget import Budget
from moefit.placement.types import Placement
from moefit.search.candidate import Candidate
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Help:
    """A change that would make a plan faster, or make it fit; it is never made unasked."""

    kind: str
    """A fixed word that a program can test for: kv-q8, mtp, one-slot, context, sm-tensor, quant, ram, vram, first-card,
    second-card (one more like the first), unset (the line without an option of its user's)."""
    what: str
    """What changes, and at what price."""
    words: str
    """What to type: options of llama-server, or of moefit where the machine changes; empty for a file to be looked for, and for what is to be left out."""
    seconds: float = 0.0
    """What the workload is then predicted to take."""
    about: bool = False
    """The seconds are those of a sketch, with no plan made of these words; or of a file whose header was not read."""


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
    guests: tuple[Guest, ...] = ()
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
    guests: tuple[Guest, ...]
    layers: tuple[LayerPlan, ...]
    prediction: Prediction
    candidates: tuple[Candidate, ...]
    shortfall: int
    argv: tuple[str, ...]
    """The whole line; empty when it does not fit."""
    environment: Mapping[str, str]
    """Variables to set in front of the line."""
    kept: tuple[Argument, ...]
    added: tuple[Addition, ...]
    dropped: tuple[Dropped, ...]
    warnings: tuple[Warn, ...]
    ram_shortfall: int = 0
    """Bytes of RAM that are missing."""
    enough: Enough | None = None
    """The memory that would make it fit."""
    alternatives: tuple[Alternative, ...] = ()
    """What would run if the user allowed one thing more, when this does not fit; the fastest first."""
    moe_cache: MoeCache | None = None
    """The expert cache, part of the devices' context."""
    remedy: str | None = None
    """What else to do when this does not fit."""
    inherited: tuple[Given, ...] = ()
    """What files and variables set, beside the line."""
    inside: Mapping[str, str] = field(default_factory=dict)
    """Variables that the line itself sets for a container's program, as `-e`."""
    known: tuple[str, ...] = ()
    """Other strategies of which the candidates have what the plan of `--strategy` would be."""
    helps: tuple[Help, ...] = ()
    """What would help, the fastest first; empty where that was not asked."""

    @property
    def estimates(self) -> tuple[str, ...]:
        """Why figures are an estimate, one line each; empty where all follow from described graphs."""
        return tuple(w.message for w in self.warnings if w.code == "estimate")

    @property
    def largest_file(self) -> int:
        """Bytes of the largest file that would fit in the place of this one, layers where they are; 0 where no file would.

        In RAM it may be smaller by what is missing; on a device the weights that are there alone shrink with it.
        """
        size = self.model.bytes
        if self.enough is not None and not self.enough.devices:
            return max(0, size - self.enough.more)
        lacking = [(on.use.model, -on.left) for on in self.devices if on.left < 0]
        if self.shortfall > self.ram_shortfall + sum(lack for _, lack in lacking):
            return 0  # layers have no room at all
        most = [size * (held - lack) // held if held else 0 for held, lack in lacking]
        return max(0, min([size - self.ram_shortfall, *most]))


@dataclass(frozen=True, slots=True)
class Enough:
    """The smallest amounts of memory with which something would fit."""

    more: int
    """Bytes of RAM beside what is there, as many as are printed; 0 where devices alone lack."""
    context: int | None
    """Tokens that a plan would then give way to, where that is fewer than were wanted."""
    devices: Mapping[str, int] = field(default_factory=dict)
    """The same of devices, by name."""
    ubatch: int | None = None
    """The micro-batch that needs no more, where it is smaller than that of the launch that lacks memory."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A line that would run if the user allowed one thing more."""

    words: str
    """What to allow: --load-mode mmap, -c 8192, leaving out -ts."""
    why: str
    """What that does, or costs."""
    plan: Plan
    """With its own line and figures."""
