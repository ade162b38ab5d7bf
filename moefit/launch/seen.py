"""Which variables the program of a line sees, and how one reaches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moefit.launch.builds import CHECKED
from moefit.launch.command import Argument, Command
from moefit.launch.containers import Container
from moefit.launch.legacy import LEGACY, OLD_VARIABLES
from moefit.launch.option_data import PROGRAMS
from moefit.launch.options import TRUTHY, OptionTable, builtin
from moefit.launch.wrappers import bare_name, stages
from moefit.shown import masked


def variables(command: Command, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that the program will see: what stands before it adds some and takes some away."""
    outside = command.wrapper if command.container is None else command.wrapper[: command.container.at]
    seen = _through(outside, environment)
    if command.container is None:
        return seen
    return _through(command.wrapper[command.container.end :], _in_container(command.container, seen))


def old_variables(command: Command, environment: Mapping[str, str]) -> tuple[Argument, ...]:
    """What variables of older builds say, those of which this program takes no notice."""
    if not command.table.reads_environment:
        return ()
    read = {option.env for option in command.table.options}
    read |= {
        o.env.replace("LLAMA_ARG_", "LLAMA_ARG_NO_") for o in command.table.options if o.env and o.is_pair
    }
    seen = variables(command, environment)
    named = ((name, OLD_VARIABLES[name]) for name in OLD_VARIABLES if name in seen and name not in read)
    found = (_said(name, seen[name], spelling, command.table) for name, spelling in named)
    return tuple(argument for argument in found if argument)


def unread_variables(command: Command, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Variables for options of which no checked build has one, where no program is at hand to tell whether it has."""
    table = command.table
    if table.asked or not table.reads_environment:
        return ()
    named = sorted(name for name in variables(command, environment) if name.startswith("LLAMA_ARG_"))
    if not named:
        return ()
    programs = (builtin(program, build) for program in PROGRAMS for build in CHECKED)
    known = {option.env for one in programs for option in one.options if option.env}
    known |= {name.replace("LLAMA_ARG_", "LLAMA_ARG_NO_") for name in known}
    return tuple(name for name in named if name not in known and name not in OLD_VARIABLES)


def _said(name: str, value: str, spelling: str, table: OptionTable) -> Argument | None:
    option, positive = table.lookup(spelling) or LEGACY.lookup(spelling) or (None, True)
    if option is None or (not option.arity and value not in TRUTHY):
        return None
    words = (spelling, value) if option.arity else (spelling,)
    shown = f"{name}={'***' if option.is_secret else masked(value)}"
    return Argument(option, words, positive, known=False, variable=shown)


def reaches(command: Command, name: str) -> bool:
    """Whether a variable that moefit sets for the line is one that the program sees: a container's is put inside."""
    return command.container is not None or variables(command, {name: ""}).get(name) == ""


def in_front(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words that start the line with these variables set.

    >>> in_front(["nice", "llama-server"], {"A": "1"}), in_front(["env", "B=2", "llama-server"], {"A": "1"})
    (('env', 'A=1', 'nice', 'llama-server'), ('env', 'A=1', 'B=2', 'llama-server'))
    """
    pairs = [f"{name}={value}" for name, value in environment.items()]
    if not pairs:
        return tuple(argv)
    if len(argv) > 1 and bare_name(argv[0]) == "env" and not argv[1].startswith("-"):
        return (argv[0], *pairs, *argv[1:])
    return ("env", *pairs, *argv)


def inside(container: Container, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words that start the container with these variables set in it."""
    words = (word for name, value in environment.items() for word in ("-e", f"{name}={value}"))
    return (*argv[: container.at], *words, *argv[container.at :])


def _through(words: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    seen = dict(environment)
    for stage in stages(words):
        stage.apply(seen)
    return seen


def _in_container(container: Container, outside: Mapping[str, str]) -> Mapping[str, str]:
    """What `-e` gives it; the cards that it gets count as CUDA counts them, in the order of the bus."""
    pairs = ((name, outside.get(name) if value is None else value) for name, value in container.variables)
    seen = {name: value for name, value in pairs if value is not None}
    cards = container.cards or seen.get("NVIDIA_VISIBLE_DEVICES", "all")
    if cards != "all":
        chosen = "" if cards in {"none", "void"} else cards
        seen = {"CUDA_VISIBLE_DEVICES": chosen, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", **seen}
    return seen
