"""A plan as its line carries it: what the command's reading had to say, and the variables where they reach the program."""

from __future__ import annotations

from dataclasses import replace

from moefit.launch.launch import Launch
from moefit.launch.seen import inside
from moefit.planning.builds import of_other_builds
from moefit.planning.types import Plan


def carried(made: Plan, launch: Launch) -> Plan:
    """The plan of this launch, with its notes; a container's variables stand on its own line, as `-e`."""
    made = replace(made, warnings=(*launch.notes, *of_other_builds(launch), *made.warnings))
    container = launch.command.container
    if container is None or not made.argv:
        return made
    return replace(made, argv=inside(container, made.argv, made.environment), environment={})
