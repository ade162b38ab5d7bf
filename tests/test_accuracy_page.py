"""docs/accuracy.md says what is measured now."""

import random
from collections import defaultdict

from benchmarks.accuracy import INTRODUCTION, PAGE, exceptions, left_out, measure, table
from moefit.model.architectures import ARCHITECTURES
from moefit.model.loader_data import READS
from tests import oracle
from tests.drawn import SEED, several
from tests.oracle.exceptions import LATER, NOT_RECORDED

PART = several(20, 1)
"""One architecture in so many is measured; all of them, as with `make thorough`, take minutes."""


def some(rows):
    """All rows of some architectures."""
    of = defaultdict(list)
    for row in rows:
        of[oracle.models()[row.model]["architecture"]].append(row)
    names = random.Random(SEED).sample(sorted(of), -(-len(of) // PART))
    return [row for name in names for row in of[name]]


def section(title):
    """The lines of the page under a heading."""
    return PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0].splitlines()


def test_one_architecture_in_twenty_measures_as_the_page_on_accuracy_says():
    for title, rows in (("Real models", oracle.rows()), ("Further architectures", oracle.extra_rows())):
        measured = table(title, measure(some(rows)))[4:]
        assert [] == [line for line in measured if line not in section(title)], f"seed {SEED}"


def test_the_page_on_accuracy_names_every_architecture_and_exception():
    page = PAGE.read_text()
    for title, rows in (("Real models", oracle.rows()), ("Further architectures", oracle.extra_rows())):
        listed = {line.split("|")[1].strip(" *") for line in section(title)[3:] if line.startswith("|")}
        assert {oracle.models()[row.model]["architecture"] for row in rows} == listed - {"---"}
    assert page.startswith(INTRODUCTION)
    assert "\n".join(left_out()) in page
    assert page.endswith("\n".join(exceptions()) + "\n")


def test_every_architecture_is_recorded_or_the_page_says_why_not():
    recorded = {oracle.models()[row.model]["architecture"] for row in (*oracle.rows(), *oracle.extra_rows())}

    assert set(ARCHITECTURES) - recorded == NOT_RECORDED.keys()
    assert READS.keys() - {""} <= ARCHITECTURES.keys()
    assert set(LATER) <= recorded
