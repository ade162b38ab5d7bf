"""A line that says everything already, such as one that moefit wrote, stays as it is unless a change is worth its words."""

from __future__ import annotations

from typing import Final

from moefit.launch.constraints import Constraints
from moefit.launch.settings import Settings
from moefit.planning.additions import additions
from moefit.planning.as_given import as_given
from moefit.search.candidate import Candidate
from moefit.search.request import Request

_WORTH: Final = 0.97
"""Of the seconds of the line as it stands: what gains less than 3% is left out, as with a variable (search/threshold.py)."""


def as_it_stands(request: Request, chosen: Candidate, default: Settings) -> Candidate | None:
    """The line's own launch, where it fits and what was chosen adds to it and gains too little by that; None for what was chosen.

    `default` is what llama.cpp makes of the line. The search finds what is fastest from any start. From a line that is its own answer it may come to another one that is as fast.
    """
    constraints = request.launch.constraints
    if not (chosen.fits and request.options.strategy == "auto" and _says_all(constraints)):
        return None
    if not additions(request, chosen, default):
        return None
    given = as_given(request, chosen.settings.context)
    stays = given.fits and chosen.prediction.seconds > _WORTH * given.prediction.seconds
    return given if stays else None


def _says_all(constraints: Constraints) -> bool:
    """Whether layers, context (0: the trained one) and micro-batch are set, and llama.cpp's own fit is off."""
    layers = constraints.gpu_layers not in {None, "auto"}
    return (
        layers and constraints.fit is False and constraints.context is not None and bool(constraints.ubatch)
    )
