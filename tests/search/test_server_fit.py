import pytest

from moefit.memory.guests import GuestFiles
from moefit.search.server_fit import server_fit
from tests.conftest import THOROUGH
from tests.oracle.fits import asked, fits, name

ROWS = [row for number, row in enumerate(fits()) if THOROUGH or number % (6 if "machine" in row else 2) == 0]
"""For a change every second, and of those with six large models on eight machines every sixth; all with `make thorough`."""


PLACED = ("-ngl", "-ncmoe", "-cmoe", "-ts")


def said(row):
    """Context, layers, split and patterns, and whether the fit gave up."""
    if row["status"] or row["ngl"] == -1 or any(option in row["flags"].split() for option in PLACED):
        return row["n_ctx"], None, bool(row["status"])
    patterns = [rule.rpartition("=")[0] for rule in row["ot"]]
    return row["n_ctx"], (row["ngl"], row["ts"], patterns), False


def found(row):
    fitted = server_fit(*asked(row), GuestFiles())
    assigned = fitted.assignment
    if assigned is None:
        return fitted.context, None, fitted.gave_up is not None
    moved = [one.pattern for one in assigned.moved]
    split = list(assigned.tensor_split)
    while split and not split[-1]:  # the recorder left the last zeros out, and what then was one value
        split.pop()
    return fitted.context, (assigned.gpu_layers, split if len(split) > 1 else [], moved), False


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_the_fit_is_llama_cpps_own(row):
    assert said(row) == found(row)
