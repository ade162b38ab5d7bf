"""Names and descriptions of devices are text from outside: one reaches the line, the other the terminal."""

from __future__ import annotations

import json

import pytest

from moefit.errors import InputError
from moefit.llama.devices import parse_list
from moefit.machine.declared import parse_gpus
from moefit.machine.file import from_json
from moefit.machine.types import Device


@pytest.mark.parametrize(
    "name",
    [
        "CUDA0\x1b[2J",
        "CUDA 0",
        "CUDA0,CUDA1",
        "CUDA0=x",
        "CUDA\u202e0",
        "CUDA0\n",
        "",
        "none",
        "CPU",
        "[/x]",
        "CUDA0;x",
        "C" * 999,
    ],
)
def test_a_device_cannot_be_called_what_no_line_can_hold(name: str) -> None:
    with pytest.raises(InputError, match="no device can be called") as caught:
        Device(name, free=1, total=1)

    assert caught.value.message.isprintable()


@pytest.mark.parametrize("buffer", ["CUDA0\x1b[2J", "a\nb"])
def test_nor_can_its_buffer_in_a_machine_file(buffer: str) -> None:
    gpu = {"name": "CUDA0", "buffer": buffer, "free": 1, "total": 1}
    machine = {"gpus": [gpu], "ram": {"total": 1, "available": 1}, "cpu": {"cores": 1}}

    with pytest.raises(InputError, match="no device can be called"):
        from_json(json.dumps(machine))


def test_a_description_is_made_visible() -> None:
    assert (
        "RTX\\x1b[31m\\n3060" == Device("CUDA0", free=1, total=1, description="RTX\x1b[31m\n3060").description
    )


def test_a_description_from_the_program_is_made_visible_too() -> None:
    (device,) = parse_list("  CUDA0: a\x1b[2J b (10 MiB, 9 MiB free)\n")

    assert "a\\x1b[2J b" == device.description


def test_a_declared_description_is_made_visible_too() -> None:
    (device,) = parse_gpus(["free=1GiB,description=a\x1bb"])

    assert "a\\x1bb" == device.description
