"""Guests of a plan: where the printed line puts them, not where the user's would."""

from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.memory.guests import GuestFiles
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Request
from tests.oracle import model as recorded
from tests.planning.guests import adapter, projector
from tests.planning.worlds import QUICK, launch

GIB = 1 << 30
TWO = Machine(parse_gpus(["rtx-3060", "rtx-3090"]), Ram(90 * GIB, 90 * GIB, 50 * 10**9), Cpu(16, 32))
LINE = ("llama-server", "-m", "m.gguf", "-c", "16384", "-np", "1")
IMAGES = GuestFiles(mmproj=projector(700))


def asked(*words, files, name="glm-4.5-air", machine=TWO):
    return Request(recorded(name, "Q4_K_M"), machine, launch((*LINE, *words)), QUICK, files)


def holders(made, kind):
    return [guest.device for guest in made.guests if guest.kind == kind]


def test_a_projector_is_counted_on_the_first_device_that_the_plan_prints():
    request = asked("--mmproj", "p.gguf", files=IMAGES)
    made = plan(request)
    again = estimate(Request(request.model, TWO, launch(made.argv), QUICK, IMAGES))
    first = made.argv[made.argv.index("-dev") + 1].split(",")[:1] if "-dev" in made.argv else ["CUDA0"]
    assert (True, True, first) == (made.fits, again.fits, holders(made, "mmproj"))
    assert [d.left for d in made.devices] == [d.left for d in again.devices]


def test_a_device_that_holds_a_projector_alone_stands_in_the_table():
    made = plan(asked("--mmproj", "p.gguf", "-dev", "CUDA1", "--mmproj-device", "CUDA0", files=IMAGES))
    alone = made.devices[-1]
    assert ("CUDA0", (), 0) == (alone.device.name, alone.layers, alone.use.total)
    assert alone.budget.guests > 700 << 20


def test_a_device_too_small_for_its_projector_does_not_fit():
    small = Machine(parse_gpus(["name=CUDA0,free=900MiB", "rtx-3090"]), TWO.ram, TWO.cpu)
    words = ("--mmproj", "p.gguf", "-dev", "CUDA1", "--mmproj-device", "CUDA0")
    assert not plan(asked(*words, files=IMAGES, machine=small)).fits


def test_an_adapter_of_layers_on_the_cpu_takes_ram():
    files = GuestFiles(loras=(adapter(64),))
    made = plan(asked("--lora", "a.gguf", "-ngl", "10", files=files, name="qwen3-14b"))
    assert ["CPU"] == holders(made, "lora")


def test_a_projector_on_a_device_that_is_not_there_is_an_error():
    with pytest.raises(UsageError, match="--mmproj-device CUDA7: there is no such device"):
        plan(asked("--mmproj", "p.gguf", "--mmproj-device", "CUDA7", files=IMAGES))
