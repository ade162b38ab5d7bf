"""The model and card that the project began with: Qwen3-30B-A3B Q4_K_M in 11.62 GiB.

The table computed from its inputs (minimum 457 MiB, graph 300 MiB, context 4096, f16 KV): layers held whole, layers held
as a base alone, and the bytes the CPU must read for every token.
"""

import pytest

from moefit import memory
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.placement.base_first import base_first
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from moefit.placement.types import Layout, Ledger, Room
from tests.oracle import model as recorded

FREE = int(11.62 * 2**30)
CARD = Device("CUDA0", FREE, 12 << 30)
CAPACITY = FREE - (457 << 20) - (300 << 20)


@pytest.fixture(scope="module")
def model():
    return recorded("qwen3-30b-a3b", "Q4_K_M")


@pytest.fixture(scope="module")
def ledger(model):
    return memory.ledger(model, Settings(context=4096, slots=1), (CARD,))


def cpu_bytes(model, ledger: Ledger, layout: Layout, *, whole_layers: bool) -> float:
    """Bytes the CPU reads for a token; with `whole_layers`, a layer split between places counts as the CPU's."""
    share = model.experts_used / model.experts
    read = 0.0 if layout.slots[-1] != CPU else sum(t.bytes for t in model.output)
    for layer, size, room in zip(model.layers, ledger.slots[:-1], layout.slots[:-1], strict=True):
        names = [name for name, _ in size.experts]
        outside = {name for name in names if room == CPU or name in layout.on_cpu}
        if whole_layers and outside:
            outside = set(names)
        read += layer.base_bytes * (room == CPU) + share * sum(
            n for name, n in size.experts if name in outside
        )
    return read


def counts(ledger: Ledger, layout: Layout) -> tuple[int, int]:
    placed = [
        any(name in layout.on_cpu for name, _ in size.experts)
        for size, room in zip(ledger.slots[:-1], layout.slots[:-1], strict=True)
        if room != CPU
    ]
    return placed.count(False), placed.count(True)


@pytest.mark.parametrize(
    ("strategy", "full", "base_only", "output", "megabytes"),
    [(standard, 30, 0, False, 883), (two_pass, 30, 7, False, 800), (base_first, 28, 20, True, 460)],
    ids=["standard", "two-pass", "base-first"],
)
def test_table_of_strategies(model, ledger, strategy, full, base_only, output, megabytes):
    layout = strategy(ledger, [Room(CAPACITY)])
    assert (full, base_only) == counts(ledger, layout)
    assert output == (layout.slots[-1] != CPU)
    assert megabytes == round(cpu_bytes(model, ledger, layout, whole_layers=True) / 1e6)


def test_single_tensors_save_what_whole_layers_leave(model, ledger):
    layout = base_first(ledger, [Room(CAPACITY)])
    whole = cpu_bytes(model, ledger, layout, whole_layers=True)
    assert cpu_bytes(model, ledger, layout, whole_layers=False) < whole


def test_all_experts_on_the_cpu_read_the_most(model):
    assert round(model.expert_bytes * model.experts_used / model.experts / 1e6) == 1097
