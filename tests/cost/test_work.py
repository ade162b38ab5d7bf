"""What a token costs, per slot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.cost.work import work_of
from moefit.model import Role, build
from tests.each import each
from tests.oracle import header, model, models

QWEN = ("qwen3-30b-a3b", "Q4_K_M")


def test_a_token_reads_all_of_the_base_and_a_sixteenth_of_the_experts() -> None:
    m = model(*QWEN)
    load = work_of(m).over(0, len(m.layers))
    assert sum(layer.base_bytes for layer in m.layers) == load.base_bytes
    assert m.expert_bytes == load.expert_bytes
    assert m.expert_bytes / 16 == pytest.approx(load.expert_read)


def test_every_element_of_a_used_matrix_is_multiplied_once() -> None:
    m = model(*QWEN)
    load = work_of(m).over(0, 1)
    assert 8 * 3 * 2048 * 768 == load.expert_macs
    assert 2048 * (4096 + 512 + 512 + 128) + 4096 * 2048 == load.base_macs


def test_costs_of_slots_add_up() -> None:
    work = work_of(model(*QWEN))
    whole, lower, upper = work.over(0, 48), work.over(0, 20), work.over(20, 48)
    assert whole == pytest.approx(lower.plus(upper))


def test_the_output_is_a_slot_of_its_own() -> None:
    m = model(*QWEN)
    work = work_of(m)
    assert sum(t.bytes for t in m.output) == work.output.base_bytes
    assert 0 == work.over(48, 49).base_bytes


def test_a_tied_output_is_read_like_any_other() -> None:
    m = model("gemma-3-12b", "Q4_K_M")
    assert m.tied
    embedding = next(t.bytes for t in m.input if t.name == "token_embd.weight")
    assert work_of(m).output.base_bytes > embedding


def test_a_dense_model_has_no_experts_and_reads_everything() -> None:
    m = model("llama-3.1-8b", "Q4_K_M")
    work = work_of(m)
    assert 0 == work.over(0, len(m.layers)).expert_bytes
    assert 1.0 == work.distinct(1)


def test_multi_token_prediction_blocks_cost_nothing_until_they_draft() -> None:
    m = model("qwen3.5-35b-a3b-mtp", "Q4_K_M")
    work = work_of(m)
    last = len(m.layers) - 1
    assert frozenset({last}) == work.mtp_slots
    assert 0 == work.over(last, last + 1).base_bytes
    assert m.layers[last].base_bytes == work.draft.base_bytes


def test_windowed_layers_are_kept_apart() -> None:
    load = work_of(model("gpt-oss-20b", "MXFP4")).over(0, 24)
    assert load.key == load.window_key == 12 * 8 * 64


def test_mla_reads_one_compressed_row_per_cell() -> None:
    load = work_of(model("deepseek-v2-lite", "Q4_K_M")).over(0, 1)
    assert (576, 0) == (load.key, load.value)
    assert 2 * 16 * 576 == load.attention_macs


def test_recurrent_layers_step_their_state_for_every_token() -> None:
    m = model("qwen3.5-35b-a3b", "Q4_K_M")
    load = work_of(m).over(0, len(m.layers))
    assert 30 == load.recurrent_layers
    assert 30 * 3 * 32 * 128 * 128 == load.recurrence_macs


def test_a_short_convolution_alone_is_no_recurrence() -> None:
    m = model("lfm2-8b-a1b", "Q4_K_M")
    load = work_of(m).over(0, len(m.layers))
    assert (0.0, True) == (load.recurrent_layers, load.state > 0)


def test_recurrent_layers_read_a_state_instead_of_a_cache() -> None:
    work = work_of(model("qwen3-next-80b-a3b", "Q4_K_M"))
    assert work.over(0, 1).state > 0 == work.over(0, 1).key
    assert work.over(3, 4).key > 0 == work.over(3, 4).state


@pytest.mark.parametrize(("quant", "slower"), [("Q2_K", True), ("IQ4_XS", True), ("Q4_K_M", False)])
def test_low_bit_types_keep_a_cpu_core_busier_than_their_bytes_say(quant: str, slower: bool) -> None:
    load = work_of(model("qwen3-30b-a3b", quant)).over(0, 48)
    assert slower == (load.expert_work > 1.1 * load.expert_read)


@given(st.integers(1, 8192), st.integers(1, 8192))
def test_more_tokens_use_more_experts_but_never_more_than_all(a: int, b: int) -> None:
    work = work_of(model(*QWEN))
    few, many = work.distinct(min(a, b)), work.distinct(max(a, b))
    assert 0 < few <= many <= 1


def test_gpt_oss_asks_fewer_of_its_experts_than_others() -> None:
    """The log of github.com/ggml-org/llama.cpp/pull/15346: 72 to 95 of 128 for 512 tokens."""
    used = 128 * work_of(model("gpt-oss-120b", "MXFP4")).distinct(512)
    assert 72 <= used <= 95


def test_one_token_uses_about_its_share() -> None:
    assert 8 / 128 == pytest.approx(work_of(model(*QWEN)).distinct(1), rel=0.1)


@each(sorted(models()))
def test_every_recorded_model_is_weighed_in_full(name: str) -> None:
    m = model(name, next(iter(models()[name]["types"])))
    work = work_of(m)
    main = [layer for layer in m.layers if not layer.mtp]
    load = work.over(0, len(m.layers))
    read = [layer if layer.block is None else m.layers[layer.block] for layer in main]
    assert sum(layer.bytes for layer in read) == load.base_bytes + load.expert_bytes
    assert {t.name for t in m.tensors if t.role in (Role.BASE, Role.EXPERT)} - {
        t.name for layer in m.layers if layer.mtp for t in layer.tensors
    } <= set(work.tensors)


def test_a_bias_whose_matrix_the_file_lacks_is_no_slip():
    source = header("gpt-oss-20b", next(iter(models()["gpt-oss-20b"]["types"])))
    tensors = tuple(t for t in source.tensors if t.name != "blk.1.ffn_gate_exps.weight")
    whole, short = (work_of(build("m.gguf", h)).biases for h in (source, replace(source, tensors=tensors)))

    assert {"blk.1.ffn_gate_exps.bias"} == whole.keys() - short.keys()
