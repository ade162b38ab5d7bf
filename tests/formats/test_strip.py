"""The strip of layers: each device has a colour, in turn where there are more devices than colours."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from moefit.formats.strip import COLOURS, strip
from moefit.formats.table import show
from tests.formats.pages import DEVICES, made_up

PLAN = made_up()
FIRST = PLAN.devices[0]
NAMES = [f"CUDA{index}" for index in range(6)]
SIX = replace(
    PLAN,
    devices=tuple(replace(FIRST, device=replace(DEVICES[0], name=name), output=name == NAMES[-1]) for name in NAMES),
    layers=tuple(replace(PLAN.layers[0], index=at, device=name) for at, name in enumerate([*NAMES, "CPU"])),
)  # fmt: skip
IN_TURN = [COLOURS[index] for index in (0, 1, 2, 3, 0, 1)]


def test_layers_have_their_devices_colours_in_turn() -> None:
    bars = next(iter(strip(SIX, 80, 9)))._parts[1]

    assert [*IN_TURN, "dim"] == [str(span.style) for span in bars.spans]


def test_devices_have_the_colours_of_their_layers_and_ram_has_none() -> None:
    on = Console(file=StringIO(), width=90, record=True)
    show(SIX, on)
    lines = on.export_text(styles=True).splitlines()
    codes = {"blue": "34", "yellow": "33", "cyan": "36", "magenta": "35"}

    assert [f"\x1b[1;{codes[colour]}m{name} " for name, colour in zip(NAMES, IN_TURN, strict=True)] == [
        line[: len("\x1b[1;34mCUDA0 ")]
        for line in lines
        if line.startswith("\x1b[1;3") and "CUDA" in line[:13]
    ]
    assert [] != [line for line in lines if line.startswith("\x1b[1mRAM ")]
