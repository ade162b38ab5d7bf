"""Asks the real llama.cpp how much memory a line will take, before it reads any weights.

llama-server fits parameters by a dummy load (nothing allocated) and logs what it found as a `fit_memory_breakdown`
event (source: common/fit.cpp, common_memory_breakdown_print); it is stopped right after. It answers for llama-cli, which runs
a server of its own, too. llama-fit-params, which reserves outputs for a whole ubatch, logs the same event and stands in for
programs that do not fit at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from moefit.errors import DriverError, InputError, UsageError
from moefit.launch.command import Argument, Command, parse
from moefit.launch.help_page import parse_help
from moefit.launch.options import OptionTable, known_words
from moefit.launch.settings import SERVERS
from moefit.llama.executables import require_program
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use
from moefit.sizes import MIB

_EVENT: Final = "fit_memory_breakdown"
# common/fit.cpp, common_params_fit_impl: logged when everything the line asks for has been measured once.
_MEASURED: Final = re.compile(r"projected to use \d+ MiB of (host|device) memory")
_EXTRA: Final = "getting device memory data for the extra model"
# tools/server/server-context.cpp, load_model
_MMPROJ: Final = re.compile(r"adding (\d{1,9}(?:[.]\d{1,9})?) MiB to fit_params_target for device (\S+)")
_LOG_OPTIONS: Final = frozenset({"--log-disable", "--log-file", "--log-jsonl"})
_SERVER: Final = ("--fit", "on", "--host", "127.0.0.1", "--port", "0")
_CLIENT: Final = ("-np", "1")
"""A client's server has one slot where the line says nothing. source: common/arg.cpp, common_params_parser_init"""
_FIT_PARAMS: Final = ("--fit-print", "on")
_COMMON: Final = ("--log-jsonl", "-lv", "5", "--offline")


def verify(
    argv: Sequence[str],
    *,
    table: OptionTable | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> RealUse:
    """Memory of the line `argv`, by one dummy load of the real program.

    Args:
        argv: a whole line; words before the program (numactl, env) are kept.
        table: the options of the line's program; the built-in ones when None.
        environment: the process environment and whatever the line needs; the current one when None.
        timeout: seconds until the program is stopped.

    Raises:
        UsageError: the line cannot be parsed, or its program is llama-bench.
        InputError: the program is missing, fails, says nothing about memory, or takes too long.
    """
    env = dict(os.environ if environment is None else environment)
    command = parse(argv, table)
    if command.name == "llama-bench":
        raise UsageError(
            "llama-bench runs several settings at once", hint="verify the llama-server line instead"
        )
    if command.container is not None:
        raise UsageError(
            "a container's program is not asked",
            "verify the llama-server command alone, with the host's path",
        )
    line = [*command.wrapper, *_who_answers(command, env), *_COMMON]
    return _ask(line, env, timeout, outputs_per_token=command.name not in SERVERS)


def _who_answers(command: Command, env: Mapping[str, str]) -> list[str]:
    """The words of the program that reserves what the command's does, and tells of it."""
    serves = command.name in SERVERS
    name = "llama-server" if serves else "llama-fit-params"
    itself = command.name == name
    subcommand = command.subcommand if itself or not (serves and command.subcommand) else ("serve",)
    program = require_program(command.program if itself or subcommand else name, env, command.program)
    words = [program, *subcommand]
    if itself:
        arguments = [word for argument in _arguments_that_log(command) for word in argument.words]
    else:
        arguments = [*(_CLIENT if serves else ()), *arguments_taken(command, _table(name, words, env))]
    return [*words, *arguments, *(_SERVER if serves else _FIT_PARAMS)]


def arguments_taken(command: Command, table: OptionTable) -> list[str]:
    """The command's arguments, less those that another program (whose options `table` has) does not take."""
    taken = (a for a in _arguments_that_log(command) if table.lookup(a.spelling) is not None)
    return [word for argument in taken for word in argument.words]


def read_log(
    lines: Iterable[str], *, outputs_per_token: bool = False, failed: Callable[[], str] = str
) -> RealUse:
    """The memory a log of JSON lines tells of, reading no further than it must.

    Args:
        lines: the log.
        outputs_per_token: whose log it is: llama-fit-params', which has no mark of its own behind its figures.
        failed: how the program failed, empty where it did not; asked where the log ends before everything has been measured.

    Raises:
        InputError: the log ends before the figures, or its program fails behind them; the message is the log's own first error.
    """
    found = _Found()
    for record in _records(lines):
        found.take(record)
        if found.complete:
            break
    how = "" if found.complete else failed()
    if found.main is None or how:
        said = "gave no memory figures" if found.main is None else "failed behind its first memory figures"
        raise InputError(
            f"llama.cpp {said}: {found.trouble or how or 'it ended without an error'}",
            hint="run the line itself with -lv 4 to see its log; builds before 0.6.0 have no --log-jsonl",
        )
    try:
        rows = found.main["rows"]
        return RealUse(
            devices=tuple(_device(row) for row in rows if row["kind"] == "device"),
            host=_sum(row for row in rows if row["kind"] != "device"),
            draft=_by_device(found.draft["rows"]),
            mmproj=found.mmproj,
            outputs_per_token=outputs_per_token,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"llama.cpp's memory figures cannot be read: {type(error).__name__} {error}",
            hint="moefit knows the log of llama.cpp b11434; run the line itself with -lv 5 --log-jsonl to see it",
        ) from None


class _Found:
    """What a log has told so far."""

    def __init__(self) -> None:
        self.main: Mapping[str, Any] | None = None
        self.draft: Mapping[str, Any] = {"rows": []}
        self.mmproj: dict[str, int] = {}
        self.trouble = ""
        self.complete = False
        """Everything that the line asks for has been measured."""
        self._in_extra = False

    def take(self, record: Mapping[str, Any]) -> None:
        message = str(record.get("msg", "")).strip()
        if record.get("type") == _EVENT:
            data = record.get("data")
            figures = data if isinstance(data, dict) else {}
            if self._in_extra:
                self.draft = figures
            else:
                self.main = figures
        elif _EXTRA in message:
            self._in_extra = True
        elif (found := _MMPROJ.search(message)) is not None:
            self.mmproj[found[2]] = self.mmproj.get(found[2], 0) + round(float(found[1]) * MIB)
        elif _MEASURED.search(message):
            self.complete = True
        elif record.get("level") == "error":
            self.trouble = self.trouble or message


def _ask(
    command: Sequence[str], env: Mapping[str, str], timeout: float, *, outputs_per_token: bool
) -> RealUse:
    from moefit.llama.runner import how_it_failed, lines, session  # noqa: PLC0415 - a plan needs none

    # Nothing is allocated yet, so there is nothing to tidy up when it is stopped.
    with session(command, env) as process:
        try:
            return read_log(
                lines(process, timeout),
                outputs_per_token=outputs_per_token,
                failed=lambda: how_it_failed(process),
            )
        except TimeoutError:
            raise DriverError(f"{command[0]} gave no memory figures within {timeout:g} s") from None


def _table(name: str, words: Sequence[str], env: Mapping[str, str]) -> OptionTable:
    from moefit.llama.runner import ask  # noqa: PLC0415 - a plan needs none

    answer = ask([*words, "--help"], env, 10)
    if answer.status != 0:
        raise DriverError(f"{' '.join(words)} --help: failed with {answer.how}")
    return parse_help(name, answer.out)


def _records(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a log; a line that is none becomes an error's text, so that it can be reported."""
    for line in lines:
        text = line.strip()
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield record
        elif text:
            yield {"type": "log", "level": "error" if "error" in text.lower() else "info", "msg": text}


def _arguments_that_log(command: Command) -> Iterator[Argument]:
    """The arguments, less those that would hide the log or write one where the user keeps theirs."""
    return (a for a in command.arguments if not _LOG_OPTIONS.intersection(known_words(a.option)))


def _device(row: Mapping[str, Any]) -> RealDevice:
    return RealDevice(str(row["name"]), _bytes(row, "total"), _bytes(row, "free"), _use(row))


def _use(row: Mapping[str, Any]) -> Use:
    return Use(_bytes(row, "model"), _bytes(row, "context"), _bytes(row, "compute"))


def _bytes(row: Mapping[str, Any], key: str) -> int:
    """A figure in MiB, as bytes."""
    value = row[key]
    if type(value) not in {int, float} or not 0 <= value < 1 << 40:
        raise ValueError(f"{key} is {value!r:.40}")
    return int(value * MIB)


def _sum(rows: Iterable[Mapping[str, Any]]) -> Use:
    uses = [_use(row) for row in rows]
    return Use(sum(u.model for u in uses), sum(u.context for u in uses), sum(u.compute for u in uses))


def _by_device(rows: Iterable[Mapping[str, Any]]) -> dict[str, Use]:
    return {str(row["name"]): _use(row) for row in rows}
