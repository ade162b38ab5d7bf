"""A program is asked for its devices once for each build, environment and set of cards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.errors import DriverError
from moefit.llama.kept_devices import kept_devices
from moefit.machine.types import Device
from moefit.sizes import MIB

CARD = Device(name="CUDA0", free=9 * MIB, total=11909 * MIB, description="NVIDIA GeForce RTX 3060", uuid="GPU-1", source="nvml")  # fmt: skip
LINE = "  Vulkan0: NVIDIA GeForce RTX 3060 (12288 MiB, 12000 MiB free)"


class Program:
    """A llama-server that counts how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.path, self.log, self.cache = folder / "llama-server", folder / "log", folder / "cache"
        self.build(LINE)

    def build(self, listed: str, end: str = "") -> None:
        self.path.write_text(
            f"#!/bin/sh\necho asked >> {self.log}\necho 'Available devices:\n{listed}'\n{end}\n"
        )
        self.path.chmod(0o755)

    def ask(self, *known: Device, **variables: str) -> list[str]:
        environment = {"PATH": "/bin:/usr/bin", "XDG_CACHE_HOME": str(self.cache)} | variables
        return [gpu.name for gpu in kept_devices((str(self.path),), environment, known, 5)]

    @property
    def asked(self) -> int:
        return len(self.log.read_text().splitlines())


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_a_program_is_asked_once(program: Program) -> None:
    assert [["Vulkan0"]] * 3 == [program.ask(CARD) for _ in range(3)]
    assert 1 == program.asked


def test_memory_that_has_changed_since_does_not_matter(program: Program) -> None:
    program.ask(CARD)
    program.ask(replace(CARD, free=1))
    assert 1 == program.asked


@pytest.mark.parametrize("change", ["build", "cards", "environment"])
def test_a_change_asks_again(program: Program, change: str) -> None:
    program.ask(CARD)
    if change == "build":
        program.build(LINE.replace("Vulkan0", "Vulkan00"))
    cards = (CARD, replace(CARD, uuid="GPU-2")) if change == "cards" else (CARD,)
    program.ask(*cards, **({"CUDA_VISIBLE_DEVICES": "0"} if change == "environment" else {}))
    assert 2 == program.asked


@pytest.mark.parametrize(
    "listed",
    [
        "  Vulkan0: AMD Radeon RX 7900 XTX (24560 MiB, 1 MiB free)",
        "  RPC0: box:1 (9 MiB, 9 MiB free)",
        "  (none)",
    ],
)
def test_devices_whose_memory_only_the_program_tells_are_asked_for_each_time(
    program: Program, listed: str
) -> None:
    program.build(listed)
    program.ask(CARD)
    program.ask(CARD)
    assert 2 == program.asked


def test_an_answer_that_failed_is_not_kept(program: Program) -> None:
    program.build(LINE, "exit 1")
    with pytest.raises(DriverError):
        program.ask(CARD)
    assert not program.cache.exists()


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": 1, "text": 5}',
        '{"version": 2, "text": ""}',
        "[" * 100_000,
    ],
)
def test_a_kept_list_that_is_damaged_is_asked_for_again(program: Program, junk: str) -> None:
    program.ask(CARD)
    [kept] = (program.cache / "moefit" / "devices").iterdir()
    assert LINE in json.loads(kept.read_text())["text"]
    kept.write_text(junk)
    assert ["Vulkan0"] == program.ask(CARD)
    assert 2 == program.asked
