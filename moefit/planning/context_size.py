"""How many tokens of context, when the user does not say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from moefit.launch.constraints import Constraints
from moefit.launch.settings import CONTEXT_PADDING, SMALLEST_CONTEXT
from moefit.model import Model

DEFAULT: Final = 32768
_GUESSES: Final = 3
"""So many contexts are guessed; what is between those that fit and those that do not is then halved."""


def wanted_context(constraints: Constraints, model: Model) -> int:
    """Tokens: what `-c` says, the trained context for `-c 0`, else 32768 or `-fitc` if that is more.

    Without `-c` never more than the trained context.
    """
    if constraints.context:
        return constraints.context
    trained = model.trained_context or DEFAULT
    return trained if constraints.context == 0 else min(max(DEFAULT, constraints.fit_context or 0), trained)


def least_context(constraints: Constraints, model: Model) -> int | None:
    """Tokens that a plan gives way to, where the line leaves them open (planning.scarce); None where it does not."""
    if constraints.context is not None or constraints.kv_unified_per_slot:
        return None
    return min(wanted_context(constraints, model), constraints.fit_context or SMALLEST_CONTEXT)


def largest_context(
    wanted: int,
    fits: Callable[[int], bool],
    smallest: int = SMALLEST_CONTEXT,
    guess: Callable[[int, int], int] | None = None,
) -> int:
    """`wanted` if it fits, else the largest multiple of 256 from `smallest` up that does; `wanted` again if none does.

    Args:
        wanted: tokens.
        fits: whether so many tokens leave every layer's base on a device; true below its largest true value.
        smallest: tokens, what `-fitc` asks for.
        guess: where between a number of 256 tokens that fits and one that does not the end seems to be; what is between is halved in any case.

    >>> largest_context(32768, lambda tokens: tokens <= 10000)
    9984
    >>> largest_context(32768, lambda tokens: False)
    32768
    >>> largest_context(32768, lambda tokens: tokens <= 10000, guess=lambda low, high: low + 1)
    9984
    """
    if wanted <= smallest or fits(wanted) or not fits(smallest):
        return wanted
    low, high, guesses = smallest // CONTEXT_PADDING, -(-wanted // CONTEXT_PADDING), _GUESSES
    while high - low > 1:
        middle = guess(low, high) if guess and guesses else (low + high) // 2
        guesses = max(0, guesses - 1)
        if fits(middle * CONTEXT_PADDING):
            low = middle
        else:
            high = middle
    return low * CONTEXT_PADDING
