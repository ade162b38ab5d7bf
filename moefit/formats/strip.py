"""The layers of a plan as a strip: the more of a layer is on its device, the higher its mark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.text import Text

from moefit.formats.page import Line, joined, listed
from moefit.planning.types import LayerPlan, Plan, holds_weights

FULL_MARK: Final = "█"
PART_MARK: Final = "▄"
BASE_MARK: Final = "▁"
EXPERTS_MARK: Final = "▀"
HOST_MARK: Final = "·"
COLOURS: Final = ("blue", "yellow", "cyan", "magenta")
"""Of devices, in turn: no two that a colour-blind eye takes for one stand side by side."""


def strip(plan: Plan, width: int, indent: int) -> Iterator[Line]:
    """The layers in rows of one length, aligned; what their marks mean; which device has which, where there are several."""
    colours = {d.device.name: COLOURS[i % len(COLOURS)] for i, d in enumerate(plan.devices)}
    cells = [(mark(layer), colours.get(layer.device, "dim")) for layer in plan.layers]
    label = Text("layers".ljust(indent), style="dim")
    rows = -(-len(cells) // max(1, width - indent))
    length = -(-len(cells) // max(1, rows))
    bars = [Text.assemble(*cells[at : at + length], " ") for at in range(0, len(cells), length)]
    output = next((d.device.name for d in plan.devices if d.output), "CPU")
    if plan.settings.split_mode == "tensor":
        output = listed([d.device.name for d in plan.devices]) or output
    yield Line([label, *bars, Text(f"output on {output}", style="dim")], indent)
    yield Line([Text(" " * indent), *joined(_legend(plan), "   ", "dim")], indent)
    if len(plan.devices) > 1:
        yield Line([Text(" " * indent), *joined(list(_owners(plan)), " · ", "dim")], indent)


def mark(layer: LayerPlan) -> str:
    """How much of a layer is on its device."""
    if layer.device == "CPU":
        moved = layer.experts if isinstance(layer.experts, str) else dict(layer.experts or {})
        on_device = moved != "CPU" if isinstance(moved, str) else holds_weights(moved)
        return EXPERTS_MARK if on_device else HOST_MARK
    if layer.experts is None and layer.elsewhere:
        return BASE_MARK
    if layer.experts is None or layer.experts == layer.device:
        return FULL_MARK
    all_on_cpu = isinstance(layer.experts, str) or not holds_weights(layer.experts)
    return BASE_MARK if all_on_cpu else PART_MARK


def _legend(plan: Plan) -> list[str]:
    used = set(map(mark, plan.layers))
    meanings = {
        FULL_MARK: "full layer",
        PART_MARK: "some of its experts on the CPU",
        BASE_MARK: "its experts on the CPU" if plan.model.experts else "its FFN, or part of it, on the CPU",
        EXPERTS_MARK: "all of it on the CPU but experts",
        HOST_MARK: "all of it on the CPU",
    }
    return [f"{shown} {text}" for shown, text in meanings.items() if shown in used]


def _owners(plan: Plan) -> Iterator[str]:
    """Each device with its run of layers; with -sm tensor each has a part of every layer."""
    if plan.settings.split_mode == "tensor":
        yield f"{' and '.join(d.device.name for d in plan.devices)} have a part of each layer"
        return
    for device, run in groupby(plan.layers, key=lambda layer: layer.device):
        indices = [layer.index for layer in run]
        span = f"{indices[0]}-{indices[-1]}" if len(indices) > 1 else str(indices[0])
        yield f"{device} has {span}"
