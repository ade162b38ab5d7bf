"""What servers on two real cards allocated (benchmarks/gpu/results/grid.jsonl, lease 5: two H200, llama.cpp b11549), against what is counted for their lines."""

import json
from pathlib import Path

import pytest

from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.defaults import settings
from moefit.launch.precedence import effective
from moefit.launch.resolve import resolve
from moefit.machine.types import Device
from moefit.memory.footprint import footprint
from tests import oracle

MIB = 1 << 20
GRID = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu" / "results" / "grid.jsonl"
MODELS = {
    "q14": ("qwen3-14b", "Q4_K_M"),
    "oss20": ("gpt-oss-20b", "MXFP4"),
    "q30": ("qwen3-30b-a3b", "Q4_K_M"),
    "q30u": ("qwen3-30b-a3b", "Q4_K_M"),
    "next": ("qwen3-next-80b-a3b", "Q4_K_M"),
}
KINDS = ("model", "compute")
ROWS = [
    row
    for line in GRID.read_text().splitlines()
    if (row := json.loads(line)).get("lease") == 5 and "buffers" in row and "off" in row["argv"]
]


def devices(row):
    """The cards of a row that its line names, as free as they were left."""
    argv = row["argv"]
    free = dict(enumerate(row["free"].split("+")))
    named = argv[argv.index("-dev") + 1].split(",") if "-dev" in argv else [f"CUDA{i}" for i in free]
    return tuple(Device(name, int(free[int(name[4:])]) << 30, 140 << 30) for name in named)


def counted(row):
    """MiB of weights and compute buffers by card, as they are counted for a row's line."""
    cards = devices(row)
    asked = constraints("llama-server", effective(parse(["llama-server", *row["argv"]])))
    model = oracle.model(*MODELS[row["model"]])
    used = footprint(model, cards, settings(asked, context=4096, devices=cards), resolve(model, asked, cards))
    return {
        (card.name, kind): getattr(on, kind) / MIB
        for card, on in zip(cards, used.devices, strict=True)
        for kind in KINDS
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']} {row['free']} {row['name']}")
def test_weights_and_compute_buffers_of_real_cards_are_as_counted(row):
    """To the 0.01 MiB that the log prints."""
    told = {(card, kind): mib for card, kind, mib in row["buffers"]}
    assert {key: told[key] for key in counted(row)} == pytest.approx(counted(row), abs=0.0051)
