"""What is open for the search, after what the user fixed."""

from __future__ import annotations

from typing import Final

from moefit.launch.translate import load_words
from moefit.search.orders import device_orders
from moefit.search.problem import Problem
from moefit.search.request import Request
from moefit.values import dataclass

STRATEGIES: Final = ("base-first", "two-pass", "standard")
DENSE_STRATEGIES: Final = ("base-first", "ffn", "standard")
"""For a model without routed experts, to which the two-pass fit does nothing."""
UBATCHES: Final = (512, 1024, 2048, 4096, 8192)
"""llama.cpp's default first. Each doubling halves the copies of weights on the CPU; beyond these, buffers take more than that saves."""
SMALLER: Final = 256
"""Tried last: its smaller buffers can be what lets the last experts onto a device."""
SMALL_UBATCHES: Final = (256, 128, 64)
"""Only where nothing fits with the default: they save compute buffers."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is open. The first of each is what llama.cpp would do by itself."""

    strategies: tuple[str, ...]
    ubatches: tuple[int, ...]
    load_modes: tuple[str, ...]
    orders: tuple[tuple[int, ...], ...]
    """Device indices: which devices, in which order."""


def open_choices(problem: Problem) -> Choices:
    """The choices, llama.cpp's own default first in each."""
    request = problem.request
    options = request.options
    every = STRATEGIES if request.model.experts else DENSE_STRATEGIES
    return Choices(
        strategies=every if options.strategy == "auto" else (options.strategy,),
        ubatches=_ubatches(request, problem.context),
        load_modes=load_modes(request),
        orders=device_orders(problem),
    )


def _ubatches(request: Request, context: int) -> tuple[int, ...]:
    """None is larger than the context, nor than it must be for the prompt; the default alone where the build has no word for another."""
    constraints, prompt = request.launch.constraints, request.options.workload.prompt
    if constraints.ubatch is not None:
        return (constraints.ubatch,)
    cap = min(context, constraints.batch or max(UBATCHES))
    if "-ub" not in request.launch.command.table:
        return (min(UBATCHES[0], cap),)
    holds_the_prompt = next((n for n in UBATCHES if n >= prompt), max(UBATCHES))
    usual = tuple(n for n in UBATCHES if n <= min(cap, holds_the_prompt))
    return (*usual, SMALLER) if usual else (cap,)


def load_modes(request: Request) -> tuple[str, ...]:
    """Auto (which is mmap nearly everywhere), and none, which lets experts sit in pinned memory, where the build can say it."""
    constraints = request.launch.constraints
    if constraints.load_mode is not None:
        return (constraints.load_mode,)
    pinned = constraints.pinned and any(gpu.backend.host_buffer for gpu in request.machine.gpus)
    pinned = pinned and bool(load_words("none", request.launch.command.table))
    return ("auto", "none") if pinned else ("auto",)
