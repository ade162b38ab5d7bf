"""Predictions against figures measured on one NVIDIA H100 with 16 cores (PCIe 5 x16), llama.cpp b11434.

The model had the exact shape and types of Qwen3-30B-A3B Q4_K_M. Host to device 54.5 GB/s from pinned memory, 6.6 from
pageable; the cores read 95.6 GB/s together and 10.6 alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from moefit.cost import predict
from moefit.cost.work import Work, work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

LAYERS = 48
GPU = Device(
    "CUDA0",
    free=11_700 << 20,
    total=81_079 << 20,
    description="NVIDIA H100 80GB HBM3",
    bandwidth=3_350_000_000_000,
    link_bandwidth=54_500_000_000,
    pageable_bandwidth=6_600_000_000,
    compute=989e12,
)
RAM = Ram(200 << 30, 200 << 30, 95_600_000_000)
CALIBRATED = Machine(
    (GPU,),
    replace(RAM, bandwidth_by_threads=((1, 10_600_000_000), (16, 95_600_000_000))),
    Cpu(16, 16, virtual=True),
)
DECLARED = Machine((GPU,), replace(RAM, bandwidth=75_500_000_000), Cpu(16, 16, virtual=True))
"""Told what decode gets: 0.79 of a plain read."""

MMAP = Settings(context=8192, program="llama-bench", slots=1)
NONE = replace(MMAP, load_mode="none")


@pytest.fixture(scope="module")
def work() -> Work:
    return work_of(model("qwen3-30b-a3b", "Q4_K_M"))


def experts_on_cpu(*layers: int) -> dict[str, int]:
    return {
        f"blk.{layer}.ffn_{which}_exps.weight": CPU for layer in layers for which in ("up", "gate", "down")
    }


def standard(full: int) -> Placement:
    """The last `full` layers, and the output on the CPU."""
    return Placement((*(CPU,) * (LAYERS - full), *(0,) * full, CPU))


def two_pass(full: int, base_only: int) -> Placement:
    """As `standard`, with the bases of more layers below."""
    first = LAYERS - full - base_only
    slots = (*(CPU,) * first, *(0,) * (full + base_only), CPU)
    return Placement(slots, experts_on_cpu(*range(first, LAYERS - full)))


def base_first(on_cpu: int) -> Placement:
    """Everything on the device but the experts of the last layers."""
    return Placement((0,) * (LAYERS + 1), experts_on_cpu(*range(LAYERS - on_cpu, LAYERS)))


@dataclass(frozen=True)
class Row:
    """One measured line: tokens per second, the middle of its range; None where it was not measured."""

    name: str
    settings: Settings
    placement: Placement
    prefill: float | None
    decode: float | None
    prompt: int = 512
    gpu: bool = True

    def predicted(self, work: Work, machine: Machine) -> tuple[float, float]:
        devices = machine.gpus if self.gpu else ()
        prediction = predict(work, machine, devices, self.settings, self.placement, Workload(self.prompt, 0))
        # llama-bench generates after an empty context
        answer = predict(work, machine, devices, self.settings, self.placement, Workload(0, 56))
        return prediction.prefill_tokens_per_second, answer.decode_tokens_per_second


PLACEMENTS = (
    Row("standard", MMAP, standard(28), 392, 46),
    Row("two-pass", MMAP, two_pass(28, 8), 430, 56.5),
    Row("--fit", MMAP, base_first(23), 482, 68.5),
    Row("base-first", MMAP, base_first(23), 442, 69),
    Row("all experts on the CPU", MMAP, base_first(48), 230, 39),
    Row("everything on the GPU", MMAP, base_first(0), 6408, 288),
    Row("everything on the CPU", MMAP, standard(0), 107, 24, gpu=False),
)
UNMAPPED = (
    Row("standard, none", NONE, standard(28), 2086, None),
    Row("two-pass, none", NONE, two_pass(28, 8), 2184, None),
    Row("--fit, none", NONE, base_first(23), 2108, None),
    Row("base-first, none", NONE, base_first(23), 2196, None),
)
UBATCHES = (
    Row("ubatch 512 mapped", MMAP, base_first(23), 421, 69, prompt=4096),
    Row("ubatch 512", NONE, base_first(23), 2236, 66, prompt=4096),
    Row("ubatch 1024", replace(NONE, ubatch=1024), base_first(24), 3798, 65, prompt=4096),
    Row("ubatch 2048", replace(NONE, ubatch=2048), base_first(26), 5717, 57, prompt=4096),
    Row("ubatch 4096", replace(NONE, ubatch=4096, batch=4096), base_first(30), 6717, 52, prompt=4096),
)
KNOBS = (
    Row("4 threads", replace(MMAP, threads=4), base_first(23), None, 30),
    Row("8 threads", replace(MMAP, threads=8), base_first(23), None, 46),
    Row("12 threads", replace(MMAP, threads=12), base_first(23), None, 60),
    Row("16 threads", replace(MMAP, threads=16), base_first(23), None, 70),
    Row("repacked", replace(MMAP, host_buffers=False), base_first(23), 223, 70),
    Row("no op-offload", replace(MMAP, op_offload=False), base_first(23), 392, None),
    Row("KV on the CPU", replace(MMAP, kv_offload=False), base_first(23), None, 49),
)
MACHINES = {"calibrated": CALIBRATED, "declared": DECLARED}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("row", [*PLACEMENTS, *UNMAPPED, *UBATCHES, *KNOBS], ids=lambda row: row.name)
def test_every_prediction_is_within_a_quarter_of_what_was_measured(
    work: Work, row: Row, machine: Machine
) -> None:
    prefill, decode = row.predicted(work, machine)
    assert row.prefill is None or abs(prefill / row.prefill - 1) < 0.25
    assert row.decode is None or abs(decode / row.decode - 1) < 0.25


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize(
    "table", [PLACEMENTS, UNMAPPED, UBATCHES, KNOBS], ids=["placements", "unmapped", "ubatches", "knobs"]
)
def test_rows_more_than_a_tenth_apart_are_in_the_measured_order(
    work: Work, table: tuple[Row, ...], machine: Machine
) -> None:
    for phase in (0, 1):
        measured = [(row.prefill, row.decode)[phase] for row in table]
        predicted = [row.predicted(work, machine)[phase] for row in table]
        known = [(figure, i) for i, figure in enumerate(measured) if figure is not None]
        swapped = [
            (table[i].name, table[j].name)
            for faster, i in known
            for slower, j in known
            if faster > 1.1 * slower and predicted[i] <= predicted[j]
        ]
        assert [] == swapped
