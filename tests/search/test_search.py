"""The search leaves out only what cannot win."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import HealthCheck, assume, given, settings

from moefit.errors import UsageError
from moefit.planning.core import plan
from moefit.search import search
from moefit.search.openings import openings
from moefit.search.request import Request
from tests.planning.worlds import OPTIONS, launch, lines, machines, models


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(models(), machines(), lines())
def test_a_quick_search_chooses_what_a_thorough_one_does(model, machine, words):
    try:
        quick = plan(Request(model, machine, launch(words), replace(OPTIONS, thorough=False)))
    except UsageError:
        assume(False)

    def place_all(self, choices, step=0, **_):
        for opening in openings(self._problem, choices):
            self.place(opening, step)

    with patch.object(search._Search, "run", place_all):
        thorough = plan(Request(model, machine, launch(words), replace(OPTIONS, thorough=True)))
    assert (thorough.fits, thorough.argv) == (quick.fits, quick.argv)
