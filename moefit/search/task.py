"""What is to be placed: one launch of the request, on these devices, by that strategy."""

from __future__ import annotations

from collections.abc import Sequence

from moefit import memory
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.model import Model
from moefit.placement.arrange import Demand, Strategy, arrange, less_fixed, without_fixed
from moefit.placement.budget import Budget
from moefit.placement.types import Ledger, Placement, Room
from moefit.search.request import Request
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """One launch that is to be placed."""

    request: Request
    devices: tuple[Device, ...]
    """In the order in which llama.cpp would use them."""
    budgets: tuple[Budget, ...]
    """What each of them may give to the model and the guests of the line."""
    settings: Settings
    strategy: Strategy
    demand: Demand

    @property
    def model(self) -> Model:
        """What is placed."""
        return self.request.model

    def rooms(self, taken: Sequence[int]) -> list[Room]:
        """What a strategy may use of each device where compute buffers and guests take so many bytes."""
        return [
            Room(max(0, budget.usable - size), device.backend.name, device.integrated, budget.usable)
            for device, budget, size in zip(self.devices, self.budgets, taken, strict=True)
        ]

    def arrange(self, ledger: Ledger, taken: Sequence[int]) -> Placement:
        """The strategy's answer to that."""
        return arrange(self.strategy, self.model, ledger, self.rooms(taken), self.demand)

    @property
    def ledger(self) -> Ledger:
        """The sizes of the model's slots."""
        return memory.ledger(self.model, self.settings, self.devices)

    @property
    def open_ledger(self) -> Ledger:
        """The same without what the user fixed."""
        return without_fixed(self.ledger, self.model, self.demand.fixed)

    def open_rooms(self, compute: Sequence[int]) -> list[Room]:
        """What a strategy may use of each device beside what the user fixed to it."""
        return less_fixed(self.rooms(compute), self.model, self.demand.fixed)
