"""What is printed is what was counted: the line's own estimate has the plan's figures, guests included."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, seed, settings

from moefit.errors import UsageError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Request
from tests.drawn import SEED, several
from tests.oracle import model as recorded
from tests.planning.guests import guest_lines
from tests.planning.worlds import QUICK, launch, machines, models

SOME = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
SAME_WORLDS = seed(SEED)
"""Both properties ask of the same plans, so that each is planned once."""
MADE = {}
"""Model, machine, line and files -> its plan."""


def figures(made):
    """Every term of the memory, by device and guest."""
    devices = {
        d.device.name: (d.use, d.budget.overhead, d.budget.reserved, d.budget.guests, d.left)
        for d in made.devices
    }
    launch = replace(made.settings, overridden=False, tensor_split=None)  # of the user's line alone
    return devices, made.host, made.host_left, made.guests, launch


def planned(model, machine, words, files):
    headers = [header.tensors for header in (files.mmproj, *files.loras) if header is not None]
    key = id(model), machine, words, id(files.draft), tuple(headers)  # of equal models there is one
    try:
        if key not in MADE:
            MADE[key] = plan(Request(model, machine, launch(words), QUICK, files))
        return MADE[key]
    except UsageError:
        assume(False)  # a contradiction, such as -ngl without a device
        raise


@SOME
@SAME_WORLDS
@given(models(), machines(most=several(3, 4)), guest_lines())
def test_the_estimate_of_the_printed_line_has_the_plans_figures(model, machine, line):
    words, files = line
    made = planned(model, machine, words, files)
    assume(made.fits)
    again = estimate(Request(model, machine, launch(made.argv), QUICK, files))
    assert figures(made) == figures(again)


@SOME
@SAME_WORLDS
@given(models(), machines(most=several(3, 4)), guest_lines())
def test_planning_the_printed_line_again_changes_nothing(model, machine, line):
    words, files = line
    made = planned(model, machine, words, files)
    assume(made.fits)
    again = plan(Request(model, machine, launch(made.argv), QUICK, files))
    assert (made.argv, figures(made)) == (again.argv, figures(again))


def test_a_device_that_is_left_out_does_not_decide_the_load_mode_that_is_printed():
    """OpenCL's cannot map a file: with one in sight `auto` is none, and without it mmap again."""
    specs = ["name=CUDA0,free=24GiB", "name=OpenCL0,free=300MiB"]
    machine = Machine(parse_gpus(specs), Ram(64 << 30, 64 << 30), Cpu(8, 16))
    words = ["llama-server", "-m", "m.gguf", "-c", "4096", "-cmoe", "--fit", "off"]
    made = plan(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, launch(words), QUICK))
    again = estimate(Request(recorded("qwen3-30b-a3b", "Q4_K_M"), machine, launch(made.argv), QUICK))
    assert made.settings.load_mode == again.settings.load_mode
