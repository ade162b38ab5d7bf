"""Which variables the program of a line sees, and how one reaches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moefit.launch.command import Command
from moefit.launch.containers import Container
from moefit.launch.wrappers import base_name, stages


def variables(command: Command, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that the program will see: what stands before it adds some and takes some away."""
    outside = command.wrapper if command.container is None else command.wrapper[: command.container.at]
    seen = _through(outside, environment)
    if command.container is None:
        return seen
    return _through(command.wrapper[command.container.end :], _in_container(command.container, seen))


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
    if len(argv) > 1 and base_name(argv[0]) == "env" and not argv[1].startswith("-"):
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
    if container.cards is not None:
        seen = {"CUDA_VISIBLE_DEVICES": container.cards, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", **seen}
    return seen
