"""What a place has to read and compute for one token, and its sums."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Final

from moefit.values import dataclass


@dataclass(slots=True)
class Load:
    """What tensors, caches and layers cost a place. Mutable: places add up what their slots and exceptions bring."""

    base_bytes: float = 0.0
    """Weights that every token reads."""
    base_macs: float = 0.0
    """Their multiply-adds per token."""
    base_work: float = 0.0
    """Their bytes, each weighed by the time a CPU core takes for its type in decode, against Q4_K."""
    base_prefill_work: float = 0.0
    """Their multiply-adds, each weighed by the time a CPU core takes for its type in prefill, against Q4_K."""
    expert_bytes: float = 0.0
    """All routed experts."""
    expert_read: float = 0.0
    """Bytes of the experts that one token uses."""
    expert_macs: float = 0.0
    expert_work: float = 0.0
    """`expert_read`, weighed like `base_work`."""
    expert_prefill_work: float = 0.0
    """`expert_macs`, weighed like `base_prefill_work`."""
    expert_tensors: float = 0.0
    """Tensors of routed experts that are matrices."""
    rows: float = 0.0
    """Lengths of the rows of the base's matrices, summed."""
    activations: float = 0.0
    """Elements that a token brings to the products of the matrices, and takes from them."""
    key: float = 0.0
    """Elements of K read per cell by layers that attend to everything."""
    value: float = 0.0
    window_key: float = 0.0
    """The same for layers with a sliding window."""
    window_value: float = 0.0
    attention_macs: float = 0.0
    """Multiply-adds per token and cell of layers that attend to everything."""
    window_macs: float = 0.0
    state: float = 0.0
    """Bytes of recurrent state read, and as many written, per token."""
    layers: float = 0.0
    moe_layers: float = 0.0
    """Layers with routed experts."""
    recurrent_layers: float = 0.0
    """Layers with a recurrence, beside which a short convolution alone is none."""
    delta_layers: float = 0.0
    """Those of them with a gated delta net."""
    kernels: float = 0.0
    """Matrices and norms of other layers beyond those of a plain one."""
    recurrence_macs: float = 0.0
    """Multiply-adds per token with that state: it decays, is asked, and is updated."""

    def add(self, other: Load, times: float = 1.0) -> None:
        """Takes on what `other` costs, or with -1 gives it up."""
        for name, own, more in zip(_FIELDS, _values(self), _values(other), strict=True):
            if more:
                setattr(self, name, own + times * more)

    def plus(self, other: Load) -> Load:
        """What both cost together."""
        return Load(*map(operator.add, _values(self), _values(other)))


_FIELDS: Final = tuple(field.name for field in fields(Load))

_values: Final[Callable[[Load], tuple[float, ...]]] = operator.attrgetter(*_FIELDS)

COSTS: Final = _FIELDS.index("activations") + 1
"""How many of the fields a tensor has a part of: the first."""


def prefix_sums(slots: Iterable[Load]) -> tuple[tuple[float, ...], ...]:
    """Prefix sums over slots: one row more than there are slots, of values in the order of the fields."""
    zero = (0.0,) * len(_FIELDS)
    return tuple(
        itertools.accumulate(map(_values, slots), lambda a, b: tuple(map(operator.add, a, b)), initial=zero)
    )


def together(costs: Iterable[tuple[float, ...]]) -> Load:
    """What tensors cost together."""
    return Load(*(sum(column) for column in zip(*costs, strict=True)))
