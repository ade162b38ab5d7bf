"""`--prefer`: a workload by another name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moefit.cli import main

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")


def plan(capsys: pytest.CaptureFixture[str], *options: str) -> dict:
    with pytest.raises(SystemExit):
        main(["plan", EXAMPLE, "--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8", "--json", *options])
    out = capsys.readouterr().out
    return json.loads(out) if out else {}


@pytest.mark.parametrize(("preference", "workload"), [("prefill", "8192:64"), ("decode", "256:1024")])
def test_a_preference_is_short_for_a_workload(capsys, preference, workload):
    assert plan(capsys, "--workload", workload) == plan(capsys, "--prefer", preference)


def test_preferences_choose_differently(capsys):
    prefill, decode = (plan(capsys, "--prefer", preference) for preference in ("prefill", "decode"))
    assert prefill["launch"]["ubatch"] > decode["launch"]["ubatch"]


def test_a_preference_and_a_workload_contradict_each_other(capsys):
    assert {} == plan(capsys, "--prefer", "decode", "--workload", "rag")
