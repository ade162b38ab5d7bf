"""Only what moefit adds to a line, which stays its user's: as words, as variables, or as a drop-in of a systemd unit.

source: systemd.unit(5), the folders UNIT.d; common/arg.cpp, common_arg::get_value_from_env: the line comes before variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.formats import env, shell
from moefit.formats.unit import environment_line
from moefit.launch.command import Argument, Command

_LINE: Final = re.compile(r"(\w+)=(.*)")


def added_words(added: tuple[Argument, ...]) -> str:
    """The words as a shell line, to stand after the user's own."""
    return shell.write([word for argument in added for word in argument.words])


def added_variables(command: Command, added: tuple[Argument, ...], environment: Mapping[str, str]) -> str:
    """One NAME=value a line.

    Raises:
        UsageError: an option has no variable.
    """
    _refuse_unsaid(added)
    return env.write(replace(command, wrapper=(), arguments=added), environment)


def drop_in(added: tuple[Argument, ...], environment: Mapping[str, str]) -> str:
    """A file for `NAME.service.d/`: systemd merges it into the unit.

    Raises:
        UsageError: an option has no variable, or a value is one that a unit cannot hold.
    """
    _refuse_unsaid(added)
    pairs = {a.option.env: a.value if a.option.arity else "01"[a.positive] for a in added if a.option.env}
    lines = (environment_line(name, value) for name, value in (pairs | dict(environment)).items())
    return "[Service]\n" + "".join(f"{line}\n" for line in lines)


def _refuse_unsaid(added: tuple[Argument, ...]) -> None:
    for argument in added:
        if argument.option.env is None:
            raise UsageError(
                f"{argument.spelling}, which moefit adds, has no variable",
                "use --format additions, which holds words",
            )
