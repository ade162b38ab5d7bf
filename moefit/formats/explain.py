"""`--explain`: why each layer is where it is, what the line keeps and gains, and what else was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from moefit.formats import reasons
from moefit.planning.types import LayerPlan, Plan
from moefit.sizes import format_size


def explain(plan: Plan) -> Group:
    """The reasons of a plan, as something rich can print."""
    return Group(*_layers(plan), "", *_options(plan), *_reserves(plan), *_candidates(plan))


def _layers(plan: Plan) -> Iterator[RenderableType]:
    yield Text("why", style="bold")
    for (place, why), run in groupby(plan.layers, key=_place):
        indices = [layer.index for layer in run]
        span = str(indices[0]) if len(indices) == 1 else f"{indices[0]}-{indices[-1]}"
        yield Text(f"  layers {span:>7}  {place}: {why}")


def _place(layer: LayerPlan) -> tuple[str, str]:
    experts, parts = layer.experts, [layer.device]
    if experts is not None and not isinstance(experts, str):
        experts = _names(experts)
    if experts not in {None, layer.device}:
        parts.append(f"experts {experts}")
    if layer.elsewhere:
        parts.append(_names(layer.elsewhere))
    return ", ".join(parts), layer.why


def _names(places: Mapping[str, str]) -> str:
    return " ".join(f"{name} {device}" for name, device in places.items())


def _options(plan: Plan) -> Iterator[RenderableType]:
    for title, rows in (
        ("kept", [(r.shown, r.why) for r in reasons.kept(plan)]),
        ("added", [(f"{a.option} {a.value}".strip(), a.why) for a in plan.added]),
        ("dropped", [(r.shown, r.why) for r in reasons.dropped(plan)]),
        (
            "environment",
            [(f"{name}={value}", "the program needs it") for name, value in plan.environment.items()],
        ),
    ):
        if rows:
            yield Text(title, style="bold")
            yield from (Text.assemble(f"  {words}  ", (why, "dim")) for words, why in rows)
            yield ""


def _reserves(plan: Plan) -> Iterator[RenderableType]:
    rows = [(d.device.name, term) for d in plan.devices for term in d.budget.reserve]
    if rows:
        yield Text("reserve", style="bold")
        for device, term in rows:
            yield Text(f"  {device}  {format_size(term.bytes)} {term.name}: {term.why}")
        yield ""


def _candidates(plan: Plan) -> Iterator[RenderableType]:
    if not plan.candidates:
        return
    yield Text("candidates", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("  strategy", "devices", "ubatch", "load mode", "seconds", ""):
        table.add_column(column, justify="right" if column in {"ubatch", "seconds"} else "left")
    shown: set[object] = set()
    for c in sorted(plan.candidates, key=lambda c: (not c.fits, c.prediction.seconds)):
        kind = (c.strategy, c.settled.devices, c.settings.ubatch)
        if kind in shown:  # with another load mode it is slower
            continue
        shown.add(kind)
        told = "" if c.fits else f"lacks {format_size(c.shortfall)}"
        devices = ",".join(d.name for d in c.settled.devices) or "CPU"
        seconds = f"{c.prediction.seconds:.1f}"
        table.add_row(f"  {c.strategy}", devices, str(c.settings.ubatch), c.settings.load_mode, seconds, told)
    yield table
    yield ""
