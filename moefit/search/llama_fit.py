"""llama.cpp's own fit (`--fit`, on by default): what a server makes of a line before it loads anything.

Four steps, in this order: measure the line as it stands, and stop where every device keeps its margin; shrink a context that the
line leaves open, and with one device stop where that is enough; give up where the line places anything itself; then assign
layers (`llama_fit_layers`). It counts on unlimited RAM, and a context that it shrank stays so where it gives up.

source: common/fit.cpp, common_params_fit_impl
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moefit.launch.settings import CONTEXT_PADDING
from moefit.memory.types import Footprint
from moefit.search.llama_fit_layers import Assignment, LayerTask, place_layers
from moefit.values import dataclass

MARGIN: Final = 1024 << 20
"""source: common/common.h, common_params::fit_params_target."""
ALL_EXPERTS: Final = "all experts on the CPU"


@dataclass(frozen=True, slots=True)
class ContextRange:
    """How far the fit may change the context, in tokens of all sequences."""

    asked: int | None
    """What the line says; None where that is nothing, or 0."""
    most: int
    """The trained context of every sequence that has a cache of its own."""
    least: int | None
    """The smallest that the fit may set; None where the line asks for all of it (`-c 0`)."""
    sequences: int = 1
    """Caches of their own."""


Where = Assignment | str | None
"""An assignment; ALL_EXPERTS; or None for the line as it stands."""


@dataclass(frozen=True, slots=True)
class FitLine:
    """What the fit knows of a line and its machine."""

    free: tuple[int, ...]
    """Bytes that each device reports free."""
    margins: tuple[int, ...]
    """Bytes that are to stay free on each; one more is not read."""
    ram: int
    """Bytes of RAM in all, which count only without a device."""
    contexts: ContextRange
    blocks: int
    """Layers, a multi-token-prediction block only where it is loaded."""
    routed: bool
    """The model has experts."""
    gpu_layers: int | None
    """`-ngl`, where it is a number."""
    refusal: str | None
    """Why it may not place anything: what the line places itself."""
    at_least: Callable[[int, Where], Footprint]
    """What a dummy load takes with a context at the least: its weights and caches."""
    measure: Callable[[int, Where], Footprint]
    """What it takes, and guests of the line beside it."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the fit makes of the line."""

    context: int
    """Tokens."""
    assignment: Assignment | None = None
    """None where the line's own placement, or llama.cpp's default, stays."""
    gave_up: str | None = None
    """Why the line is loaded although it may not fit."""


def llama_fit(line: FitLine) -> Fitted:
    """What llama.cpp's fit does with a line.

    >>> from moefit.memory.types import HostUse, Use
    >>> def measure(context, where):
    ...     return Footprint((Use(model=600, context=context // 100),), HostUse())
    >>> line = FitLine((1000,), (100,), 0, ContextRange(None, 40960, 4096), 8, False, None, "-ngl 8", measure, measure)
    >>> llama_fit(line)
    Fitted(context=29952, assignment=None, gave_up=None)
    """
    contexts = line.contexts
    context = contexts.asked or contexts.most
    if all(_keeps_margins(line, load(context, None)) for load in (line.at_least, line.measure)):
        return Fitted(context)
    if contexts.asked is None and _used(line, full := line.measure(context, None)) > _target(line):
        context, enough = _smaller_context(line, full)
        if enough and len(line.free) <= 1:
            return Fitted(context)
    if not line.free:
        return Fitted(context, gave_up="no context is small enough for the RAM")
    if line.refusal is not None:
        return Fitted(context, gave_up=line.refusal)
    return Fitted(context, _assigned(line, context))


def _used(line: FitLine, footprint: Footprint) -> int:
    """Bytes on all devices; in RAM where there is none."""
    if not line.free:
        host = footprint.host
        return host.model + host.context + host.compute
    return sum(use.total for use in footprint.devices)


def _target(line: FitLine) -> int:
    """Bytes that all devices (or RAM) may be used for."""
    if not line.free:
        return line.ram - line.margins[0]
    return sum(line.free) - sum(line.margins[: len(line.free)])


def _keeps_margins(line: FitLine, footprint: Footprint) -> bool:
    """Step 1."""
    if not line.free:
        return _used(line, footprint) <= _target(line)
    left = (
        free - use.total - margin
        for free, use, margin in zip(line.free, footprint.devices, line.margins, strict=False)
    )
    return all(n >= 0 for n in left)


def _smaller_context(line: FitLine, full: Footprint) -> tuple[int, bool]:
    """Step 2: the context by interpolation between the smallest and the trained one, and whether that should be enough."""
    contexts = line.contexts
    if contexts.least is None or contexts.most <= contexts.least:
        return contexts.most, False
    target, used = _target(line) - _waste(line, full), _used(line, full)
    least = _used(line, line.measure(contexts.least, None))
    if target <= least:
        return contexts.least, False
    tokens = contexts.least + (contexts.most - contexts.least) * (target - least) // (used - least)
    return max(tokens - tokens % (CONTEXT_PADDING * contexts.sequences), contexts.least), True


def _waste(line: FitLine, full: Footprint) -> int:
    """What several devices are expected to leave unused: half a layer each, or a sixth with experts, and one more."""
    count = len(line.free)
    if count < 2:
        return 0
    layers = line.blocks if line.gpu_layers is None else min(line.gpu_layers, line.blocks)
    layer = sum(use.model for use in full.devices) // max(1, layers)
    return (count + 1) * layer // (6 if line.routed else 2)


def _assigned(line: FitLine, context: int) -> Assignment:
    """Steps 3 and 4."""

    def at_least(where: Where) -> tuple[int, ...]:
        return tuple(use.total for use in line.at_least(context, where).devices)

    def measure(where: Where) -> tuple[int, ...]:
        return tuple(use.total for use in line.measure(context, where).devices)

    targets = tuple(free - margin for free, margin in zip(line.free, line.margins, strict=False))
    task = LayerTask(line.blocks, line.routed, targets, at_least, measure)
    convert = line.routed and all(sum(targets) > sum(used(ALL_EXPERTS)) for used in (at_least, measure))
    return place_layers(task, convert=convert)
