"""What stays the same between candidates: the request, resolved onto the devices and the context that it is solved for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit import cost
from moefit.cost.least import least
from moefit.cost.work import work_of
from moefit.launch.defaults import settings
from moefit.launch.settings import BATCH, Settings
from moefit.machine.types import Device, Machine
from moefit.memory.guest import Guest
from moefit.memory.memo import per_object
from moefit.memory.moe_cache import groups
from moefit.placement.arrange import Demand
from moefit.placement.types import Placement
from moefit.search.guest_memory import draft_bytes
from moefit.search.request import Request
from moefit.values import dataclass

known_work = per_object(8)(work_of)
"""What a token of a model costs, worked out once."""
_NEVER: Final = 1 << 20
"""Tokens; no batch is that large."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that stays the same between candidates."""

    request: Request
    devices: tuple[Device, ...]
    """Those that a candidate may use, in the order in which llama.cpp takes them."""
    demand: Demand
    """What the user fixed of the placement, in terms of `devices`."""
    context: int
    """Tokens."""
    copies: bool = True
    """False: priced as if no batch reached the threshold from which weights on the CPU are copied to a device."""

    @property
    def _free_draft(self) -> Mapping[str, int]:
        return {"CPU": 0} if self.request.files.draft is not None else {}

    def launch(self, ubatch: int, load_mode: str) -> Settings:
        """The settings for a micro-batch and a load mode, as llama.cpp will cap them."""
        constraints = self.request.launch.constraints
        return settings(
            constraints,
            context=self.context,
            ubatch=ubatch,
            load_mode=load_mode,
            devices=self.devices,
            threads=threads_to_set(self.request.machine),
            batch=max(BATCH, constraints.ubatch or 0),
        )

    def predict(
        self,
        launch: Settings,
        devices: Sequence[Device],
        placement: Placement,
        guests: Sequence[Guest] | None = None,
    ) -> cost.Prediction:
        """How long the workload takes with a placement on some of the devices; where its guests are not told, as if a draft cost nothing."""
        asked, priced = self.request, self._priced(launch)
        return cost.predict(
            known_work(asked.model),
            asked.machine,
            devices,
            priced,
            placement,
            asked.options.workload,
            draft_bytes=self._free_draft if guests is None else draft_bytes(guests),
            cached=groups(asked.model, devices, launch, placement),
        )

    def least(self, launch: Settings, devices: Sequence[Device], rooms: Sequence[int]) -> float:
        """Seconds that the workload takes at the least on some of the devices with room for so many bytes, whatever is placed where."""
        asked = self.request
        return least(
            known_work(asked.model),
            asked.machine,
            devices,
            self._priced(launch),
            asked.options.workload,
            rooms,
            drafts=launch.mtp or asked.files.draft is not None,
        )

    def _priced(self, launch: Settings) -> Settings:
        return launch if self.copies else replace(launch, op_offload_min_batch=_NEVER)


def threads_to_set(machine: Machine) -> int | None:
    """`-t`, where llama.cpp would take another number than one for each physical performance core that it may use."""
    usual, good = machine.cpu.default_threads, cost.best_threads(machine)
    return None if usual is None or usual == good else good
