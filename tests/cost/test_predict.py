"""What moves a prediction, and in which direction."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.cost import Prediction, best_threads, op_offload_min_batch, predict
from moefit.cost.constants import DECODED, READ_SHARE
from moefit.cost.host_rates import host_rates
from moefit.cost.tally import tally
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.calibration import bench_key
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

MODEL = model("qwen3-30b-a3b", "Q4_K_M")
WORK = work_of(MODEL)
LAYERS = 48
(GPU,) = parse_gpus(["rtx-3090"])
RAM = Ram(64 << 30, 64 << 30, 60_000_000_000)
MACHINE = Machine((GPU,), RAM, Cpu(8, 16))
SETTINGS = Settings(context=32768)
ALL_ON_GPU = Placement((0,) * (LAYERS + 1))
CHAT = Workload(2048, 512)


def experts(count: int, device: int = CPU) -> dict[str, int]:
    return {t.name: device for layer in MODEL.layers[LAYERS - count :] for t in layer.experts}


def moved(count: int) -> Placement:
    return replace(ALL_ON_GPU, overrides=experts(count))


def outcome(
    placement: Placement,
    settings: Settings = SETTINGS,
    machine: Machine = MACHINE,
    workload: Workload = CHAT,
    draft_bytes: Mapping[str, int] | None = None,
) -> Prediction:
    return predict(WORK, machine, machine.gpus, settings, placement, workload, draft_bytes=draft_bytes)


def test_the_terms_of_a_workload_add_up_to_its_seconds() -> None:
    prediction = outcome(moved(20))
    assert sum(term.seconds for term in prediction.terms) == pytest.approx(prediction.seconds)
    prefill = sum(t.seconds for t in prediction.terms if t.phase == "prefill")
    assert 2048 / prefill == pytest.approx(prediction.prefill_tokens_per_second)


def test_the_same_question_has_the_same_answer() -> None:
    assert outcome(moved(20)) == outcome(moved(20))


def test_a_phase_left_out_costs_nothing_but_has_a_rate() -> None:
    prediction = outcome(moved(20), workload=Workload(512, 0))
    assert 512 / prediction.prefill_tokens_per_second == pytest.approx(prediction.seconds)
    assert prediction.decode_tokens_per_second > 0


def test_every_expert_layer_on_the_cpu_slows_both_phases() -> None:
    fewer, more = outcome(moved(20)), outcome(moved(21))
    assert fewer.prefill_tokens_per_second > more.prefill_tokens_per_second
    assert fewer.decode_tokens_per_second > more.decode_tokens_per_second


def test_naming_a_tensors_own_device_changes_nothing() -> None:
    stay = replace(ALL_ON_GPU, overrides=experts(20, device=0))
    assert outcome(ALL_ON_GPU) == outcome(stay)


def test_pinned_experts_are_copied_faster_than_mapped_ones() -> None:
    pinned = outcome(moved(20), replace(SETTINGS, load_mode="none"))
    mapped = outcome(moved(20))
    assert pinned.prefill_tokens_per_second > 1.2 * mapped.prefill_tokens_per_second
    assert pinned.decode_tokens_per_second == mapped.decode_tokens_per_second


def test_a_larger_micro_batch_copies_the_experts_less_often() -> None:
    small, large = (
        outcome(moved(20), replace(SETTINGS, ubatch=u)).prefill_tokens_per_second for u in (512, 2048)
    )
    assert large > 2 * small


def test_a_batch_below_the_threshold_stays_on_the_cpu() -> None:
    tail = outcome(moved(48), workload=Workload(31, 0)).terms
    assert "CPU" in {term.place for term in tail if term.name == "products"}
    assert "copies" not in {term.name for term in tail}


def test_a_device_without_op_offload_leaves_prefill_to_the_cpu() -> None:
    remote = replace(GPU, name="RPC0")
    machine = replace(MACHINE, gpus=(remote,))
    assert "copies" not in {term.name for term in outcome(moved(20), machine=machine).terms}


def test_threads_help_until_the_memory_is_the_limit_and_never_beyond_the_cores() -> None:
    rates = [
        outcome(moved(48), replace(SETTINGS, threads=n)).decode_tokens_per_second for n in (1, 2, 4, 8, 16)
    ]
    assert rates[0] < rates[1] < rates[2]
    assert rates[4] < rates[3] < 2 * rates[2]


def test_a_recurrent_state_costs_kernels_in_decode_and_steps_in_prefill() -> None:
    hybrid = model("qwen3.5-35b-a3b", "Q4_K_M")
    work = work_of(hybrid)
    stateless = replace(work, sums=tuple((*row[:-2], 0.0, 0.0) for row in work.sums))
    on_gpu = Placement((0,) * (len(hybrid.layers) + 1))
    with_state, without = (
        predict(w, MACHINE, MACHINE.gpus, SETTINGS, on_gpu, CHAT) for w in (work, stateless)
    )
    assert with_state.prefill_tokens_per_second < without.prefill_tokens_per_second
    assert with_state.decode_tokens_per_second < without.decode_tokens_per_second


def test_attention_of_prompts_is_slower_with_vulkan_than_with_rocm_but_not_on_nvidias_cards() -> None:
    (amd,) = parse_gpus(["rx-7900-xtx"])
    rocm, slower, cuda, as_fast = (
        next(t.seconds for t in outcome(ALL_ON_GPU, machine=on).terms if t.name == "attention")
        for card in (amd, GPU)
        for name in (card.name, "Vulkan0")
        for on in (replace(MACHINE, gpus=(replace(card, name=name),)),)
    )
    assert rocm < slower
    assert cuda == as_fast


def test_depth_slows_decode() -> None:
    shallow, deep = (
        outcome(ALL_ON_GPU, workload=Workload(prompt, 512)).decode_tokens_per_second
        for prompt in (512, 30_000)
    )
    assert deep < shallow


QUANTISED = replace(SETTINGS, cache_type_k="q8_0", cache_type_v="q8_0")


def test_a_quantised_cache_is_read_faster_where_one_pass_serves_all_heads() -> None:
    vulkan = replace(MACHINE, gpus=(replace(GPU, name="Vulkan0"),))
    agent = Workload(16384, 512)
    f16, q8 = (
        predict(WORK, vulkan, vulkan.gpus, s, ALL_ON_GPU, agent).decode_tokens_per_second
        for s in (SETTINGS, QUANTISED)
    )
    assert q8 > f16


def test_with_cuda_every_query_head_unpacks_a_quantised_cache() -> None:
    """RTX 2070 Super, q8_0, after 22k tokens: 47 ms a token, of which about 20 for this."""
    turing = replace(GPU, bandwidth=448 * 10**9, compute=72e12, description="NVIDIA GeForce RTX 2070 SUPER")
    machine = replace(MACHINE, gpus=(turing,))
    near, far = (
        predict(WORK, machine, machine.gpus, QUANTISED, ALL_ON_GPU, Workload(prompt, 1))
        for prompt in (1, 22000)
    )
    assert 0.012 < 1 / far.decode_tokens_per_second - 1 / near.decode_tokens_per_second < 0.025


def attention_on_the_cpu(settings: Settings, threads: int) -> float:
    """Seconds of a token's attention behind 32,768 others with everything on the CPU, by work alone."""
    machine = replace(MACHINE, gpus=(), ram=replace(RAM, bandwidth=10**15), cpu=Cpu(threads, threads))
    nowhere = Placement((CPU,) * (LAYERS + 1))
    terms = outcome(nowhere, settings, machine, Workload(32768, 1)).terms
    return sum(term.seconds for term in terms if term.name == "attention" and term.phase == "decode")


def test_the_cpu_turns_quantised_values_into_f32_for_every_query_head() -> None:
    """The host of an H200: 21 billion multiply-adds a second with q8_0 where f16 has 54; one thread of an EPYC takes 1.4 times as long."""
    assert 1.3 < attention_on_the_cpu(QUANTISED, 8) / attention_on_the_cpu(SETTINGS, 8) < 2.6


def test_only_a_cache_in_f16_is_dealt_out_to_threads_by_cells() -> None:
    """32 heads on 24 threads: eight of them do a second one."""
    f16, q8 = (
        attention_on_the_cpu(settings, 32) / attention_on_the_cpu(settings, 24)
        for settings in (SETTINGS, QUANTISED)
    )
    assert q8 == pytest.approx(f16 * 2 / 3, rel=0.02)


def test_the_cache_on_the_host_costs_a_visit_to_the_cpu_for_every_layer() -> None:
    host = replace(SETTINGS, kv_offload=False)
    assert outcome(ALL_ON_GPU, host).decode_tokens_per_second < 0.8 * (
        outcome(ALL_ON_GPU).decode_tokens_per_second
    )


def test_a_file_larger_than_memory_is_paged_in_again_and_again() -> None:
    small = replace(MACHINE, ram=replace(RAM, available=8 << 30))
    prediction = outcome(moved(48), machine=small)
    assert "disk" in {term.place for term in prediction.terms}
    assert prediction.decode_tokens_per_second < 0.5 * outcome(moved(48)).decode_tokens_per_second


def test_two_devices_overlap_their_micro_batches_only_without_overrides() -> None:
    pair = replace(MACHINE, gpus=(GPU, replace(GPU, name="CUDA1")))
    split = Placement((*(0,) * 24, *(1,) * 25))
    assert outcome(split, machine=pair).prefill_tokens_per_second > 1.3 * (
        outcome(ALL_ON_GPU).prefill_tokens_per_second
    )
    pinned = replace(split, overrides={"blk.0.ffn_up_exps.weight": CPU})
    assert (
        outcome(pinned, machine=pair).prefill_tokens_per_second
        < outcome(split, machine=pair).prefill_tokens_per_second
    )


def test_a_second_device_adds_a_step_to_every_token() -> None:
    pair = replace(MACHINE, gpus=(GPU, replace(GPU, name="CUDA1")))
    split = Placement((*(0,) * 24, *(1,) * 25))
    assert (
        outcome(split, machine=pair).decode_tokens_per_second < outcome(ALL_ON_GPU).decode_tokens_per_second
    )


def test_an_output_on_another_device_than_the_last_layer_is_a_step_too() -> None:
    pair = replace(MACHINE, gpus=(GPU, replace(GPU, name="CUDA1")))
    apart = Placement((*(0,) * LAYERS, 1))
    assert (
        outcome(apart, machine=pair).decode_tokens_per_second < outcome(ALL_ON_GPU).decode_tokens_per_second
    )


def test_everything_on_the_cpu_needs_no_device() -> None:
    alone = replace(MACHINE, gpus=())
    prediction = outcome(Placement((CPU,) * (LAYERS + 1)), machine=alone)
    assert {"CPU"} == {term.place for term in prediction.terms}


MTP = work_of(model("qwen3.5-35b-a3b-mtp", "Q4_K_M"))


@pytest.mark.parametrize(("on_cpu", "faster"), [(False, True), (True, False)])
def test_drafting_pays_on_a_device_and_not_with_experts_on_the_cpu(on_cpu: bool, faster: bool) -> None:
    m = model("qwen3.5-35b-a3b-mtp", "Q4_K_M")
    names = [t.name for layer in m.layers for t in layer.experts] if on_cpu else []
    placement = Placement((0,) * (len(m.layers) + 1), dict.fromkeys(names, CPU))
    drafting = replace(SETTINGS, mtp=True, draft_tokens=3, model_draft_tokens=3)
    plain, spec = (
        predict(MTP, MACHINE, (GPU,), s, placement, CHAT).decode_tokens_per_second
        for s in (SETTINGS, drafting)
    )
    assert faster == (spec > 1.2 * plain)


def test_a_draft_model_is_read_for_every_token_it_drafts() -> None:
    drafting = replace(SETTINGS, draft_tokens=4, model_draft_tokens=4)
    small, large = (
        outcome(ALL_ON_GPU, drafting, draft_bytes={"CUDA0": n}).decode_tokens_per_second
        for n in (500_000_000, 4_000_000_000)
    )
    assert large < small


def test_a_draft_model_in_ram_is_read_at_the_speed_of_ram() -> None:
    drafting = replace(SETTINGS, draft_tokens=4, model_draft_tokens=4)
    on_device, in_ram = (
        outcome(ALL_ON_GPU, drafting, draft_bytes={place: 4_000_000_000}).decode_tokens_per_second
        for place in ("CUDA0", "CPU")
    )
    assert in_ram < on_device / 3


@pytest.mark.parametrize(
    ("machine", "confidence"),
    [
        (MACHINE, "catalogue"),
        (replace(MACHINE, calibration="desk"), "calibrated"),
        (replace(MACHINE, ram=replace(RAM, bandwidth=None)), "guessed"),
        (replace(MACHINE, gpus=(replace(GPU, bandwidth=None),)), "guessed"),
        (replace(MACHINE, gpus=(replace(GPU, compute=None),), calibration="desk"), "guessed"),
    ],
)
def test_confidence_names_the_weakest_figure(machine: Machine, confidence: str) -> None:
    assert confidence == outcome(moved(20), machine=machine).confidence


def test_runs_of_this_very_model_on_these_devices_make_a_prediction_measured() -> None:
    calibrated = replace(MACHINE, calibration="bench of 2026-11-24")
    for ran, confidence in (
        (bench_key("llama-9-100", MACHINE.gpus), "calibrated"),
        (bench_key(MODEL.fingerprint, ()), "calibrated"),
        (bench_key(MODEL.fingerprint, MACHINE.gpus), "measured"),
    ):
        assert confidence == outcome(moved(20), machine=replace(calibrated, benched=(ran,))).confidence


def test_an_unknown_memory_does_not_matter_where_nothing_is_in_it() -> None:
    unknown = replace(MACHINE, ram=replace(RAM, bandwidth=None))
    assert "catalogue" == outcome(ALL_ON_GPU, machine=unknown).confidence


def test_copying_pays_from_a_smaller_batch_on_when_the_experts_are_pinned() -> None:
    mapped, pinned = (
        op_offload_min_batch(WORK, MACHINE, (GPU,), replace(SETTINGS, load_mode=mode), moved(48))
        for mode in ("mmap", "none")
    )
    assert 1 < pinned < mapped


@pytest.mark.parametrize(
    ("device", "placement"), [(GPU, ALL_ON_GPU), (replace(GPU, name="RPC0"), moved(48))], ids=["all", "rpc"]
)
def test_the_threshold_stays_where_nothing_is_copied(device: Device, placement: Placement) -> None:
    assert 32 == op_offload_min_batch(WORK, MACHINE, (device,), SETTINGS, placement)


@pytest.mark.parametrize(
    ("cpu", "threads"),
    [(Cpu(8, 16), 8), (Cpu(16, 32, quota=5.5), 5), (Cpu(4, 4, quota=0.5), 1)],
)
def test_threads_are_physical_cores_within_the_quota(cpu: Cpu, threads: int) -> None:
    assert threads == best_threads(replace(MACHINE, cpu=cpu))


@given(
    split=st.integers(0, LAYERS),
    overrides=st.dictionaries(st.sampled_from(sorted(WORK.tensors)), st.sampled_from([CPU, 0])),
    kv_offload=st.booleans(),
)
def test_no_placement_loses_or_invents_work(split: int, overrides: dict[str, int], kv_offload: bool) -> None:
    settings = replace(SETTINGS, kv_offload=kv_offload)
    placement = Placement((*(CPU,) * split, *(0,) * (LAYERS + 1 - split)), overrides)
    where = tally(WORK, placement, settings.kv_offload)
    whole = WORK.over(0, LAYERS + 1).plus(WORK.output)
    loads = [*where.places.values(), *where.output.values()]
    together = loads[0]
    for load in loads[1:]:
        together = together.plus(load)
    assert together.base_bytes == pytest.approx(whole.base_bytes)
    assert together.expert_macs == pytest.approx(whole.expert_macs)
    assert together.key == pytest.approx(whole.key)
    prediction = outcome(placement, settings)
    assert all(math.isfinite(term.seconds) and term.seconds > 0 for term in prediction.terms)


def test_a_hundred_candidates_of_a_large_model_are_weighed_in_a_tenth_of_a_second() -> None:
    large = model("qwen3-235b-a22b", "Q4_K_M")
    work = work_of(large)
    names = [t.name for layer in large.layers for t in layer.experts]
    placement = Placement((0,) * (len(large.layers) + 1), dict.fromkeys(names, CPU))
    start = time.process_time()
    for _ in range(100):
        predict(work, MACHINE, (GPU,), SETTINGS, placement, CHAT)
    assert time.process_time() - start < 0.1


NO_GPU = Machine((), RAM, Cpu(8, 16))
ON_CPU = Placement((CPU,) * (LAYERS + 1))


def on_cpu(machine: Machine = NO_GPU, **changed: object) -> Prediction:
    settings = replace(SETTINGS, **changed)  # type: ignore[arg-type]  # any field
    return predict(WORK, machine, (), settings, ON_CPU, CHAT)


def test_prompts_have_threads_of_their_own() -> None:
    both, few, few_for_prompts = on_cpu(), on_cpu(threads=2), on_cpu(threads_batch=2)
    assert few_for_prompts.decode_tokens_per_second == both.decode_tokens_per_second
    assert few_for_prompts.prefill_tokens_per_second == few.prefill_tokens_per_second
    assert few.prefill_tokens_per_second < both.prefill_tokens_per_second


def test_host_buffers_are_nothing_without_a_device() -> None:
    assert on_cpu() == on_cpu(host_buffers=False)


@pytest.mark.parametrize("cores", [16, 24, 25, 32, 64])
def test_a_core_more_costs_prompts_no_more_than_its_barriers(cores: int) -> None:
    fewer, more = (replace(NO_GPU, cpu=Cpu(n, n)) for n in (cores - 1, cores))
    assert on_cpu(fewer).prefill_tokens_per_second < 1.001 * on_cpu(more).prefill_tokens_per_second


@pytest.mark.parametrize(("threads", "bandwidth"), [(2, 13e9), (4, 14e9), (6, 32e9), (8, 50e9)])
def test_what_was_measured_with_so_many_threads_is_what_they_read(threads: int, bandwidth: float) -> None:
    known = ((1, 12 * 10**9), (2, 13 * 10**9), (4, 14 * 10**9), (8, 50 * 10**9))
    machine = replace(NO_GPU, ram=replace(RAM, bandwidth=50 * 10**9, bandwidth_by_threads=known))
    assert host_rates(machine, SETTINGS, threads).read == pytest.approx(DECODED * bandwidth)


@pytest.mark.parametrize(
    ("threads", "rate"), [(1, 5e9), (2, 10e9), (4, 18e9), (6, 24e9), (8, 30e9), (16, 30e9)]
)
def test_what_llama_cpp_decoded_at_with_so_many_threads_is_foretold(threads: int, rate: float) -> None:
    """Both limits together, of cores and of memory, give what was measured; between two numbers of threads what lies between."""
    decoded = ((1, 5 * 10**9), (2, 10 * 10**9), (4, 18 * 10**9), (8, 30 * 10**9))
    ram = replace(
        RAM, bandwidth=60 * 10**9, bandwidth_by_threads=((1, 12 * 10**9),), decoded_by_threads=decoded
    )
    machine = replace(NO_GPU, ram=ram, cpu=replace(NO_GPU.cpu, cores=16, threads=16))
    assert host_rates(machine, SETTINGS, threads).seconds(1e9, 1e9) == pytest.approx(1e9 / rate, rel=0.02)


@pytest.mark.parametrize(
    ("name", "model_name", "again"),
    [
        ("CUDA0", "deepseek-v2-lite", False),
        ("ROCm0", "deepseek-v2-lite", True),
        ("Vulkan0", "deepseek-v2-lite", True),
        ("ROCm0", "qwen3-30b-a3b", False),
    ],
)
def test_only_cuda_finds_the_values_of_a_compressed_cache_in_its_keys(
    name: str, model_name: str, again: bool
) -> None:
    whole = model(model_name, "Q4_K_M")
    fast = replace(GPU, compute=1e16)
    card, shares = replace(fast, name=name), READ_SHARE[name.rstrip("0")] / READ_SHARE["CUDA"]
    made = {
        device.name: predict(
            work_of(whole),
            replace(MACHINE, gpus=(device,)),
            (device,),
            SETTINGS,
            Placement((0,) * whole.slots),
            CHAT,
        )
        for device in (replace(fast, name="CUDA0"), card)
    }
    read = {
        name: sum(t.seconds for t in one.terms if (t.phase, t.name) == ("decode", "attention"))
        for name, one in made.items()
    }
    assert read[name] * shares == pytest.approx(read["CUDA0"] * (1 + 512 / 576 if again else 1))


RPC = replace(GPU, name="RPC0", link_bandwidth=125 * 10**6)
HALVES = (0,) * 24 + (1,) * (LAYERS - 23)


def spent(machine: Machine, placement: Placement, phase: str, settings: Settings = SETTINGS) -> float:
    """Seconds of going from place to place."""
    made = predict(WORK, machine, machine.gpus, settings, placement, CHAT)
    return sum(term.seconds for term in made.terms if term.phase == phase and term.name == "hops")


def test_a_visit_costs_what_its_own_device_takes_whatever_others_there_are() -> None:
    local = replace(MACHINE, gpus=(GPU, replace(GPU, name="CUDA1")))
    mixed = replace(MACHINE, gpus=(GPU, RPC))
    on_first = {t.name: CPU for layer in MODEL.layers[:20] for t in layer.experts}
    one = Placement(HALVES, on_first)
    crossing = Placement(HALVES)
    assert spent(local, one, "decode") - spent(local, crossing, "decode") == pytest.approx(
        spent(mixed, one, "decode") - spent(mixed, crossing, "decode")
    )


def test_experts_on_the_cpu_of_another_devices_layers_cross_both_links_there_and_back() -> None:
    """1 GbE: 20 layers of 2048 tokens, 16.8 MB of hidden states each way, 0.13 s over the network."""
    machine = replace(MACHINE, gpus=(GPU, RPC))
    settings = replace(SETTINGS, ubatch=2048, batch=2048)
    theirs = {t.name: CPU for layer in MODEL.layers[28:48] for t in layer.experts}
    more = spent(machine, Placement(HALVES, theirs), "prefill", settings) - spent(
        machine, Placement(HALVES), "prefill", settings
    )
    assert 20 * 2 * 0.13 < more < 20 * 2 * 0.16
