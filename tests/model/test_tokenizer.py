from dataclasses import replace

import pytest

from moefit.errors import InputError
from moefit.gguf.header import SkippedArray
from moefit.model import build
from tests.model.models import header, moe

TOKENS = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": SkippedArray(7),
    "tokenizer.ggml.merges": SkippedArray(3),
}


def built(types=None, **keys):
    """With other keys of the tokenizer: None for one that is missing."""
    told = {f"tokenizer.ggml.{key}": value for key, value in keys.items()}
    metadata = {k: v for k, v in {**moe(), **TOKENS, **told}.items() if v is not None}
    source = header(metadata, "blk.0.a.weight")
    return build(
        "m.gguf", replace(source, types={f"tokenizer.ggml.{k}": v for k, v in (types or {}).items()})
    )


def refused(types=None, **keys):
    with pytest.raises(InputError) as caught:
        built(types, **keys)
    return caught.value.message


@pytest.mark.parametrize(
    ("key", "value", "told", "said"),
    [
        ("model", 7, "u32", "7 of type u32, not of type str"),
        ("tokens", SkippedArray(7), "i32", "a list of type i32, not a list of type str"),
        ("merges", "x", "str", "'x' of type str, not a list of type str"),
        ("scores", SkippedArray(7), "f64", "a list of type f64, not a list of type f32 or i32"),
        ("token_type", SkippedArray(7), "u32", "a list of type u32, not a list of type i32"),
        ("bos_token_id", -1, "i32", "-1 of type i32, not of type u32"),
        ("add_bos_token", 1, "u32", "1 of type u32, not of type bool"),
        ("eos_token_id", (1,), "u32", "a list of type u32, not of type u32"),
    ],
)
def test_a_type_that_no_tokenizer_has_is_one_line(key, value, told, said):
    assert f"m.gguf: tokenizer.ggml.{key} is {said}" == refused({key: told}, **{key: value})


@pytest.mark.parametrize("key", ["model", "tokens", "merges"])
def test_a_tokenizer_is_whole(key):
    assert f"m.gguf: tokenizer.ggml.{key} is missing" == refused(**{key: None})


def test_scores_are_of_every_token():
    assert "m.gguf: tokenizer.ggml.scores has 6 values for 7 tokens" == refused(scores=SkippedArray(6))


def test_what_the_tokenizer_does_not_read_may_be_anything():
    assert 7 == built({"precompiled_charsmap": "u32"}, precompiled_charsmap=1).vocabulary
    assert 7 == built(model="llama", merges=None).vocabulary
    assert 7 == built(pre="kimi-k2", merges=None).vocabulary


def test_without_tokens_a_number_stands_for_them():
    told = {**moe(vocab_size=9), **TOKENS, "tokenizer.ggml.model": "no_vocab"}

    assert 9 == build("m.gguf", header(told, "blk.0.a.weight")).vocabulary


def test_a_header_without_any_vocabulary_is_one_of_a_model():
    assert 0 == built(model=None, tokens=None, merges=None).vocabulary
