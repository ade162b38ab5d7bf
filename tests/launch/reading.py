"""Short ways from a line to what moefit reads from it."""

from __future__ import annotations

from collections.abc import Mapping

from moefit.launch.command import parse
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.given import Given
from moefit.launch.precedence import Config, effective

CONFIG = "/etc/llama.cpp/config.ini"


def everything(line: str, environment: Mapping[str, str] | None = None, *configs: str) -> tuple[Given, ...]:
    command = parse(line.split())
    return effective(command, [Config(CONFIG, text) for text in configs], environment)


def fixed(line: str, environment: Mapping[str, str] | None = None, *configs: str) -> Constraints:
    return constraints(parse(line.split()).name, everything(line, environment, *configs))
