"""Every table of the two-pass fit's description, case by case."""

import json
from pathlib import Path

import pytest

from moefit.machine.types import CPU
from moefit.placement.base_first import base_first
from moefit.placement.standard import standard
from moefit.placement.two_pass import two_pass
from moefit.placement.types import LayerSize, Layout, Ledger, Room

CASES = Path(__file__).parent / "cases"


def load(name):
    return [pytest.param(case, id=case["name"]) for case in json.loads((CASES / name).read_text())]


def moe_ledger(case):
    layers = [
        LayerSize(s["base"], ((f"blk.{i}.ffn_up_exps.weight", s["experts"]),) if s["experts"] else ())
        for i, s in enumerate(case["layers"])
    ]
    return Ledger((*layers, LayerSize(case["output"])))


def summary(ledger: Ledger, layout: Layout):
    placed = [i for i, room in enumerate(layout.slots[:-1]) if room != CPU]
    split = {i for i in placed if any(name in layout.on_cpu for name, _ in ledger.slots[i].experts)}
    return {
        "full": [i for i in placed if i not in split],
        "base_only": [i for i in placed if i in split],
        "output": layout.slots[-1] != CPU,
    }


@pytest.mark.parametrize("case", load("standard.json"))
def test_standard_layout(case):
    rooms = [Room(r["capacity"], r["backend"], r["integrated"]) for r in case["rooms"]]
    slots = standard(Ledger(tuple(LayerSize(n) for n in case["layers"])), rooms).slots
    placed = {r["name"]: [i for i, s in enumerate(slots) if s == k] for k, r in enumerate(case["rooms"])}
    assert case["expected"] == {name: layers for name, layers in placed.items() if layers}


@pytest.mark.parametrize("strategy", [standard, two_pass, base_first], ids=lambda f: f.__name__)
@pytest.mark.parametrize("case", load("moe.json"))
def test_moe_layout(case, strategy):
    ledger = moe_ledger(case)
    assert case[strategy.__name__] == summary(ledger, strategy(ledger, [Room(case["capacity"])]))
