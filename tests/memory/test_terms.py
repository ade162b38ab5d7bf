"""No term moves unseen: whoever changes a rule sees for which architectures, and keeps the new figures with the reason (tests/memory/terms.py)."""

from __future__ import annotations

import json
import random
import sys
from itertools import chain
from pathlib import Path

from tests.drawn import SEED, several
from tests.each import in_groups
from tests.memory import terms
from tests.memory.figures import SMALLEST
from tests.memory.other_loads import projectors
from tests.memory.terms import FIGURES, FILE, QUICK, SLOW, TERMS, term

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))


def drawn(architecture: str) -> set[str]:
    """The figures of one launch, one of four slow terms, the same for every change, and all others that are not quick; all with `make thorough`."""
    draw = random.Random(f"{SEED} {architecture}")
    some = (draw.sample(sorted(of), several(1, len(of))) for of in (FIGURES, SLOW))
    return {*chain(*some), *(TERMS.keys() - QUICK.keys() - FIGURES.keys() - SLOW.keys())}


@in_groups(sorted(SMALLEST))
def test_layers_and_graphs_are_what_they_were(architecture: str) -> None:
    assert {name: KNOWN[architecture][name] for name in QUICK} == {
        name: term(architecture, name) for name in QUICK
    }


@in_groups(sorted(SMALLEST))
def test_every_other_term_is_what_it_was(architecture: str) -> None:
    others = drawn(architecture)
    assert {name: KNOWN[architecture][name] for name in others} == {
        name: term(architecture, name) for name in others
    }


def test_every_term_of_every_architecture_is_kept() -> None:
    assert {name: [*TERMS] for name in SMALLEST} == {
        name: [*row] for name, row in KNOWN.items() if name in SMALLEST
    }


def test_a_projector_takes_what_it_took() -> None:
    assert KNOWN["projectors"] == json.loads(json.dumps(projectors()))


def test_what_moved_is_printed_and_kept(monkeypatch, capsys, tmp_path: Path) -> None:
    kept = tmp_path / "terms.json"
    kept.write_text(json.dumps({**KNOWN, "openelm": {**KNOWN["openelm"], "lookups": 7}}))
    monkeypatch.setattr(terms, "FILE", kept)
    monkeypatch.setattr(terms, "SMALLEST", {"openelm": SMALLEST["openelm"]})
    monkeypatch.setattr(terms, "projectors", dict)
    monkeypatch.setattr(sys, "argv", ["terms", "--write"])
    terms.main()

    assert capsys.readouterr().out.startswith("openelm lookups 7 ->")
    assert {"projectors": {}, "openelm": KNOWN["openelm"]} == json.loads(kept.read_text())
