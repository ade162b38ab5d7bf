"""The expert cache's memory: every recorded row of b11549 to the byte, and what decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers
from moefit.memory.footprint import footprint
from moefit.memory.kv import kv
from moefit.memory.moe_cache import MoeCache, moe_cache
from moefit.memory.pipelining import pipelines
from moefit.placement.types import Placement
from tests import oracle
from tests.drawn import several
from tests.oracle.launches import launch

MIB = 1 << 20
MODELS = sorted({row.model for row in oracle.moe_cache_rows()})
EXPERTS = oracle.model("qwen3-30b-a3b", "Q4_K_M")
CARD = Device("CUDA0", 12 << 30, 12 << 30)
ALL_ON_CPU = {t.name: CPU for layer in EXPERTS.layers for t in layer.experts}


@pytest.mark.parametrize("name", MODELS)
def test_context_with_an_expert_cache_is_exact_on_every_device_and_on_the_host(name: str) -> None:
    offenders = []
    for row in oracle.moe_cache_rows():
        if row.model != name or row.refused:
            continue
        told, model = launch(row), oracle.model(row.model, row.quant)
        task = (model, told.devices, told.settings, told.placement)
        on, host = kv(*task)
        cache = moe_cache(*task) or MoeCache(devices=(0,) * row.gpus)
        predicted = tuple(a + b for a, b in zip(on, cache.devices, strict=True)), host + cache.host
        recorded = tuple(row.device(i).context for i in range(row.gpus)), row.host.context
        if predicted != recorded:
            offenders.append((row.name, predicted, recorded))
    assert [] == offenders


@pytest.mark.parametrize("name", MODELS)
def test_a_cache_is_too_small_where_llama_cpp_does_not_start(name: str) -> None:
    rows = [row for row in oracle.moe_cache_rows() if row.model == name]
    predicted = [row.name for row in rows if (cache := _of(row)) is not None and cache.too_small]
    assert [row.name for row in rows if row.refused] == predicted


def _of(row: oracle.Row) -> MoeCache | None:
    told = launch(row)
    return moe_cache(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)


def test_two_hundred_rows_of_one_to_three_devices_are_compared() -> None:
    rows = [row for row in oracle.moe_cache_rows() if not row.refused]
    assert len(rows) >= 200
    assert {1, 2, 3} == {row.gpus for row in rows}
    assert len({(row.model, row.quant) for row in rows}) >= 15


def test_compute_buffers_beside_a_cache_are_those_without_one_to_the_byte() -> None:
    """Of the dummy load that was asked, without the norms that a real one keeps on their layer's device: a third of the rows for each change."""
    offenders = []
    for row in [row for row in oracle.moe_cache_rows() if not row.refused][:: several(3, 1)]:
        told = launch(row)
        made = compute_buffers(
            oracle.model(row.model, row.quant), told.devices, told.settings, told.placement
        )
        real = tuple(row.device(i).compute for i in range(row.gpus)), row.host.compute
        if (made.devices, made.host) != real:
            offenders.append((row.name, made, real))
    assert [] == offenders


def test_experts_that_the_cpu_repacks_are_not_copied_for_a_prompt() -> None:
    """With --no-host a device can copy only what no layout of the CPU's own holds: rows of each quantisation, to the byte."""
    rows = [row for row in oracle.moe_cache_rows() if "--no-host" in row.flags and not row.refused]
    found = []
    for row in rows:
        told, model = launch(row), oracle.model(row.model, row.quant)
        use = footprint(model, told.devices, told.settings, told.placement)
        found.append((use.devices[0].compute, use.host.compute) == (row.device(0).compute, row.host.compute))
    assert len(rows) >= 15
    assert all(found)


def test_biases_may_stay_on_a_device_whose_experts_are_cached() -> None:
    """Rows of every model with -ot _exps[.]weight=CPU, gpt-oss among them."""
    rows = [row for row in oracle.moe_cache_rows() if "_exps[.]weight=CPU" in row.flags]
    assert len(rows) >= 48
    assert {"gpt-oss-120b", "gpt-oss-20b"} <= {row.model for row in rows if not row.refused}


def cache_of(
    mib: int, overrides: dict[str, int] = ALL_ON_CPU, devices: int = 1, **changed: object
) -> MoeCache | None:
    settings = replace(Settings(8192, moe_cache=mib * MIB), **changed)
    slots = tuple(i * devices // EXPERTS.slots for i in range(EXPERTS.slots))
    return moe_cache(EXPERTS, (CARD,) * devices, settings, Placement(slots, overrides))


def test_layers_of_one_layout_share_slots() -> None:
    cache = cache_of(6000)
    assert cache is not None
    assert [(24, 1100), (24, 1100)] == [(len(g.layers), g.slots) for g in cache.groups]


def test_no_more_slots_are_made_than_there_are_experts() -> None:
    cache = cache_of(100_000)
    assert cache is not None
    assert {1.0} == {group.resident for group in cache.groups}


def test_a_cache_that_cannot_hold_a_token_s_experts_is_too_small() -> None:
    small, enough = cache_of(10), cache_of(60)
    assert small is not None
    assert enough is not None
    assert (True, False) == (small.too_small, enough.too_small)


def test_a_layer_with_an_expert_tensor_on_a_device_takes_no_part() -> None:
    names = [name for name in ALL_ON_CPU if not name.startswith("blk.0.ffn_up")]
    cache = cache_of(6000, dict.fromkeys(names, CPU))
    assert cache is not None
    assert 0 not in {layer for group in cache.groups for layer in group.layers}


def test_without_layers_on_the_cpu_there_is_no_cache() -> None:
    assert cache_of(6000, {}) is None


def test_the_layers_on_each_device_split_the_cache_where_ts_does_not() -> None:
    by_layers, by_user = cache_of(6000, devices=2), cache_of(6000, devices=2, tensor_split=(3.0, 1.0))
    assert by_layers is not None
    assert by_user is not None
    assert (True, True) == (by_layers.devices[0] < 3100 * MIB, by_user.devices[0] > 4400 * MIB)


def test_devices_do_not_overlap_micro_batches_with_a_cache() -> None:
    placement = Placement(tuple(i * 2 // EXPERTS.slots for i in range(EXPERTS.slots)))
    copies = [pipelines((CARD, CARD), Settings(8192, moe_cache=size), placement) for size in (0, MIB)]
    assert [True, False] == copies
