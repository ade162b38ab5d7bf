"""Plans side by side: several files, contexts, cards or strategies, every combination of what is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Final

from moefit.app.at_once import at_once
from moefit.app.line import read_launch
from moefit.app.machine import read_machine
from moefit.app.naming import is_repository, models_of
from moefit.app.request import read_request
from moefit.errors import MoefitError, UsageError
from moefit.launch.given import LINE
from moefit.launch.launch import Launch
from moefit.launch.options import known_words
from moefit.machine.detect import MachineOptions
from moefit.machine.types import Machine
from moefit.planning.compared import Compared
from moefit.planning.core import plan
from moefit.progress import Tell
from moefit.search.request import Options, Request
from moefit.values import dataclass

_AT_ONCE = 8
"""Headers that are fetched at a time."""
_MOST = 300
"""Models: the largest repositories of quants have about a hundred."""
_MOST_PLANS: Final = 500
"""Rows of a table that nobody reads to its end; they take ten seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared; an empty field leaves that to the line, the machine and moefit."""

    models: tuple[str, ...] = ()
    """As MODEL is written; a repository without a quant, and a folder, stand for all of their files."""
    contexts: tuple[int, ...] = ()
    cards: tuple[str, ...] = ()
    """As --gpu takes them: one machine for each."""
    strategies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedLine:
    """The command that all of them share."""

    words: tuple[str, ...] | None
    machine: MachineOptions
    options: Options
    build: str | None = None


def compare(asked: Asked, line: SharedLine, tell: Tell) -> tuple[Compared, ...]:
    """Every combination, planned; the largest files first where a repository or a folder was asked for.

    Raises:
        UsageError: there is nothing to compare, or what is compared is also said once for all.
        MoefitError: the machine, or every model, cannot be read.
    """
    names = _compared(asked, line)
    cards: tuple[str | None, ...] = asked.cards or (None,)
    launch = read_launch(names[0], line.words, line.build)
    _refuse_both(asked, line, launch)
    machines = {
        card: read_machine(replace(line.machine, gpus=(card,)) if card is not None else line.machine, launch)
        for card in cards
    }
    found = _read(names, line, next(iter(machines.values())), tell)
    unread = [read for _, read in found if isinstance(read, MoefitError)]
    if len(unread) == len(found):
        raise unread[0]

    def heard(at: int) -> Callable[[str], None]:
        return lambda label: tell(label, at / len(found))

    rows = [
        row
        for at, (name, read) in enumerate(found)
        for row in _planned(name, read, asked, line, machines, heard(at))
    ]
    if len(names) == 1 and rows and all(row.plan is None for row in rows):
        raise UsageError(rows[0].error or "there is no plan")
    if any(is_repository(name) or os.path.isdir(name) for name in asked.models):  # noqa: PTH112 - as below
        rows.sort(key=lambda row: -(row.plan.model.bytes if row.plan else 0))
    return tuple(rows)


def _compared(asked: Asked, line: SharedLine) -> tuple[str | None, ...]:
    """The models, each once; None for the one that the line names.

    Raises:
        UsageError: there are too many of them, or of what they are planned with, or none.
    """
    names = tuple(dict.fromkeys(_named(asked.models))) or (None,)
    if len(names) > _MOST:
        raise UsageError(
            f"{len(names):,} models are more than the {_MOST} that can be compared", "name those that matter"
        )
    if names == (None,) and not line.words:
        raise UsageError("there is nothing to compare", "moefit compare a.gguf b.gguf, or -hf user/repo")
    plans = len(names) * prod(max(1, len(some)) for some in (asked.contexts, asked.cards, asked.strategies))
    if plans > _MOST_PLANS:
        raise UsageError(
            f"{plans:,} plans are more than the {_MOST_PLANS} that can be compared",
            "fewer models, contexts, cards or strategies: every combination is planned",
        )
    return names


def _refuse_both(asked: Asked, line: SharedLine, launch: Launch) -> None:
    """What differs from row to row is not said for all of them too."""
    said = (given for given in launch.given if given.origin == LINE and "-c" in known_words(given.option))
    context = next((given.source for given in said), None)
    strategy = line.options.strategy
    pairs = (
        ("--cards", asked.cards, f"--gpu {line.machine.gpus[0]}" if line.machine.gpus else None),
        ("--contexts", asked.contexts, context),
        ("--strategies", asked.strategies, f"--strategy {strategy}" if strategy != "auto" else None),
    )
    for option, values, other in pairs:
        if values and other:
            raise UsageError(
                f"{option} and {other} contradict each other", f"put both into {option}, or leave one out"
            )


def _named(models: Sequence[str]) -> Iterator[str]:
    """The models one by one; a repository or a folder as its files."""
    for name in models:
        if os.path.isdir(name):  # noqa: PTH112 - False where it may not be asked
            yield from models_of(name)
        elif is_repository(name):
            from moefit.gguf.http import Client  # noqa: PLC0415 - only a repository needs it
            from moefit.llama.hub import access, repository_models  # noqa: PLC0415 - as above

            with Client() as client:
                repo = name.removeprefix("hf:")
                yield from (f"{repo}/{file}" for file in repository_models(repo, access(os.environ), client))
        else:
            yield name


Read = Request | MoefitError


def _read(
    names: Sequence[str | None], line: SharedLine, machine: Machine, tell: Tell
) -> list[tuple[str | None, Read]]:
    """The request of every model, in their order; headers on servers are fetched several at a time."""

    def read(name: str | None) -> Read:
        try:
            return read_request(
                name, line.words, line.machine, line.options, build=line.build, machine=machine
            )
        except MoefitError as error:
            return error

    found: dict[int, Read] = {}
    for at, one in at_once(read, names, _AT_ONCE):
        found[at] = one
        tell(f"read {len(found)} of {len(names)} headers", len(found) / len(names))
    return [(name, found[at]) for at, name in enumerate(names)]


def _planned(
    name: str | None,
    read: Read,
    asked: Asked,
    line: SharedLine,
    machines: dict[str | None, Machine],
    tell: Callable[[str], None],
) -> Iterator[Compared]:
    """A model's plans."""
    label = name or (read.model.name if isinstance(read, Request) else "")
    if isinstance(read, MoefitError):
        yield Compared(label, error=_said(label, read))
        return
    for context, card, strategy in product(asked.contexts or (None,), machines, asked.strategies or (None,)):
        tell(label)
        request = replace(read, machine=machines[card])
        if context is not None:
            request = replace(request, launch=_with_context(name, read.launch, line, context))
        if strategy is not None:
            request = replace(request, options=replace(read.options, strategy=strategy))
        try:
            yield Compared(label, context, card, strategy, plan(request))
        except MoefitError as error:
            yield Compared(label, context, card, strategy, error=_said(label, error))


def _with_context(name: str | None, launch: Launch, line: SharedLine, context: int) -> Launch:
    """The launch as if its line ended in `-c` with so many tokens."""
    typed = read_launch(name, [*(line.words or ()), "-c", str(context)], line.build)
    constraints = replace(launch.constraints, context=context)
    return replace(launch, command=typed.command, given=typed.given, constraints=constraints)


def _said(label: str, error: MoefitError) -> str:
    """The error and its hint, without the name that stands before them."""
    message = error.message.removeprefix(f"{label}: ")
    return f"{message}; {error.hint}" if error.hint else message
