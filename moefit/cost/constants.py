"""Every constant of the prediction: value, unit, where it comes from, when, and by which llama.cpp.

Those that are `fitted` were chosen so that predictions meet rows of tests/data; `scripts/fit_rates.py` derives them again, with one machine left out
in turn. The others are single figures that somebody measured, or physics.
"""

from __future__ import annotations

import re
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.machine.types import Device

_WHEN: Final = "2026-11, llama.cpp b11434"
_KERNELS: Final = "2026-11, llama.cpp b11549"
_ARC: Final = "2026-05, llama.cpp b9039"
_M2_ULTRA: Final = "2026-02, llama.cpp b7948"
_DASLLAMA: Final = "2026-07 and 2026-08, llama.cpp ebd048fc5"
"""By pages of one owner of several of Apple's chips."""
_APPLES: Final = "2026-02 to 2026-08, llama.cpp b7948 to b10050"


class Constant(float):
    """A number that knows what it is."""

    unit: str
    source: str
    """The figures that it comes from."""
    when: str
    """Month and build of llama.cpp of its figures. Of one that rests on rows of many builds, which tests/data names: the month in which it was settled, and the build
    whose code the prediction followed then."""
    fitted: bool
    """It was chosen so that predictions meet rows of tests/data."""

    def __new__(
        cls, value: float, unit: str, source: str, *, fitted: bool = False, when: str = _WHEN
    ) -> Self:
        """The number with its label."""
        made = super().__new__(cls, value)
        made.unit, made.source, made.when, made.fitted = unit, source, when, fitted
        return made

    def scaled(self, factor: float) -> Constant:
        """The same constant with another value."""
        return Constant(self * factor, self.unit, self.source, fitted=self.fitted, when=self.when)


class ByBackend(dict[str, Constant]):
    """A constant by backend (CUDA, ROCm, Vulkan ...), and one for any other."""

    def __init__(self, usual: Constant, known: dict[str, Constant]) -> None:
        super().__init__(known)
        self.usual = usual

    def __missing__(self, backend: str) -> Constant:
        """That of a backend without a figure of its own."""
        return self.usual


def by_backend(
    usual: float,
    unit: str,
    source: str,
    *,
    fitted: bool = False,
    when: str = _WHEN,
    by: Mapping[str, str] = MappingProxyType({}),
    **known: float,
) -> ByBackend:
    """Constants of one kind with one source; `by` has the month and build of the backends whose figures have their own."""

    def make(backend: str, value: float) -> Constant:
        return Constant(value, unit, source, fitted=fitted, when=by.get(backend, when))

    return ByBackend(make("", usual), {backend: make(backend, value) for backend, value in known.items()})


SHARPNESS: Final = Constant(
    4.0,
    "power",
    "Bytes and work limit a product together: a power mean of the two times.",
)

FED: Final = Constant(
    3.0,
    "power",
    "The same of a link and the copy to the staging buffer that feeds it from pageable memory: PCIe 3 with 16 lanes, 10 of 13.4 GB/s on a "
    "Quadro RTX 5000; Thunderbolt 3, all of its 2.8 on an RTX 3090.",
    fitted=True,
)

FED_TILES: Final = Constant(
    1.3,
    "power",
    "The same of a product on a device and the reading of its weights, which overlap little: Llama-3.1-8B Q4_K_S takes an RTX 4090 "
    "10.0, 15.0, 23.3 and 41.3 ms for 64, 128, 256 and 512 tokens, an RTX 3090 20.6, 35.8, 61.2 and 116: both are a straight line above what the "
    "file takes to read.",
    fitted=True,
)

USUAL_SHARE: Final = by_backend(
    0.3,
    "of the FP16 tensor peak",
    "The same for a chip of no family above, by backend: the middle of what its backend's chips reach.",
    fitted=True,
    CUDA=0.45,
    ROCm=0.4,
    Vulkan=0.35,
    MTL=0.36,
    SYCL=0.25,
)

EXPERT_SHARE: Final = by_backend(
    0.6,
    "of the rate of one large product",
    "A grouped product of routed experts against one large product, padding not counted: the values with "
    "which the dense figures above also explain RTX 4080, A5000, RTX PRO 6000 and H100 on six MoE models "
    "at micro-batches of 256 to 4096 tokens, each within 13% on average, and W7800, R9700, RX 7600 and RX 6700 XT on "
    "two at 512 to 4096. Metal's kernel is the one of other products with rows that are looked up: 0.95 explains an M2 Ultra's and an M1 Max's (32 cores) seven MoE models and an M5 Max's three. "
    "With SYCL each expert is a product of its own, or, since #24452 (June 2026), one grouped product without the units for matrices: an Arc Pro B70 reads prompts of four MoE models at 0.2 to 0.4 of the "
    "rate of its dense ones before, a B60 and a B50 at 0.25 since.",
    fitted=True,
    by={"MTL": _APPLES, "SYCL": "2026-05 and 2026-06, llama.cpp b9039 and pull request 24452"},
    CUDA=0.7,
    MTL=0.95,
    SYCL=0.25,
)

_PADDING: Final = (
    "Tokens of padding that each used expert costs in a grouped product beside the reading of it. CUDA's tensor cores compute tiles of 128 columns for every expert with a token, as many as an "
    "H200 takes 45 us for in a multiprocessor, be 10 or 60 of them used (Qwen3-Next-80B-A3B, 512 and 4,096 tokens; benchmarks/gpu/results/tiles.csv): a tile of n tokens has 128 - n too many, "
    "and smaller chips hide a part of that behind the unpacking of the weights. Of fitted prompts on other chips the error is least with 24 and 28; half a tile of 64 columns would be 32. Metal's tiles have 32 tokens "
    "(ggml/src/ggml-metal/kernels/mul_mm.metal, kernel_mul_mm_id, NR1), so that half of one is 16."
)
PADDING: Final = by_backend(24.0, "tokens", _PADDING, fitted=True, when=_KERNELS, MTL=16.0)
PADDING_OF_TENSOR_CORES: Final = Constant(48.0, "tokens", _PADDING, fitted=True, when=_KERNELS)
PADDING_OF_DATA_CENTRE: Final = Constant(110.0, "tokens", _PADDING, when=_KERNELS)

TILE_START: Final = Constant(
    1980.0,
    "clocks",
    "What a multiprocessor takes to start a block of a grouped product: CUDA starts one for each tile that there could be, of every expert, 128 rows, and 128 tokens of the micro-batch, and most "
    "find nothing to do. An H200's grouped products of Qwen3-Next with rows of 2,048 and of 512 take 1,425 and 3,046 us for 4,096 tokens, 590 and 770 for 512: 1.1 us for each of a "
    "multiprocessor's 496, 1,986, 62 and 248 blocks, and 45 and 11 us for each tile with a token (benchmarks/gpu/results/tiles.csv). Qwen3.5-35B-A3B's, 842 and 1,646 us, say the same.",
    when=_KERNELS,
)

PASSED: Final = Constant(
    0.00077,
    "elements/FLOP",
    "Elements that go in or come out of products, against the FP16 tensor peak: norms, gates, sums and the quantising of what is multiplied run on "
    "the plain FP32 units and out of the L2 cache, like a state's steps. Qwen3.5-35B-A3B on an H200, 4096 tokens: 11.0 ms of such kernels in eight layers, 69 thousand "
    "elements a token and layer (benchmarks/gpu/results/kernels.csv).",
    when="2026-11, llama.cpp b11549",
)

SORT_STEP: Final = by_backend(
    0.0,
    "s",
    "Seconds in which a warp looks at the experts of as many tokens as it has room for, before it looks at the next: mm_ids_helper takes an H200 159 us for 4,096 "
    "tokens with eight experts each, four at a time (benchmarks/gpu/results/kernels.csv). AMD's chips run the same kernel.",
    when=_KERNELS,
    CUDA=155e-9,
    ROCm=155e-9,
)

ATTENTION_SHARE: Final = by_backend(
    0.58,
    "of the rate of one large product",
    "Flash attention in FP16 against a large quantised product: from the same fit (prompts of 3072 and "
    "4096 tokens), and from prompts on 4096 to 32768 tokens with ROCm: RX 7900 XTX 0.57, Radeon 8060S "
    "0.58, RX 9060 XT 0.7. With Vulkan: Radeon 8060S 0.34 (Qwen3-30B-A3B, 8192 tokens cost 0.9 ms each), "
    "Arc B70 0.07. M2 Ultra 0.66 on four models (prompts after 4096 and 16384 tokens).",
    fitted=True,
    by={"MTL": _M2_ULTRA},
    Vulkan=0.34,
    MTL=0.66,
)

DATA_CENTRE: Final = re.compile(r"\b(?:V100|A30|A100|A800|H100|H200|H800|GH200|B200|B300)\b")
_ANY: Final = re.compile("")
NVIDIA_CARDS: Final = re.compile(r"\bNVIDIA\b|\bGeForce\b|\bRTX\b|\bGTX\b|\bTesla\b")

_HEADS: Final = (
    "Kernels of flash attention are tuned size by size (ggml/src/ggml-cuda/fattn-mma-f16.cuh, fattn-tile.cuh; ggml/src/ggml-vulkan). Time of a key that a query "
    "head meets after 16,384 to 32,768 tokens: GB10 10 ps with heads of 64 (gpt-oss) and 9 with 128 (Qwen3-30B-A3B); RTX 5090 with Vulkan 2.5 and 3.5, 24 with 576 "
    "(GLM-4.7-Flash), with CUDA 16 with 256 (Qwen3.6); an H200's kernel 7.7 with 256 (benchmarks/gpu/results/kernels.csv), where 128 would take 2.2. Radeon 8060S: "
    "with Vulkan heads of 256 and 576 take less than their share, with ROCm those of 64 do and 576 take more."
)


def _heads(*factors: tuple[float, float], when: str = _WHEN) -> tuple[tuple[float, Constant], ...]:
    return tuple(
        (size, Constant(factor, "times the rate of heads of 128", _HEADS, when=when))
        for size, factor in factors
    )


HEADS: Final = (
    (
        "",
        re.compile(r"\bRTX 50[5-9]0|\bBlackwell\b|\bGB10\b"),
        _heads((64, 0.9), (128, 1.5), (256, 0.65), (inf, 1.2)),
    ),
    ("", DATA_CENTRE, _heads((128, 1.0), (256, 0.56), when=_KERNELS)),
    ("Vulkan", _ANY, _heads((128, 1.0), (256, 1.45), (inf, 2.1))),
    ("ROCm", _ANY, _heads((64, 1.4), (128, 1.0), (256, 1.1), (inf, 0.75))),
)
"""Backend, chips, and by the sizes up to which it holds, how fast attention is against heads of 128; empty for every backend. The first that fits; others
are taken to be as fast with every size."""

TILE: Final = Constant(
    128 * 64,
    "outputs",
    "Outputs of a product's tile with ROCm, 64 or 128 rows of weights by up to 128 tokens (ggml/src/ggml-cuda/mmq-config-rdna3.cuh, -rdna4.cuh, -gcn.cuh, "
    "whose stream_k is false: no tile is parted). When the last tiles are computed half of a tile's time is idle in each unit, on the mean of products. Qwen3-14B takes an "
    "RX 7900 XTX 109, 169, 318 and 608 ms for 128 to 1,024 tokens, Llama-3.1-8B in IQ4_NL an MI50 190, 316 and 577 for 128 to 512: a line through them has no time left at "
    "65 and 60 tokens below none, of which 57 and 44 are counted so. NVIDIA's and CDNA's chips part tiles. A Radeon 8060S shows a third of it, for which no term was found.",
    when="2026-11, llama.cpp b11549",
)

UNIT_FLOPS: Final = tuple(
    (re.compile(name), flops)
    for name, flops in (
        (r"\bRX 9\d\d\d|\bR9700\b", 3.0e12),
        (r"\bRX 7\d\d\d|\bW7\d00\b", 1.3e12),
        (r"\bRX 6\d\d\d|\bW6\d00\b|\bV620\b", 0.65e12),
        (r"\bMI[56]0\b|\bRadeon (?:Pro )?VII\b|\bVega\b", 0.44e12),
    )
)
"""FP16 FLOP/s of a computing unit, by the datasheets of the catalogue's cards: what turns a chip's peak into a number of units."""

RECURRENCE_SHARE: Final = Constant(
    0.0125,
    "of the FP16 tensor peak",
    "Stepping a gated delta net against the FP16 tensor peak: it runs on the plain FP32 units. Prefill of "
    "Qwen3.6-35B-A3B, less everything else, per token and layer: RTX 3060 4.6 us, RTX 4060 Laptop 3.6, "
    "R9700 1.2, each for 3 MFLOP.",
    fitted=True,
)

_PLAIN_UNITS: Final = (
    "FP32 rate against FP16 rate, of which a quarter is usual, by the makers' datasheets: an eighth on Turing (11.2 of 89 TFLOP/s on a Quadro RTX 5000), Arc (23 of "
    "183 on a B70) and CDNA (23 of 185 on an MI100), a fifteenth on data-centre chips (67 of 989 on an H200), half where there are no units for matrices (13.3 of "
    "26.5 on an MI50, Pascal, RDNA before its third, Apple's)."
)
PLAIN_UNITS: Final = tuple(
    (re.compile(pattern), Constant(times, "times the usual quarter", _PLAIN_UNITS, when="2026-11"))
    for pattern, times in (
        (
            r"\bRTX 20[5-8]0|\bQuadro RTX|\bTITAN RTX|\bT4\b|\bArc\b|\bIntel\b|\bMI(?:100|2\d\d[AX]?|3\d\d[AX]?)\b",
            0.5,
        ),
        (DATA_CENTRE.pattern, 0.27),
        (r"\bGTX 10\d\d|\bP40\b|\bP100\b|\bRX [56]\d\d\d|\bMI[56]0\b|\bRadeon VII\b|\bVega\b|\bApple\b", 2.0),
    )
)
"""Chips whose FP32 rate is not the usual quarter of their FP16 rate, against it. They step a state, and do what lies between products, at so much of the share."""

RECURRENCE_SHARE_OF_DATA_CENTRE: Final = Constant(
    0.0049,
    "of the FP16 tensor peak",
    "The same of chips with few plain units for their tensor cores: an H200 takes 0.65 us a token and layer, of Qwen3.5-35B-A3B and of Qwen3-Next-80B alike "
    "(benchmarks/gpu/results/kernels.csv and tiles.csv).",
    when=_KERNELS,
)

FLOPS_PER_BYTE: Final = Constant(
    150.0,
    "FLOP/byte",
    "FP16 tensor FLOP/s for each byte/s of memory where a device's compute is unknown: RTX 3060 142, RTX "
    "3090 152, RX 7900 XTX 128.",
)

READ_SHARE: Final = by_backend(
    0.75,
    "of the memory bandwidth",
    "Share of a device's memory bandwidth that matrix-vector products reach once their launches are taken "
    "off: Llama-2-7B Q4_0 decodes at 0.81 (RTX 3090), 0.86 (RTX 4090), 0.89 (RTX 3050), 0.84 (M2) of the "
    "datasheet's figure; W7800 and Radeon 8060S 0.75 with ROCm. Arc Pro B70 with SYCL, types that are laid out anew for it (READ_BY_TYPE): Llama-2-7B Q4_0 9.4 ms for 3.75 GB, Qwen3.6-27B 50.5 for 15.8.",
    fitted=True,
    by={"SYCL": _ARC},
    CUDA=0.81,
    ROCm=0.75,
    Vulkan=0.8,
    MTL=0.8,
    SYCL=0.68,
)

STATE_PASSES: Final = by_backend(
    1.0,
    "passes",
    "How often a recurrent state is read and written at the rate of weights for each step. Metal gathers it from the cache, steps it and, in builds before its kernels were fused (GDN_CACHE in "
    "ggml/src/ggml-metal/ggml-metal-fusion.h), copies it back, by kernels too small to fill the memory: less all else, a layer of Qwen3.5's takes an M1 Max 176 us with 32 heads and 260 with 48, an M4 Pro 240, an "
    "M4 Max 145 and 190, an M5 Max 100, an M3 Ultra 160 to 190, which grow with the state over the bandwidth.",
    fitted=True,
    by={"MTL": _DASLLAMA},
    MTL=6.5,
)

MOE_LAYERS: Final = by_backend(
    0.0,
    "s",
    "Seconds of what routed experts add to a layer's small kernels where a backend's differ from CUDA's, of Apple's chips before the fifth: an M1 Max (32 cores) takes 13.1 ms for Qwen3-30B-A3B, an "
    "M4 Pro 13.0, of which 7.8 are weights: 107 us for each of 48 layers, 56 of them a dense layer's.",
    by={"MTL": _DASLLAMA},
    MTL=0.000062,
)

LAUNCH: Final = by_backend(
    1.3,
    "times CUDA",
    "Kernel launches against CUDA's, which a graph replays. Metal's by M1 Max to M5 Max, CHIPS has what they differ by.",
    fitted=True,
    by={"MTL": _APPLES, "SYCL": _ARC},
    CUDA=1.0,
    SYCL=1.0,
    ROCm=1.5,
    Vulkan=1.4,
    MTL=2.05,
)

LAYER: Final = Constant(
    2.8e-05,
    "s",
    "Seconds that a layer's small kernels take on a CUDA device whatever their size. Qwen3-30B-A3B on an "
    "H100: 3.47 ms a token, of which 0.67 ms for 1.92 GB, leaves 58 us for each of 48 layers; RTX PRO "
    "6000: 56 us; Llama-2-7B on an RTX 4090: 28 us for each of 32.",
    fitted=True,
)

MOE_LAYER: Final = Constant(
    1.9e-05,
    "s",
    "What routed experts add to a layer's small kernels on a CUDA device. Qwen3-30B-A3B on an H200 takes 3.48 ms a token, of which 1.24 ms for "
    "1.92 GB: 47 us for each of 48 layers, 28 of them a dense layer's; gpt-oss-20b 47 us for each of 24.",
    fitted=True,
    when="2026-11, llama.cpp b11549",
)

RECURRENT_LAYER: Final = Constant(
    3.3e-05,
    "s",
    "The same for a recurrent state: Qwen3.6-35B-A3B against Qwen3-30B-A3B on one machine, for each of 30 "
    "layers: Quadro RTX 5000 50-65 us, RTX 5080 53, RTX 4060 Laptop 20, Radeon 8060S 110, Arc B70 80. Of builds since the spring of 2026 together 31 to 33.",
    fitted=True,
)

STEP_OF_RDNA4: Final = Constant(
    0.00013,
    "s",
    "What a gated delta net takes more on RDNA 4 with ROCm: Qwen3.6-35B-A3B whole on R9700s of two owners 125 to 150 us for each of 30 layers; with Vulkan "
    "the same cards, and with ROCm a Radeon 8060S, take what is counted. Mamba's steps take no more: Nemotron-3-Nano 103 t/s on an R9700.",
    fitted=True,
)
RDNA4: Final = re.compile(r"\bRX 9\d\d\d|\bR9700\b")

STEP_OF_INTEL: Final = Constant(
    0.000105,
    "s",
    "What a recurrent layer takes more on Intel's chips with SYCL, and with Vulkan and Mesa: Qwen3.6-35B-A3B, Qwen3.6-27B and Qwen3.5-9B take an Arc Pro B70 some 160 us for each gated delta net beside weights and "
    "other kernels with either; Nemotron-3-Nano's steps, which are Mamba's, as long.",
    fitted=True,
    when="2026-05, llama.cpp b9039",
)
INTEL: Final = re.compile(r"\bIntel\b|\bArc\b")
MESA_ON_INTEL: Final = re.compile(r"\bIntel\b.*\((?:DG2|BMG|LNL|PTL|ARL|MTL|ADL|RPL|TGL|RKL)\b[^)]*\)")
"""Names that Mesa gives Intel's chips, with a code name behind, which Intel's own driver (Windows) has not. source: Mesa, include/pci_ids/iris_pci_ids.h; anv_physical_device.c"""

KERNEL: Final = Constant(
    6e-06,
    "s",
    "What a kernel of a layer takes beyond those of Qwen3's layers, one for each matrix and each norm: Gemma 4's 26B-A4B has 8 more a layer and takes an "
    "R9700 (Vulkan) 1.55 ms, an RX 7900 XT 1.97 and an R9700 with ROCm 3.6 ms a token more than Qwen3's layers would; Gemma 3's 12B an RTX 5070 0.9 for 2.",
    fitted=True,
)

PLAIN_KERNELS: Final = 11, 12
"""Matrices and norms of a layer of Qwen3's kind, dense and with routed experts."""

UNPACKED: Final = by_backend(
    inf,
    "elements/FLOP",
    "Elements of a quantised cache that the vector kernel unpacks, against the FP16 tensor peak, where that does not tell "
    "multiprocessors and clock (UNPACKED_IN_A_CLOCK). SYCL turns all of it into F16 for every token: an Arc Pro B70 takes 0.49 us for a cell of Qwen3.6-27B in q4_0 (#26581).",
    by={"SYCL": "2026, issue 26581"},
    CUDA=0.008,
    ROCm=0.008,
    SYCL=0.0022,
)

UNPACKED_IN_A_CLOCK: Final = Constant(
    7.5,
    "elements",
    "The same of a multiprocessor in a clock: with a quantised K or V a single token takes the vector kernel, and each query head reads every "
    "cell for itself (ggml/src/ggml-cuda/fattn.cu, ggml_cuda_get_best_fattn_kernel). RTX 2070 Super, q8_0, 22k tokens: 20 ms for 8.7e9, 6.1; "
    "RTX 4060 Ti, q8_0, 184k tokens more: 17.6 ms, 8; H200, Qwen3-30B-A3B, q8_0, 8192 tokens: 178 t/s against 242 with f16, 7.4.",
    when="2026-11, llama.cpp b11549",
)

UNPACKED_OF_LARGE_HEADS: Final = Constant(
    1.75,
    "times that of heads of 128",
    "The same of heads of 256: a head takes as long for a cell whatever its size. Qwen3.6-35B-A3B, q8_0, beside reading: RTX 4000 Ada, 32,768 tokens, 2.0 ms for 2.7e9, 13.4; "
    "RTX 3090 1.6 ms, 12.2; RTX 5060 Ti, 27,000 tokens, 1.8 ms for 2.2e9, 13.2.",
    when="spring of 2026, llama.cpp b8780 to b9283",
)

EACH_HEAD: Final = by_backend(
    inf,
    "elements/FLOP",
    "Elements that a device's single token multiplies, each query head every cell, of whatever type, against its FP16 peak. Metal's "
    "kernel has one head in a threadgroup (ggml/src/ggml-metal/ggml-metal-ops.cpp, ggml_metal_op_flash_attn_ext, nhptg). M2 Ultra, 16,384 tokens: Qwen3-30B-A3B "
    "4.9 ms for 6.4e9, Qwen2.5-7B 2.6 for 3.3e9, gpt-oss-20b 1.4 for 1.6e9, GLM-4.7-Flash 15 for 17.7e9: 1.1 to 1.3e12 a second, of 54.4 TFLOP/s. An Arc Pro B70 with SYCL (b9039, 16,384 "
    "tokens): Llama-2-7B 14.7 ms for 4.3e9, Qwen3.6-27B 7.1 for 3.2e9, of 183 TFLOP/s; 21 to 25 ns for each cell and layer, whatever the model (github.com/ggml-org/llama.cpp/issues/26581)."
    " CUDA's tensor cores "
    "multiply a cell with the heads that share it in tiles of 8, 16 or 32, which takes longer than reading where many share one (fattn-mma-f16.cuh): GLM-4.7-Flash, whose "
    "20 share one of 576, takes an RTX 3090 6.3 ms after 32,768 tokens (github.com/ggml-org/llama.cpp/pull/19092) and RTX 3060s 14.6 for 28,800 more: 5.2 and 2.0e12, of 142 and 51.2 TFLOP/s.",
    by={"MTL": _M2_ULTRA, "CUDA": "2026-01, llama.cpp 12116ba4f", "SYCL": _ARC},
    MTL=0.022,
    CUDA=0.038,
    SYCL=0.002,
)

EACH_HEAD_BY_MESA: Final = Constant(
    0.001,
    "elements/FLOP",
    "The same of Intel's chips with Vulkan and Mesa: the B70 takes 29.8 and 31.3 ms for those (b9039), 34 to 68 ns for a cell of 8,192 elements. Intel's own driver is taken to be as fast as SYCL: 2.1 ms for "
    "8,192 cells of the 27B (b9595, Windows).",
    when="2026-05, llama.cpp b9039",
)

VALUES_OF_KEYS: Final = Constant(
    512 / 576,
    "of the keys",
    "Elements of a compressed row (MLA) that are values as well: 512 of 576 in every model of DeepSeek's kind.",
    when="2026-11, llama.cpp b11549",
)

HOPS: Final = by_backend(
    90e-6,
    "s",
    "Seconds to hand an activation to the CPU and back in decode: two small copies, each with a "
    "synchronisation, and the barriers of three products. H100 with all experts on the CPU: 120 us; RTX "
    "5080: 150 us; Quadro RTX 5000: 50-100 us. With Vulkan each is a submission and a fence: RX 6700 XT "
    "and R9700 300 us. ROCm: RX 9070 XT and R9700 about 160, what their recurrent layers take set apart (STEP_OF_RDNA4). RPC: a few round "
    "trips of a local network.",
    fitted=True,
    Vulkan=0.0003,
    RPC=0.0003,
    ROCm=0.00016,
)

SUM: Final = by_backend(
    150e-6,
    "s",
    "Seconds to add up what two devices have found with -sm tensor. RTX 3060 and 4070 Super, Qwen3.5-27B Q4_K_M: "
    "30.05 t/s against 21.22 by layers, so 33.3 ms of which the 3060 reads half of 15.65 GiB in 28.8 and 64 "
    "layers' kernels take 3.7; two RTX 3090 Ti 58 t/s, one 44, Qwen3.6-27B: 17.2 ms against 22.7. What is "
    "left is 6 to 23 us for each of 128. Others hand over through the host: half of HOPS.",
    CUDA=25e-6,
    ROCm=40e-6,
)

RPC_TRIPS: Final = Constant(
    2.0,
    "round trips",
    "Answers of an RPC server that a visit takes: an activation is sent and the graph started without one, and "
    "the result is read with one (ggml/src/ggml-rpc/ggml-rpc.cpp, rpc_server::set_tensor and get_tensor); as "
    "much again for what is sent and started.",
)

VIRTUAL_HOPS: Final = Constant(
    2.0,
    "hops",
    "Times as long a visit to the CPU takes on a virtual machine: of 155 lines that decoded with weights in RAM on rented H100s and H200s (fourteen leases, "
    "benchmarks/gpu/results) and eleven of another H100's, the error is least with 1.8, give or take 0.2, and 2 is no further off than that, beside SUSTAINED and VIRTUAL_BARRIER. With 4 to 16 threads a token's time with "
    "all experts there fits 15.5 ms + 173 ms / threads, so that it is no matter of RAM.",
    when="2026-11, llama.cpp b11434 and b11549",
)

SUSTAINED: Final = Constant(
    0.84,
    "of what `moefit calibrate` measured",
    "What cores and RAM of a virtual machine give for longer: calibration takes the best of a few runs, and neighbours share them. By the same lines 0.79, give or take 0.04, "
    "or 0.84 where visits are as above; by lease 0.6 to 1.2.",
    when="2026-11, llama.cpp b11434 and b11549",
)

DISK: Final = Constant(
    2000000000.0,
    "B/s",
    "Bytes per second that page faults read from an NVMe drive: its sequential 3-7 GB/s less what small "
    "random reads lose.",
)

DISK_STREAM: Final = Constant(
    2500000000.0,
    "B/s",
    "The same of reading a file from its start to its end.",
)

DECODED: Final = Constant(
    0.87,
    "of a plain read",
    "Of a plain read by so many threads (`moefit calibrate`), what scattered experts and rows of blocks "
    "are read at: 0.79 on an H100's host, and a measured rate times 0.77 was 11% too slow on desktops.",
)

CORE_OF_READ: Final = Constant(
    0.53,
    "of what one core reads",
    "Q4_K bytes per second of one core against what one core reads, where no llama-bench measured it: 0.45, 0.48, 0.52, 0.54, 0.58 and 0.59 on six rented machines "
    "that `moefit calibrate` measured both on (benchmarks/gpu, leases 6 to 11), 0.43 on an H100's host.",
    when="2026-11, llama.cpp b11549",
)

DESKTOP_CORE: Final = Constant(
    14000000000.0,
    "B/s",
    "Q4_K bytes per second of one core: 27 GB/s on four threads of a Core i7-1360P, 13 GB/s on a Core "
    "Ultra 7 265K (OLMoE on two threads) and 22 on a Ryzen 9 7950X (Llama-3.1-8B on two), 4.5 on a "
    "virtual core of a Xeon.",
    fitted=True,
)

LAPTOP_CORE: Final = Constant(
    10000000000.0,
    "B/s",
    "The same of a laptop's, by answers of few cores, which RAM feeds: with it they are predicted 1.00 times as fast as they came on two of a Core i5-4278U, 0.89 on two of a Core i3-1315U, 0.96 on four of "
    "a Core i5-1135G7, 1.17 on four of a Core i7-7820HQ, 1.07 on eight of a Ryzen 7 8840U. All four fast cores of a Core i7-1360P got 6.75 each.",
    fitted=True,
    when="2025 to 2026-08, llama.cpp b10334 and builds that are not stated",
)

SERVER_CORE: Final = Constant(
    6000000000.0,
    "B/s",
    "The same of a server's: an EPYC 9554's 64 cores keep up with 260 GB/s in Q4_K_M and Q6_K and 298 in Q8_0 (Phi-4, 28.7, 23.2 and 19.2 t/s). Eight share a die's link.",
    when="2025, build not stated",
)

VIRTUAL_EPYC_CORE: Final = Constant(
    13500000000.0,
    "B/s",
    "The same of a core with two threads that a virtual machine has of an EPYC: two of a 7763 decode Qwen3-30B-A3B in Q2_K at 15.2 t/s and Qwen3.6-35B-A3B in IQ2_M at 8.7, two of a "
    "9V74 at 14.4; one thread of a Zen 4 reads 13.7 GB/s of Q4_K.",
    when="2026-09, llama.cpp b10872",
)

VIRTUAL_CORE: Final = Constant(
    5000000000.0,
    "B/s",
    "The same of a core of a Xeon that a virtual machine has: 4.5, linear in 4 to 16 threads.",
)

ARM_CORE: Final = Constant(
    12000000000.0,
    "B/s",
    "The same of Arm's Neoverse V2: four of a Grace decode Llama-3.2-3B in Q6_K at 17.9 t/s, of a Graviton4 Qwen3.6-35B-A3B in Q4_K_M at 17.5.",
    when="2026-08 and 2026-09, llama.cpp before pull requests 27470 and 29256",
)

NEOVERSE_V1: Final = Constant(
    0.75,
    "of a V2",
    "What a core of Arm's Neoverse V1 does: a Graviton3's 11.7 to 38.5 t/s of Llama-3.2-3B in Q6_K on four to sixteen cores where a Grace's give 17.9 to 50.2, 49.5 to 178 of its "
    "prompt where those read 68.7 to 224; clocks of 2.6 and 3.4 GHz.",
    when="2026-09, llama.cpp before pull request 29256",
)

SMALL_ARM_CORE: Final = Constant(
    8000000000.0,
    "B/s",
    "The same of Arm's smaller cores: four Neoverse N2 decode Qwen3-30B-A3B in Q2_K at 13.6 t/s.",
    when="2026-09, llama.cpp b10872",
)

_FLOPS: Final = (
    "FLOP/s of one core in a large product of plain Q4_K: 60 to 67 GFLOP/s on a Ryzen 7 5800X (Qwen3-30B-A3B, 89 t/s on 8 cores), 77 on one of an EPYC of Zen 4 at 3.7 GHz "
    "(benchmarks of one type each, b11434 without its tiles), 72 on an EPYC 9274F, 62 with what a layout gains on all 96 of an EPYC 9655."
)

DESKTOP_FLOPS: Final = Constant(65000000000.0, "FLOP/s", _FLOPS, fitted=True)

LAPTOP_FLOPS: Final = Constant(
    50000000000.0,
    "FLOP/s",
    "The same where all cores share 15 to 45 W: Ryzen 7 8840U 49.8 t/s with Llama-3.1-8B on eight, Core i5-4278U 17.7 with Llama-3.2-3B on two, Core i3-1315U 28.7 on two.",
    fitted=True,
    when="2025 to 2026-08, llama.cpp b10334 and builds that are not stated",
)

SMALL_FLOPS: Final = Constant(
    16000000000.0,
    "FLOP/s",
    "The same of a core of Intel's N series, without the repacking that a machine without devices gains: an N100 6.5 t/s with Llama-3.1-8B on four.",
)

SERVER_FLOPS: Final = Constant(36000000000.0, "FLOP/s", _FLOPS)

VIRTUAL_EPYC_FLOPS: Final = Constant(
    45000000000.0,
    "FLOP/s",
    "The same of a core with two threads that a virtual machine has of an EPYC: one of a 7763 takes 59 GFLOP/s with Qwen3-30B-A3B in Q2_K, one of a 9V74 50 with a layout in vain.",
    when="2026-09, llama.cpp b10872",
)

VIRTUAL_FLOPS: Final = Constant(
    17000000000.0,
    "FLOP/s",
    "The same of a core of a Xeon that a virtual machine has: 36-48 GFLOP/s on the H100's host, of which tiles gain 2.7.",
    when="2026-11, llama.cpp b11434",
)

ARM_FLOPS: Final = Constant(
    40000000000.0,
    "FLOP/s",
    "The same of Arm's Neoverse V2: Llama-3.2-3B in Q6_K, 128 tokens on four to thirty-two cores, takes 52 to 69 GFLOP/s of one of a Graviton3 and 63 to 96 of a Grace, "
    "in the layout that gains them 1.8; gpt-oss-20b in MXFP4 38 of one of a Graviton3E.",
    when="2026-09, llama.cpp before pull requests 28141 and 29256",
)

SMALL_ARM_FLOPS: Final = Constant(
    30000000000.0,
    "FLOP/s",
    "The same of Arm's smaller cores: 27 on a Neoverse N2 (Qwen3-30B-A3B in Q2_K, 14.6 t/s on four).",
    when="2026-09, llama.cpp b10872",
)

_LAYOUTS: Final = (
    "Rate of a large product against plain Q4_K's. On one core of an EPYC of Zen 4 (b11434, a model of one type each, 512 tokens) plain types run at 0.3 to 1.4 times Q4_K's rate, "
    "repacked ones at 1.65 to 2.6, tiles at 2.3 to 3.8, whatever the type."
)
REPACKED_BY_AVX512: Final = Constant(1.85, "times plain Q4_K", _LAYOUTS, when="2026-11, llama.cpp b11434")
TILED_BY_AVX512: Final = Constant(2.7, "times plain Q4_K", _LAYOUTS, when="2026-11, llama.cpp b11434")
REPACKED_BY_AVX2: Final = Constant(
    1.3,
    "times plain Q4_K",
    "The same without AVX-512: gpt-oss-20b in MXFP4, 512 tokens, 160 t/s as the file has it and 197 repacked (github.com/ggml-org/llama.cpp/pull/19738); Llama-3.1-8B in Q4_K_M "
    "takes 88 GFLOP/s of a core of a Core i5-9500, 84 of a Core i7-7820HQ, 73 of a Threadripper 3970X.",
    when="2026-03, llama.cpp of pull request 19738",
)
TILED_BY_AVX2: Final = Constant(
    1.35,
    "times plain Q4_K",
    "The same of tiles: of eight cores with AVX2 alone Q2_K to Q6_K multiply at 1.28 to 1.38 times plain Q4_K's rate, Q4_K in its layout at 1.23 "
    "(github.com/ggml-org/llama.cpp/pull/27851); Qwen3.6-35B-A3B in IQ2_M, 512 tokens, takes 65 GFLOP/s of a core of an EPYC 7763 with two threads, in IQ3_XXS 41 of one of a Ryzen 7 6800H.",
    when="2026-09, llama.cpp b10872 and b11209",
)
REPACKED_ROWS: Final = Constant(
    1.3,
    "times plain Q4_K",
    "The same of a layout that is multiplied with one row at a time, as experts' is: Qwen3-30B-A3B, 223 t/s where plain tiles give 392.",
    when="2026-11, llama.cpp b11434",
)
REPACKED_BY_NEON: Final = Constant(
    1.8,
    "times plain Q4_K",
    "The same with Arm's products of matrices (i8mm): Q4_K on an M4 Max 1.6, Q6_K on an M4 2.1 times the plain rate (github.com/ggml-org/llama.cpp/pull/16739, 18888).",
    when="2026-01, llama.cpp of pull requests 16739 and 18888",
)

DESKTOP_COPY: Final = Constant(
    21600000000.0,
    "B/s",
    "Bytes per second at which the driver copies pageable memory to its staging buffer, one thread: Core "
    "Ultra 9 265K and Core i9-14900K (DDR5) 16-17, Core i7-12700 and Ryzen 7 5800X (DDR4, 51 GB/s) 12, "
    "Xeon 6.6-8.5.",
    fitted=True,
)

SERVER_COPY: Final = Constant(
    7500000000.0,
    "B/s",
    "Bytes per second at which the driver copies pageable memory to its staging buffer, one thread: Core "
    "Ultra 9 265K and Core i9-14900K (DDR5) 16-17, Core i7-12700 and Ryzen 7 5800X (DDR4, 51 GB/s) 12, "
    "Xeon 6.6-8.5.",
)

COPY_OF_READ: Final = Constant(
    0.75,
    "of what one core reads",
    "The same where calibration measured what one core reads: 6.6 to 8.5 GB/s on the host of an H100, whose core reads 10.6.",
)

COPY_OF_RAM: Final = Constant(
    0.42,
    "of what RAM gives",
    "Bytes per second at which the driver copies pageable memory to its staging buffer, one thread: Core "
    "Ultra 9 265K and Core i9-14900K (DDR5) 16-17, Core i7-12700 and Ryzen 7 5800X (DDR4, 51 GB/s) 12, "
    "Xeon 6.6-8.5. Of 63 rows with experts in RAM together.",
    fitted=True,
)

CROWDING: Final = Constant(
    0.25,
    "power",
    "Power of cores over threads at which decode slows when threads outnumber cores: every product waits "
    "for the slowest. Twice the cores: 0.91 on 8 cores of DDR4, 0.88 on 16 cores, 0.73 on 4 (dense models "
    "on the CPU), 0.47 where the others are efficiency cores (experts of a MoE).",
)

COPY_BY_BACKEND: Final = by_backend(
    1.0,
    "times CUDA",
    "Copies of pageable memory against CUDA's. Vulkan has a staging buffer of its own: R9700 8-10 GB/s. "
    "ROCm: 16-19 on that machine, half of it on an RX 9070 XT (1188 t/s where twice CUDA's rate predicts "
    "2238). NVIDIA's cards copy with Vulkan as with CUDA (moefit/cost/link_rates.py, native).",
    fitted=True,
    Vulkan=0.7,
    ROCm=1.7,
)

UNIFIED_COPY: Final = Constant(
    0.33,
    "of the memory bandwidth",
    "A copy within one memory is read and written: rocm_bandwidth_test reports 84 of 256 GB/s from CPU to "
    "GPU on a Radeon 8060S.",
)

NETWORK: Final = Constant(
    1100000000.0,
    "B/s",
    "Bytes per second to an RPC device whose link is not stated: 10 gigabit Ethernet less its headers.",
)

_NODES: Final = (
    "Times that all threads of the CPU wait for each other: behind each node of the graph, within each product until what is multiplied is quantised, within attention until "
    "its parts are summed; a norm and its factor are one node (ggml/src/ggml-cpu/ggml-cpu.c, ggml_graph_compute_thread, ggml_compute_forward_mul_mat and "
    "_mul_mat_id; ops.cpp, ggml_compute_forward_flash_attn_ext_f16). By `GGML_SCHED_DEBUG=2 llama-fit-params -lv 9` Qwen3-14B has 1,089 in 40 layers, Qwen3-30B-A3B 2,073 in 48, "
    "gpt-oss-20b 1,017 in 24, Qwen3-Next 3,453 in 48, of which 36 are recurrent."
)

NODES: Final = Constant(27, "barriers of a layer", _NODES, when="2026-11, llama.cpp b11549")

MOE_NODES: Final = Constant(16, "barriers more with routed experts", _NODES, when="2026-11, llama.cpp b11549")

RECURRENT_NODES: Final = Constant(
    33, "barriers more with a recurrent state", _NODES, when="2026-11, llama.cpp b11549"
)

BARRIER: Final = Constant(
    1e-06,
    "s",
    "What a barrier takes, beside what it takes for each thread (BARRIER_THREAD).",
)

BARRIER_THREAD: Final = Constant(
    3e-08,
    "s",
    "The same for each thread. An EPYC 9554 decodes Phi-4 on 64 threads at 28.7, 23.2 and 19.2 t/s in Q4_K_M, Q6_K and Q8_0: at 0.68 of what its "
    "modules are rated at that leaves 0 to 2 ms for 40 layers.",
    when="2025, build not stated",
)

VIRTUAL_BARRIER: Final = Constant(
    3e-06,
    "s",
    "A barrier on a virtual machine, by the 155 lines of VIRTUAL_HOPS and eleven of an H100's host: the error is least with 3.2 us, give or take 2, whether 16 threads wait or 32. "
    "By calibrations of six of those machines a MoE layer's 43 took 0 to 100 us with 32 threads.",
    when="2026-11, llama.cpp b11434 and b11549",
)

LAUNCHED_ANEW: Final = Constant(
    8.5e-05,
    "s",
    "Seconds of a layer's launches that no graph replays. Pascal's chips replay none (ggml/src/ggml-cuda/ggml-cuda.cu, ggml_cuda_graph_set_enabled): with them a GTX 1080 "
    "took 2.3 ms less for a token of a dense 9B model of 32 layers (github.com/ggml-org/llama.cpp/pull/27721). Two cards replayed none in builds of spring 2026 (Qwen3.5 3 ms, "
    "Qwen3-Next 5 ms); since then each split has a graph of its own (ggml_cuda_graph_get_key), and Qwen3.5 gives 124 t/s where it gave 88.",
)

NO_GRAPHS: Final = re.compile(r"\bGTX 10\d\d|\bTITAN Xp?\b|\bP40\b|\bP4\b|\bP100\b|\bQuadro P\d")
"""Chips of Pascal's kind."""

ACCEPTED: Final = Constant(
    0.75,
    "of the drafted tokens",
    "Share of drafted tokens that are accepted where all before were: public runs of MTP heads report "
    "0.62 to 0.92.",
)

OUTPUTS_COPIED: Final = Constant(
    3.0,
    "times",
    "How often the experts' outputs of a layer whose slot is the CPU cross the link while a device multiplies its weights: with Qwen3-30B-A3B's shape and 512 tokens "
    "on an H100 it costs 1.7 ms more than its weights from pinned memory and 7-10 ms from pageable.",
)

COPY_START: Final = Constant(
    2e-05,
    "s",
    "Seconds of starting the copies of one tensor's experts, whose ids have to be known first.",
)

POPULAR: Final = Constant(
    120.0,
    "experts",
    "Over how many experts' worth the choices of a router are spread: with popularities of a gamma distribution its shape is this by the number of experts, so that "
    "the more there are, the fewer a micro-batch uses of them. From prompts at growing micro-batches with experts on the CPU, whose copies tell how many are used: of 128 "
    "(Qwen3-30B-A3B) nearly all, of Qwen3.6-35B-A3B's 256 (R9700) 512 tokens move 0.83-0.92 of what 2048 move, of Qwen3-Next's 512 few, of gpt-oss-120b's (RTX 3090) 512 tokens "
    "0.70 and 2048 0.76, as its log of used experts has it: 72 to 95 of 128 (github.com/ggml-org/llama.cpp/pull/15346). 67 fitted prompts with experts on the CPU are off "
    "by 0.104 (logarithm, each machine the same) with 100, 0.112 with 80 or 150. Random weights move all.",
    fitted=True,
)

SERVER_START: Final = Constant(
    2.0,
    "s",
    "Seconds of a start with nothing to load: runtime, vocabulary, graphs, a warm-up.",
    when="2026-11, llama.cpp b11549",
)

LOAD_TO_DEVICE: Final = Constant(
    0.2 / (1 << 30),
    "s/B",
    "Seconds for each byte that goes to a device from a file in the page cache.",
    when="2026-11, llama.cpp b11549",
)

PIN: Final = Constant(
    0.75 / (1 << 30),
    "s/B",
    "Seconds for each byte of pinned memory: allocated, locked and filled.",
    when="2026-11, llama.cpp b11549",
)

LOAD_COPIED: Final = Constant(
    0.35 / (1 << 30),
    "s/B",
    "Seconds for each byte that is read into plain memory.",
    when="2026-11, llama.cpp b11549",
)

LOAD_MAPPED: Final = Constant(
    0.03 / (1 << 30),
    "s/B",
    "Seconds for each mapped byte: its pages are touched by the warm-up alone. From starts on rented H200 "
    "(b11434, b11549), files in the page cache: Qwen3-30B-A3B with 16.4, 12.2, 8.9 and 3.3 GiB pinned "
    "16.1, 11.4, 8.4 and 6.0 s; Qwen3-Next-80B, 35 GiB pinned, 30 s, mapped 4 to 8; gpt-oss-120b, 30 GiB "
    "pinned, 32 s, mapped 4 to 17 with its own fit.",
    when="2026-11, llama.cpp b11549",
)

CACHE_MISSES: Final = Constant(
    0.122,
    "of the uses",
    "Of real routing, the share of uses that miss with a share r of the experts resident is 0.122 * (-ln "
    "r) ** 1.36: it passes through both figures that were published of an LRU, 33% with an eighth and 19% "
    "with a quarter (github.com/ggml-org/llama.cpp/pull/27861, 512 experts).",
    when="2026-11, llama.cpp b11549",
)

CACHE_POWER: Final = Constant(
    1.36,
    "power",
    "Of real routing, the share of uses that miss with a share r of the experts resident is 0.122 * (-ln "
    "r) ** 1.36: it passes through both figures that were published of an LRU, 33% with an eighth and 19% "
    "with a quarter (github.com/ggml-org/llama.cpp/pull/27861, 512 experts).",
    when="2026-11, llama.cpp b11549",
)

CACHE_FEWEST_MISSES: Final = Constant(
    0.0336,
    "of the uses",
    "With the most uneven routing that was published, 0.0336 * (-ln r) ** 2.14 of the uses miss: the hottest "
    "tenth of the experts takes 80% of the uses, three tenths 95% (github.com/ggml-org/llama.cpp/pull/24524). "
    "Skewed routers on an H200 came to within 2 points of it: 92% at 0.24, 97% at 0.36 and 0.4.",
    when="2026-11, llama.cpp b11549",
)

CACHE_FEWEST_POWER: Final = Constant(
    2.138,
    "power",
    "With the most uneven routing that was published, 0.0336 * (-ln r) ** 2.14 of the uses miss: the hottest "
    "tenth of the experts takes 80% of the uses, three tenths 95% (github.com/ggml-org/llama.cpp/pull/24524).",
    when="2026-11, llama.cpp b11549",
)

CACHE_LOOKUP: Final = Constant(
    3.5e-05,
    "s",
    "Seconds of a layer's lookup: the ids of its experts come back from the device, the slot map goes "
    "there, the device waits. Qwen3-30B-A3B on an H200 with few misses: 5.5 ms a token with 42 or 48 cached "
    "layers, 4.8 with 18, 4.4 with none and everything on the card.",
    when="2026-11, llama.cpp b11549",
)

CACHE_UPLOAD: Final = Constant(
    4e-06,
    "s",
    "Seconds to start the upload of one expert's matrix: each is a copy of its own, of less than 1 MiB. "
    "Qwen3-30B-A3B with uniform routing, 200 misses a token: 63 us each on an H200 where 2.7 MiB take 52 at "
    "the link's rate (4 us a matrix), 74 on another where they take 52 (7 us).",
    when="2026-11, llama.cpp b11549",
)

BIAS_VISITS: Final = Constant(
    0.7,
    "hops",
    "Hops of a layer more where the biases of its experts are not where the experts are multiplied: three "
    "short visits, without products (gpt-oss-120b's step in b11549 has 254 splits instead of 38 with a "
    "cache, 218 instead of 74 without). On a rented H200, whose hops take 225 us, biases on the CPU and "
    "experts in a cache: 160 us a layer; biases on the card and experts on the CPU: 110 us more than both there.",
    when="2026-11, llama.cpp b11549",
)

CACHE_FRAGMENT: Final = Constant(
    4e-06,
    "s",
    "Seconds to start the copy of one run of experts, of which a cache in between makes many: with it a "
    "prompt on that H200 gained 0.19 s where the experts that it holds take 0.31 s over the link. Without one Qwen3-Next's copies came 25 and 68 ms later "
    "than the link's rate has it, for 9,400 and 15,500 runs (2.7 and 4.4 us each, results/prompts.txt).",
    when="2026-11, llama.cpp b11549",
)


class Chip(NamedTuple):
    """A family of chips by the names that drivers give them."""

    name: re.Pattern[str]
    share: Constant
    """Of the FP16 tensor peak, what a large quantised product reaches."""
    launch: Constant
    """Time of small kernels against the newest chips'."""
    experts: Constant | None = None
    """Of that, what the grouped product of routed experts reaches, where it is not its backend's."""
    attention: Constant | None = None
    """Of the FP16 tensor peak, what flash attention reaches, where it is no part of what products reach."""
    backend: str = ""
    """Its own figures with this backend; empty for any other."""

    def names(self, device: Device) -> bool:
        """Whether `device` is of this family, with its backend."""
        return self.backend in {"", device.backend.name} and bool(self.name.search(device.description))


_CHIPS: Final = (
    "By chip family: the share of the FP16 tensor peak that a large quantised product reaches, and the "
    "time of small kernels against the newest chips'. Without tensor cores the product runs on integer "
    "dot products, so the share is high. From public llama-bench figures: Llama-2-7B Q4_0, 512 tokens, "
    "13.4 GFLOP each (RTX 4090 13944 t/s of 330 TFLOP/s: 0.57; RTX 3090 6073 of 142: 0.57; M3 Max 760 of "
    "28: 0.36), a dense 27B (Quadro RTX 5000 538 t/s of 89 TFLOP/s: 0.33, of which routed experts see "
    "0.22), Qwen3-8B (RX 9070 XT, Vulkan, 4472 t/s of 195 TFLOP/s: 0.37), and of the models in "
    "tests/data/published.json that fit on their card: RTX 4080 0.53, A5000 0.46, RTX PRO 6000 0.37, H100 "
    "0.15, W7800 0.57, Radeon 8060S 0.33-0.4, R9700 0.23, RX 6700 XT 0.73, Arc B580 and B70 0.18-0.26. "
    "Data-centre chips have tensor cores of 2-4 times the width, fed through the same path; A30 0.22 (Qwen3-8B, 2423 t/s). L40S 0.33 "
    "(Qwen3-8B, 7788 t/s): a chip with a third more units than an RTX 4090 at 350 W. Small "
    "kernels: RTX 3090 Ti with Qwen3-30B-A3B 78 us a layer, A5000 with gpt-oss-20b 130 us, against 53-58 "
    "us on RTX 5090, RTX PRO 6000 and H100. M5's experts take a kernel with smaller tiles than its other products do. Intel's: an Arc Pro B70's dense models with SYCL 34 to 46 TFLOP/s of 183, with Vulkan 28 to 33; A series, whose "
    "matrix units llama.cpp does not use with Vulkan (ggml_vk_khr_cooperative_matrix_support), 9 of 138 (A770, Llama-3.1-8B); attention 2.3 to 2.6 with Vulkan, and 3.4 with SYCL before its products ran in those units "
    "(#25025 and #25222, July 2026, 4 times as fast after 80,000 tokens). Chips without such units (MTL and before) are counted with their plain peak. RDNA 4 and 3 multiply faster with ROCm than with Vulkan: Qwen3-14B takes an R9700 917 ms for 2,048 tokens, 65 TFLOP/s of 191, "
    "and with them RX 9070 XT and RX 9060 XT; Qwen3-8B on the RX 9070 XT with Vulkan 47 of 195. GeForce of Blackwell with CUDA: Qwen3.5-27B takes RTX 5060 Ti and 5070 Ti 600 "
    "and 343 ms for 512 tokens in Q3_K, a pair of RTX 5060 Ti 552 in Q4_K_M (b8000 to b10450), an RTX 5090 169 in Q6_K (SIXTEENS): 0.65, 0.64 and 0.53 (ERNIE-4.5 on the RTX 5070 Ti 89 ms for its experts). "
    "With Vulkan an RTX 5090 takes 38 ms for Llama-2-7B. Their kernels follow each other faster since the summer of 2026 (GGML_CUDA_USE_PDL): an RTX 5090 decodes Qwen3.5-27B at 76 and 82 t/s (b10453, b10809) where an "
    "RTX PRO 6000 gave 64 (b10335). A100 and V100 have Ampere's and older kernels: Qwen3-Next takes an A100 50 us a layer more than with the newest chips'."
)
_BUILDS: Final = (
    ("RTX 50", "2026-03 to 2026-09, llama.cpp b8000 to b10809"),
    ("Apple", _APPLES),
    ("Intel|DG2", _ARC),
    ("MTL", _ARC),
)
"""Month and build of chips whose figures are of few builds, by a part of their pattern."""


def _of_chip(pattern: str, value: float, unit: str, *, fitted: bool = True) -> Constant:
    when = next((when for name, when in _BUILDS if re.search(name, pattern)), _WHEN)
    return Constant(value, unit, _CHIPS, fitted=fitted, when=when)


CHIPS: Final = tuple(
    Chip(
        re.compile(pattern, re.IGNORECASE),
        _of_chip(pattern, share, "of the FP16 tensor peak"),
        _of_chip(pattern, launch, "times the newest chips"),
        _of_chip(pattern, own[0], "of the rate of one large product") if own else None,
        _of_chip(pattern, own[1], "of the FP16 tensor peak", fitted=False) if len(own) > 1 else None,
        backend,
    )
    for pattern, backend, share, launch, *own in (
        (r"\bA30\b|\bA[18]00\b", "", 0.27, 1.35, 1.3, 0.24),
        (r"\bV100\b", "", 0.165, 1.35, 1.3, 0.24),
        (DATA_CENTRE.pattern, "", 0.165, 1.0, 1.3, 0.24),
        (r"\bRTX 20[5-8]0|\bQuadro RTX|\bTITAN RTX|\bT4\b|\bGTX 16\d\d", "", 0.42, 1.2, 0.35),
        (r"\bGB10\b", "", 0.40, 1.0),
        (r"\bRTX 50[5-9]0", "Vulkan", 0.44, 0.75),
        (r"\bRTX 50[5-7]0", "", 0.65, 0.65, 0.85),
        (r"\bRTX 50[89]0", "", 0.53, 0.65, 1.05),
        (r"\bBlackwell\b", "", 0.42, 0.75, 0.75),
        (r"\bL4\b|\bL40S?\b", "", 0.40, 1.0),
        (r"\bRTX 40[5-9]0|\bAda\b", "", 0.59, 1.0),
        (r"\bRTX 30[5-9]0|\bRTX A\d000\b|\bA10G?\b|\bA40\b", "", 0.50, 1.35),
        (r"\bGTX 10\d\d|\bP40\b|\bP100\b", "CUDA", 0.55, 1.3, 0.57),
        (r"\bGTX 10\d\d|\bP40\b|\bP100\b|\bRX 5\d\d\d|\bRX 6\d\d\d|\bMI50\b|\bMI60\b|\bVII\b", "", 0.55, 1.3),
        (r"\bMI(?:100|2\d\d[AX]?|3\d\d[AX]?)\b", "", 0.16, 1.3),
        (r"\bRX 9\d\d\d|\bR9700\b", "ROCm", 0.36, 1.1, 0.36),
        (r"\bRX 9\d\d\d|\bR9700\b", "", 0.25, 1.1, 0.47),
        (r"\bRX 7\d\d\d|\bW7\d00\b", "ROCm", 0.48, 1.0),
        (r"\bRX 7\d\d\d|\bW7\d00\b", "", 0.46, 1.0),
        (r"\b8060S|\b8050S", "ROCm", 0.32, 1.0),
        (r"\b80[56]0S|\b7[48]0M|\b890M", "", 0.30, 1.0),
        (INTEL.pattern, "SYCL", 0.21, 1.4, 0.25, 0.05),
        (r"\bA\d\d\d?M?\b.*\bGraphics\b|\(DG2\)", "Vulkan", 0.065, 1.4, 0.6, 0.0135),
        (r"\bIntel\b.*\((?:MTL|ADL|RPL|TGL|RKL)\b", "Vulkan", 0.27, 1.0, 0.5, 0.0135),
        (MESA_ON_INTEL.pattern, "Vulkan", 0.16, 1.0, 0.5, 0.0135),
        (INTEL.pattern, "", 0.16, 1.4, 0.56, 0.0135),
        (r"\bApple M[5-9]\b", "", 0.68, 0.74, 0.78),
        (r"\bApple M\d Ultra\b", "", 0.39, 1.4),
        (r"\bApple\b", "", 0.39, 1.0),
    )
)

TENSOR_FLOPS: Final = tuple(
    (re.compile(pattern), flops)
    for pattern, flops in (
        (r"\b(?:H100|H800|H200|GH200)\b", 4096),
        (r"\b(?:A100|A800|A30)\b", 2048),
        (r"\b(?:B200|B300)\b", 8192),
        (r"\bV100\b", 1024),
        (r"\bRTX\b|\bT4\b|\bL4\b|\bL40S?\b|\bA10G?\b|\bA40\b|\bGB10\b", 1024),
        (r"\bGTX 10\d\d|\bP40\b|\bP4\b", 512),
    )
)
"""FLOP of FP16 tensor cores for each multiprocessor and clock, by NVIDIA's white papers: what turns a chip's peak into multiprocessors times clock.
Pascal's have none: twice the FLOP of its 128 plain units, as its peak is counted in the catalogue of cards."""

TENSOR_CORES: Final = re.compile(
    "|".join(name.pattern for name, flops in TENSOR_FLOPS if flops > 512 and not name.search("V100"))
)
"""Chips whose quantised products are tiles of tensor cores; a V100's multiply no integers. source: ggml/src/ggml-cuda/mmq.cu, ggml_cuda_should_use_mmq"""

DRAWN: Final = Constant(
    10.7,
    "elements",
    "Elements that a multiprocessor unpacks in a clock in a quantised matrix-vector product, however fast the memory is. H200 and H100 have the "
    "same 132 multiprocessors and decode Qwen3-30B-A3B at the same 288 t/s, with 4.8 and 3.35 TB/s; Qwen3-14B on the H200 takes 6.9 ms for 8.5 GB, of 0.6 bytes an element in Q4_K_M. Of Q8_0, "
    "which has more bytes to an element, the same chip draws more: an H100 decodes Qwen3.5-9B at 210 t/s, 8.5 GB in less than 4.8 ms, which 6.4 bytes a clock would take 5.5 for.",
    when="2026-11, llama.cpp b11549",
)

Q4_K_M_BYTES: Final = 0.6
"""Bytes of an element of a model in Q4_K_M, some of whose matrices are in Q6_K."""

DRAWN_BY_GCN: Final = Constant(
    3.3,
    "B",
    "Bytes that a computing unit of AMD's GCN, which takes 256 FLOP in FP16 a clock, draws in a clock, of whatever type: an MI50 of 60 draws 311 GB/s of Q4_0 (Qwen3-14B, 38.9 t/s) and 355 of Q8_0 "
    "(Gemma 3 12B, 28.6 t/s) from a memory of 1,024.",
    when="2025, llama.cpp 982e3472",
)
GCN: Final = re.compile(r"\bMI[56]0\b|\bRadeon VII\b|\bVega\b")
GCN_FLOPS: Final = 256

EIGHT_BITS: Final = Constant(
    1.25,
    "times the time of other types",
    "The same of Q8_0, an element of which is a byte to load: an H100 decodes Qwen3.5-9B at 210 t/s, at most 4.8 ms for 9e9 elements, 8.5 a clock; gpt-oss-20b on the H200, whose "
    "attention and output are in Q8_0, 3.3 ms.",
    when="2026-08, build not stated; 2026-11, llama.cpp b11549",
)

UNPACKED_SLOWER: Final = Constant(
    1.4,
    "times the time of other types",
    "What it takes to unpack an element that is looked up in a table, or whose bits lie in two places (SLOWER_TYPES). MXFP4: gpt-oss-20b on the H200 takes 3.3 ms where a "
    "layer's kernels are those of Qwen3; it also explains why an A5000 (138 t/s), an A4000 (94) and an RTX 3060 (84) decode it slower than their memories allow, and an "
    "RTX 4090 (280) does not. Q3_K: Qwen3.5-27B takes an RTX 5060 Ti 36 ms and an RTX 5070 Ti 19.5 beside its small kernels, 8.1 and 8.0 elements a clock.",
    when="2026-11, llama.cpp b11549; spring of 2026, llama.cpp 463b6a9",
)

SLOWER_TYPES: Final = frozenset(
    ["mxfp4", "nvfp4", "q3_K", "iq3_s", "iq3_xxs", "iq2_s", "iq2_xs", "iq2_xxs", "iq1_s", "iq1_m"]
)
"""source: ggml/src/ggml-cuda/vecdotq.cuh, the grids of IQ1 to IQ3; vec_dot_q3_K_q8_1 gathers each element from qs and hmask. IQ4_NL and IQ4_XS are looked up
like MXFP4, but an RTX 5070 and three RTX 3060 show nothing of it."""

FP4_CHIPS: Final = re.compile(r"\bRTX 50[5-9]0|\bBlackwell\b|\bGB10\b|\bB[23]00\b")
FP4: Final = Constant(
    1.6,
    "times the rate of other types",
    "Products of experts in MXFP4 on Blackwell's tensor cores, which multiply FP4 (github.com/ggml-org/llama.cpp/pull/17906).",
    when="2025-12, llama.cpp of pull request 17906",
)

LOOKED_UP: Final = Constant(
    0.86,
    "times the rate of other types",
    "Products of experts in MXFP4 on tensor cores that do not multiply it as it is: its values come out of a table. gpt-oss-20b against models in K-quants, RTX 4080, RTX 4090, RTX 3090, "
    "RTX A5000; on an H200 4,096 tokens take 0.39 s, of which 0.33 are predicted without.",
    fitted=True,
)

ONE_SHIFT: Final = Constant(
    1.25,
    "times the rate of other types",
    "Products in Q4_0 on GCN's plain units, whose values need a mask and a shift and whose blocks have one scale: Llama-3.1-8B, 512 tokens, takes an MI50 473 ms in Q4_0, 577 in "
    "IQ4_NL, 581 in Q5_0, 560 in Q5_1 (github.com/ggml-org/llama.cpp/pull/27841).",
    fitted=True,
    when="2026, llama.cpp of pull request 27841, after b10643",
)

SIXTEENS: Final = Constant(
    0.87,
    "times the rate of other types",
    "Products on CUDA's tensor cores in types with a scale for every 16 elements, which halve the product of a step: Llama-3-8B, 512 tokens, takes an RTX 3090 138 ms in Q3_K, "
    "128 in Q4_1, 126 in Q5_K, 125 in IQ3_XS, 119 in IQ4_XS (github.com/ggml-org/llama.cpp/pull/8416 and 8495).",
    when="2024-07, llama.cpp of pull requests 8416 and 8495",
)

ONE_SCALE: Final = Constant(
    1.35,
    "times the rate of other types",
    "Products of experts in MXFP4 on AMD's chips: a block has one scale and no minimum, so that it is multiplied like Q8_0 (ggml/src/ggml-cuda/mmq.cuh, "
    "load_tiles_mxfp4), and K-quants' scales and minima take plain units there a good part of the time: an MI50 multiplies Q4_0 1.99 times as fast as Q4_K "
    "(Qwen3-14B, 570 and 287 t/s). gpt-oss-20b, 512 tokens: RX 9070 XT 5530 t/s, R9700 4475, of which 0.59 and 0.72 were predicted without.",
    fitted=True,
)

_SERVED: Final = (
    "What a server's token costs more than llama-bench's: its logits are copied, one is chosen, and it is sent, all on one core. On an H200's host, "
    "greedy, after 4096 tokens: Qwen3-14B 8.0 ms against 7.2, Qwen3-30B-A3B 4.4 against 3.8, gpt-oss-20b 3.9 against 3.4; a desktop's core is twice as fast."
)
SERVED_BY_SERVER: Final = Constant(0.0005, "s", _SERVED, when="2026-11, llama.cpp b11549")
SERVED: Final = Constant(0.0003, "s", _SERVED, when="2026-11, llama.cpp b11549")

MASKED: Final = Constant(
    2.5e-09,
    "s",
    "What one core takes to decide whether a token sees a cell, which it does for those of the token's own micro-batch: time that grows with the "
    "micro-batch. On an H200's host gpt-oss-20b, which has two masks, reads a prompt of 4096 tokens at 11.9 thousand a second with -ub 512 and 10.5 with "
    "4096, where larger products gain a seventh; Qwen3-30B-A3B gains less than they should. A desktop's core is twice as fast.",
    when="2026-11, llama.cpp b11549",
)

_BEGUN: Final = (
    "A layer's part of the time until devices work on a prompt: nothing hides the graph of its first micro-batch, nor the start of its first kernels. "
    "RTX 5090, Qwen3.6-35B-A3B: 128 tokens take 5 ms more than a micro-batch of 512 leaves for them. An H100 on a virtual machine reads one "
    "micro-batch of 512 in 80 ms where an H200 reads eight in 61 each: 19 ms, and each visit to the processor takes twice as long there."
)
BEGUN_BY_SERVER: Final = Constant(0.0002, "s", _BEGUN, when="2026-11, llama.cpp b11434 and b11549")
BEGUN: Final = Constant(0.0001, "s", _BEGUN, when="2026-11, llama.cpp b11434 and b11549")

_APPLE: Final = (
    "Matrix-vector products on Apple's larger chips, whose cores cannot draw all of it: M1 Pro 0.68, M3 "
    "Pro 0.78; M1 Max decoded 1.7-2.0 times slower than at 0.80 and is put between. M2 Ultra, b7948: Qwen2.5-7B Q8_0 79.7 t/s, 645 of 800 GB/s with its launches."
)
APPLE: Final = tuple(
    (re.compile(pattern), Constant(share, "of the memory bandwidth", _APPLE, when=when))
    for pattern, share, when in (
        (r"M[5-9] (?:Max|Pro)", 0.93, "2026-05 to 2026-07, llama.cpp b10050 and others"),
        (r"M4 Max", 0.81, "2026-05, llama.cpp b9187"),
        (r"M4 Pro", 0.90, _DASLLAMA),
        (r"M\d (?:Ultra|Max|Pro)", 0.91, "2026-02 to 2026-08, llama.cpp b7948 to b10549"),
    )
)

_UNPACKED_BY_APPLE: Final = (
    "Bytes that the GPU of an M1, M2 or M3 unpacks, against its FP16 peak, K-quants if nothing else is named: an M1 Max of 32 cores (20.8 TFLOP/s) draws 241 GB/s of Mistral-Small-24B Q4_K_M from a memory of 400, "
    "290 of Qwen3.8-27B in IQ4_NL, 278 in Q4_1 and 190 in Q3_K_M, its states set apart; an M2 Ultra (54.4) 717 of Qwen2.5-7B Q8_0."
)
UNPACKED_BY_APPLE: Final = {
    name: Constant(
        of, "B/FLOP", _UNPACKED_BY_APPLE, fitted=True, when="2026-08, llama.cpp ebd048fc5 and b10549"
    )
    for name, of in (
        ("", 0.0116),
        ("q3_K", 0.0077),
        *(
            (simple, 0.0132)
            for simple in ("f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "iq4_nl", "mxfp4")
        ),
    )
}
APPLE_UNPACKS: Final = re.compile(r"\bApple M[1-3]\b")

FP4_TYPES: Final = ("mxfp4", "nvfp4")
"""source: ggml/src/ggml-cuda/mmq.cuh, load_tiles_mxfp4_fp4"""


class Reading(NamedTuple):
    """How fast a backend's matrix-vector kernels read types on some chips, against READ_SHARE; "" is every type that is not named."""

    backend: str
    name: re.Pattern[str]
    types: dict[str, Constant]
    """Of weights that every token reads."""
    experts: dict[str, Constant]

    def names(self, device: Device) -> bool:
        """Whether they are `device`'s."""
        return self.backend == device.backend.name and bool(self.name.search(device.description))


READ_BY_MESA: Final = Constant(
    0.35,
    "of the memory bandwidth",
    "READ_SHARE of Intel's chips with Vulkan and Mesa, types that are multiplied by dot products of integers there (READ_BY_TYPE): an Arc Pro B70 (608 GB/s) takes 75.7 ms for Qwen3.6-27B's 15.8 GB, 46.6 for "
    "Qwen3.5-9B's 8.5 in Q8_0 (b9039).",
    fitted=True,
    when="2026-05, llama.cpp b9039",
)

_BY_TYPE: Final = (
    "SYCL lays some types out anew so that they are read in whole lines (ggml/src/ggml-sycl/ggml-sycl.cpp, opt_for_reorder and opt_for_reorder_id: of experts Q4_K, Q5_K and Q6_K alone); all others "
    "an Arc Pro B70 reads at 0.14 of 608 GB/s: MXFP4 of gpt-oss-20b 87 GB/s, Q5_0 and Q8_0 of Nemotron's and Gemma 4's experts 80 to 90, BF16 of Ministral-3-14B 87; a B60 IQ3_XXS at 75 of 456; three "
    "A770 Q8_0 experts at 58 of 560 (github.com/ggml-org/llama.cpp/pull/22066). With Vulkan on Linux all but Q4_0, Q5_1, IQ4_XS and floats are quantised activations' dot products (ggml_vk_should_use_mmvq, which "
    "under Windows are taken for Q2_K, Q3_K and Q6_K alone): the B70 reads Q4_0 at 0.59, BF16 at 0.86 of its memory, K-quants and Q8_0 at 0.34 to 0.36 and experts of any type at 0.16; a B50 "
    "gpt-oss-20b's as slowly (b10450, Mesa 26.1.5)."
)


def _reads(types: Mapping[str, float]) -> dict[str, Constant]:
    unit = "times the rate of READ_SHARE or READ_BY_MESA"
    return {name: Constant(factor, unit, _BY_TYPE, when=_ARC) for name, factor in types.items()}


_PLAIN: Final = 1.7
_OF_FLOATS: Final = 2.4
_ANEW: Final = 1.0
_AS_THEY_ARE: Final = 0.21

READ_BY_TYPE: Final = (
    Reading(
        "SYCL",
        _ANY,
        _reads(
            {
                "": _AS_THEY_ARE,
                **dict.fromkeys(
                    ("f32", "f16", "q4_0", "q8_0", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K"), _ANEW
                ),
            }
        ),
        _reads({"": _AS_THEY_ARE, **dict.fromkeys(("q4_K", "q5_K", "q6_K"), _ANEW)}),
    ),
    Reading(
        "Vulkan",
        MESA_ON_INTEL,
        _reads(
            {
                **dict.fromkeys(("q4_0", "q5_1", "iq4_xs"), _PLAIN),
                **dict.fromkeys(("f32", "f16", "bf16"), _OF_FLOATS),
            }
        ),
        _reads({"": 0.45}),
    ),
)
"""What reads types otherwise than its backend does. b11549 lays experts in MXFP4 out anew as well, which b11434 does not: a prediction does not know the build, and counts them as b11434 reads them."""

CORE_TIME: Final = {
    "f32": (0.7, 1.4),
    "f16": (0.7, 1.4),
    "bf16": (0.7, 1.4),
    "q4_0": (0.85, 0.7),
    "q4_1": (0.85, 0.7),
    "q5_0": (1.5, 1.0),
    "q5_1": (1.5, 1.0),
    "q8_0": (1.05, 0.75),
    "q2_K": (1.3, 0.9),
    "q3_K": (1.4, 1.3),
    "q4_K": (1.0, 1.0),
    "q5_K": (1.05, 1.4),
    "q6_K": (0.9, 1.3),
    "iq4_nl": (1.6, 0.9),
    "mxfp4": (1.25, 0.9),
    "iq4_xs": (1.25, 1.45),
    "iq3_s": (3.3, 3.6),
    "iq3_xxs": (3.3, 3.2),
    "iq2_s": (2.9, 2.5),
    "iq2_xs": (2.9, 2.2),
    "iq2_xxs": (3.4, 2.4),
    "iq1_m": (3.4, 2.4),
    "iq1_s": (3.4, 2.4),
}
"""Time of a CPU core against Q4_K: for a byte in decode, for a multiply-add in prefill. llama.cpp on a Ryzen 9 7950X, Llama-3.1-8B, 128
tokens on 2 threads and a prompt of 512 on 16 (github.com/ikawrakow/ik_llama.cpp/discussions/164, build 4384 of December 2024); the order is the same on an M2 Max. MXFP4
is looked up like IQ4_NL, and its prefill is taken as that; 1.25 in decode explains gpt-oss where the memory's rate is right. IQ1 was not measured and is taken as IQ2_XXS."""

CORE_TIME_BY_NEON: Final = {
    "f32": (0.65, 1.5),
    "f16": (0.65, 1.5),
    "bf16": (0.65, 1.5),
    "q4_0": (0.75, 0.7),
    "q4_1": (1.15, 1.2),
    "q5_0": (1.2, 1.7),
    "q5_1": (1.2, 1.8),
    "q8_0": (0.5, 0.8),
    "q2_K": (2.0, 1.3),
    "q3_K": (2.0, 1.75),
    "q5_K": (1.2, 1.55),
    "q6_K": (1.05, 1.6),
    "iq4_nl": (0.75, 1.35),
    "mxfp4": (0.75, 1.35),
    "iq4_xs": (1.15, 1.15),
    "iq3_s": (4.2, 3.8),
    "iq3_xxs": (4.0, 3.2),
    "iq2_s": (4.1, 3.0),
    "iq2_xs": (3.3, 2.1),
    "iq2_xxs": (4.0, 2.3),
    "iq1_m": (4.0, 2.3),
    "iq1_s": (4.0, 2.3),
}
"""The same of Arm's cores, against their own Q4_K: an M2 Max, Llama-3.1-8B, 128 tokens on 4 threads and a prompt of 512 on 8 (the same source, build 4384, and for prompts of IQ4_NL and Q4_1
its page of July 2024). Q4_0 and IQ4_NL were laid out for NEON in decode; MXFP4, which is laid out alike since, is taken as IQ4_NL."""

VALUE_TIME: Final = {
    "bf16": 1.9,
    "q8_0": 2.8,
    "q4_0": 4.4,
    "q4_1": 4.5,
    "iq4_nl": 7.0,
    "q5_0": 7.0,
    "q5_1": 7.0,
}
"""Time of a CPU core for an element of cached values that are not F16, against a byte of Q4_K: it turns each into F32 for every query head, in
code that is built for any processor. `benchmarks/cpu_attention.py` on an EPYC, llama.cpp b11549, where F16 takes 1.4. An H200's host did 21
billion multiply-adds a second with q8_0 and 54 with f16 (benchmarks/gpu/results/grid.jsonl: Qwen3-14B with layers on the CPU, leases 7 and 8)."""

ATTENDED: Final = Constant(
    1.75,
    "times",
    "Attention on the CPU against what it takes in a core's own caches (CORE_TIME, VALUE_TIME): a head's keys and values lie a row of the cache apart, "
    "and come from RAM for each layer. Qwen3-14B with 22 layers on the CPU of H200s' hosts, f16, 32 threads: a cell takes 3.6, 4.3 and 5.2 us in leases 10, 7 and 9, 6.1 with 16 "
    "threads in lease 10, where 1.7 and 3.5 are its time in caches by what was calibrated, of which SUSTAINED is to be had; q8_0 1.9 and 3 times in leases 8 and 9 "
    "(benchmarks/gpu/results/grid.jsonl, prompts.txt): 1.8 in the median, and by all lines of VIRTUAL_HOPS together 1.5, give or take 0.3. An EPYC takes 3.0 us a token for each of 2,048 to 6,144 cells of "
    "one such layer with one thread, 2.0 in its caches.",
    when="2026-11, llama.cpp b11549",
)
