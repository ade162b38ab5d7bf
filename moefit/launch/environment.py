"""Variables that a launch needs in its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from moefit.launch.constraints import Constraints
from moefit.launch.settings import MIN_BATCH, Settings

VARIABLE: Final = "GGML_OP_OFFLOAD_MIN_BATCH"
"""From how many tokens on a batch copies the weights it needs to a device. source: ggml/src/ggml-cuda/ggml-cuda.cu,
ggml_backend_cuda_reg; the other backends with offload_op read the same variable."""


def environment(settings: Settings, constraints: Constraints) -> Mapping[str, str]:
    """What a launch sets beyond its line and the user's own environment.

    >>> environment(Settings(4096), Constraints())
    {}
    >>> environment(Settings(4096, op_offload_min_batch=96), Constraints())
    {'GGML_OP_OFFLOAD_MIN_BATCH': '96'}
    >>> environment(Settings(4096, op_offload_min_batch=96), Constraints(op_offload_min_batch=96))
    {}
    """
    if settings.op_offload_min_batch in {MIN_BATCH, constraints.op_offload_min_batch}:
        return {}
    return {VARIABLE: str(settings.op_offload_min_batch)}


def min_batch(variables: Mapping[str, str]) -> int | None:
    """The user's own threshold, read as C's atoi reads it; None where it is not set.

    >>> min_batch({"GGML_OP_OFFLOAD_MIN_BATCH": "64 tokens"}), min_batch({"GGML_OP_OFFLOAD_MIN_BATCH": "x"}), min_batch({})
    (64, 0, None)
    """
    text = variables.get(VARIABLE)
    if text is None:
        return None
    number = re.match(r"\s*[+-]?\d+", text)
    return int(number[0]) if number else 0
