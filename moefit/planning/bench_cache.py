"""What llama-bench cannot be told of a plan for a server: its expert cache."""

from __future__ import annotations

from dataclasses import replace

from moefit.errors import UsageError, Warn
from moefit.planning.core import without_alternatives
from moefit.planning.types import Plan
from moefit.search.moe_cache import OPTION
from moefit.search.request import Request


def cache_left_out(request: Request, made: Plan) -> Warn | None:
    """A note where the server's line would have a cache that the one for llama-bench, planned as `made`, has not."""
    launch = request.launch
    if launch.command.name == "llama-bench" or OPTION not in launch.command.table or not made.model.experts:
        return None
    served = replace(launch, constraints=replace(launch.constraints, program=launch.command.name))
    quick = replace(request.options, thorough=False)
    try:
        server = without_alternatives(replace(request, launch=served, options=quick))
    except UsageError:
        return None
    if not server.settings.moe_cache:
        return None
    seconds = f"{made.prediction.seconds:.1f} s, against {server.prediction.seconds:.1f} s with it"
    return Warn(
        "no-cache",
        f"llama-bench has no {OPTION}: this line is the best without an expert cache ({seconds})",
        "moefit bench runs the line with it",
        note=True,
    )
