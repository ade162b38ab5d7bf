"""What `moefit bench` runs: the best few lines of a plan and llama.cpp's own --fit; and what came of it, as values."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from moefit.cost.workload import Workload
from moefit.launch.complete import complete
from moefit.launch.defaults import settings
from moefit.launch.environment import environment
from moefit.launch.launch import Launch
from moefit.planning.additions import additions
from moefit.planning.types import Plan
from moefit.search.baselines import LLAMA_FIT
from moefit.search.candidate import Candidate
from moefit.search.demand import chosen_devices
from moefit.search.llama_fit import MARGIN
from moefit.search.request import Request
from moefit.sizes import MIB
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Trial:
    """One line to run."""

    name: str
    """What a table calls it: base-first ub 2048, none, or --fit."""
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    candidate: Candidate
    """With its prediction and its memory."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of the workload."""

    prefill: float
    """Tokens per second."""
    decode: float
    """Tokens per second."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The server answers."""

    seconds: float
    """Since it was started."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most memory that was in use while a line ran."""

    devices: Mapping[str, int] = field(default_factory=dict)
    """Device name -> bytes that it had less than before the line was started; only of devices that can be watched."""
    ram: int | None = None
    """Bytes of RAM the process itself held; None where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The context filled by one prompt."""

    tokens: int
    peak: Peak


@dataclass(frozen=True, slots=True)
class Hits:
    """What an expert cache says when its server ends: experts that small batches used."""

    hits: int
    misses: int

    @property
    def used(self) -> int:
        """How many were looked up."""
        return self.hits + self.misses

    @property
    def rate(self) -> float:
        """The share that was found."""
        return self.hits / max(1, self.used)


@dataclass(frozen=True, slots=True)
class Failed:
    """The line did not run, or not to its end."""

    reason: str
    """One line, the program's own last error where it gave one."""


Event = Ready | Sample | Peak | Filled | Hits | Failed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one trial."""

    trial: Trial
    samples: tuple[Sample, ...] = ()
    ready: float | None = None
    """Seconds from the server's start until it answered."""
    peak: Peak | None = None
    filled: Filled | None = None
    hits: Hits | None = None
    failure: str | None = None

    @property
    def median(self) -> Sample | None:
        """The middle of the runs; None without one."""
        if not self.samples:
            return None
        return Sample(
            statistics.median(sample.prefill for sample in self.samples),
            statistics.median(sample.decode for sample in self.samples),
        )

    def after(self, event: Event) -> Outcome:
        """The outcome, one event later."""
        match event:
            case Sample():
                return replace(self, samples=(*self.samples, event))
            case Ready():
                return replace(self, ready=event.seconds)
            case Peak():
                return replace(self, peak=event)
            case Filled():
                return replace(self, filled=event)
            case Hits():
                return replace(self, hits=event)
            case Failed():
                return replace(self, failure=event.reason)


def seconds(sample: Sample, workload: Workload) -> float:
    """What the workload takes at these rates."""
    return workload.prompt / sample.prefill + workload.generated / sample.decode


def fastest_outcome(outcomes: tuple[Outcome, ...], workload: Workload) -> Outcome | None:
    """The one that took least time; None where nothing ran."""
    ran = [(seconds(m, workload), i) for i, o in enumerate(outcomes) if (m := o.median) is not None]
    return outcomes[min(ran)[1]] if ran else None


def trials(plan: Plan, request: Request, count: int) -> tuple[Trial, ...]:
    """The `count` best distinct lines of a plan that fits, the chosen one first, then llama.cpp's own fit.

    Beside a line with an expert cache, whose hits nobody knows beforehand, the best without one comes next. `--fit` gets the plan's
    context, so that both have the same memory to find. It is left out where the user's line turns it off.
    """
    fitting = [c for c in plan.candidates if c.fits]
    uncached = [c for c in fitting if not c.settings.moe_cache and c.strategy != LLAMA_FIT]
    sure = (
        min(uncached, key=lambda c: c.prediction.seconds, default=None) if plan.settings.moe_cache else None
    )

    def order(candidate: Candidate) -> tuple[bool, bool, float]:
        same = candidate.settings == plan.settings and candidate.settled.placement == plan.placement
        return not same, candidate is not sure, candidate.prediction.seconds

    ranked = sorted(fitting, key=order)
    found: dict[tuple[str, ...], Trial] = {}
    for candidate in ranked:
        if len(found) == count:
            break
        trial = _trial(request, candidate)
        found.setdefault(trial.argv, trial)
    return (*found.values(), *_own_fit(plan, request.launch))


def _trial(request: Request, candidate: Candidate) -> Trial:
    machine, launch = request.machine, request.launch
    devices = chosen_devices(launch.constraints, machine.gpus)
    default = settings(launch.constraints, context=candidate.settings.context, devices=devices)
    wanted = additions(request, candidate, default)
    argv = complete(launch.command, wanted, launch.given, launch.constraints.left_open).argv
    chosen = candidate.settings
    name = f"{candidate.strategy} ub {chosen.ubatch}, {chosen.load_mode}"
    if len(machine.gpus) > 1:
        name += f" -dev {','.join(d.name for d in candidate.settled.devices)}"
    return Trial(name, argv, environment(chosen, launch.constraints), candidate)


def _own_fit(plan: Plan, launch: Launch) -> Iterator[Trial]:
    fit = next((c for c in plan.candidates if c.strategy == LLAMA_FIT), None)
    if fit is None or launch.constraints.fit is False:
        return
    context = str(fit.settings.context)
    words: tuple[str, ...] = ()
    if launch.command.name == "llama-bench":  # its own fit is off unless asked for, and it has no -c
        given = launch.constraints.fit_target is not None
        words = () if given else ("-fitt", str(MARGIN // MIB), "-fitc", context)
    elif not launch.constraints.context:
        words = ("-c", context)
    yield Trial("--fit", (*launch.command.argv, *words), {}, fit)
