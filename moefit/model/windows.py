"""Which blocks attend to a sliding window: llama_hparams::is_swa."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moefit.model.architectures import Architecture
    from moefit.model.hyperparameters import Hyperparameters


def windows(
    row: Architecture, keys: Hyperparameters, layers: int, main: int, recurrent: list[bool]
) -> tuple[int, list[bool]]:
    """n_swa and the layers it holds for: load_swa_pattern, set_swa_pattern."""
    none = [False] * layers
    rule = row.window
    if rule is None or (rule.if_layers is not None and rule.if_layers != main):
        return 0, none
    size = keys.integer("attention.sliding_window")
    if not size:
        return 0, none
    size = rule.fixed or size
    if rule.all_attention:
        return size, [il < main and not recurrent[il] for il in range(layers)]
    if keys.listed("attention.sliding_window_pattern") is not None:
        return size, [bool(flag) for flag in keys.each("attention.sliding_window_pattern")]
    period = keys.integer("attention.sliding_window_pattern", rule.pattern)
    return size, [
        _in_window(il, period, dense_first=rule.dense_first) and (il < main or row.compressed)
        for il in range(layers)
    ]


def _in_window(layer: int, period: int, *, dense_first: bool) -> bool:
    if period == 0:
        return True
    return layer % period != 0 if dense_first else layer % period < period - 1
