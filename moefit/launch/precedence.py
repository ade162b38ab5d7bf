"""Everything that sets an option before the line does: config.ini files and LLAMA_ARG_* variables.

llama.cpp applies /etc/llama.cpp/config.ini, then the user's, then the environment, then the line: for a single value
the later wins, but -ot, -cmoe, -ncmoe and -ncffn append to one list in that order, whose first match wins.

source: common/arg.cpp, common_params_apply_system_config and common_params_parse_ex; common/preset.cpp,
parse_ini_from_file, common_preset_context::load_from_ini and common_preset::apply_to_params.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from moefit.errors import InputError, UsageError
from moefit.launch.builds import CHECKED
from moefit.launch.command import Command
from moefit.launch.enumerated import refuse_value
from moefit.launch.given import Given
from moefit.launch.option_data import PROGRAMS
from moefit.launch.options import FALSY, TRUTHY, Option, OptionTable, builtin
from moefit.launch.seen import variables
from moefit.launch.translate import translate
from moefit.shown import masked
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Config:
    """A config.ini file that was read."""

    path: str
    text: str


def effective(
    command: Command, configs: Sequence[Config] = (), environment: Mapping[str, str] | None = None
) -> tuple[Given, ...]:
    """Every option that is set, in the order llama.cpp applies them; the line last.

    Of the line counts what this build will get: what it does not know is there in its own words, or not at all.

    Raises:
        InputError: a config file is no INI file for llama.cpp.
        UsageError: a variable that this build refuses, or a value of one or of a config file's key.
    """
    inherited: list[Given] = []
    if command.table.reads_environment:
        for config in configs:
            inherited += _from_config(config, command.table)
        inherited += _from_environment(variables(command, environment or {}), command.table)
    return (*inherited, *translate(command).given)


def _from_environment(environment: Mapping[str, str], table: OptionTable) -> Iterator[Given]:
    """In the order of the options; a flag counts when its value is truthy, LLAMA_ARG_NO_X turns a pair off whatever it holds."""
    for option in table.options:
        if option.env is None:
            continue
        if option.removed:
            if option.env in environment and (option.arity or environment[option.env] in TRUTHY):
                raise UsageError(
                    f"{table.program} refuses {option.env}: {option.removed}", f"unset {option.env}"
                )
            continue
        off = option.env.replace("LLAMA_ARG_", "LLAMA_ARG_NO_")
        if option.is_pair and off in environment:
            yield Given(option, "", positive=False, source=off, origin=off)
        elif (value := environment.get(option.env)) is not None:
            source = f"{option.env}={'***' if option.is_secret else masked(value)}"
            if option.is_pair:
                if value not in (*TRUTHY, *FALSY):
                    raise UsageError(f"{source}: {masked(value)!r} is no boolean", "write on or off")
                yield Given(option, "", value in TRUTHY, source, option.env)
            elif option.arity or value in TRUTHY:
                refuse_value(option, value, option.env, table)
                yield Given(
                    option, value if option.arity else "", positive=True, source=source, origin=option.env
                )


def _from_config(config: Config, table: OptionTable) -> Iterator[Given]:
    """The [*] section, then the default one; within each, options sorted by their first spelling, as std::map has them."""
    sections = parse_ini(config.text, config.path)
    by_key = _keys(table)
    for section in ("*", "default"):
        found: dict[str, Given] = {}
        for key, value in sorted(sections.get(section, {}).items()):
            if key in by_key:
                option, positive = by_key[key]
                said = f"{key} in {config.path}"
                if option.removed:
                    raise UsageError(
                        f"{table.program} refuses {said}: {option.removed}", "leave it out there"
                    )
                refuse_value(option, value, said, table)
                found[option.spellings[0]] = _configured(option, value, said, config.path, positive=positive)
        yield from (found[first] for first in sorted(found))


def unread_keys(configs: Sequence[Config], table: OptionTable) -> tuple[str, ...]:
    """Keys of config.ini files that no checked build's programs have, where no program is at hand to tell whether it has them; with their file."""
    if table.asked or not table.reads_environment or not configs:
        return ()
    known = {key for program in PROGRAMS for build in CHECKED for key in _keys(builtin(program, build))}
    found = (
        f"{key} in {config.path}"
        for config in configs
        for sections in (parse_ini(config.text, config.path),)
        for section in ("*", "default")
        for key in sorted(sections.get(section, {}))
        if key not in known and key != "version"
    )
    return tuple(dict.fromkeys(found))


def _configured(option: Option, value: str, source: str, origin: str, *, positive: bool) -> Given:
    """A negated key reverses its value; a flag without negation is on whatever its value."""
    if option.is_pair:
        return Given(option, "", (value in TRUTHY) == positive, source, origin)
    return Given(option, value if option.arity else "", positive=True, source=source, origin=origin)


def _keys(table: OptionTable) -> Mapping[str, tuple[Option, bool]]:
    """Keys as a preset may write them: spellings without leading dashes, and variables."""
    keys: dict[str, tuple[Option, bool]] = {}
    for option in table.options:
        if option.env:
            keys[option.env] = (option, True)
            if option.is_pair:
                keys[option.env.replace("LLAMA_ARG_", "LLAMA_ARG_NO_")] = (option, True)
        keys |= {spelling.lstrip("-"): (option, True) for spelling in option.spellings}
        keys |= {spelling.lstrip("-"): (option, False) for spelling in option.negations}
    return keys


_HEADER = re.compile(r"\[[ \t]*+([^\]]+)\]")
_PAIR = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(.*)")


def parse_ini(text: str, path: str) -> Mapping[str, Mapping[str, str]]:
    """Sections of keys and values; keys before the first header are of the section `default`.

    A comment begins at `;` or `#` anywhere in a line: a value can hold neither. A header that comes again empties its section.

    Raises:
        InputError: a line is neither header, pair, comment nor blank.
    """
    sections: dict[str, dict[str, str]] = {}
    current = "default"
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if not line:
            continue
        content = re.split("[;#]", line, maxsplit=1)[0].rstrip(" \t")
        if header := _HEADER.fullmatch(content):
            current = header.group(1)
            sections[current] = {}
        elif pair := _PAIR.fullmatch(content):
            sections.setdefault(current, {})[pair.group(1)] = pair.group(2)
        elif content:
            raise InputError(f"{path}:{number}: llama.cpp cannot read this line", "write key = value")
    return sections
