"""What an expert cache is worth, against figures that were measured and published of it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from moefit.cost import Prediction, predict
from moefit.cost.hits import hit_rate, miss_factor
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import declare_host, parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.memory.moe_cache import groups
from moefit.placement.types import Placement
from tests.oracle import model

GIB = 1 << 30
CHAT = Workload(4096, 512)
H200 = "name=CUDA0,free=12GiB,bandwidth=4800GB/s,link=54GB/s,compute=989T,description=NVIDIA H200"
L4 = "name=CUDA0,free=24GiB,bandwidth=300GB/s,link=20GB/s,compute=121T"
RTX_PRO_6000 = "name=CUDA0,free=96GiB,bandwidth=1792GB/s,link=54GB/s,compute=500T"
EGPU = "name=CUDA0,free=8GiB,bandwidth=448GB/s,link=3.2GB/s,compute=60T"


def predicted(
    card: str,
    ram: str,
    cores: int,
    *,
    name: str = "qwen3-30b-a3b",
    whole: int = 0,
    from_the_end: bool = False,
    cache: int = 0,
    misses: float | None = None,
    asked: Workload = CHAT,
    **changed: object,
) -> Prediction:
    """A launch with `whole` layers' experts on the card, the first or the last, and a cache of so many bytes."""
    of = model(name, "Q4_K_M")
    memory, cpu = declare_host(Ram(512 * GIB, 512 * GIB), Cpu(cores, cores), None, ram, cores)
    machine = Machine(parse_gpus([card]), memory, cpu)
    kept = range(len(of.layers) - whole, len(of.layers)) if from_the_end else range(whole)
    placement = Placement(
        (0,) * of.slots,
        {t.name: CPU for layer in of.layers if layer.index not in kept for t in layer.experts},
    )
    settings = replace(Settings(16384, slots=1, ubatch=2048, load_mode="none", moe_cache=cache), **changed)
    groups_of = groups(of, machine.gpus, settings, placement)
    if misses is not None:
        machine = replace(machine, misses=((of.fingerprint, misses),))
    return predict(work_of(of), machine, machine.gpus, settings, placement, asked, cached=groups_of)


def four_lines(ram: str, misses: float | None = None) -> list[float]:
    """Seconds of the lines that were measured on an H200 with 12 GiB free and b11549, the fastest first: 10.9, 11.5, 13.1 and 23.4 s."""
    host = (H200, ram, 32)
    return [
        predicted(*host, whole=12, from_the_end=True, cache=4000 << 20, misses=misses).seconds,
        predicted(*host, cache=8100 << 20, misses=misses).seconds,
        predicted(*host, whole=25).seconds,
        predicted(*host, whole=24, load_mode="mmap", ubatch=512).seconds,
    ]


def test_four_lines_on_a_real_card_are_in_the_measured_order_once_routing_and_processor_are_known() -> None:
    """Told are that routing is uniform, not what was hit, and a processor with which the third decodes at the 41 t/s that were measured."""
    seconds = four_lines("28GB/s", 2.0)
    assert sorted(seconds) == seconds


def test_two_lines_with_a_cache_and_two_without_are_in_order_whatever_the_processor_is() -> None:
    mixed, cached, static, usual = four_lines("129GB/s", 2.0)
    assert mixed < cached
    assert static < usual


def test_four_lines_that_are_a_tenth_apart_are_in_order_before_anything_is_known() -> None:
    """Of the first two, which are not, neither seems slower than the other by three hundredths."""
    mixed, cached, static, usual = four_lines("129GB/s")
    assert max(mixed, cached) < 1.03 * min(mixed, cached) < static < usual


def gain(
    card: str, ram: str, cores: int, name: str, resident: float, load_mode: str = "none", **changed: object
) -> tuple[float, float]:
    """How many times as fast prompts and answers are with a cache as with whole layers in the same room, loaded in that mode."""
    of = model(name, "Q4_K_M")
    room = resident * of.expert_bytes
    sizes = itertools.accumulate(layer.expert_bytes for layer in of.layers)
    whole = sum(size <= room for size in sizes)
    asked = Workload(512, 128)
    split = predicted(card, ram, cores, name=name, whole=whole, asked=asked, load_mode=load_mode, **changed)
    cached = predicted(card, ram, cores, name=name, cache=int(room), asked=asked, **changed)
    return (
        cached.prefill_tokens_per_second / split.prefill_tokens_per_second,
        cached.decode_tokens_per_second / split.decode_tokens_per_second,
    )


@pytest.mark.parametrize(
    ("card", "ram", "name", "resident", "published"),
    [
        (L4, "80GB/s", "gemma4-26b-a4b", 0.23, 23.5 / 24.5),
        (L4, "80GB/s", "gemma4-26b-a4b", 0.53, 44.9 / 31.2),
        (L4, "80GB/s", "gemma4-26b-a4b", 0.82, 48.5 / 42.0),
        (RTX_PRO_6000, "90GB/s", "qwen3-next-80b-a3b", 0.4, 1.24),
        (RTX_PRO_6000, "90GB/s", "qwen3-next-80b-a3b", 0.53, 1.42),
        ("rtx-3090", "60GB/s", "qwen3-next-80b-a3b", 0.5, 1.31),
        ("rtx-3060", "50GB/s", "qwen3.5-35b-a3b", 124 / 256, 51.3 / 42.3),
        ("rtx-3060", "50GB/s", "glm-4.7-flash", 40 / 64, 46.3 / 32.1),
        ("rtx-3060", "50GB/s", "laguna", 36 / 256, 12.1 / 11.5),
        (EGPU, "80GB/s", "qwen3-30b-a3b", 0.4, 8 / 35),
    ],
)
def test_a_cache_gains_or_loses_as_published_runs_say(
    card: str, ram: str, name: str, resident: float, published: float
) -> None:
    """The published figures of shared models or their like; of most hosts RAM is not known, and of none how the room was measured."""
    _, decode = gain(card, ram, 8, name, resident)
    assert (published > 1.0) is (decode > 1.0)
    assert 0.7 < decode / published < (1.3 if published > 0.5 else 2.0)


@pytest.mark.parametrize(("resident", "published"), [(0.23, 384 / 448), (0.53, 556 / 593), (0.82, 592 / 897)])
def test_a_prompt_loses_by_a_cache_what_published_runs_say(resident: float, published: float) -> None:
    prefill, _ = gain(L4, "80GB/s", 8, "gemma4-26b-a4b", resident)
    assert published == pytest.approx(prefill, rel=0.16)


@pytest.mark.parametrize(
    ("name", "resident"), [("qwen3.5-35b-a3b", 124 / 256), ("glm-4.7-flash", 40 / 64), ("laguna", 36 / 256)]
)
def test_a_prompt_gains_by_a_cache_where_the_line_without_maps_its_experts(
    name: str, resident: float
) -> None:
    """As a fork's three runs on an RTX 3060 have it (1.14, 1.64 and 1.12 times); a cache pins them."""
    prefill, _ = gain("rtx-3060", "50GB/s", 8, name, resident, "mmap", ubatch=512)
    assert 1.0 < prefill < 1.7


def test_a_cache_gains_more_with_drafts() -> None:
    """1.76 against at most 1.42 on an RTX PRO 6000 (Unsloth 2026.10.9, multi-token prediction)."""
    _, drafted = gain(RTX_PRO_6000, "90GB/s", 16, "qwen3-next-80b-a3b", 0.53, mtp=True, model_draft_tokens=2)
    _, plain = gain(RTX_PRO_6000, "90GB/s", 16, "qwen3-next-80b-a3b", 0.53)
    assert plain < drafted
    assert 1.76 == pytest.approx(drafted, rel=0.15)


@pytest.mark.parametrize(("resident", "published"), [(0.125, 0.67), (0.25, 0.81)])
def test_the_curve_passes_through_the_published_hit_rates(resident: float, published: float) -> None:
    assert published == pytest.approx(hit_rate(resident).likely, abs=0.01)


def test_of_few_experts_an_lru_hits_what_is_said_of_mixtral_and_the_range_is_as_wide() -> None:
    """Two slots for each layer's eight experts, of which a token uses two: 40 to 60% (arxiv.org/abs/2312.17238, as others sum it up)."""
    rate = predicted("rtx-3060", "50GB/s", 8, name="mixtral-8x7b", cache=6600 << 20).hit_rate
    assert rate is not None
    assert 0.24 < rate.resident < 0.27
    assert 0.4 < rate.likely < 0.6
    assert (rate.least, True) == (pytest.approx(rate.resident, abs=0.01), rate.most > 0.8)


@pytest.mark.parametrize(("resident", "measured"), [(0.484, 0.475), (0.321, 0.308)])
def test_uniform_routing_hits_what_is_resident(resident: float, measured: float) -> None:
    assert measured == pytest.approx(hit_rate(resident).least, abs=0.02)


def test_the_low_end_of_the_range_is_uniform_routing() -> None:
    """48.4 tokens per second with a hit rate of 47.5%."""
    low, high = predicted(H200, "129GB/s", 32, cache=8100 << 20).decode_range
    assert low < 52
    assert high > 120


def with_biases(on_cpu: bool, cache: int) -> Prediction:
    """gpt-oss-120b, all experts on the CPU, with their biases or without."""
    of = model("gpt-oss-120b", "MXFP4")
    memory, cpu = declare_host(Ram(512 * GIB, 512 * GIB), Cpu(32, 32), None, "153GB/s", 32)
    machine = Machine(parse_gpus([H200]), memory, cpu)
    away = {t.name: CPU for layer in of.layers for t in layer.experts if on_cpu or t.name.endswith(".weight")}
    placement = Placement((0,) * of.slots, away)
    settings = Settings(16384, slots=1, ubatch=2048, load_mode="none", moe_cache=cache)
    cached = groups(of, machine.gpus, settings, placement)
    return predict(work_of(of), machine, machine.gpus, settings, placement, CHAT, cached=cached)


@pytest.mark.parametrize(("mib", "hit"), [(1500, False), (1850, True)])
def test_a_cache_smaller_than_a_tokens_own_experts_is_never_hit(mib: int, hit: bool) -> None:
    """A phone with gpt-oss-120b and 1500 MiB, where a token needs 1815: 0%."""
    rate = with_biases(False, mib << 20).hit_rate
    assert rate is not None
    assert hit is (rate.most > 0.0)


@pytest.mark.parametrize(("cache", "on_cpu"), [(18000 << 20, False), (0, True)], ids=["cache", "no cache"])
def test_biases_belong_where_their_experts_are_multiplied(cache: int, on_cpu: bool) -> None:
    """H200, gpt-oss-120b: 80 t/s with a cache and the biases on the CPU, 3 visits a layer; 41 against 46 without, the biases apart."""
    here, there = (with_biases(place, cache).decode_tokens_per_second for place in (on_cpu, not on_cpu))
    assert 1.08 < here / there


def test_batches_of_more_than_32_tokens_do_not_read_the_cache() -> None:
    drafted = [
        predicted(H200, "129GB/s", 32, cache=8100 << 20, mtp=True, model_draft_tokens=n).terms
        for n in (15, 32)
    ]
    assert [True, False] == [any(term.name == "lookups" for term in terms) for terms in drafted]


def test_a_prompt_copies_less_over_the_link_when_a_cache_holds_experts() -> None:
    host = (H200, "129GB/s", 32)
    without, with_cache = predicted(*host), predicted(*host, cache=8100 << 20)
    assert 1.1 < with_cache.prefill_tokens_per_second / without.prefill_tokens_per_second < 1.35


@pytest.mark.parametrize(("link", "ram", "gains"), [(6, "90GB/s", True), (54, "40GB/s", False)])
def test_a_cpu_share_gains_where_ram_is_fast_and_the_link_slow(link: int, ram: str, gains: bool) -> None:
    """As docs/moe-cache.md of b12191 says; the share was read, not run."""
    card = f"name=CUDA0,free=12GiB,bandwidth=900GB/s,link={link}GB/s,compute=120T"
    without, shared = (
        predicted(card, ram, 16, cache=4000 << 20, moe_cache_cpu_share=share).decode_tokens_per_second
        for share in (0.0, 0.5)
    )
    assert gains is (shared > without)


def test_a_share_of_everything_leaves_the_link_nothing() -> None:
    terms = predicted(H200, "129GB/s", 32, cache=4000 << 20, moe_cache_cpu_share=1.0).terms
    assert ["CPU"] == [term.place for term in terms if term.name == "misses"]


@pytest.mark.parametrize(("resident", "published"), [(0.1, 0.80), (0.3, 0.95)])
def test_the_most_hits_are_those_of_the_hottest_experts_that_were_published(
    resident: float, published: float
) -> None:
    assert published == pytest.approx(hit_rate(resident).most, abs=0.005)


def test_a_model_that_ran_with_a_cache_is_expected_to_hit_as_it_did() -> None:
    known = hit_rate(0.25, miss_factor(0.6, 0.25))
    assert [0.6] * 3 == [round(rate, 6) for rate in (known.least, known.likely, known.most)]


def test_a_start_that_serves_few_tokens_pays_for_filling_the_cache() -> None:
    rates = [
        predicted(H200, "129GB/s", 32, cache=8100 << 20, asked=Workload(4096, 512, requests)).hit_rate
        for requests in (1, 20, 0)
    ]
    once, often, always = (rate.likely for rate in rates if rate)
    assert once < often < always
    assert 2973 == pytest.approx((always - once) * 48 * 8 * 512, rel=0.1)  # its slots, each filled once


def test_a_draft_of_up_to_32_tokens_reads_the_cache() -> None:
    """Each of its tokens brings experts of its own, so that a step of eight misses more than one of a single token."""
    lines = [
        predicted(H200, "129GB/s", 32, cache=8100 << 20, mtp=True, model_draft_tokens=drafted)
        for drafted in (3, 31, 32)
    ]
    assert [True, True, False] == [any(t.name == "misses" for t in line.terms) for line in lines]


def test_a_token_that_finds_all_experts_on_the_card_does_not_share_the_processor_with_neighbours() -> None:
    """The range of an answer on a virtual machine is wider below where each token needs the processor."""
    of = model("qwen3-30b-a3b", "Q4_K_M")
    memory, cpu = declare_host(Ram(512 * GIB, 512 * GIB), Cpu(32, 32), None, "153GB/s", 32)
    machine = Machine(parse_gpus([H200]), memory, replace(cpu, virtual=True), misses=((of.fingerprint, 0.3),))
    placement = Placement((0,) * of.slots, {t.name: CPU for layer in of.layers for t in layer.experts})
    lows = []
    for cache in (0, 8100 << 20):
        settings = Settings(16384, slots=1, ubatch=2048, load_mode="none", moe_cache=cache)
        cached = groups(of, machine.gpus, settings, placement)
        lows.append(
            predict(
                work_of(of), machine, machine.gpus, settings, placement, CHAT, cached=cached
            ).doubt.decode[0]
        )
    assert lows[0] < lows[1]
