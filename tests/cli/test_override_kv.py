"""A line whose metadata is not its file's."""

import json
from pathlib import Path

import pytest

from moefit.cli import main

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")
CARD = ("--gpu", "rtx-3090", "--ram", "64GiB", "--cores", "8")
MIB = 1 << 20


@pytest.fixture
def moefit(capsys):
    def run(*words):
        with pytest.raises(SystemExit):
            main(list(words))
        return capsys.readouterr()

    return run


def test_a_longer_context_by_override_costs_what_it_takes(moefit):
    line = ("-m", EXAMPLE, "--override-kv", "qwen3moe.context_length=int:131072", "-c", "0", "-np", "1")
    document = json.loads(moefit("plan", *CARD, "--json", "--build", "b11434", "--", *line).out)
    kv = sum(device["context"] for device in document["devices"])
    experts = {layer["experts"] == "CUDA0" for layer in document["layers"]}
    assert (131072, 12288 * MIB, {True, False}) == (document["launch"]["context"], kv, experts)


def test_an_override_without_an_effect_is_told(moefit):
    line = ("-m", EXAMPLE, "--override-kv", "qwen3moe.context_length=str:long", "-c", "8192")
    told = "--override-kv qwen3moe.context_length: llama.cpp keeps the file's value"
    assert told in moefit("plan", *CARD, "--", *line).err


@pytest.mark.parametrize(
    "override",
    [
        "qwen3moe.expert_used_count=int:200",
        "qwen3moe.block_count=int:24",
        "general.architecture=str:llama",
        "qwen3moe.attention.head_count=int:0",
    ],
)
def test_what_an_override_breaks_is_not_called_a_damaged_file(moefit, override):
    read = moefit("args", *CARD, "--", "-m", EXAMPLE, "--override-kv", override, "-c", "8192")
    assert ("", False, True) == (
        read.out,
        "damaged" in read.err,
        "--override-kv makes it so: leave it out" in read.err,
    )
