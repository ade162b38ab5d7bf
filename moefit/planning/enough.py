"""How much more memory would make something fit: the smallest amounts, to the digit that is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from moefit.planning.context_size import least_context
from moefit.planning.frame import frame
from moefit.planning.types import Enough
from moefit.search.as_demanded import as_demanded
from moefit.search.candidate import Candidate
from moefit.search.choices import open_choices
from moefit.search.request import Request
from moefit.search.search import lacks_least, may_fit
from moefit.sizes import GIB, MIB

_MANY: Final = 2
"""Times the bytes of a model: where a device with so much more is too small, another one is."""
_SPARE: Final = 4096
"""Bytes below what is said that do, too: sizes are added as they are printed."""
_NEAR: Final = 64 * MIB
"""So much less on a device, or a hundredth, does not do."""
_AMPLE: Final = 1 << 50
"""Bytes of RAM that nothing lacks."""


def enough_memory(request: Request, closest: Candidate, *, smallest: bool = True) -> Enough | None:
    """The memory that would do for a request that nothing fits; None where no amount was found.

    On devices first, for what they must hold however much RAM there is; then the RAM of what lacks least of it: no placement depends on
    RAM. One check says that it does.

    Args:
        request: what was asked.
        closest: the launch that lacks least of those that were wanted.
        smallest: look for the smallest amount of a device; False takes the first that does.
    """
    if any(gpu.integrated for gpu in request.machine.gpus):
        return None  # what an integrated GPU gets more of is RAM, too
    tokens = least_context(request.launch.constraints, request.model)
    sized = _with_context(request, tokens)
    needs = least_of(sized)
    devices = _on_devices(sized, smallest=smallest) if needs.settled.shortfall else {}
    larger = _with_devices(sized, devices)
    needs = least_of(larger) if devices else needs
    if needs.settled.shortfall:
        return None
    more = _printed(needs.ram_shortfall + _SPARE) if needs.ram_shortfall else 0
    if more and not least_of(with_ram(larger, more - _SPARE)).fits:
        return None
    shown = tokens if tokens is not None and tokens < closest.settings.context else None
    smaller = needs.settings.ubatch < closest.settings.ubatch
    return Enough(more, shown, devices, needs.settings.ubatch if smaller else None)


def _on_devices(request: Request, *, smallest: bool) -> dict[str, int]:
    """Bytes that devices lack by name, whatever the RAM; the last of them by trial, for its layers may have other places then. Empty where no amount does."""
    ample = with_ram(request, _AMPLE)
    lacking = _lacking(ample)
    if not lacking:
        return {}
    name, *others = sorted(lacking, key=lambda name: -lacking[name])
    known = {other: _printed(lacking[other]) for other in others}

    def do(more: int) -> bool:
        return least_of(_with_devices(ample, {**known, name: more})).fits

    guess = _printed(lacking[name])
    most = guess + _MANY * request.model.bytes
    found = (_smallest if smallest else _first)(guess, do, most)
    return {} if found is None else {**known, name: found}


def _lacking(request: Request) -> dict[str, int]:
    """Bytes that each device lacks where what needs least is placed as the line demands."""
    problem = frame(request)
    found = as_demanded(problem, lacks_least(problem, open_choices(problem))).settled
    return {d.name: n for d, n in zip(found.devices, found.shortfalls, strict=True) if n}


def _first(guess: int, do: Callable[[int], bool], most: int) -> int | None:
    """A guess, or the first of larger and larger amounts that will do; None where even `most` does not."""
    step = _NEAR // 2
    while not do(guess):
        if guess > most:
            return None
        guess, step = guess + step, 2 * step
    return _printed(guess)


def _smallest(guess: int, do: Callable[[int], bool], most: int) -> int | None:
    """The smallest amount that will do, a hundredth or so more, from a guess; None where even `most` does not."""
    step = max(_NEAR, guess // 100) // 2
    low, high = 0, guess
    while not do(high):
        if high > most:
            return None
        low, high = high, high + 2 * (high - low)
    if low == 0 and high > step and not do(high - step):
        return high
    while high - low > step:
        middle = (low + high) // 2
        low, high = (low, middle) if do(middle) else (middle, high)
    return _printed(high)


def least_of(request: Request, context: int | None = None) -> Candidate:
    """What lacks least for a request, or something that fits; with `context` (tokens) for that one."""
    problem = frame(request, context)
    return lacks_least(problem, open_choices(problem))


def may_do(request: Request, context: int | None = None) -> bool:
    """Whether a sum of bytes leaves open that something fits, with `context` for so many tokens."""
    problem = frame(request, context)
    return may_fit(problem, open_choices(problem))


def _with_context(request: Request, tokens: int | None) -> Request:
    if tokens is None:
        return request
    sized = replace(request.launch.constraints, context=tokens)
    return replace(request, launch=replace(request.launch, constraints=sized))


def _printed(size: int) -> int:
    """A size as it is printed, no smaller."""
    unit = GIB / 100 if size > GIB else MIB
    return int(-(-size // unit) * unit)


def with_ram(request: Request, more: int) -> Request:
    """The request on a machine with so many bytes of RAM more."""
    ram = request.machine.ram
    larger = replace(ram, total=ram.total + more, available=ram.available + more)
    return replace(request, machine=replace(request.machine, ram=larger))


def _with_devices(request: Request, more: Mapping[str, int]) -> Request:
    gpus = tuple(
        replace(gpu, free=gpu.free + more.get(gpu.name, 0), total=gpu.total + more.get(gpu.name, 0))
        for gpu in request.machine.gpus
    )
    return replace(request, machine=replace(request.machine, gpus=gpus))
