"""`--explain`: why each layer is where it is, what the line keeps and gains, and what else was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from moefit.formats import reasons
from moefit.formats.page import Line, Rows, columns, text_words
from moefit.formats.speed import strategy_name
from moefit.launch.complete import Addition
from moefit.launch.options import builtin
from moefit.placement.budget import Term
from moefit.planning.types import LayerPlan, Plan
from moefit.sizes import format_size

_INDENT: Final = 4
_WHY_SET: Final = (
    "from so many tokens on, a batch copies weights on the CPU to the device and computes there; "
    "32 would be llama.cpp's own threshold"
)


def explain(plan: Plan) -> Group:
    """The reasons of a plan, as something rich can print."""
    return Group(*_layers(plan), "", *_options(plan), *_reserves(plan), *_candidates(plan))


def _layers(plan: Plan) -> Iterator[RenderableType]:
    yield Text("why", style="bold")
    for (place, why), run in groupby(plan.layers, key=_place):
        indices = [layer.index for layer in run]
        span = str(indices[0]) if len(indices) == 1 else f"{indices[0]}-{indices[-1]}"
        label = f"  layers {span:>7}  "
        yield Line(text_words(Text(f"{label}{place}: {why}")), len(label))
    if plan.moe_cache:
        label, sizes = "  expert cache  ", zip(plan.devices, plan.moe_cache.devices, strict=False)
        held = " and ".join(f"{format_size(size)} on {d.device.name}" for d, size in sizes if size)
        told = f"{held}: copies of the experts that are used most, so that fewer are read from RAM"
        yield Line(text_words(Text(f"{label}{told}")), len(label))


def _place(layer: LayerPlan) -> tuple[str, str]:
    experts, parts = layer.experts, [layer.device]
    if experts is not None and not isinstance(experts, str):
        weights = {name: home for name, home in experts.items() if not name.endswith(".bias")}
        homes = set(weights.values())
        experts = homes.pop() if len(homes) == 1 else _names(weights)
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
        ("added", [(_as_written(a, plan.argv), a.why) for a in plan.added]),
        ("dropped", [(r.shown, r.why) for r in reasons.dropped(plan)]),
        (
            "environment",
            [(f"{name}={value}", _WHY_SET) for name, value in {**plan.environment, **plan.inside}.items()],
        ),
    ):
        if rows:
            yield Text(title, style="bold")
            for told, why in rows:
                yield Line(text_words(Text.assemble(f"  {told}  ", (why, "dim"))), _INDENT)
            yield ""


def _as_written(addition: Addition, argv: Sequence[str]) -> str:
    """Its words in the line, which may have another spelling than the table of additions: --fit for -fit."""
    option = builtin("llama-server").get(addition.option)
    spellings = option.spellings if option else ()
    written = (word for word, value in pairwise(argv) if word in spellings and value == addition.value)
    return f"{next(written, addition.option)} {addition.value}".strip()


def _reserves(plan: Plan) -> Iterator[RenderableType]:
    rows: dict[Term, list[str]] = {}
    for device in plan.devices:
        for term in device.budget.reserve:
            rows.setdefault(term, []).append(device.device.name)
    if rows:
        yield Text("reserve", style="bold")
        yield Line([Text("  kept"), *text_words(Text(" free, for llama.cpp does not count it"))], _INDENT)
        for term, names in rows.items():
            told = Text(f" {term.name}: {term.why}")
            yield Line([Text(f"  {' '.join(names)}  {format_size(term.bytes)}"), *text_words(told)], _INDENT)
        yield ""


def _candidates(plan: Plan) -> Iterator[RenderableType]:
    if not plan.candidates:
        return
    yield Text("tried", style="bold")
    table = columns()
    for column in ("  strategy", "devices", "ubatch", "load mode", "seconds", "slower"):
        table.add_column(column, justify="right" if column in {"ubatch", "seconds", "slower"} else "left")
    shown: set[object] = set()
    for c in sorted(plan.candidates, key=lambda c: (not c.fits, c.prediction.seconds)):
        kind = (c.strategy, c.settled.devices, c.settings.ubatch)
        if kind in shown:  # with another load mode it is slower
            continue
        shown.add(kind)
        behind = c.prediction.seconds / plan.prediction.seconds - 1
        told = f"{behind:+.0%}" if plan.fits and round(behind, 2) else ""
        told = told if c.fits else f"lacks {format_size(c.shortfall)}"
        devices = ",".join(d.name for d in c.settled.devices) or "CPU"
        seconds = f"{c.prediction.seconds:.1f}"
        table.add_row(
            f"  {strategy_name(c.strategy)}",
            devices,
            str(c.settings.ubatch),
            c.settings.load_mode,
            seconds,
            told,
        )
    yield Rows(table)
    yield ""
