"""A plan for a person: memory by device, the layers as a strip, speed against the alternatives, the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from moefit.formats.shell import write
from moefit.model import Model
from moefit.planning.types import DevicePlan, LayerPlan, Plan
from moefit.sizes import format_size

_COLOURS = ("green", "cyan", "magenta", "blue")
_FULL, _PART, _BASE, _HOST = "█", "▓", "░", "·"


def show(plan: Plan, console: Console, details: RenderableType | None = None) -> None:
    """Print the plan; `details` stand above the line. The line itself is never wrapped: it is there to be copied."""
    console.print(Group(*_sections(plan)))
    if details is not None:
        console.print(details)
    if plan.environment:
        needed = " ".join(f"{name}={value}" for name, value in plan.environment.items())
        console.print(Text(f"needs {needed} in the environment", style="dim"))
    if plan.argv:
        console.print(Text(write(plan.argv), style="bold"), soft_wrap=True)


def _sections(plan: Plan) -> Iterator[RenderableType]:
    yield _title(plan.model)
    yield _machine(plan)
    yield ""
    yield _memory(plan)
    yield ""
    yield from _strip(plan)
    yield ""
    yield from _speed(plan)
    if not plan.fits:
        yield ""
        yield Text(f"Does not fit: {format_size(plan.shortfall)} are missing.", style="bold red")
        if plan.remedy:
            yield Text(f"{plan.remedy[:1].upper()}{plan.remedy[1:]}.")
    yield ""


def _title(model: Model) -> Text:
    parts = [f"{len(model.layers)} layers", format_size(model.bytes)]
    if model.experts:
        parts.append(f"{model.experts_used} of {model.experts} experts ({format_size(model.expert_bytes)})")
    return Text.assemble((model.name, "bold"), "  ", (" · ".join(parts), "dim"))


def _machine(plan: Plan) -> Text:
    cards = [f"{d.device.name} {d.device.description}".strip() for d in plan.devices]
    host = f"{format_size(plan.machine.ram.total)} of RAM, {plan.machine.cpu.cores} cores"
    return Text(" · ".join([*cards, host]), style="dim")


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


def _strip(plan: Plan) -> Iterator[Text]:
    colours = {d.device.name: _COLOURS[i % len(_COLOURS)] for i, d in enumerate(plan.devices)}
    cells = [_cell(layer, colours) for layer in plan.layers]
    output = next((d.device.name for d in plan.devices if d.output), "CPU")
    yield Text.assemble(
        ("layers  ", "dim"), *cells, (" output on ", "dim"), (output, colours.get(output, "yellow"))
    )
    used = {cell[0] for cell in cells}
    legend = {
        _FULL: "whole",
        _PART: "some of its experts on the CPU",
        _BASE: "its experts on the CPU" if plan.model.experts else "its FFN, or part of it, on the CPU",
        _HOST: "all of it on the CPU",
    }
    told = (f"{mark} {text}" for mark, text in legend.items() if mark in used)
    yield Text("        " + "   ".join(told), style="dim")


def _cell(layer: LayerPlan, colours: Mapping[str, str]) -> tuple[str, str]:
    if layer.device == "CPU":
        return _HOST, "dim"
    colour = colours[layer.device]
    if layer.experts is None and layer.elsewhere:
        return _BASE, colour
    if layer.experts is None or layer.experts == layer.device:
        return _FULL, colour
    return (_BASE if isinstance(layer.experts, str) else _PART), colour


def _speed(plan: Plan) -> Iterator[Text]:
    launch, predicted = plan.settings, plan.prediction
    facts = [
        plan.strategy,
        f"context {launch.context:,}",
        f"ubatch {launch.ubatch}",
        f"load mode {launch.load_mode}",
    ]
    yield Text(" · ".join(facts))
    yield Text.assemble(
        f"{predicted.prompt_tokens:,} + {predicted.generated_tokens:,} tokens in ",
        (f"{predicted.seconds:.1f} s", "bold"),
        f": prompt {_rate(predicted.prefill_tokens_per_second)}, answer {_rate(predicted.decode_tokens_per_second)}",
        (f" ({predicted.confidence})", "dim"),
    )
    if plan.machine.calibration:
        yield Text(f"calibration {plan.machine.calibration}", style="dim")
    told = [f"{name} {seconds:.1f} s" for name, seconds in _alternatives(plan).items()]
    if told:
        yield Text(f"instead of {' · '.join(told)}", style="dim")


def _alternatives(plan: Plan) -> Mapping[str, float]:
    """The best predicted seconds of every other strategy that fits."""
    names = {"llama-fit": "--fit", "cpu-moe": "--cpu-moe"}
    best: dict[str, float] = {}
    for candidate in plan.candidates:
        if candidate.fits and candidate.strategy != plan.strategy:
            name = names.get(candidate.strategy, candidate.strategy)
            best[name] = min(best.get(name, candidate.prediction.seconds), candidate.prediction.seconds)
    return dict(sorted(best.items(), key=lambda item: item[1]))


def _rate(value: float) -> str:
    return f"{value:,.0f} t/s" if value >= 100 else f"{value:.1f} t/s"


def indented(*lines: RenderableType) -> Padding:
    """Details under the table."""
    return Padding(Group(*lines), (0, 0, 1, 0))
