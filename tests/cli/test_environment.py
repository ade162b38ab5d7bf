"""A variable that the plan counts on is said wherever the line is shown, or carried where the format can hold it."""

from dataclasses import replace
from pathlib import Path

import pytest

from moefit.cli import commands, main
from moefit.gguf.split import read_header

NEEDED = "GGML_OP_OFFLOAD_MIN_BATCH=96"
NOTE = f"moefit: note: the plan counts on {NEEDED} in the environment; `moefit run` sets it\n"
EXAMPLE = Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
CARD = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]


@pytest.fixture
def moefit(capsys, monkeypatch, tmp_path):
    """The program, where every plan counts on the variable, and a model file that is complete."""
    whole = tmp_path / "model.gguf"
    whole.write_bytes(EXAMPLE.read_bytes())
    with whole.open("r+b") as file:
        file.truncate(read_header(str(EXAMPLE)).shards[0].expected)
    planned = commands.make_plan
    monkeypatch.setattr(
        commands,
        "make_plan",
        lambda *args: replace(planned(*args), environment={"GGML_OP_OFFLOAD_MIN_BATCH": "96"}),
    )

    def run(*words):
        with pytest.raises(SystemExit):
            main([*words, str(whole), *CARD])
        return capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("words", "noted", "held"),
    [
        (["args"], True, False),
        (["args", "--format", "json"], True, False),
        (["args", "--format", "null"], True, False),
        (["args", "--format", "preset"], True, False),
        (["args", "--format", "env"], False, True),
        (["args", "--format", "llama-swap"], False, True),
        (["run", "--dry-run"], True, False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_it_is_in_the_output_or_in_a_note(moefit, words, noted, held):
    said = moefit(*words)
    assert (noted, held) == (NOTE in said.err, NEEDED in said.out)


def test_plan_says_it_just_above_the_line(moefit):
    *_, above, line = moefit("plan").out.splitlines()
    assert f"needs {NEEDED} in the environment" == above
    assert line.startswith("llama-server ")
