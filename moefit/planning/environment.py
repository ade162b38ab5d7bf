"""Variables that a launch needs in its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moefit.launch.settings import Settings

MIN_BATCH: Final = "GGML_OP_OFFLOAD_MIN_BATCH"
"""From how many tokens on a batch copies the weights it needs to a device. source: ggml/src/ggml-cuda/ggml-cuda.cu,
ggml_backend_cuda_reg; the other backends with offload_op read the same variable."""
DEFAULT_MIN_BATCH: Final = 32


def environment(settings: Settings) -> Mapping[str, str]:
    """What a launch sets beyond its line.

    >>> from moefit.launch.settings import Settings
    >>> environment(Settings(4096)), environment(Settings(4096, op_offload_min_batch=96))
    ({}, {'GGML_OP_OFFLOAD_MIN_BATCH': '96'})
    """
    if settings.op_offload_min_batch == DEFAULT_MIN_BATCH:
        return {}
    return {MIN_BATCH: str(settings.op_offload_min_batch)}
