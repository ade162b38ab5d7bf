"""The commands that look around: a file, a machine, files and cards side by side, what to mend, what a word means."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import typer

from moefit.app.line import read_launch, read_line
from moefit.app.machine import read_machine
from moefit.app.request import read_model
from moefit.cli import DOES_NOT_FIT, FITS
from moefit.cli import options as o
from moefit.cli.output import console, draw, refuse_both, warn
from moefit.cli.progress import show_progress
from moefit.cli.registry import command
from moefit.cli.say import unsecret
from moefit.cli.shared import ComparisonShared, MachineShared, names, numbers
from moefit.errors import Warn
from moefit.planning.describe import truncated


@command()
def inspect(
    context: typer.Context, model: o.ModelPath = None, as_json: o.AsJson = False, color: o.Color = o.When.AUTO
) -> int:
    """What a model file holds: layers, experts, types, bytes."""
    launch = read_launch(model, context.obj)
    found = read_model(launch.constraints, show_progress)
    if found.truncated:
        warn(truncated(found))
    from moefit.formats.inspect import model_json, show_model

    if as_json:
        sys.stdout.write(model_json(found))
    else:
        show_model(found, console(color))
    return FITS


@command(MachineShared)
def devices(shared: MachineShared, as_json: o.AsJson = False, svg: o.Svg = None) -> int:
    """The machine as moefit sees it: GPUs, RAM, CPU.

    --json writes what --machine reads.
    """
    refuse_both(svg, as_json=as_json)
    machine = read_machine(shared.machine_options, read_line(shared.words))
    for text in machine.warnings:
        warn(Warn("machine", text))
    from moefit.formats.devices import machine_json, show_machine

    if as_json:
        sys.stdout.write(machine_json(machine))
    else:
        draw(lambda page: show_machine(machine, page), shared.color, svg)
    return FITS


@command(ComparisonShared)
def compare(
    shared: ComparisonShared,
    repository: o.Repository = None,
    contexts: o.Contexts = None,
    cards: o.ComparedCards = None,
    strategies: o.Strategies = None,
    as_json: o.AsJson = False,
    svg: o.Svg = None,
) -> int:
    """Files, quants, contexts, cards or strategies side by side."""
    from moefit.app.compare import Asked, SharedLine
    from moefit.app.compare import compare as compared
    from moefit.cli.bar import bar
    from moefit.formats.comparison import comparison_json, show_comparison

    refuse_both(svg, as_json=as_json)
    models = (*(shared.models or ()), *([repository] if repository else ()))
    asked = Asked(
        models,
        numbers("--contexts", contexts),
        tuple(dict.fromkeys(cards or ())),
        names("--strategies", strategies, o.Strategy),
    )
    with bar() as tell:
        rows = compared(
            asked, SharedLine(shared.words, shared.machine_options, shared.plan_options, shared.build), tell
        )
    rows = tuple(
        replace(row, model=unsecret(row.model), error=row.error and unsecret(row.error)) for row in rows
    )
    if as_json:
        sys.stdout.write(comparison_json(rows))
    else:
        draw(lambda page: show_comparison(rows, page), shared.color, svg)
    return FITS if any(row.fits for row in rows) else DOES_NOT_FIT


@command(MachineShared)
def doctor(shared: MachineShared, as_json: o.AsJson = False, svg: o.Svg = None) -> int:
    """What keeps this machine below what it could be, worst first."""
    from moefit.app.doctor import as_drivers_tell, examine
    from moefit.cli.bar import bar
    from moefit.formats.doctor import findings_json, show_findings
    from moefit.machine.specs import is_none

    refuse_both(svg, as_json=as_json)
    launch = read_line(shared.words)
    machine = as_drivers_tell(shared.machine_options, launch)
    declined = is_none(shared.machine_options.gpus)
    with bar() as tell:
        found = [
            replace(one, what=unsecret(one.what), fix=unsecret(one.fix))
            for one in examine(machine, launch, os.environ, tell, declined=declined)
        ]
    if as_json:
        sys.stdout.write(findings_json(found))
    else:
        draw(lambda page: show_findings(found, page), shared.color, svg)
    return FITS


@command()
def explain(word: o.Word = None) -> int:
    """What a word of a plan means."""
    from shutil import get_terminal_size
    from textwrap import wrap

    from moefit.cli.teaching import WIDEST
    from moefit.formats.glossary import WORDS, meaning

    if word is None:
        sys.stdout.write("".join(f"{known}\n" for known in WORDS))
        return FITS
    name, text = meaning(word)
    width = min(get_terminal_size().columns, WIDEST)
    lines = wrap(f"{name}: {text}", width, break_long_words=False, break_on_hyphens=False)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return FITS


@command()
def cards(word: o.CardWord = None, as_json: o.AsJson = False, color: o.Color = o.When.AUTO) -> int:
    """The cards that --gpu knows, with their figures."""
    from moefit.formats.cards import cards_json, show_cards
    from moefit.machine.card_filter import cards_like
    from moefit.machine.cards import CARDS

    found = CARDS if word is None else cards_like(word)
    if as_json:
        sys.stdout.write(cards_json(found))
    else:
        show_cards(found, console(color))
    return FITS
