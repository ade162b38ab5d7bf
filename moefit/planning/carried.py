"""A plan as its line carries it: what the command's reading had to say, and the variables where they reach the program."""

from __future__ import annotations

from dataclasses import replace

from moefit.launch.seen import inside
from moefit.planning.other_builds import of_other_builds
from moefit.planning.refusals import ignored
from moefit.planning.types import Plan
from moefit.search.request import Request


def carried(made: Plan, request: Request) -> Plan:
    """The plan of this launch, with its notes; a container's variables stand on its own line, as `-e`."""
    launch = request.launch
    told = (*launch.notes, *of_other_builds(launch), *ignored(request))
    made = replace(made, warnings=(*told, *made.warnings))
    container = launch.command.container
    if container is None or not made.argv:
        return made
    set_there = made.environment
    return replace(made, argv=inside(container, made.argv, set_there), environment={}, inside=set_there)
