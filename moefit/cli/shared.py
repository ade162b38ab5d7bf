"""Options that several commands share, defined once: a command that takes `Shared` gets all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import Any, get_type_hints

import typer

from moefit.cli import options as o
from moefit.errors import UsageError
from moefit.machine.detect import MachineOptions
from moefit.planning.types import Options
from moefit.sizes import parse_size
from moefit.workload import parse_workload


@dataclass(frozen=True, slots=True)
class Shared:
    """What every planning command takes before `--`."""

    model: o.ModelPath = None
    gpu: o.Gpu = None
    ram: o.RamSize = None
    ram_bandwidth: o.RamBandwidth = None
    cores: o.Cores = None
    machine: o.MachineFile = None
    budget: o.Budget = None
    exclude: o.Exclude = None
    margin: o.Margin = None
    strategy: o.StrategyChoice = o.Strategy.AUTO
    workload: o.WorkloadText = "chat"
    words: tuple[str, ...] | None = field(default=None, metadata={"after": "--"})
    """The command after `--`; None where there is none."""

    @property
    def machine_options(self) -> MachineOptions:
        """Those that describe the machine."""
        return MachineOptions(
            gpus=tuple(self.gpu or ()),
            ram=self.ram,
            ram_bandwidth=self.ram_bandwidth,
            cores=self.cores,
            machine_file=self.machine,
            budgets=tuple(self.budget or ()),
            excluded=tuple(self.exclude or ()),
        )

    @property
    def plan_options(self) -> Options:
        """Those that steer the plan."""
        return Options(
            workload=parse_workload(self.workload),
            strategy=self.strategy.value,
            margins=dict(_margin(text) for text in self.margin or ()),
        )


def takes_shared(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose first parameter is a `Shared` and whose others are its own options, as Typer wants to see it."""
    hints = get_type_hints(Shared, include_extras=True)
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Shared)
        if not f.metadata
    ]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @wraps(command)
    def with_shared(context: typer.Context, **values: Any) -> int:
        picked = {p.name: values.pop(p.name) for p in shared}
        return command(Shared(**picked, words=context.obj), **values)

    parameters = [context, *shared, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own)]
    with_shared.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect.signature reads
    with_shared.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_shared


def _margin(text: str) -> tuple[str, int]:
    """`[DEV=]SIZE`; the empty name stands for every device."""
    name, equals, size = text.rpartition("=")
    if equals and not name:
        raise UsageError(
            f"--margin {text}: a device is missing before =", "--margin CUDA0=600MiB, or --margin 600MiB"
        )
    return name, parse_size(size)
