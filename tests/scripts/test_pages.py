"""The scripts that README and CONTRIBUTING name, as far as a change has time for: on one model."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import plans
import pytest

from benchmarks import gains

RECORDED = Path(__file__).parents[2] / "benchmarks" / "plans-e3af518.jsonl.xz"
ONE = "tiny-olmoe-4l"


def run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["plans.py", *map(str, words)])
    return plans.command()


def test_plans_that_are_recorded_anew_are_held_to_the_recorded_ones(monkeypatch, tmp_path, capsys):
    after = tmp_path / "after.jsonl"
    recorded = run(monkeypatch, "record", after, "--only", ONE)
    run(monkeypatch, "choices", RECORDED, after)
    plans_of_one = [row for row in plans.rows_of(after) if row["triple"].startswith("plan")]

    assert (0, {0}) == (recorded, {row["status"] for row in plans_of_one})
    assert f"{len(plans_of_one)} plans, " in capsys.readouterr().out


def test_recorded_lines_are_counted_anew(monkeypatch, capsys):
    lines = [row for row in plans.rows_of(RECORDED) if row.get("argv") and ONE in row["triple"]]

    assert (0, f"{len(lines)} lines counted anew, 0 otherwise\n") == (
        run(monkeypatch, "replay", RECORDED, "--only", ONE),
        capsys.readouterr().out,
    )


def test_the_readmes_table_of_gains_has_a_row_for_each_workload_and_build(monkeypatch, capsys):
    monkeypatch.setattr(gains, "MODELS", {("qwen3-30b-a3b", "Q4_K_M"): "64GiB"})
    monkeypatch.setattr(gains, "DESKTOPS", {"rtx-3060": "ddr4-3200x2"})
    gains.main()
    rows = re.findall(
        r"^\| experts in RAM \| (\w+) \| b(\d+) \| rtx-3060 \|", capsys.readouterr().out, re.MULTILINE
    )

    assert [("agent", "11434"), ("agent", "11549"), ("chat", "11434"), ("chat", "11549")] == rows
