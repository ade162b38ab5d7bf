from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.gguf.header import SkippedArray
from moefit.gguf.split import read_header
from moefit.model import Role, build
from tests import oracle
from tests.each import each
from tests.model.models import header, model, moe

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")


@pytest.fixture(scope="module")
def example():
    return build(EXAMPLE, read_header(EXAMPLE))


def test_the_example_is_qwen3_30b_a3b(example):
    assert ("qwen3moe", "qwen3-30b-a3b", 48, 128, 8) == (
        example.architecture,
        example.name,
        len(example.layers),
        example.experts,
        example.experts_used,
    )
    assert (151936, 40960, 2048) == (example.vocabulary, example.trained_context, example.embedding)


def test_the_example_is_a_header_alone(example):
    assert example.truncated


def test_expert_bytes_are_kept_apart(example):
    q4, q6 = 2048 * 768 * 128 // 256 * 144, 2048 * 768 * 128 // 256 * 210

    assert 2 * q4 + q6 == example.layers[0].expert_bytes
    assert 18_550_716_416 == example.bytes
    assert sum(layer.expert_bytes for layer in example.layers) == example.expert_bytes
    for layer in example.layers:
        assert layer.bytes == layer.base_bytes + layer.expert_bytes
        assert ["ffn_gate_exps", "ffn_down_exps", "ffn_up_exps"] == [
            t.name.split(".")[2] for t in layer.experts
        ]


@each((n, q) for n, m in oracle.models().items() for q in m["types"])
def test_every_tensor_of_a_real_model_has_its_place(name, quant):
    source = oracle.header(name, quant)
    built = build("m", source)
    second_copy = ["token_embd.weight"] if built.tied else []

    assert sorted([t.name for t in source.tensors] + second_copy) == sorted(t.name for t in built.tensors)
    assert sum(t.bytes for t in source.tensors) == built.bytes
    for layer in built.layers:
        assert all(t.layer == layer.index for t in layer.tensors)
    assert all(t.layer is None for t in (*built.input, *built.output))


@pytest.mark.parametrize(
    ("name", "dense", "moe_layers"),
    [
        ("deepseek-v2-lite", [0], 26),
        ("deepseek-v3.1", [0, 1, 2], 58),
        ("glm-4.5-air", [0], 46),
        ("qwen3-14b", list(range(40)), 0),
        ("gpt-oss-20b", [], 24),
    ],
)
def test_leading_dense_blocks_have_no_experts(name, dense, moe_layers):
    built = build("m", oracle.header(name, next(iter(oracle.models()[name]["types"]))))
    without = [layer.index for layer in built.layers if not layer.experts]

    assert dense == without
    assert moe_layers == len(built.layers) - len(without)


@pytest.mark.parametrize(
    ("name", "blocks", "mtp"), [("glm-4.5-air", 47, [46]), ("qwen3.5-35b-a3b-mtp", 41, [40])]
)
def test_mtp_blocks_are_the_last_and_count_as_slots(name, blocks, mtp):
    built = build("m", oracle.header(name, "Q4_K_M"))

    assert (blocks + 1, mtp) == (built.slots, [layer.index for layer in built.layers if layer.mtp])


def test_the_routers_layer_of_granite_switch_is_a_layer_without_tensors_and_no_mtp_block():
    built = model(moe(2, "graniteswitch", nextn_predict_layers=1), "blk.0.a.weight", "blk.1.a.weight")

    assert [(1, False), (1, False), (0, False)] == [(len(layer.tensors), layer.mtp) for layer in built.layers]


def test_blocks_that_run_more_than_once_are_layers_of_each_pass():
    looped = oracle.model("small-nanbeige", "Q4_K_M")
    stacked = oracle.model("hrm-text", "Q4_K_M")

    assert [*[None] * 8, *range(8)] == [layer.block for layer in looped.layers]
    assert [None, None, 0, 1, 0, 1, 2, 3, 0, 1] == [layer.block for layer in stacked.layers][:10]


def test_biases_and_scales_of_experts_move_with_them():
    names = ["ffn_up_exps.weight", "ffn_up_exps.bias", "ffn_up_exps.scale", "ffn_gate_inp.bias"]
    built = model(moe(1), *(f"blk.0.{name}" for name in names))

    assert (3 * 160, 160) == (built.layers[0].expert_bytes, built.layers[0].base_bytes)


def test_a_tied_embedding_is_input_and_output():
    built = model(moe(1), "token_embd.weight", "output_norm.weight", "blk.0.a.weight")

    assert built.tied
    assert ["token_embd.weight"] == [t.name for t in built.input]
    assert [("output_norm.weight", Role.OUTPUT), ("token_embd.weight", Role.OUTPUT)] == [
        (t.name, t.role) for t in built.output
    ]
    assert 3 * 160 == built.bytes


def test_an_output_matrix_of_its_own_is_not_tied():
    built = model(moe(1), "token_embd.weight", "output.weight", "blk.0.a.weight")

    assert not built.tied
    assert ["output.weight"] == [t.name for t in built.output]


@pytest.mark.parametrize("architecture", ["bert", "nomic-bert-moe", "bitnet", "eurobert"])
def test_an_encoder_makes_no_second_copy(architecture):
    built = model(moe(1, architecture), "token_embd.weight", "blk.0.a.weight")

    assert (False, ()) == (built.tied, built.output)


def test_a_block_may_be_empty():
    """Some pruned models (deci) have blocks without a single tensor."""
    assert [1, 0, 1] == [
        len(layer.tensors) for layer in model(moe(3), "blk.0.a.weight", "blk.2.a.weight").layers
    ]


def test_rope_factors_are_marked_as_copied_to_every_buffer():
    built = model(moe(1), "rope_freqs.weight", "blk.0.a.weight")

    assert [("rope_freqs.weight", True), ("blk.0.a.weight", False)] == [
        (t.name, t.replicated) for t in built.layers[0].tensors
    ]


def test_encoder_and_decoder_blocks_share_an_index():
    built = model(moe(1, "t5"), "enc.blk.0.a.weight", "dec.blk.0.a.weight", "enc.output_norm.weight")

    assert 2 == len(built.layers[0].tensors)


BAD = {
    "no architecture": ({}, "names no architecture"),
    "architecture is nonsense": ({"general.architecture": "a b"}, "names no architecture"),
    "architecture is a number": ({"general.architecture": 3}, "names no architecture"),
    "no blocks": ({"general.architecture": "llama"}, "llama.block_count is missing"),
    "too many blocks": (moe(513), "brand-new.block_count is 513, not a whole number from 1 to 512"),
    "blocks are text": (
        moe() | {"brand-new.block_count": "2"},
        "brand-new.block_count is '2', not a whole number",
    ),
    "more MTP than blocks": (moe(2, nextn_predict_layers=3), "has 3 MTP blocks of 2"),
    "mmproj": ({"general.architecture": "clip"}, "is a multimodal projector, not a language model"),
    "mmproj by type": (moe() | {"general.type": "mmproj"}, "is a multimodal projector, not a language model"),
    "adapter": (moe() | {"general.type": "adapter"}, "is a LoRA adapter, not a language model"),
    "control vector": (moe(2, "controlvector"), "is a control vector, not a language model"),
    "imatrix": ({"general.type": "imatrix"}, "is an importance matrix, not a language model"),
}


@pytest.mark.parametrize(("metadata", "message"), BAD.values(), ids=BAD)
def test_what_is_no_language_model_is_one_clear_error(metadata, message):
    with pytest.raises(InputError) as caught:
        model(metadata, "blk.0.a.weight")

    assert f"m.gguf: {message}" == caught.value.message


def test_a_tensor_beyond_the_last_block_is_an_error():
    with pytest.raises(InputError, match=r"tensor 'blk.2.a.weight' is of a block beyond the last, 1"):
        model(moe(2), "blk.2.a.weight")


def test_a_vocabulary_alone_is_an_error():
    with pytest.raises(InputError, match="has no tensors"):
        model(moe())


def test_the_models_name_can_be_shown_whatever_the_file_holds():
    named = moe() | {"general.name": "a\x1b[31mb\n" + "x" * 1000}

    assert "a\ufffd[31mb\ufffd" + "x" * 192 == model(named, "blk.0.a.weight").name


@pytest.mark.parametrize(
    ("key", "url", "expected"),
    [
        ("general.repo_url", "https://huggingface.co/u/m-GGUF", "u/m-GGUF"),
        ("general.url", "https://huggingface.co/u/m-gguf/", "u/m-gguf"),
        ("general.repo_url", "https://huggingface.co/unsloth", ""),
        ("general.repo_url", "https://huggingface.co/Qwen/Qwen3-30B-A3B", ""),
        ("general.repo_url", "https://huggingface.co/u/m; rm -rf gguf", ""),
        ("general.repo_url", 7, ""),
    ],
)
def test_of_the_repositories_that_a_header_names_one_of_gguf_files_is_kept(key, url, expected):
    assert expected == model(moe() | {key: url}, "blk.0.a.weight").repository


def test_names_of_shards_are_kept():
    assert ("m.gguf",) == build("x", header(moe(), "blk.0.a.weight")).shards


@pytest.mark.parametrize(
    ("metadata", "names", "expected"),
    [
        (
            moe() | {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": SkippedArray(7)},
            ["token_embd.weight"],
            7,
        ),
        (moe(), ["token_embd.weight"], 10),
        (moe(vocab_size=3), ["blk.0.a.weight"], 3),
    ],
    ids=["token list", "embedding", "hyper-parameter"],
)
def test_the_vocabulary_is_counted_where_it_is(metadata, names, expected):
    assert expected == model(metadata, *names).vocabulary


def test_building_twice_gives_the_same():
    first, second = itertools.repeat(header(moe(2), "token_embd.weight", "blk.0.ffn_up_exps.weight"), 2)

    assert build("m", first) == build("m", second)
