"""Weights and context of every recorded row, to the byte."""

import re
from pathlib import Path

from moefit.model.architectures import ARCHITECTURES
from tests import oracle
from tests.each import in_groups
from tests.memory.recorded import all_rows, buffers_off, main, weights_and_caches_off

ROWS = all_rows()
PAGE = Path(__file__).parents[2] / "docs/architectures.md"
MODELS = sorted({row.model for row in ROWS})


@in_groups(MODELS)
def test_weights_and_caches_are_exact_on_every_device_and_on_the_host(name):
    assert [] == weights_and_caches_off(row for row in ROWS if row.model == name)


def test_a_thousand_rows_of_a_hundred_architectures_are_compared():
    assert len(oracle.rows()) >= 1924
    assert len({oracle.models()[name]["architecture"] for name in MODELS}) >= 100


def test_the_command_of_the_page_holds_one_architecture_to_its_rows_alone(capsys):
    named = re.findall(r"^python -m tests\.memory\.recorded (\S+)", PAGE.read_text(), re.MULTILINE)

    assert [0] == [main(name) for name in named]
    assert "openelm: 17 recorded rows, 0 terms of them off\n" == capsys.readouterr().out


def test_without_its_row_an_architecture_is_off_in_its_buffers(monkeypatch):
    monkeypatch.delitem(ARCHITECTURES, "openelm")
    monkeypatch.setattr(oracle, "model", oracle.model.__wrapped__)  # figures are kept with a model
    rows = [row for row in ROWS if row.model == "openelm"]

    assert {"compute"} == {term for _, term, *_ in buffers_off(rows)}
    assert 1 == main("openelm")


def test_one_architecture_without_recordings_is_not_taken_for_exact(capsys):
    assert 1 == main("brand-new")
    assert "brand-new: 0 recorded rows" in capsys.readouterr().out
