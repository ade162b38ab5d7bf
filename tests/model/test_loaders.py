import pytest

from moefit.model.architectures import ARCHITECTURES
from moefit.model.loader_data import BLOCKS, READS, SHAPES
from moefit.model.loaders import Branch, KeyRead, LoadedShape, equal_dimensions, is_read, made, reads, shapes
from tests.host import CACHE

SOURCES = [CACHE / f"llama.cpp-b{build}" / "src" for build in (11434, 11549)]
NOT_READ = {"gptj", "wavtokenizer-dec"}
"""One that no build loads, and one that is no language model."""


@pytest.mark.llama
@pytest.mark.skipif(not all(source.is_dir() for source in SOURCES), reason="needs the sources of both builds")
def test_the_tables_are_what_the_generator_makes_of_the_sources(monkeypatch):
    monkeypatch.syspath_prepend("scripts")
    import generate_loaders

    assert generate_loaders.TARGET.read_text() == generate_loaders.module(SOURCES)


def test_every_architecture_that_is_loaded_has_a_row():
    assert set(ARCHITECTURES) - NOT_READ == READS.keys() - {""}
    assert READS.keys() - {""} == BLOCKS.keys() == SHAPES.keys()


def test_a_key_says_its_type_and_whether_it_is_required():
    found = reads("qwen3next")

    assert KeyRead("f32", required=True, one=True, list=False) == found["attention.layer_norm_rms_epsilon"]
    assert KeyRead("u32", required=False, one=True, list=True) == found["attention.recurrent_layers"]
    assert KeyRead("u32", required=True, one=True, list=False) == found["context_length"]
    assert (
        KeyRead("u32", required=True, one=False, list=True)
        == reads("gemma4")["attention.sliding_window_pattern"]
    )


def test_an_unknown_architecture_is_read_as_all_are():
    assert (False, True) == (is_read("brand-new"), is_read("llama"))
    assert reads("llama").keys() - reads("brand-new").keys() == {
        "attention.layer_norm_rms_epsilon",
        "vocab_size",
    }
    assert () == made("brand-new") == equal_dimensions("brand-new")
    assert {} == shapes("brand-new")


def test_a_branch_has_a_condition_and_two_sides():
    branches = [one for one in made("qwen3next") if isinstance(one, Branch)]

    assert "is_recr@ 0 ==" == branches[0].condition
    assert ("attn_q_norm.weight", "attn_k_norm.weight") == branches[0].first[-2:]
    assert "ssm_conv1d.weight" in branches[0].second


def test_a_tensor_that_is_made_in_two_ways_has_two_shapes():
    assert {
        LoadedShape(
            ("n_embd", "head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +"), reshaped=False
        ),
        LoadedShape(
            ("n_embd", "ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +"),
            reshaped=False,
        ),
    } == set(shapes("qwen3next")["attn_qkv.weight"])


def test_of_a_reshaped_tensor_only_the_number_of_values_counts():
    (shape,) = shapes("deepseek4")["attn_output_a.weight"]

    assert shape.reshaped
