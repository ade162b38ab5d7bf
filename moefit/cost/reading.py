"""The types of a model's weights, and how long a device takes to read them: some are unpacked slower than its memory gives them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from moefit.cost import constants as c
from moefit.memory.memo import per_object
from moefit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moefit.cost.device_rates import DeviceRates
    from moefit.cost.work import Work
    from moefit.model import Model, Tensor

Shares = tuple[tuple[str, float], ...]
"""Types, and the share of the bytes that each has."""


def types_read(model: Model) -> tuple[Shares, Shares]:
    """The types of what every token reads, and those of routed experts, each with its share of the bytes."""
    tensors = [*(t for layer in model.layers if not layer.mtp for t in layer.tensors), *model.output]
    experts = [t for t in tensors if t.role is Role.EXPERT]
    return _shares(t for t in tensors if t.role is not Role.EXPERT), _shares(experts)


def in_fp4(model: Model) -> float:
    """Share of the routed experts' bytes whose type FP4 tensor cores multiply."""
    experts = [t for layer in model.layers for t in layer.experts]
    return sum(t.bytes for t in experts if t.quant.name in c.FP4_TYPES) / max(
        1, sum(t.bytes for t in experts)
    )


def in_types(model: Model, share: float, names: frozenset[str]) -> float:
    """Share of a token's multiply-adds in some types; of the routed experts only those that it uses."""
    counted = [
        (math.prod(t.shape) * (share if t.role is Role.EXPERT else 1.0), t.quant.name)
        for layer in model.layers
        for t in layer.tensors
        if len(t.shape) > 1
    ]
    return sum(macs for macs, quant in counted if quant in names) / max(1.0, sum(macs for macs, _ in counted))


def _shares(tensors: Iterable[Tensor]) -> Shares:
    size: Counter[str] = Counter()
    for tensor in tensors:
        size[tensor.quant.name] += tensor.bytes
    return tuple((name, of / max(1, size.total())) for name, of in size.items())


@per_object(64, 2)
def seconds_of_a_byte(work: Work, rate: DeviceRates) -> tuple[float, float]:
    """Seconds in which a device reads a byte of the model's base, and of its routed experts, for a token."""
    return _seconds(work.types, rate.types, rate.read), _seconds(
        work.expert_types, rate.expert_types, rate.read
    )


def least_of_a_byte(work: Work, rate: DeviceRates, *, experts: bool) -> float:
    """Seconds in which a device reads a byte in that type of the model's which it reads fastest; a cache is read no faster than that."""
    shares, rates = (work.expert_types, rate.expert_types) if experts else (work.types, rate.types)
    usual = rates.get("", rate.read)
    return 1.0 / max((rate.read, *(rates.get(name, usual) for name, _ in shares)))


def _seconds(shares: Shares, rates: Mapping[str, float], usual: float) -> float:
    usual = rates.get("", usual)
    return sum(share / rates.get(name, usual) for name, share in shares) if rates and shares else 1.0 / usual
