"""Seconds of what a device does between a prompt's products: it sorts tokens by expert, and norms, gates, adds and quantises what goes in and comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from moefit.cost.run import Run
    from moefit.cost.token_load import Load

_WARP: Final = 32
_TOGETHER: Final = frozenset({2, 4, 6, 8, 10, 16, 32})
"""Experts of a token with which a warp looks at several tokens at once. source: ggml/src/ggml-cuda/mmid.cu, ggml_cuda_launch_mm_ids_helper"""


def sorting(run: Run, load: Load, place: int, tokens: int) -> float:
    """One warp for each expert looks at the choices of all tokens, some tokens at a time, for every matrix of experts.

    source: ggml/src/ggml-cuda/mmid.cu, mm_ids_helper
    """
    return load.expert_tensors * _steps(tokens, run.work.experts_used) * run.rates[place].sort_step


def passing(run: Run, load: Load, place: int, tokens: int) -> float:
    """Every element that goes into a product or comes out is read and written by other kernels."""
    return tokens * load.activations / run.rates[place].passed


def _steps(tokens: int, used: int) -> int:
    """A warp has room for as many tokens as the next power of two of their experts fits into it."""
    at_once = _WARP // (1 << (used - 1).bit_length()) if used in _TOGETHER else 1
    return -(-tokens // at_once)
