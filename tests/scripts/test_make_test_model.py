from __future__ import annotations

import doctest
from dataclasses import replace

import make_test_model
import pytest
import vocabulary
from make_test_model import SIZES, write_model

from moefit.cost.work import work_of
from moefit.gguf.split import read_header
from moefit.model import build

TINY = SIZES["tiny"]


@pytest.mark.parametrize("architecture", ["qwen3moe", "olmoe", "gpt-oss"])
def test_a_test_model_is_a_whole_mixture_of_experts(architecture, tmp_path):
    (path,) = write_model(tmp_path / "m.gguf", architecture, TINY)
    header = read_header(str(path))
    model = build(str(path), header)

    assert not header.truncated
    assert (architecture, 4, 8, 2, 2000) == (
        model.architecture,
        len(model.layers),
        model.experts,
        model.experts_used,
        model.vocabulary,
    )
    assert all(len(layer.experts) == (6 if architecture == "gpt-oss" else 3) for layer in model.layers)


@pytest.mark.parametrize(
    ("architecture", "with_experts", "with_state"),
    [("llama", [], []), ("dots1", [1, 2, 3], []), ("granitehybrid", [0, 1, 2, 3], [0, 2, 3])],
)
def test_dense_leading_dense_and_hybrid_models_are_what_they_say(
    architecture, with_experts, with_state, tmp_path
):
    (path,) = write_model(tmp_path / "m.gguf", architecture, TINY)
    model = build(str(path), read_header(str(path)))
    work = work_of(model)

    assert with_experts == [layer.index for layer in model.layers if layer.experts]
    assert with_state == sorted(work.recurrent_slots)
    assert ([] if architecture == "llama" else with_experts) == sorted(work.after_experts)


def test_the_same_options_give_the_same_bytes(tmp_path):
    first, second = (write_model(tmp_path / name, "qwen3moe", TINY)[0] for name in ("a.gguf", "b.gguf"))

    assert first.read_bytes() == second.read_bytes()


def test_a_tied_model_has_no_output_matrix(tmp_path):
    (path,) = write_model(tmp_path / "m.gguf", "qwen3moe", TINY, tied=True)

    header = read_header(str(path))

    assert (True, False) == (build("m", header).tied, "output.weight" in {t.name for t in header.tensors})


def test_a_split_model_is_a_set(tmp_path):
    files = write_model(tmp_path / "m.gguf", "qwen3moe", replace(TINY, layers=2), shards=2)

    assert [str(file) for file in files] == [shard.name for shard in read_header(str(files[1])).shards]
    assert not read_header(str(files[0])).truncated


def test_random_weights_are_small_numbers():
    """Dequantised by the package, every type has about the deviation wanted and no value that is not finite."""
    import gguf
    import numpy as np

    rng = np.random.default_rng(0)
    for quant in (gguf.GGMLQuantizationType[name] for name in ("F32", "Q8_0", "Q4_K", "Q6_K", "MXFP4")):
        blocks = make_test_model.random_blocks(quant, rng)
        values = blocks.view(np.float32) if quant.name == "F32" else gguf.dequantize(blocks, quant)
        assert np.isfinite(values).all()
        assert 0.01 < values.std() < 0.03
        assert abs(values.mean()) < 0.005


def test_words_and_their_beginnings_are_tokens():
    found = vocabulary.words(5000)

    assert 5000 == len(set(found))
    assert all(len(word) == 2 or word[:-1] in set(found) for word in found[:500])


def test_the_examples_in_the_docstrings_hold():
    assert 0 == doctest.testmod(vocabulary).failed
