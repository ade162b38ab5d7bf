"""What a processor computes by its name, and how it multiplies each type of weights."""

from __future__ import annotations

import pytest

from moefit.cost import constants as c
from moefit.cost import predict
from moefit.cost.core_kinds import core_of
from moefit.cost.core_products import kernels_of, token_work
from moefit.cost.device_rates import device_rates
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.assumed import ram_bandwidth
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

GIB = 1 << 30
RAM = Ram(64 * GIB, 64 * GIB)
BENCH = Settings(context=8192, program="llama-bench", slots=1)
ZEN3, ZEN4, ARM = "AMD Ryzen 7 5800X 8-Core Processor", "AMD Ryzen 9 7950X 16-Core Processor", "Neoverse-V2"


@pytest.mark.parametrize(
    ("processor", "quant", "gain"),
    [
        (ZEN4, "q4_K", c.REPACKED_BY_AVX512),
        (ZEN4, "q6_K", c.TILED_BY_AVX512),
        (ZEN4, "iq2_xs", c.TILED_BY_AVX512),
        (ZEN3, "mxfp4", c.REPACKED_BY_AVX2),
        (ZEN3, "q2_K", c.TILED_BY_AVX2),
        (ARM, "q6_K", c.REPACKED_BY_NEON),
        (ZEN4, "q8_0", 1.0 / c.CORE_TIME["q8_0"][1]),
        (ZEN4, "q2_K", 1.0 / c.CORE_TIME["q2_K"][1]),
        (ARM, "iq3_s", 1.0 / c.CORE_TIME_BY_NEON["iq3_s"][1]),
        ("Intel(R) Xeon(R) Gold 6230", "q5_K", c.TILED_BY_AVX512),
        ("AMD EPYC 9654 96-Core Processor", "q5_K", c.TILED_BY_AVX512),
        ("AMD EPYC 7763 64-Core Processor", "q5_K", c.TILED_BY_AVX2),
        ("AMD EPYC-Rome Processor", "q5_K", c.TILED_BY_AVX2),
        ("AMD EPYC-Genoa Processor", "q5_K", c.TILED_BY_AVX512),
        ("Intel(R) Xeon(R) Gold 6138 CPU @ 2.00GHz", "q5_K", c.TILED_BY_AVX2),
        ("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "q5_K", c.TILED_BY_AVX512),
        ("Intel(R) Xeon(R) W-2145 CPU @ 3.70GHz", "q5_K", c.TILED_BY_AVX2),
        ("AMD Ryzen 7 PRO 7840U w/ Radeon 780M Graphics", "q5_K", c.TILED_BY_AVX512),
        ("Intel(R) Xeon(R) CPU E5-2690 v4", "q5_K", c.TILED_BY_AVX2),
    ],
)
def test_a_type_is_multiplied_in_the_layout_or_tiles_that_a_processor_has_for_it(
    processor: str, quant: str, gain: float
) -> None:
    assert pytest.approx(1.0 / gain) == kernels_of(processor, repacked=True).time(quant)


def test_weights_as_the_file_has_them_are_tiled_where_a_layout_would_come_first() -> None:
    assert pytest.approx(1.0 / c.TILED_BY_AVX512) == kernels_of(ZEN4, repacked=False).time("q4_K")
    assert kernels_of(ZEN4, repacked=False).untiled().time("q4_K") == 1.0


def test_a_layout_gains_experts_less_as_each_of_their_rows_is_multiplied_alone() -> None:
    assert kernels_of(ZEN4, repacked=True).of_experts().time("q4_K") == 1.0 / c.REPACKED_ROWS


@pytest.mark.parametrize(
    ("processor", "virtual", "work", "flops"),
    [
        ("AMD EPYC 4344P 8-Core Processor", False, c.DESKTOP_CORE, c.DESKTOP_FLOPS),
        ("AMD EPYC 9534 64-Core Processor", False, c.SERVER_CORE, c.SERVER_FLOPS),
        ("AMD EPYC 7763 64-Core Processor", True, c.VIRTUAL_EPYC_CORE, c.VIRTUAL_EPYC_FLOPS),
        ("Intel Xeon Processor (SapphireRapids)", True, c.VIRTUAL_CORE, c.VIRTUAL_FLOPS),
        ("AWS Graviton4", True, c.ARM_CORE, c.ARM_FLOPS),
        ("AWS Graviton3", True, c.ARM_CORE * c.NEOVERSE_V1, c.ARM_FLOPS * c.NEOVERSE_V1),
        ("Qualcomm Snapdragon 8cx Gen 3", False, c.SMALL_ARM_CORE, c.SMALL_ARM_FLOPS),
        (
            "Snapdragon(R) X Elite - X1E80100 - Qualcomm(R) Oryon(TM) CPU",
            False,
            c.DESKTOP_CORE,
            c.DESKTOP_FLOPS,
        ),
        ("Ampere Altra", False, c.SMALL_ARM_CORE, c.SMALL_ARM_FLOPS),
        ("AMD Ryzen 7 8840U w/ Radeon 780M Graphics", False, c.LAPTOP_CORE, c.LAPTOP_FLOPS),
        (ZEN3, False, c.DESKTOP_CORE, c.DESKTOP_FLOPS),
        *(
            (name, False, c.SERVER_CORE, c.SERVER_FLOPS)
            for name in (
                "AMD EPYC 9554P 64-Core Processor",
                "AMD EPYC 7402P",
                "AMD EPYC-Rome Processor",
                "AMD EPYC 7763 64-Core Processor",
                "Intel(R) Xeon(R) 6980P",
                "INTEL(R) XEON(R) PLATINUM 8581V",
                "Intel(R) Xeon(R) Gold 6338N CPU @ 2.20GHz",
                "Intel(R) Xeon(R) Platinum 8352Y CPU @ 2.20GHz",
                "Intel(R) Xeon(R) Gold 6312U CPU @ 2.40GHz",
                "Intel(R) Xeon(R) Platinum 8490H",
            )
        ),
        ("Intel(R) Xeon(R) Platinum 8358P CPU @ 2.60GHz", True, c.VIRTUAL_CORE, c.VIRTUAL_FLOPS),
        *(
            (name, False, c.LAPTOP_CORE, c.LAPTOP_FLOPS)
            for name in (
                "12th Gen Intel(R) Core(TM) i7-1260P",
                "Intel(R) Core(TM) Ultra 7 258V",
                "Intel(R) Core(TM) i7-8500Y CPU @ 1.50GHz",
                "Intel(R) Core(TM) Ultra 7 155H",
                "13th Gen Intel(R) Core(TM) i9-13900HK",
                "AMD Ryzen 9 7945HX3D 16-Core Processor",
                "11th Gen Intel(R) Core(TM) i5-1135G7 @ 2.40GHz",
                "AMD Ryzen AI 9 HX 370 w/ Radeon 890M",
            )
        ),
        *(
            (name, False, c.DESKTOP_CORE, c.DESKTOP_FLOPS)
            for name in (
                "Intel(R) Core(TM) i5-3350P CPU @ 3.10GHz",
                "Intel(R) Core(TM) Ultra 7 265K",
                "AMD Ryzen 7 8700G w/ Radeon 780M Graphics",
            )
        ),
        ("Intel(R) N150", False, c.DESKTOP_CORE, c.SMALL_FLOPS),
    ],
)
def test_cores_are_of_the_kind_that_their_name_says(
    processor: str, *, virtual: bool, work: float, flops: float
) -> None:
    server = any(
        name in processor for name in ("EPYC 9", "EPYC 7", "EPYC-", "Xeon", "XEON", "Graviton", "Altra")
    )
    assert (work, flops) == core_of(Cpu(8, 8, model=processor, virtual=virtual), server=server)


@pytest.mark.parametrize(
    ("processor", "cores", "most"),
    [("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", 16, 95e9), ("AMD EPYC 9655 96-Core Processor", 8, 76e9)],
)
def test_few_cores_draw_less_than_their_ram_gives(processor: str, cores: int, most: float) -> None:
    assert ram_bandwidth(Machine((), RAM, Cpu(cores, cores, model=processor))) <= most


def test_arms_cores_unpack_types_in_their_own_times() -> None:
    laid, held = work_of(model("gpt-oss-20b", "MXFP4")), work_of(model("deepseek-v2-lite", "Q2_K"))
    kernels = [kernels_of(name, repacked=True) for name in (ARM, ZEN4)]
    by_type = [
        [token_work(work, one, work.over(0, 24)) / work.over(0, 24).expert_read for work in (laid, held)]
        for one in kernels
    ]
    assert by_type[0][0] < by_type[1][0]
    assert by_type[0][1] > by_type[1][1]


def test_one_thread_gathers_the_states_of_recurrent_layers_on_the_cpu() -> None:
    terms = {}
    for name in ("qwen3.5-35b-a3b", "qwen3-30b-a3b"):
        whole = model(name, "Q4_K_M")
        made = predict(
            work_of(whole),
            Machine((), RAM, Cpu(8, 8, model=ZEN4)),
            (),
            BENCH,
            Placement((CPU,) * whole.slots),
            Workload(0, 64),
        )
        terms[name] = sum(term.seconds for term in made.terms if term.name == "states")
    assert terms["qwen3.5-35b-a3b"] > 0.001
    assert terms["qwen3-30b-a3b"] == 0


def test_only_gated_delta_nets_take_the_step_of_rdna_4() -> None:
    mamba, gated = (
        work_of(model(name, "Q4_K_M")).over(0, 40) for name in ("nemotron-3-nano-30b-a3b", "qwen3.5-35b-a3b")
    )
    assert mamba.recurrent_layers > 0 == mamba.delta_layers
    assert gated.recurrent_layers == gated.delta_layers > 0
    assert device_rates(parse_gpus(["r9700,name=ROCm0"])[0]).delta_layer == c.STEP_OF_RDNA4
