"""What is open for the search, after what the user fixed."""

from __future__ import annotations

from typing import Final

from moefit.cost import best_threads
from moefit.launch.constraints import Constraints
from moefit.machine.types import CPU, Machine
from moefit.placement.arrange import Demand
from moefit.search.search import Choices

STRATEGIES: Final = ("base-first", "two-pass", "standard")
DENSE_STRATEGIES: Final = ("base-first", "ffn", "standard")
"""For a model without routed experts, to which the two-pass fit does nothing."""
UBATCHES: Final = (512, 1024, 2048, 4096, 8192)
"""llama.cpp's default first. Each doubling halves the copies of weights on the CPU; beyond these, buffers take more than that saves."""
SMALLER: Final = 256
"""Tried last: its smaller buffers can be what lets the last experts onto a device."""
SMALL_UBATCHES: Final = (256, 128, 64)
"""Only where nothing fits with the default: they save compute buffers."""


def open_choices(
    constraints: Constraints,
    machine: Machine,
    orders: tuple[tuple[int, ...], ...],
    strategy: str,
    context: int,
    *,
    prompt: int,
    dense: bool,
) -> Choices:
    """The choices, llama.cpp's own default first in each.

    Args:
        constraints: what the user set.
        machine: its RAM decides whether pinned memory is open.
        orders: device orders, as `device_orders` gives them.
        strategy: a strategy's name, or auto for all that make a difference.
        context: tokens; a micro-batch is never larger.
        prompt: tokens of the workload's prompt; a micro-batch that is larger than it must be saves nothing.
        dense: the model has no routed experts.
    """
    every = DENSE_STRATEGIES if dense else STRATEGIES
    return Choices(
        strategies=every if strategy == "auto" else (strategy,),
        ubatches=_ubatches(constraints, context, prompt),
        load_modes=load_modes(constraints, machine),
        orders=orders,
    )


def device_orders(machine_gpus: tuple[float, ...], demand: Demand) -> tuple[tuple[int, ...], ...]:
    """Device subsets and orders worth a try: all as they stand, the fastest memory first or last, each without the slowest, none.

    Args:
        machine_gpus: memory bandwidth of each device, bytes per second (0 for unknown).
        demand: a user's `-dev`, `-ts` or `-sm none`, and overrides to a device, leave only the order given.
    """
    everything = tuple(range(len(machine_gpus)))
    fixed = any(device != CPU for device in demand.fixed.values())
    if demand.ordered or demand.runs is not None or fixed:
        return (everything,)
    ranked = tuple(sorted(everything, key=lambda i: -machine_gpus[i]))
    subsets = [tuple(sorted(ranked[:n])) for n in range(len(ranked) - 1, 0, -1)]
    none: list[tuple[int, ...]] = [] if demand.tail else [()]
    return tuple(dict.fromkeys((everything, ranked, ranked[::-1], *subsets, *none)))


def threads_to_set(machine: Machine) -> int | None:
    """`-t`, where llama.cpp would take another number than one for each physical performance core that it may use."""
    usual, good = machine.cpu.default_threads, best_threads(machine)
    return None if usual is None or usual == good else good


def _ubatches(constraints: Constraints, context: int, prompt: int) -> tuple[int, ...]:
    if constraints.ubatch is not None:
        return (constraints.ubatch,)
    cap = min(context, constraints.batch or max(UBATCHES))
    holds_the_prompt = next((n for n in UBATCHES if n >= prompt), max(UBATCHES))
    usual = tuple(n for n in UBATCHES if n <= min(cap, holds_the_prompt))
    return (*usual, SMALLER) if usual else (cap,)


def load_modes(constraints: Constraints, machine: Machine) -> tuple[str, ...]:
    """Auto (which is mmap nearly everywhere), and none, which lets experts sit in pinned memory."""
    if constraints.load_mode is not None:
        return (constraints.load_mode,)
    pinned = any(gpu.backend.host_buffer for gpu in machine.gpus)
    return ("auto", "none") if pinned else ("auto",)
