from __future__ import annotations

import doctest

import pytest

from moefit.errors import UsageError
from moefit.llama import repository
from moefit.llama.repository import Wanted, choose_guest, choose_model, shards, wanted

FILES = (
    "README.md",
    "BF16/m-BF16-00001-of-00002.gguf",
    "BF16/m-BF16-00002-of-00002.gguf",
    "imatrix-Q4_K_M.gguf",
    "m-Q2_K.gguf",
    "m-Q4_K_M.gguf",
    "m-Q8_0.gguf",
    "m-UD-Q4_K_XL.gguf",
    "mmproj-BF16.gguf",
    "mmproj-Q8_0.gguf",
    "mtp-m-Q8_0.gguf",
)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("", "m-Q4_K_M.gguf"),
        ("q2_k", "m-Q2_K.gguf"),
        ("Q8_0", "m-Q8_0.gguf"),
        ("UD-Q4_K_XL", "m-UD-Q4_K_XL.gguf"),
        ("bf16", "BF16/m-BF16-00001-of-00002.gguf"),
        ("Q4", None),
        ("Q5_K_M", None),
        ("Q.*", None),
    ],
)
def test_the_tag_chooses_the_model(tag, expected):
    assert expected == choose_model(FILES, Wanted("u/m", tag))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("m-Q2_K.gguf", "m-Q8_0.gguf"), "m-Q8_0.gguf"),
        (("m-IQ2.gguf", "m-Q2_K.gguf"), "m-IQ2.gguf"),
        (("m-F16-00002-of-00002.gguf", "m-F16-00001-of-00002.gguf"), "m-F16-00001-of-00002.gguf"),
        (("mmproj-F16.gguf", "eagle3-m.gguf"), None),
        ((), None),
    ],
    ids=["Q8_0", "the first", "the first shard", "sidecars alone", "nothing"],
)
def test_without_a_tag_the_defaults_count(files, expected):
    assert expected == choose_model(files, Wanted("u/m"))


def test_a_file_is_taken_as_named():
    assert "m-Q2_K.gguf" == choose_model(FILES, Wanted("u/m", "Q8_0", "m-Q2_K.gguf"))
    assert choose_model(FILES, Wanted("u/m", "", "m-q2_k.gguf")) is None


def test_shards_are_those_that_are_there():
    model = "BF16/m-BF16-00001-of-00002.gguf"

    assert (FILES[1:3], ("m-Q8_0.gguf",), (model,)) == (
        shards(FILES, model),
        shards(FILES, "m-Q8_0.gguf"),
        shards([model], model),
    )


@pytest.mark.parametrize(
    ("files", "model", "kind", "tag", "expected"),
    [
        (FILES, "m-Q4_K_M.gguf", "mmproj", "", "mmproj-Q8_0.gguf"),
        (FILES, "BF16/m-BF16-00001-of-00002.gguf", "mmproj", "", "mmproj-BF16.gguf"),
        (FILES, "m-Q4_K_M.gguf", "mtp", "", "mtp-m-Q8_0.gguf"),
        (FILES, "m-Q4_K_M.gguf", "dflash", "", None),
        (["mmproj-F16.gguf", "a/mmproj-F32.gguf"], "a/m-Q4_0.gguf", "mmproj", "", "a/mmproj-F32.gguf"),
        (["b/mmproj-F16.gguf"], "a/m-Q4_0.gguf", "mmproj", "", None),
        (["mtp-Q4_0.gguf", "mtp-Q8_0.gguf"], "", "mtp", "q8_0", "mtp-Q8_0.gguf"),
        (
            ["mtp-Q8_0.gguf", "mtp-Q4_1.gguf", "mtp-Q4_0.gguf"],
            "m-Q4_K_M.gguf",
            "mtp",
            "Q4_0",
            "mtp-Q4_0.gguf",
        ),
        (["mmproj-Q8_0.gguf", "mmproj-Q4_0.gguf"], "m-Q4_K.gguf", "mmproj", "Q8_0", "mmproj-Q4_0.gguf"),
    ],
    ids=[
        "nearest bits",
        "nearest bits, in a folder",
        "by kind",
        "none",
        "deepest folder",
        "not in another folder",
        "without a model",
        "exact tag",
        "mmproj does not look at the tag",
    ],
)
def test_the_nearest_sidecar_is_chosen(files, model, kind, tag, expected):
    assert expected == choose_guest(files, model, kind, tag)


@pytest.mark.parametrize(
    "text", ["m", "a/b/c", "/m", "a/", "a//b", "../m", "a/-m", "a/m?", "a b/m", "", ":Q4", f"a/{'m' * 260}"]
)
def test_what_is_no_repository_is_an_error(text):
    with pytest.raises(UsageError) as caught:
        wanted(text)

    assert f"-hf {text}: is no repository" == caught.value.message


def test_the_examples_in_the_docstrings_hold():
    assert 0 == doctest.testmod(repository).failed
