"""The commands that look at a plan: of a command to be completed, or as it stands."""

from __future__ import annotations

from dataclasses import replace

from moefit.app.runnable import planned
from moefit.cli import DOES_NOT_FIT, FITS
from moefit.cli import options as o
from moefit.cli.asked import read_asked, unanswered
from moefit.cli.gathered import gather
from moefit.cli.output import refuse_both, show_plan, warn
from moefit.cli.progress import asking, told
from moefit.cli.registry import command
from moefit.cli.shared import Shared
from moefit.errors import Warn
from moefit.planning.core import plan as make_plan
from moefit.search.request import Request


@command(Shared)
def plan(shared: Shared, as_json: o.AsJson = False, explain: o.Explain = False, svg: o.Svg = None) -> int:
    """Look: what fits, how fast, why."""
    from moefit.planning.what_if import what_if

    refuse_both(svg, as_json=as_json)
    request = _look(shared, thorough=True, neighbours=as_json or explain)
    with told("planning"):
        made = planned(request, exact=shared.exact, waiting=asking)
        gather("plan", made)
        made = replace(made, helps=what_if(request, made, planned=explain))
    show_plan(made, as_json=as_json, details=explain, color=shared.color, picture=svg)
    return FITS if made.fits else DOES_NOT_FIT


@command(Shared)
def estimate(shared: Shared, as_json: o.AsJson = False, explain: o.Explain = False, svg: o.Svg = None) -> int:
    """Memory and speed of what a server would load for a command.

    With --strategy, for the command that it completes.
    """
    from moefit.planning.estimate import estimate as make_estimate

    refuse_both(svg, as_json=as_json)
    as_it_stands = shared.strategy is o.Strategy.AUTO
    request = _look(shared, thorough=not as_it_stands)
    made = make_estimate(request) if as_it_stands else make_plan(request)
    gather("plan", made)
    show_plan(made, as_json=as_json, details=explain, color=shared.color, picture=svg, given=True)
    return FITS if made.fits else DOES_NOT_FIT


def _look(shared: Shared, *, thorough: bool = False, neighbours: bool = True) -> Request:
    """The request of a command that starts nothing: GPUs that do not answer are told before all else."""
    request = read_asked(shared, thorough=thorough, neighbours=neighbours)
    trouble = unanswered(shared, request)
    if trouble is not None:
        warn(Warn("unseen", f"{trouble.message}; this is for what answers", trouble.hint))
    return request
