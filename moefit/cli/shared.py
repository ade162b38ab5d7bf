"""Options that several commands share, defined once: a command that takes `Shared` gets all of them."""

from __future__ import annotations

import inspect
import re
import site
import sys
from collections.abc import Callable, Sequence
from dataclasses import field, fields
from enum import StrEnum
from functools import wraps
from typing import Any, get_type_hints

import typer

from moefit.cli import options as o
from moefit.cost.workload import PREFERENCES, Workload, parse_workload
from moefit.errors import UsageError
from moefit.machine.detect import TIME_LIMIT, MachineOptions
from moefit.search.request import Options
from moefit.sizes import option_size
from moefit.values import dataclass


@dataclass(frozen=True, kw_only=True)
class MachineShared:
    """What every command takes that looks at the machine."""

    gpu: o.Gpu = None
    ram: o.RamSize = None
    ram_bandwidth: o.RamBandwidth = None
    cores: o.Cores = None
    machine: o.MachineFile = None
    budget: o.Budget = None
    exclude: o.Exclude = None
    no_calibration: o.NoCalibration = False
    timeout: o.Timeout = TIME_LIMIT
    rpc: o.Rpc = None
    color: o.Color = o.When.AUTO
    words: tuple[str, ...] | None = field(default=None, metadata={"after": "--"})
    """The command after `--`; None where there is none."""

    @property
    def is_declared(self) -> bool:
        """Whether the devices are said, and may be another machine's."""
        return bool(self.gpu or self.machine)

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
            calibrated=not self.no_calibration,
            time_limit=self.timeout,
        )


@dataclass(frozen=True, kw_only=True)
class Steered(MachineShared):
    """What steers plans, one or several."""

    margin: o.Margin = None
    beside: o.Beside = None
    strategy: o.StrategyChoice = o.Strategy.AUTO
    workload: o.WorkloadText = None
    prefer: o.Prefer = None
    build: o.Build = None

    @property
    def plan_options(self) -> Options:
        """Those that steer the plan."""
        return Options(
            workload=self._workload,
            strategy=self.strategy.value,
            margins=dict(_by_device("--margin", text) for text in self.margin or ()),
            beside=dict(_by_device("--beside", text) for text in self.beside or ()),
        )

    @property
    def _workload(self) -> Workload:
        if self.prefer is None:
            return parse_workload("chat" if self.workload is None else self.workload)
        if self.workload is not None:
            raise UsageError("--prefer and --workload both say what to be fast at", "give one of them")
        return PREFERENCES[self.prefer.value]


@dataclass(frozen=True, kw_only=True)
class ComparisonShared(Steered):
    """What `compare` takes."""

    models: o.ComparedModels = None


@dataclass(frozen=True, kw_only=True)
class Shared(Steered):
    """What every planning command takes before `--`."""

    model: o.ModelPath = None
    allow_cpu: o.AllowCpu = False
    expect: o.Expect = None
    exact: o.Exact = False

    @property
    def expected(self) -> tuple[str, ...]:
        """`--expect`, each device by itself."""
        if any(not text.strip() for text in self.expect or ()):
            raise UsageError("--expect is empty", "a variable that nothing has set?")
        return tuple(name.strip() for text in self.expect or () for name in text.split(",") if name.strip())

    def run_words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command of moefit that runs `argv` with these options: absolute, for a place without a PATH.

        It imports nothing from the folder that it runs in, which may hold untrusted models and a typer.py.
        """
        words = [sys.executable, *_isolated(), "-m", "moefit", "run"]
        for f in fields(self):
            value = getattr(self, f.name)
            if f.metadata or value == f.default or f.name in {"model", "color", "rpc"}:
                continue
            option = f"--{f.name.replace('_', '-')}"
            for item in value if isinstance(value, list) else [value]:
                words += [option] if item is True else [option, str(item)]
        return (*words, "--", *argv)


def takes(shared: type[MachineShared]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Make a command of a function whose first parameter is a `shared` and whose others are its own options."""
    hints = get_type_hints(shared, include_extras=True)
    options = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(shared)
        if not f.metadata
    ]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        parameters = [context, *options, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own)]

        @wraps(command)
        def with_shared(context: typer.Context, **values: Any) -> int:
            picked = {p.name: values.pop(p.name) for p in options}
            words = with_rpc(context.obj, picked.get("rpc") or ())
            return command(shared(**picked, words=words), **values)

        with_shared.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect.signature reads it
        with_shared.__annotations__ = {p.name: p.annotation for p in parameters}
        return with_shared

    return decorate


def with_rpc(words: tuple[str, ...] | None, rpc: Sequence[str]) -> tuple[str, ...] | None:
    """The command with `--rpc` right after its program: what names an RPC device's buffer must come later.

    Raises:
        UsageError: the command has one already.
    """
    if not rpc:
        return words
    from moefit.launch.programs import split

    parts = split(list(words or ()))
    if "--rpc" in parts.rest:
        raise UsageError("--rpc stands before and after --", "put all servers into one of them")
    program = parts.words or (() if parts.container else ("llama-server",))
    return (*parts.wrapper, *program, "--rpc", ",".join(rpc), *parts.rest)


def _isolated() -> list[str]:
    """Options of Python's: no imports from the current folder or by variables.

    Nor from the user's own packages, unless moefit may be among them.
    """
    return ["-P", "-E"] if site.getusersitepackages() in sys.path else ["-I"]


def _by_device(option: str, text: str) -> tuple[str, int]:
    """`[DEV=]SIZE`; the empty name stands for every device."""
    name, equals, size = text.rpartition("=")
    if equals and not name:
        raise UsageError(
            f"{option} {text}: a device is missing before =", f"{option} CUDA0=600MiB, or {option} 600MiB"
        )
    return name, option_size(option, size)


def numbers(option: str, text: str | None) -> tuple[int, ...]:
    """`N,N`, where 8k is 8192; none where the option was not given."""
    words = [word.strip().lower() for word in text.split(",")] if text is not None else []
    read = [re.fullmatch(r"([0-9]{1,9})(k?)", word) for word in words]
    found = [int(match[1]) * (1024 if match[2] else 1) for match in read if match]
    if len(found) < len(words):
        raise UsageError(
            f"{option} {text or repr(text)}: takes numbers with commas between", f"{option} 8192,32768"
        )
    return tuple(dict.fromkeys(found))


def names(option: str, text: str | None, kind: type[StrEnum]) -> tuple[str, ...]:
    """`NAME,NAME`, each one of `kind`; none where the option was not given."""
    words = [word.strip() for word in text.split(",")] if text is not None else []
    known = [str(value) for value in kind]
    for word in words:
        if word not in known:
            from difflib import get_close_matches

            near = get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise UsageError(f"{option} {word or repr(word)}: there is no such one", hint)
    return tuple(dict.fromkeys(words))
