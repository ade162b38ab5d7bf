"""How a processor multiplies: weights in the layout of its instructions, in tiles, or row by row, by their type.

A type's plain time (CORE_TIME) is that of unpacking its values for every row of the other side. Repacked weights are unpacked for several rows at
once, and tiles for 256: then what a type was matters no more.
source: ggml/src/ggml-cpu/repack.cpp, ggml_repack_get_optimal_repack_type; ggml/src/ggml-cpu/tiled/tiled.cpp, ggml_tiled_supported
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.cost import constants as c
from moefit.memory.memo import per_object
from moefit.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moefit.cost.reading import Shares
    from moefit.cost.token_load import Load
    from moefit.cost.work import Work
    from moefit.model import Model

TILED_ROWS: Final = 8
"""Of the other side, from which on tiles are taken. source: ggml/src/ggml-cpu/tiled/tiled.cpp, ggml_tiled_min_batch"""
_TILED: Final = frozenset(
    ("q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_xs", "iq3_s", "iq3_xxs", "iq2_s", "iq2_xs", "iq2_xxs", "iq1_s", "iq1_m")
)  # fmt: skip
_BY_AVX: Final = frozenset(("q4_0", "q4_K", "iq4_nl", "mxfp4"))
_IN_VAIN: Final = frozenset(("q2_K",))
"""AVX-512 has a layout for it that is no faster than none: 351 against 349 t/s where tiles, which it keeps away, give 757."""
_BY_NEON: Final = frozenset(("q4_0", "q4_K", "q5_K", "q6_K", "q8_0", "iq4_nl", "mxfp4"))
"""With its products of matrices (i8mm), the last two with those of vectors."""
ARM: Final = re.compile(
    r"neoverse|graviton|altra|ampere|\bgrace\b|cortex|\bcix\b|kunpeng|snapdragon|\bapple\b", re.IGNORECASE
)
_WIDE: Final = re.compile(
    r"Ryzen AI|Ryzen \d (?:PRO )?(?:7\d[045]\d|[89]\d{3}|2\d\d\b)|Threadripper (?:PRO )?[79]\d{3}|EPYC (?:[489]\d\d[45]|9\w\d\d)|EPYC-(?:Genoa|Turin)"
    r"|Xeon(?:\(R\))? (?:Gold|Silver|Platinum|W\d?-|\d{4}P)|11th Gen Intel|i\d-10\d\dG\d",
    re.IGNORECASE,
)
"""Processors that multiply eight-bit numbers in 512 bits (AVX-512 VNNI), by the names that their makers give them: Zen 4 and later, and Xeons."""
_NARROW: Final = re.compile(
    r"EPYC 7\w\w[123]|EPYC-(?:Rome|Milan)|Threadripper (?:PRO )?[1-5]\d{3}|Xeon(?:\(R\))? (?:CPU )?(?:[EXL]\d?-?\d|W-(?:12|2[01]|3[01])\d\d|D-(?:1[2-6]|21)\d\d"
    r"|(?:Bronze|Silver|Gold|Platinum) [3-8]1\d\d)",
    re.IGNORECASE,
)
"""Servers' processors that do not, Skylake's among them, whose AVX-512 has no VNNI; one that nobody knows does, as all since 2021 and 2022."""


class Kernels(NamedTuple):
    """The ways of multiplying that a processor has beside the plain one, each faster than plain Q4_K by a factor."""

    repacked: frozenset[str]
    """Types that lie in its layout."""
    repacked_gain: float
    row_gain: float
    """The same where the layout is multiplied with one row at a time, as experts' is."""
    tiled: frozenset[str]
    tiled_gain: float
    by_neon: bool = False
    """Arm's cores, which unpack types in other times."""

    def untiled(self) -> Kernels:
        """Those for few rows."""
        return self._replace(tiled=frozenset())

    def of_experts(self) -> Kernels:
        """Those for experts.

        source: ggml/src/ggml-cpu/repack.cpp, forward_mul_mat_id, which has gemv and no gemm
        """
        return self._replace(repacked_gain=self.row_gain)

    def time(self, quant: str) -> float:
        """Of a multiply-add with a weight of that type, against plain Q4_K."""
        if quant in self.repacked:
            return 1.0 / self.repacked_gain
        return 1.0 / self.tiled_gain if quant in self.tiled else self.plain(quant)[1]

    def plain(self, quant: str) -> tuple[float, float]:
        """The same where it is unpacked for every row; before it, that of a byte in decode."""
        table = c.CORE_TIME_BY_NEON if self.by_neon else c.CORE_TIME
        return table.get(quant, (1.0, 1.0))


def kernels_of(processor: str, *, repacked: bool, server: bool = False) -> Kernels:
    """The ways of a processor, by its name, with weights in its layout or as they are in the file."""
    if ARM.search(processor):
        return Kernels(
            _BY_NEON if repacked else frozenset(),
            c.REPACKED_BY_NEON,
            c.REPACKED_ROWS,
            frozenset(),
            1.0,
            by_neon=True,
        )
    types = _BY_AVX if repacked else frozenset()
    if not _NARROW.search(processor) and (server or _WIDE.search(processor)):
        tiled = _TILED - _IN_VAIN if repacked else _TILED
        return Kernels(types, c.REPACKED_BY_AVX512, c.REPACKED_ROWS, tiled, c.TILED_BY_AVX512)
    return Kernels(types, c.REPACKED_BY_AVX2, c.REPACKED_ROWS, _TILED, c.TILED_BY_AVX2)


def token_work(work: Work, kernels: Kernels, load: Load, experts: float = 1.0) -> float:
    """Bytes of Q4_K that a token's products with `load` weigh as much as, and with so many times its routed experts."""
    base, routed = _in_decode(work, kernels)
    return load.base_work * base + load.expert_work * experts * routed


@per_object(16)
def _in_decode(work: Work, kernels: Kernels) -> tuple[float, float]:
    """What a token's products with the base and with the experts take, against a processor with AVX."""
    if not kernels.by_neon:
        return 1.0, 1.0
    return _against_avx(work.types, kernels), _against_avx(work.expert_types, kernels)


def _against_avx(types: Shares, kernels: Kernels) -> float:
    usual = sum(share * c.CORE_TIME.get(quant, (1.0, 1.0))[0] for quant, share in types)
    return sum(share * kernels.plain(quant)[0] for quant, share in types) / usual if usual else 1.0


@per_object(16)
def times_of_types(work: Work, kernels: Kernels) -> tuple[float, float]:
    """What the base's products and the experts' take of their plain time."""
    return _share(work.multiplied, kernels), _share(work.experts_multiplied, kernels)


def _share(types: Iterable[tuple[str, float]], kernels: Kernels) -> float:
    taken = usual = 0.0
    for quant, macs in types:
        taken += macs * kernels.time(quant)
        usual += macs * c.CORE_TIME.get(quant, (1.0, 1.0))[1]
    return taken / usual if usual else 1.0


def elements(model: Model, *, experts: bool) -> tuple[tuple[str, float], ...]:
    """Elements of the layers' matrices by their type: routed experts', of which a token uses the same share of each, or all others'."""
    found: dict[str, float] = {}
    for layer in model.layers:
        for t in layer.tensors:
            if len(t.shape) > 1 and (t.role is Role.EXPERT) is experts:
                found[t.quant.name] = found.get(t.quant.name, 0.0) + math.prod(t.shape)
    return tuple(sorted(found.items()))
