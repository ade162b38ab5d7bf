"""What a command's options and words ask for: the request, and whether the GPUs that it needs answer."""

from __future__ import annotations

from dataclasses import replace

from moefit.app.expected_gpus import check_seen
from moefit.app.request import read_request
from moefit.cli.gathered import gather
from moefit.cli.progress import show_progress
from moefit.cli.shared import Shared
from moefit.errors import DriverError
from moefit.search.request import Request


def read_asked(shared: Shared, *, thorough: bool = False, neighbours: bool = True) -> Request:
    """What is asked; `thorough` lists every candidate, with `neighbours` also those that only --explain and --json show."""
    options = replace(shared.plan_options, thorough=thorough, neighbours=neighbours)
    request = read_request(
        shared.model, shared.words, shared.machine_options, options, show_progress, shared.build
    )
    gather("request", request)
    return request


def unanswered(shared: Shared, request: Request) -> DriverError | None:
    """The GPUs that the command needs, or the user expects, and that do not answer."""
    wanted = request.launch.constraints
    return check_seen(request.machine, wanted, shared.expected, allow_cpu=shared.allow_cpu)
