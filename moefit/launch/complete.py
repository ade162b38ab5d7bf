"""Add to a command what its user left open, and nothing else: their words stay, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.launch.command import Argument, Command
from moefit.launch.constraints import Constraints
from moefit.launch.given import LINE, Given
from moefit.launch.options import OptionTable, known_name, known_words, spelled
from moefit.launch.pattern_writer import write_rules, write_value
from moefit.launch.patterns import CPU_BUFFER, match
from moefit.launch.placed import as_placed
from moefit.launch.resolve import free, slot_devices
from moefit.launch.translate import OLD_LOAD_MODES, Dropped, translate, without_fit, without_open
from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Addition:
    """One option that moefit wants on the line."""

    option: str
    """Its short spelling: -ngl, -ot, -lm."""
    value: str = ""
    """In llama-server's syntax; empty for a flag."""
    why: str = ""
    """For --explain and the JSON key `added`."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A command, completed."""

    argv: tuple[str, ...]
    """Every word, the program's wrapper included."""
    kept: tuple[Argument, ...]
    """The user's own, in their order."""
    added: tuple[Addition, ...]
    dropped: tuple[Dropped, ...]
    """The user's, unknown to this build of the program; what replaces one is among `added`."""
    inherited: tuple[Given, ...] = ()
    """What files and variables set, in the order in which llama.cpp applies them."""


FIT_OFF: Final = Addition("-fit", "off", "start at once and land where the plan says")
_PLACING: Final = frozenset({"-dev", "-ngl", "-ts", "-ot"})
"""Without these, tensors would not be where the plan has them."""
_ORDER: Final = (
    *("-m", "-c", "-np", "-kvu", "-dev", "-sm", "-mg", "-ngl", "-ts", "-ot"),
    *("-b", "-ub", "-lm", "-fa", "-ctk", "-ctv", "-t", "-cram", "-ctxcp"),
)


def complete(
    command: Command,
    additions: Sequence[Addition],
    given: Sequence[Given],
    left_open: frozenset[str] = frozenset(),
) -> Completion:
    """The command with those additions whose option is set nowhere in `given` (files, variables and line).

    They stand after the user's own words in a fixed order, `--fit off` last where the program fits by default. An -ot is
    added beside the user's under its other spelling: llama.cpp appends both, but warns when one spelling comes twice. What
    the program's build does not know is left out: additions silently, the user's own listed in `dropped`; what says the same
    in this build stands right after the user's words. What the user set and yet left open (`left_open`: -ngl auto) gives way to the
    addition that says it.

    Raises:
        UsageError: the build has no word for where a tensor goes.
    """
    wanted = {a.option: a for a in (*additions, FIT_OFF)}
    table, line = command.table, without_fit(command, translate(command))
    line = without_open(command, line, left_open & wanted.keys())
    own = (*line.kept, *line.instead)
    open_options = _Open(table, [g for g in given if left_open.isdisjoint(known_words(g.option))])
    words: list[str] = []
    added = [
        Addition(a.spelling, a.value, f"says what {dropped.spelling} said")
        for a, dropped in line.instead.items()
    ]
    for addition in sorted(wanted.values(), key=_rank):
        if addition.option not in open_options:
            continue
        if spelled := _spell(addition, table, own):
            words += spelled
            added.append(addition)
        elif addition.option in _PLACING:
            raise UsageError(
                f"{table.called} has no {addition.option}, which the plan needs",
                "update llama.cpp",
            )
    argv = (*command.head, *(word for a in own for word in a.words), *words)
    inherited = tuple(g for g in given if g.origin != LINE)
    return Completion(argv, line.kept, tuple(added), line.dropped, inherited)


def placement_additions(
    placement: Placement,
    devices: Sequence[Device],
    names: Sequence[str],
    constraints: Constraints,
    machine: Sequence[Device] | None = None,
    excluded: Sequence[str] = (),
) -> tuple[Addition, ...]:
    """What puts the tensors `names` where the placement on `devices` (in the order of its runs) has them.

    `machine` are all devices there are, in llama.cpp's own order: -dev is needed when they are several, or some are `excluded`. What
    the user fixed is not said again, and tensors that the user's own rules take get no pattern.

    Raises:
        UsageError: -ngl and -ts cannot express the placement's slots.
    """
    everything = devices if machine is None else machine
    placed = as_placed(constraints, placement, devices, everything, hidden=bool(excluded))
    expressed = slot_devices(
        len(placement.slots), placed.gpu_layers, placed.tensor_split, [free(device) for device in devices]
    )
    if expressed != placement.slots:
        split = ",".join(f"{share:g}" for share in placed.tensor_split or ())
        raise UsageError(
            f"-ngl {placed.gpu_layers} -ts {split} is no way to say where the layers would have to go",
            "leave -ts out, or give the layers of each device",
        )
    additions = []
    if placed.devices != constraints.devices:
        additions.append(devices_addition(placed.devices or (), excluded))
    if placed.gpu_layers != constraints.gpu_layers:
        why = f"{placement.offloaded} of {len(placement.slots)} layer slots on devices"
        additions.append(Addition("-ngl", str(placed.gpu_layers), why))
    if placed.tensor_split != constraints.tensor_split:
        counts = ",".join(str(int(count)) for count in placed.tensor_split or ())
        additions.append(Addition("-ts", counts, "layer slots on each device"))
    if value := _override_value(placement, devices, names, constraints):
        additions.append(Addition("-ot", value, _why_overridden(placement, names, constraints)))
    return tuple(additions)


def devices_addition(names: Sequence[str], excluded: Sequence[str] = ()) -> Addition:
    """`-dev`, and why: the devices that are used, or those that `--exclude` leaves."""
    why = f"not {', '.join(excluded)}" if excluded else "the devices that are used, in this order"
    return Addition("-dev", ",".join(names) or "none", why)


def _override_value(
    placement: Placement, devices: Sequence[Device], names: Sequence[str], constraints: Constraints
) -> str:
    taken = match(constraints.overrides, names)
    buffers = {
        name: CPU_BUFFER if device == CPU else devices[device].buffer_name
        for name, device in placement.overrides.items()
        if name not in taken
    }
    return write_value(write_rules([name for name in names if name not in taken], buffers))


def _why_overridden(placement: Placement, names: Sequence[str], constraints: Constraints) -> str:
    if only_ends_pipelining(placement, names, constraints):
        return "nothing moves: any override ends pipelining, for whose copies devices have no room"
    return "tensors that live elsewhere than their layer"


def only_ends_pipelining(placement: Placement, names: Sequence[str], constraints: Constraints) -> bool:
    """Whether the overrides that are not the user's move nothing: they are there because any override ends pipelining."""
    own = placement.overrides.keys() - match(constraints.overrides, names).keys()
    moves = any(name.startswith("blk.") or placement.overrides[name] != placement.slots[-1] for name in own)
    return bool(own) and not moves


class _Open:
    """The options that nothing sets yet; -ot is always open, for overrides append."""

    def __init__(self, table: OptionTable, given: Sequence[Given]) -> None:
        self._set = {s for g in given if table.get(g.option.name) for s in known_words(g.option)}
        self._set.discard("-ot")
        if {"--mmap", "--no-mmap", "--mlock", "--direct-io"} & self._set:
            self._set.add("-lm")

    def __contains__(self, spelling: str) -> bool:
        return spelling not in self._set


def _rank(addition: Addition) -> tuple[int, str]:
    if addition is FIT_OFF:
        return (len(_ORDER) + 1, "")
    known = addition.option in _ORDER
    return (_ORDER.index(addition.option) if known else len(_ORDER), addition.option)


def _spell(addition: Addition, table: OptionTable, own: Sequence[Argument]) -> tuple[str, ...]:
    """The words of an addition in this build's language; none when it cannot say it."""
    if addition.option == "-lm" and "-lm" not in table:
        return tuple(word for word in OLD_LOAD_MODES.get(addition.value, ()) if word in table)
    option = table.get(addition.option)
    if option is None:
        return ()
    spelling = spelled(option, addition.option)
    if known_name(option) == "--fit":
        spelling = option.name
    if known_name(option) == "--override-tensor" and any(a.spelling == "-ot" for a in own):
        spelling = option.name
    value = bench_value(addition) if table.program == "llama-bench" else addition.value
    return (spelling, value) if option.arity else (spelling,)


def bench_value(addition: Addition) -> str:
    """A value in llama-bench's syntax, where a comma starts another test."""
    if addition.option == "--no-op-offload":
        return "1"
    separator = {"-ot": ";", "--override-tensor": ";", "-ts": "/", "-dev": "/"}.get(addition.option)
    return addition.value.replace(",", separator) if separator else addition.value
