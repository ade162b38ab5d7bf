"""A plan for a person: memory by device, the layers as a strip, speed against the alternatives, the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from moefit.formats.page import Line, Rows, joined
from moefit.formats.shell import write
from moefit.model import Model
from moefit.planning.types import DevicePlan, LayerPlan, Plan, holds_weights
from moefit.sizes import format_size

_COLOURS = ("green", "cyan", "magenta", "blue")
_FULL, _PART, _BASE, _HOST = "█", "▓", "░", "·"


def show(plan: Plan, console: Console, details: RenderableType | None = None) -> None:
    """Print the plan; `details` stand above the line. The line itself is never wrapped: it is there to be copied."""
    console.print(Group(*_sections(plan, console.width)), crop=False)
    if details is not None:
        console.print(details, crop=False)
    if plan.environment:
        needed = " ".join(f"{name}={value}" for name, value in plan.environment.items())
        console.print(Text(f"needs {needed} in the environment", style="dim"))
    if plan.argv:
        console.print(Text(write(plan.argv), style="bold"), soft_wrap=True)


def _sections(plan: Plan, width: int) -> Iterator[RenderableType]:
    yield _title(plan.model)
    yield _machine(plan)
    yield ""
    yield Rows(_memory(plan))
    yield ""
    yield from _strip(plan, width)
    yield ""
    yield from _speed(plan)
    if not plan.fits:
        yield ""
        yield Text(f"Does not fit: {format_size(plan.shortfall)} are missing.", style="bold red")
        if plan.remedy:
            yield Text(f"{plan.remedy[:1].upper()}{plan.remedy[1:]}.")
    yield ""


def _title(model: Model) -> Line:
    parts = [f"{len(model.layers)} layers", format_size(model.bytes)]
    if model.experts:
        parts.append(f"{model.experts_used} of {model.experts} experts ({format_size(model.expert_bytes)})")
    return Line([Text.assemble((model.name, "bold"), "  "), *joined(parts, style="dim")])


def _machine(plan: Plan) -> Line:
    cards = [f"{d.device.name} {d.device.description}".strip() for d in plan.devices]
    host = f"{format_size(plan.machine.ram.total)} of RAM, {plan.machine.cpu.cores} cores"
    return Line(joined([*cards, host], style="dim"))


def _memory(plan: Plan) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", no_wrap=True, min_width=5)
    for column in ("model", "context", "compute", "overhead", "reserve", "left", "free"):
        table.add_column(column, justify="right", no_wrap=True)
    for index, device in enumerate(plan.devices):
        table.add_row(*_device_cells(device, _COLOURS[index % len(_COLOURS)]))
        for extra in device.extras:
            cells = (extra.model, extra.context, extra.compute)
            table.add_row(f"  {extra.kind}", *(_size(n) for n in cells))
    host = plan.host
    cells = (host.model, host.context, host.compute + host.output)
    table.add_row(
        Text("RAM", style="bold"),
        *(_size(n) for n in cells),
        "",
        _size(host.cache),
        _left(plan.host_left),
        _size(plan.machine.ram.available),
    )
    return table


def _device_cells(plan: DevicePlan, colour: str) -> tuple[RenderableType, ...]:
    use, budget = plan.use, plan.budget
    return (
        Text(plan.device.name, style=f"bold {colour}"),
        *(_size(n) for n in (use.model, use.context, use.compute, budget.overhead, budget.reserved)),
        _left(plan.left),
        _size(budget.free),
    )


def _size(count: int) -> str:
    return format_size(count) if count else "-"


def _left(count: int) -> Text:
    return Text(format_size(count), style="" if count >= 0 else "bold red")


def _strip(plan: Plan, width: int) -> Iterator[Line]:
    """The layers in rows of one length, aligned, and what their marks mean."""
    colours = {d.device.name: _COLOURS[i % len(_COLOURS)] for i, d in enumerate(plan.devices)}
    cells = [_cell(layer, colours) for layer in plan.layers]
    output = next((d.device.name for d in plan.devices if d.output), "CPU")
    label = Text("layers  ", style="dim")
    rows = -(-len(cells) // max(1, width - len(label)))
    length = -(-len(cells) // max(1, rows))
    bars = [Text.assemble(*cells[at : at + length], " ") for at in range(0, len(cells), length)]
    told = Text.assemble(("output on ", "dim"), (output, colours.get(output, "yellow")))
    yield Line([label, *bars, told], len(label))
    used = {cell[0] for cell in cells}
    legend = {
        _FULL: "whole",
        _PART: "some of its experts on the CPU",
        _BASE: "its experts on the CPU" if plan.model.experts else "its FFN, or part of it, on the CPU",
        _HOST: "all of it on the CPU",
    }
    marks = joined([f"{mark} {text}" for mark, text in legend.items() if mark in used], "   ", "dim")
    yield Line([Text(" " * len(label)), *marks], len(label))


def _cell(layer: LayerPlan, colours: Mapping[str, str]) -> tuple[str, str]:
    if layer.device == "CPU":
        return _HOST, "dim"
    colour = colours[layer.device]
    if layer.experts is None and layer.elsewhere:
        return _BASE, colour
    if layer.experts is None or layer.experts == layer.device:
        return _FULL, colour
    whole_cpu = isinstance(layer.experts, str) or not holds_weights(layer.experts)
    return (_BASE if whole_cpu else _PART), colour


def _speed(plan: Plan) -> Iterator[RenderableType]:
    launch, predicted = plan.settings, plan.prediction
    closest = not plan.fits and plan.candidates
    facts = [
        f"closest: {plan.strategy}" if closest else plan.strategy,
        f"context {launch.context:,}",
        f"ubatch {launch.ubatch}",
    ]
    if not closest:  # it fits in no load mode that was tried, and the remedy may name one
        facts.append(f"load mode {launch.load_mode}")
    yield Line(joined(facts))
    tokens = f"{predicted.prompt_tokens:,} + {predicted.generated_tokens:,} tokens in "
    yield Line(
        [
            Text.assemble(tokens, (f"{predicted.seconds:.1f} s", "bold"), ": "),
            Text(f"prompt {_rate(predicted.prefill_tokens_per_second)}, "),
            Text(f"answer {_rate(predicted.decode_tokens_per_second)} "),
            Text(f"({predicted.confidence})", style="dim"),
        ]
    )
    if plan.machine.calibration:
        yield Text(f"calibration {plan.machine.calibration}", style="dim")
    told = [f"{name} {seconds:.1f} s" for name, seconds in _alternatives(plan).items()]
    if told:
        yield Line([Text("instead of ", style="dim"), *joined(told, style="dim")])


def _alternatives(plan: Plan) -> Mapping[str, float]:
    """The best predicted seconds of every other strategy that fits."""
    best: dict[str, float] = {}
    for candidate in plan.candidates:
        if candidate.fits and candidate.strategy != plan.strategy:
            name = strategy_name(candidate.strategy)
            best[name] = min(best.get(name, candidate.prediction.seconds), candidate.prediction.seconds)
    return dict(sorted(best.items(), key=lambda item: item[1]))


def strategy_name(strategy: str) -> str:
    """What a person calls it: llama.cpp's own by the option that asks for it."""
    return {"llama-fit": "--fit", "cpu-moe": "--cpu-moe"}.get(strategy, strategy)


def _rate(value: float) -> str:
    return f"{value:,.0f} t/s" if value >= 100 else f"{value:.1f} t/s"
