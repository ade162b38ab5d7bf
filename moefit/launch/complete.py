"""Add to a command what its user left open, and nothing else: their words stay, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moefit.errors import UsageError
from moefit.launch.command import Argument, Command
from moefit.launch.constraints import Constraints
from moefit.launch.options import OptionTable
from moefit.launch.pattern_writer import write_rules, write_value
from moefit.launch.patterns import match
from moefit.launch.precedence import Given
from moefit.launch.resolve import device_order, free, slot_devices
from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement


@dataclass(frozen=True, slots=True)
class Addition:
    """One option that moefit wants on the line."""

    option: str
    """Its short spelling: -ngl, -ot, -lm."""
    value: str = ""
    """Empty for a flag."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """A command, completed."""

    argv: tuple[str, ...]
    """Every word, the program's wrapper included."""
    kept: tuple[Argument, ...]
    """The user's own."""
    added: tuple[Addition, ...]
    dropped: tuple[Argument, ...]
    """The user's, unknown to this build of the program."""


_ORDER = (
    "-c",
    "-np",
    "-kvu",
    "-dev",
    "-sm",
    "-ngl",
    "-ts",
    "-ot",
    "-b",
    "-ub",
    "-lm",
    "-fa",
    "-ctk",
    "-ctv",
    "-t",
    "-cram",
    "-ctxcp",
)
_OLD_LOAD_MODES: Mapping[str, tuple[str, ...]] = {
    "none": ("--no-mmap",),
    "mmap": (),
    "mlock": ("--no-mmap", "--mlock"),
    "mmap+mlock": ("--mlock",),
    "dio": ("--direct-io",),
}
"""What builds before --load-mode say (mmap was their default)."""


def complete(command: Command, additions: Sequence[Addition], given: Sequence[Given]) -> Completion:
    """The command with those additions whose option is set nowhere in `given` (files, variables and line).

    They stand after the user's own words, in a fixed order, `--fit off` last. An -ot is added even beside the user's,
    under its other spelling, because llama.cpp appends them and warns when one spelling comes twice. What the
    program's build does not know is left out: additions silently, the user's own listed in `dropped`.
    """
    table = command.table
    kept = tuple(a for a in command.arguments if a.known)
    set_already = {spelling for g in given if g.option.name in table for spelling in g.option.spellings}
    wanted = [a for a in sorted(additions, key=_rank) if a.option == "-ot" or a.option not in set_already]
    words: list[str] = []
    added: list[Addition] = []
    for addition in (*wanted, *_fit_off(table, set_already)):
        spelled = _spell(addition, table, kept)
        words += spelled
        added += [addition] if spelled else []
    argv = (*command.wrapper, command.program, *(word for a in kept for word in a.words), *words)
    return Completion(argv, kept, tuple(added), tuple(a for a in command.arguments if not a.known))


def placement_additions(
    placement: Placement,
    devices: Sequence[Device],
    names: Sequence[str],
    constraints: Constraints,
    machine: Sequence[Device] | None = None,
) -> tuple[Addition, ...]:
    """-dev, -ngl, -ts and -ot for a placement on `devices`, in the order of its runs.

    `machine` are all devices, in llama.cpp's own order: -dev is needed when `devices` are not all of them. What the user
    fixed is not said again; overrides that the user's own rules already make are not repeated.

    Raises:
        AssertionError: the placement is none that -ngl and -ts can express.
    """
    everything = devices if machine is None else machine
    additions = []
    if constraints.devices is None and _needs_device_list(constraints, devices, everything):
        names_of = ",".join(d.name for d in devices) or "none"
        additions.append(Addition("-dev", names_of, "the devices that are used, in this order"))
    offloaded = placement.offloaded
    if constraints.gpu_layers in {None, "auto"}:
        additions.append(
            Addition("-ngl", str(offloaded), f"{offloaded} of {len(placement.slots)} layer slots on devices")
        )
    if constraints.tensor_split is None and len(devices) > 1 and offloaded:
        counts = [placement.slots.count(i) for i in range(len(devices))]
        split = slot_devices(len(placement.slots), offloaded, counts, [free(d) for d in devices])
        assert split == placement.slots, "layer slots must be a CPU prefix and runs of devices in order"
        additions.append(Addition("-ts", ",".join(map(str, counts)), "layer slots on each device"))
    if value := _override_value(placement, devices, names, constraints):
        additions.append(Addition("-ot", value, "tensors that live elsewhere than their layer"))
    return tuple(additions)


def _needs_device_list(
    constraints: Constraints, devices: Sequence[Device], machine: Sequence[Device]
) -> bool:
    order = device_order(constraints, machine)
    return [machine[i].name for i in order] != [d.name for d in devices]


def _override_value(
    placement: Placement, devices: Sequence[Device], names: Sequence[str], constraints: Constraints
) -> str:
    taken = match(constraints.overrides, names)
    open_names = [name for name in names if name not in taken]
    buffers = {
        name: "CPU" if device == CPU else devices[device].buffer_name
        for name, device in placement.overrides.items()
        if name not in taken
    }
    return write_value(write_rules(open_names, buffers))


def _rank(addition: Addition) -> tuple[int, str]:
    known = addition.option in _ORDER
    return (_ORDER.index(addition.option) if known else len(_ORDER), addition.option)


def _fit_off(table: OptionTable, set_already: set[str]) -> tuple[Addition, ...]:
    """Only programs whose fit is on by default have -fit; llama-bench has none."""
    if "-fit" not in table or "-fit" in set_already:
        return ()
    return (Addition("-fit", "off", "start at once, exactly as planned"),)


def _spell(addition: Addition, table: OptionTable, kept: Sequence[Argument]) -> tuple[str, ...]:
    """The words of an addition in this build's language; none when it has no such option."""
    if addition.option == "-lm" and "-lm" not in table:
        return tuple(w for w in _OLD_LOAD_MODES[addition.value] if w in table)
    option = table.get(addition.option)
    if option is None:
        return ()
    spelling = option.name if addition.option == "-fit" else addition.option
    if addition.option == "-ot" and any(a.spelling == "-ot" for a in kept):
        spelling = "--override-tensor"
        if any(a.spelling.replace("_", "-") == spelling for a in kept):
            raise UsageError(
                "both -ot and --override-tensor are taken by the command",
                "write its overrides as one comma-separated -ot",
            )
    return (spelling, addition.value) if addition.value else (spelling,)
