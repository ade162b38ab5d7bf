"""How much more RAM would make something fit: the smallest amount, to the digit that is printed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moefit.launch.settings import SMALLEST_CONTEXT
from moefit.planning.context_size import wanted_context
from moefit.planning.frame import frame
from moefit.planning.types import Enough
from moefit.search.candidate import Candidate
from moefit.search.choices import open_choices
from moefit.search.request import Request
from moefit.search.search import lacks_least
from moefit.sizes import GIB, MIB

_SPARE: Final = 4096
"""Bytes below what is said that do, too: sizes are added as they are printed."""


def enough_memory(request: Request, closest: Candidate) -> Enough | None:
    """The RAM that would do for a request that nothing fits; None where more than RAM is missing.

    What the launch lacks that needs least is the amount: no placement depends on RAM. One check says that it does.

    Args:
        request: what was asked.
        closest: the launch that lacks least of those that were wanted.
    """
    if not closest.ram_shortfall or any(gpu.integrated for gpu in request.machine.gpus):
        return None  # what an integrated GPU gets more of is RAM, too
    tokens = _least_context(request)
    sized = _with_context(request, tokens)
    needs = _least_of(sized)
    if needs.settled.shortfall:
        return None
    more = _printed(needs.ram_shortfall + _SPARE)
    if not _least_of(_with_ram(sized, more - _SPARE)).fits:
        return None
    shown = tokens if tokens is not None and tokens < closest.settings.context else None
    return Enough(more, shown)


def _least_of(request: Request) -> Candidate:
    problem = frame(request)
    return lacks_least(problem, open_choices(problem))


def _least_context(request: Request) -> int | None:
    """Tokens that a plan gives way to, where the line leaves them open (planning.scarce)."""
    constraints = request.launch.constraints
    if constraints.context is not None or constraints.kv_unified_per_slot:
        return None
    return min(wanted_context(constraints, request.model), constraints.fit_context or SMALLEST_CONTEXT)


def _with_context(request: Request, tokens: int | None) -> Request:
    if tokens is None:
        return request
    sized = replace(request.launch.constraints, context=tokens)
    return replace(request, launch=replace(request.launch, constraints=sized))


def _printed(size: int) -> int:
    """A size as it is printed, no smaller."""
    unit = GIB / 100 if size > GIB else MIB
    return int(-(-size // unit) * unit)


def _with_ram(request: Request, more: int) -> Request:
    ram = request.machine.ram
    larger = replace(ram, total=ram.total + more, available=ram.available + more)
    return replace(request, machine=replace(request.machine, ram=larger))
