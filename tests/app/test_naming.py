"""The words people type for a model."""

from __future__ import annotations

import re

import pytest

from moefit.app.naming import model_words
from moefit.errors import InputError, UsageError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model.gguf", "-m model.gguf"),
        ("nowhere/model.gguf", "-m nowhere/model.gguf"),
        ("/nowhere/model", "-m /nowhere/model"),
        ("./user/repo", "-m ./user/repo"),
        ("unsloth/Qwen3-30B-A3B-GGUF", "-hf unsloth/Qwen3-30B-A3B-GGUF"),
        ("unsloth/Qwen3-30B-A3B-GGUF:Q4_K_M", "-hf unsloth/Qwen3-30B-A3B-GGUF:Q4_K_M"),
        ("hf.co/unsloth/Qwen3-30B-A3B-GGUF:UD-Q4_K_XL", "-hf unsloth/Qwen3-30B-A3B-GGUF:UD-Q4_K_XL"),
        ("hf:a/b", "-hf a/b"),
        ("hf://a/b:Q8_0", "-hf a/b:Q8_0"),
        ("huggingface://a/b", "-hf a/b"),
        ("https://huggingface.co/a/b", "-hf a/b"),
        ("https://huggingface.co/a/b/tree/main", "-hf a/b"),
        ("https://huggingface.co/a/b/tree/main/", "-hf a/b"),
        ("https://huggingface.co/a/b/tree/main/BF16", "-hf a/b:BF16"),
        ("https://huggingface.co/a/b/tree/main/gguf/UD-Q4_K_XL/", "-hf a/b:UD-Q4_K_XL"),
        ("https://huggingface.co/a/b?not-for-all-audiences=true", "-hf a/b"),
        ("https://huggingface.co/a/b?show_file_info=q4%2Fm.gguf", "-hf a/b -hff q4/m.gguf"),
        ("https://huggingface.co/a/b/blob/main/m.gguf#L1", "-hf a/b -hff m.gguf"),
        ("hf://models/a/b", "-hf a/b"),
        ("https://huggingface.co/a/b/blob/main/q4/m.gguf", "-hf a/b -hff q4/m.gguf"),
        ("https://huggingface.co/a/b/resolve/main/m.gguf?download=true", "-hf a/b -hff m.gguf"),
        ("a/b/m.gguf", "-hf a/b -hff m.gguf"),
        ("a/b/m-00002-of-00002.gguf", "-hf a/b -hff m-00001-of-00002.gguf"),
        (
            "https://huggingface.co/a/b?show_file_info=m-00002-of-00002.gguf",
            "-hf a/b -hff m-00001-of-00002.gguf",
        ),
        ("https://host/m.gguf", "-mu https://host/m.gguf"),
    ],
)
def test_a_name_that_is_nowhere_here_is_what_it_looks_like(name, words):
    assert tuple(words.split()) == model_words(name)


@pytest.mark.parametrize("name", ["a/b/Q4_K_M", "a/b@Q4_K_M", "hf.co/a/b/UD-IQ2_M", "hf://a/b@BF16"])
def test_a_quant_behind_another_mark_is_told_the_colon(name):
    with pytest.raises(UsageError) as told:
        model_words(name)
    assert told.value.hint == f"of Hugging Face: a/b:{re.split('[/@]', name)[-1]}"


def test_what_is_here_comes_first(here):
    (here / "user").mkdir()
    (here / "user" / "repo").write_bytes(b"")
    assert ("-m", "user/repo") == model_words("user/repo")


def test_a_misspelt_file_of_a_folder_that_is_here_is_a_file(here):
    (here / "models").mkdir()
    assert ("-m", "models/qwen") == model_words("models/qwen")


def test_a_folder_is_its_model_and_the_files_beside_it_are_none(here):
    for name in (
        "b-mtp-00001-of-00002.gguf",
        "b-mtp-00002-of-00002.gguf",
        "b.mmproj-f16.gguf",
        "mtp-b.gguf",
        "notes.txt",
    ):
        (here / name).write_bytes(b"")
    assert ("-m", f"{here}/b-mtp-00001-of-00002.gguf") == model_words(str(here))


def test_a_later_part_of_a_set_is_the_set(here):
    for number in (1, 2):
        (here / f"m-0000{number}-of-00002.gguf").write_bytes(b"")
    assert ("-m", f"{here}/m-00001-of-00002.gguf") == model_words(f"{here}/m-00002-of-00002.gguf")


def test_a_folder_of_the_hub_s_cache_is_its_model(here):
    deep = here / "models--a--b" / "snapshots" / "c0ffee"
    deep.mkdir(parents=True)
    (deep / "m.gguf").write_bytes(b"")
    assert ("-m", f"{deep}/m.gguf") == model_words(str(here / "models--a--b"))


def test_a_folder_with_several_models_asks_which(here):
    for name in ("a.gguf", "b.gguf"):
        (here / name).write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        model_words(str(here))
    assert f"name one: {here}/a.gguf, {here}/b.gguf" == caught.value.hint


def test_a_folder_without_a_model_is_told(here):
    with pytest.raises(InputError, match="no model in this folder"):
        model_words(str(here))


def test_a_file_url_is_a_file():
    assert ("-m", "/nowhere/a model.gguf") == model_words("file:///nowhere/a%20model.gguf")


def test_a_file_in_a_misspelt_folder_of_a_folder_that_is_here_is_a_file(here):
    (here / "models" / "one").mkdir(parents=True)
    assert ("-m", "models/onee/a.gguf") == model_words("models/onee/a.gguf")


def test_a_file_with_a_quant_behind_it_is_told_the_file(here):
    (here / "m.gguf").touch()
    with pytest.raises(UsageError) as error:
        model_words("m.gguf:Q4_K_M")
    assert "a file is one quant: did you mean m.gguf?" == error.value.hint


def test_folders_and_links_to_nowhere_are_no_models(here):
    (here / "a.gguf").write_bytes(b"")
    (here / "b.gguf").mkdir()
    (here / "c.gguf").symlink_to("nowhere")
    assert ("-m", f"{here}/a.gguf") == model_words(str(here))


FETCHED = "http://, https:// or user/repo of Hugging Face; download others and name the file"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("", "MODEL is empty", "a variable that nothing has set?"),
        ("a/b:", "a/b:: there is no quant behind the colon", "a/b:Q4_K_M, for one"),
        *(
            (f"{scheme}://x/y.gguf", f"{scheme}://x/y.gguf: not an address that is fetched", FETCHED)
            for scheme in ("ftp", "s3")
        ),
    ],
)
def test_what_is_missing_in_a_name_is_said(name, message, hint):
    with pytest.raises(UsageError) as error:
        model_words(name)
    assert (message, hint) == (error.value.message, error.value.hint)
