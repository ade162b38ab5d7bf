"""One way to launch, with its memory and its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moefit.cost import Prediction
from moefit.launch.settings import Settings
from moefit.memory.host import residence
from moefit.search.caches import shrink
from moefit.search.orders import swap_factor
from moefit.search.problem import Problem
from moefit.search.ram import ram_left, ram_shortfall
from moefit.search.settled import Settled
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to launch, scored."""

    strategy: str
    settings: Settings
    settled: Settled
    prediction: Prediction
    ram_shortfall: int
    """Bytes of RAM that are missing; 0 if it fits."""
    order: tuple[int, ...] = ()
    """Which of the problem's devices it uses, as the line names them."""
    swap_factor: float = 1.0
    """Times as long it counts, for an order of devices other than the machine's."""

    @property
    def weight(self) -> float:
        """Seconds, by which the best is chosen."""
        return self.prediction.seconds * self.swap_factor

    @property
    def fits(self) -> bool:
        """Whether devices and RAM hold it."""
        return self.shortfall == 0

    @property
    def shortfall(self) -> int:
        """Bytes that are missing."""
        return self.settled.shortfall + self.ram_shortfall


def score(problem: Problem, strategy: str, settings: Settings, settled: Settled) -> Candidate:
    """A settled placement as a candidate; caches that the user left open shrink to what RAM is left."""
    settings, settled, missing = ram_missing(problem, settings, settled)
    prediction = problem.predict(settings, settled.devices, settled.placement, settled.guests)
    order = tuple(problem.devices.index(device) for device in settled.devices if device in problem.devices)
    factor = swap_factor(problem, settled.devices)
    return Candidate(strategy, settings, settled, prediction, missing, order, factor)


def ram_missing(problem: Problem, settings: Settings, settled: Settled) -> tuple[Settings, Settled, int]:
    """Bytes of RAM that are missing, with the launch and its memory after open caches have given way."""
    request = problem.request
    settings, settled = _with_smaller_caches(problem, settings, settled)
    missing = ram_shortfall(request, settled)
    limit = request.machine.ram.unlocked_limit
    if limit is not None and request.launch.constraints.load_mode is None:
        missing = max(missing, residence(settled.footprint.host, settings, settled.devices).pinned - limit)
    return settings, settled, missing


def _with_smaller_caches(problem: Problem, settings: Settings, settled: Settled) -> tuple[Settings, Settled]:
    request, host = problem.request, settled.footprint.host
    beyond = -ram_left(request, settled)
    if beyond <= 0:
        return settings, settled
    constraints = request.launch.constraints
    settings, less = shrink(
        request.model,
        settings,
        host,
        beyond,
        prompts=constraints.cache_ram is None,
        checkpoints=constraints.context_checkpoints is None,
    )
    return settings, replace(settled, footprint=replace(settled.footprint, host=less))


def best(found: Sequence[Candidate]) -> Candidate:
    """The fastest that fits, of equals the one on earlier devices; or the one that lacks least."""
    fitting = [c for c in found if c.fits]
    if fitting:
        return min(fitting, key=lambda c: (c.prediction.seconds, c.order))
    return min(found, key=lambda c: c.shortfall)
