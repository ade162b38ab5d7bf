"""No term moves unseen: whoever changes a rule sees for which architectures, and keeps the new figures with the reason (tests/memory/terms.py)."""

from __future__ import annotations

import json

import pytest

from tests.memory.figures import SMALLEST
from tests.memory.other_loads import projectors
from tests.memory.terms import FILE, QUICK, TERMS, term

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("architecture", sorted(SMALLEST))
def test_layers_and_graphs_are_what_they_were(architecture: str) -> None:
    assert {name: KNOWN[architecture][name] for name in QUICK} == {
        name: term(architecture, name) for name in QUICK
    }


@pytest.mark.parametrize("architecture", sorted(SMALLEST))
def test_every_other_term_is_what_it_was(architecture: str) -> None:
    others = TERMS.keys() - QUICK.keys()
    assert {name: KNOWN[architecture][name] for name in others} == {
        name: term(architecture, name) for name in others
    }


def test_a_projector_takes_what_it_took() -> None:
    assert KNOWN["projectors"] == json.loads(json.dumps(projectors()))
