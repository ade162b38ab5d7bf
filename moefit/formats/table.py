"""A plan for a person: what fills each memory, the layers as a strip, speed against the alternatives, the line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text

from moefit.formats.lacking import enough, figures, lacking
from moefit.formats.page import Line, joined, phrases, shortened, text_words
from moefit.formats.shell import write
from moefit.formats.speed import ready_text, speed, way
from moefit.formats.strip import COLOURS, strip
from moefit.formats.usage import Memory, memories, memory_bar
from moefit.launch.seen import in_front
from moefit.model import Model
from moefit.planning.types import Help, Plan
from moefit.sizes import counted, format_size

_LONGEST_BAR: Final = 60
_SHORTEST_BAR: Final = 10
_MOST_HELPS: Final = 5
_TWO_DIGITS: Final = 10


def show(plan: Plan, console: Console, details: RenderableType | None = None) -> None:
    """Print the plan; `details` stand above the line. The line itself is never wrapped: it is there to be copied."""
    console.print(Group(*_sections(plan, console.width)), crop=False)
    console.print(Group(*_helps(plan, console.width)), crop=False)
    if details is not None:
        console.print(details, crop=False)
    if plan.argv:
        runs_on = not console.record  # a picture is as wide as its page
        console.print(Text(line(plan), style="bold"), soft_wrap=runs_on)


def line(plan: Plan) -> str:
    """What to copy: with the variables that the plan counts on, so that it runs as planned wherever it is pasted."""
    return write(in_front(plan.argv, plan.environment))


def _sections(plan: Plan, width: int) -> Iterator[RenderableType]:
    yield _title(plan.model, width)
    yield _machine(plan)
    for why in plan.estimates:
        yield Line(text_words(Text(why, style="dim")))
    yield ""
    shown = list(memories(plan))
    indent = max(6, *(len(memory.name) for memory in shown)) + 2
    for index, memory in enumerate(shown):
        yield from _memory(memory, _colour(plan, index), width, indent)
    yield ""
    yield from strip(plan, width, indent)
    yield ""
    if plan.fits:
        yield from speed(plan)
        yield _choices(plan)
    else:
        yield from _shortage(plan)
    yield ""


def _shortage(plan: Plan) -> Iterator[RenderableType]:
    """What is missing and what would be enough; of what does not run no speed is told."""
    yield _choices(plan)
    yield ""
    yield Text(f"Does not fit: {lacking(plan)}.", style="bold red")
    if would := enough(plan):
        yield Line(text_words(Text(f"It would with {would}.")))
    if plan.remedy:
        yield Line(text_words(Text(f"{plan.remedy[:1].upper()}{plan.remedy[1:]}.")))
    yield from _alternatives(plan)


def _helps(plan: Plan, width: int) -> Iterator[RenderableType]:
    """What would help, the best few; words that are too long to stand beside stand below."""
    shown = plan.helps[:_MOST_HELPS]
    if not shown:
        return
    told = "would help, if you want it" if plan.fits else "would fit"
    sketched = any(help_.about and help_.kind != "quant" for help_ in shown)
    yield Text(f"{told} (--explain plans each)" if sketched else told, style="dim")
    taking = [_taking(help_) for help_ in shown]
    left = max(map(len, taking)) + 4
    able = [len(h.what) + 2 for h in shown if h.words and left + len(h.what) + 2 + cell_len(h.words) <= width]
    column = max(able, default=0)
    for takes, help_ in zip(taking, shown, strict=True):
        words = Text(help_.words, style="bold")
        beside = help_.words and len(help_.what) < column and left + column + words.cell_len <= width
        what = [Text(help_.what.ljust(column))] if beside else text_words(Text(f"{help_.what}  "))
        yield Line([Text(f"{takes.rjust(left - 2)}  "), *what, words], left)
    yield ""


def _taking(help_: Help) -> str:
    """What a change then takes: of a sketch no digit that its plan may not have."""
    if not help_.about:
        return f"{help_.seconds:.1f} s"
    return f"about {help_.seconds:.{0 if help_.seconds >= _TWO_DIGITS else 1}f} s"


def _colour(plan: Plan, index: int) -> str:
    """A device's colour, which its layers have too."""
    return COLOURS[index % len(COLOURS)] if index < len(plan.devices) else ""


def _title(model: Model, width: int) -> Line:
    parts = [counted(len(model.layers), "layer"), format_size(model.bytes)]
    if model.experts:
        size = format_size(model.expert_bytes)
        parts.append(f"{model.experts_used} of {model.experts} experts a token ({size})")
    name = shortened(model.title, width)
    return Line([Text.assemble((name, "bold"), "  "), *joined(parts, style="dim")])


def _machine(plan: Plan) -> Line:
    cards = [f"{d.device.name} {d.device.description}".strip() for d in plan.devices]
    host = f"{format_size(plan.machine.ram.total)} of RAM, {counted(plan.machine.cpu.cores, 'core')}"
    return Line(joined([*cards, host], style="dim"))


def _memory(memory: Memory, colour: str, width: int, indent: int) -> Iterator[Line]:
    """A bar with its sum, and below it every part beside its mark."""
    used, there = format_size(memory.used), format_size(memory.total)
    total = f"{used} of {there} taken" if memory.left >= 0 else f"{used} needed, {there} there"
    length = min(_LONGEST_BAR, max(_SHORTEST_BAR, width - indent - len(total) - 2))
    label = Text(memory.name.ljust(indent), style=f"bold {colour}".strip())
    yield Line([label, Text.assemble(memory_bar(memory, length), "  "), Text(total)], indent)
    parts = [
        Text.assemble((part.mark, part.style), f" {part.name} {format_size(part.bytes)}   ")
        for part in memory.parts
    ]
    if memory.left >= 0:
        parts.append(Text.assemble(("·", "dim"), f" unused {format_size(memory.left)}"))
    else:
        parts.append(Text(f"{format_size(-memory.left)} are missing", style="bold red"))
    lines = ([part] if indent + cell_len(part.plain.rstrip()) <= width else phrases(part) for part in parts)
    yield Line([Text(" " * indent), *chain.from_iterable(lines)], indent)


def _alternatives(plan: Plan) -> Iterator[RenderableType]:
    """What would run if one thing more were allowed, with its figures and its line."""
    for alternative in plan.alternatives:
        yield ""
        told = Text.assemble(
            (f"With {alternative.words}", "bold"),
            f": {way(alternative.plan)}, ubatch {alternative.plan.settings.ubatch}, {figures(alternative)}; {alternative.why}",
        )
        yield Line(text_words(told))
        yield Text(line(alternative.plan), style="dim", no_wrap=True, overflow="ignore")


def _choices(plan: Plan) -> Line:
    launch = plan.settings
    closest = not plan.fits and plan.candidates
    facts = [
        f"closest: {way(plan)}" if closest else way(plan),
        f"context {launch.context:,}",
        f"ubatch {launch.ubatch}",
    ]
    if not closest:  # it fits in no load mode that was tried, and the remedy may name one
        facts.append(f"load mode {launch.load_mode}")
    if plan.fits:
        facts.append(ready_text(*plan.prediction.ready))
    return Line(joined(facts, style="dim"))
