import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective
from moefit.launch.resolve import resolve
from moefit.launch.settings import Settings
from moefit.machine.overhead import context_overhead
from moefit.machine.types import Device
from moefit.memory.footprint import footprint
from moefit.memory.host import pinned_by_devices
from moefit.memory.reserve import page_tables, reserve
from tests import oracle

MIB = 1 << 20
MODEL = oracle.model("qwen3-30b-a3b", "Q4_K_M")  # the one that was measured, 2048 wide
SETTINGS = Settings(32768)
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu" / "results"
LOADS = [
    load
    for line in (RESULTS / "loads.jsonl").read_text().splitlines()
    if "beyond_mib" in (load := json.loads(line))
]


def model(name):
    """The recorded model that was loaded, in its first quantisation."""
    return oracle.model(name, next(iter(oracle.models()[name]["types"])))


def total(device, settings=SETTINGS):
    return sum(term.bytes for term in reserve(MODEL, settings, Device(device, 0, 0)))


def test_every_term_has_a_name_and_a_source():
    terms = reserve(MODEL, replace(SETTINGS, load_mode="none"), Device("CUDA0", 0, 0))
    terms += page_tables(1 << 30, Device("CUDA0", 0, 0))
    assert ["pools", "batch", "pages", "page tables"] == [term.name for term in terms]
    assert all(term.why for term in terms)


def pinned(load, settings, card):
    """Bytes that the launch pins, where its experts are on the CPU."""
    line = constraints(
        "llama-server", effective(parse(["llama-server", "-m", "m.gguf", *load["flags"].split()]))
    )
    placement = resolve(model(load["model"]), line, [card])
    used = footprint(model(load["model"]), [card], settings, placement)
    return pinned_by_devices(used.host, settings, [card])


@pytest.mark.parametrize("load", LOADS, ids=lambda load: f"{load['model']} {load['flags']}")
def test_a_filled_context_on_a_real_card_takes_what_is_kept_back_for_it(load):
    """Within 64 MiB of what NVML saw on an H100, with the context and the reserve together, and never less."""
    words = load["flags"].split()
    given = dict(itertools.pairwise(words))
    settings = replace(
        SETTINGS,
        batch=int(given.get("-b", 2048)),
        ubatch=int(given.get("-ub", 512)),
        load_mode=given.get("-lm", "mmap"),
    )
    card = Device("CUDA0", 80 << 30, 80 << 30)
    terms = (*reserve(model(load["model"]), settings, card), *page_tables(pinned(load, settings, card), card))
    kept = context_overhead("CUDA0", multiprocessors=132) + sum(term.bytes for term in terms)

    assert -2 <= kept / MIB - load["beyond_mib"] <= 64


def test_a_larger_micro_batch_keeps_back_more():
    assert total("CUDA0") < total("CUDA0", replace(SETTINGS, ubatch=1024))


def test_a_draft_has_buffers_of_its_own():
    assert 6 * MIB == total("CUDA0", replace(SETTINGS, draft_tokens=3)) - total("CUDA0")


@pytest.mark.parametrize(
    ("name", "mib"),
    [
        *(("CUDA0", 230), ("ROCm0", 300), ("MUSA0", 300), ("Vulkan0", 192)),
        *(("SYCL0", 230), ("MTL0", 96), ("RPC0", 230), ("Brandnew0", 300)),
    ],
)
def test_each_backend_keeps_its_pools(name, mib):
    assert (mib - 230) * MIB == total(name) - total("CUDA0")


def test_an_unknown_backend_keeps_back_no_less_than_a_known_one():
    known = ("CUDA0", "ROCm0", "Vulkan0", "SYCL0", "MTL0", "RPC0", "MUSA0")
    assert all(total("Brandnew0") >= total(name) for name in known)


def test_an_expert_cache_keeps_room_for_the_graphs_that_it_cuts_a_step_into():
    known = oracle.model("gpt-oss-120b", "MXFP4")
    plain = Settings(16384, ubatch=4096, batch=4096)
    kept = [
        sum(term.bytes for term in reserve(known, settings, Device("CUDA0", 1, 1)))
        for settings in (plain, replace(plain, moe_cache=20098 * MIB))
    ]
    assert 36 * MIB == kept[1] - kept[0]


def test_what_an_expert_cache_keeps_grows_with_the_layers_that_it_cuts():
    held = Settings(16384, moe_cache=4000 * MIB)
    graphs = [
        next(t.bytes for t in reserve(model(name), held, Device("CUDA0", 1, 1)) if t.name == "graphs")
        for name in ("qwen3-30b-a3b", "gpt-oss-120b")
    ]
    assert [48 * MIB // 4, 4 * 36 * MIB // 4] == graphs
