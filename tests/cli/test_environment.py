"""A variable that the plan counts on is carried wherever the line is shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from moefit.app import runnable
from moefit.cli import main
from moefit.gguf.split import read_header

NEEDED = "GGML_OP_OFFLOAD_MIN_BATCH=96"
EXAMPLE = Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
CARD = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]


@pytest.fixture
def moefit(capsys, monkeypatch, tmp_path):
    """The program, where every plan counts on the variable, and a model file that is complete."""
    whole = tmp_path / "model.gguf"
    whole.write_bytes(EXAMPLE.read_bytes())
    with whole.open("r+b") as file:
        file.truncate(read_header(str(EXAMPLE)).shards[0].expected)
    planned = runnable.plan
    monkeypatch.setattr(
        runnable,
        "plan",
        lambda *args: replace(planned(*args), environment={"GGML_OP_OFFLOAD_MIN_BATCH": "96"}),
    )

    def run(*words):
        with pytest.raises(SystemExit):
            main([*words, str(whole), *CARD])
        return capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("words", "held"),
    [
        (["args"], True),
        (["args", "--format", "json"], True),
        (["args", "--format", "null"], True),
        (["args", "--format", "preset"], False),
        (["args", "--format", "env"], True),
        (["args", "--format", "llama-swap"], True),
        (["run", "--dry-run"], True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_it_is_in_every_output_that_can_hold_it(moefit, words, held):
    assert held == (NEEDED in moefit(*words).out)


def test_the_line_of_a_plan_sets_it(moefit):
    *_, line = moefit("plan").out.splitlines()
    assert line.startswith(f"env {NEEDED} llama-server ")
