"""Seconds of the grouped products of routed experts on a device: tiles that are computed whole, and blocks that find nothing to do.

source: ggml/src/ggml-cuda/mmq.cuh, mul_mat_q and launch_mul_mat_q
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moefit.cost.device_rates import DeviceRates
    from moefit.cost.run import Run
    from moefit.cost.work import Work
    from moefit.model import Tensor

_ROWS: Final = 128
"""Outputs of an expert in a tile. source: ggml/src/ggml-cuda/mmq-config-ampere.cuh"""
_WIDTHS: Final = (8, 16, 24, 32, 40, 48, 64, 80, 96, 112, 128)
"""Tokens that a tile has room for. source: ggml/src/ggml-cuda/mmq-config-ampere.cuh"""
_BY_VECTORS: Final = 8
"""Tokens of a micro-batch up to which no tiles are computed. source: ggml/src/ggml-cuda/mmvq.cuh, MMVQ_MAX_BATCH_SIZE"""


def grouped(run: Run, place: int, tokens: int) -> float:
    """Seconds that a micro-batch takes for each multiply-add of a token's routed experts on a device, padding counted."""
    rate, work = run.rates[place], run.work
    columns, share = _tiles(tokens) if rate.block else (0, 1.0)
    padding = share * rate.padding * work.distinct(tokens) * work.experts / max(1, work.experts_used)
    faster = of_types(work, rate) + work.in_fp4 * (rate.fp4 - 1.0)
    return 2.0 * (tokens + padding) / (rate.expert_flops * faster) + work.row_tiles * columns * rate.block


def _tiles(tokens: int) -> tuple[int, float]:
    """How many tiles all tokens would fill if one expert had them, and the room of one against the widest's.

    The narrowest is taken with which there are as few. source: ggml/src/ggml-cuda/mmq.cu, ggml_cuda_mul_mat_q
    """
    if tokens <= _BY_VECTORS:
        return 0, 0.0
    fewest = math.ceil(tokens / _WIDTHS[-1])
    return fewest, next(width for width in _WIDTHS if width * fewest >= tokens) / _WIDTHS[-1]


def of_types(work: Work, rate: DeviceRates) -> float:
    """How fast a device multiplies the model's types, against K-quants whose scales are for 32 elements."""
    return 1.0 + work.in_q4_0 * (rate.q4_0 - 1.0) + work.in_sixteens * (rate.sixteens - 1.0)


def row_tiles(experts: Iterable[Tensor], share: float) -> float:
    """Tiles of rows of all experts' matrices for each multiply-add of a token, which uses the experts in that share.

    Where 128 tokens could be, a block is started for each of them.
    """
    shapes = [tensor.shape for tensor in experts if len(tensor.shape) > 2]
    tiles = sum(math.ceil(rows / _ROWS) * count for _, rows, count in shapes)
    return tiles / max(1.0, share * sum(math.prod(shape) for shape in shapes))
