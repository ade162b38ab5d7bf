"""Asks the real llama.cpp how much memory a line will take, before it reads any weights.

llama-server fits parameters by a dummy load (nothing allocated) and logs what it found as a `fit_memory_breakdown`
event (source: common/fit.cpp, common_memory_breakdown_print); it is stopped right after. llama-fit-params, which
reserves outputs for a whole ubatch, logs the same event and stands in for programs that do not fit at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from moefit.errors import InputError, UsageError
from moefit.launch.command import Argument, Command, parse
from moefit.launch.options import OptionTable, parse_help
from moefit.llama.programs import require_program
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use
from moefit.sizes import MIB

_EVENT: Final = "fit_memory_breakdown"
# common/fit.cpp, common_params_fit_impl: logged when everything the line asks for has been measured once.
_MEASURED: Final = re.compile(r"projected to use \d+ MiB of (host|device) memory")
_EXTRA: Final = "getting device memory data for the extra model"
# tools/server/server-context.cpp, load_model
_MMPROJ: Final = re.compile(r"adding ([\d.]+) MiB to fit_params_target for device (\S+)")
_LOG_OPTIONS: Final = frozenset({"--log-disable", "--log-file", "--log-jsonl"})
_SERVER: Final = ("--fit", "on", "--host", "127.0.0.1", "--port", "0")
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
    server = command.name == "llama-server"
    program = require_program(command.program if server else "llama-fit-params", env, beside=command.program)
    if server:
        arguments = [word for argument in _arguments_that_log(command) for word in argument.words]
        arguments += _SERVER
    else:
        arguments = fit_params_arguments(command, parse_help("llama-fit-params", _help(program, env)))
        arguments += ["--fit-print", "on"]
    words = (program, *command.subcommand) if server else (program,)
    line = [*command.wrapper, *words, *arguments, *_COMMON]
    return _ask(line, env, timeout, whole_ubatch_outputs=not server)


def fit_params_arguments(command: Command, table: OptionTable) -> list[str]:
    """The command's arguments, less those that llama-fit-params (whose options `table` has) does not take."""
    taken = (a for a in _arguments_that_log(command) if table.lookup(a.spelling) is not None)
    return [word for argument in taken for word in argument.words]


def read_log(lines: Iterable[str], *, whole_ubatch_outputs: bool = False) -> RealUse:
    """The memory a log of JSON lines tells of, reading no further than it must.

    Raises:
        InputError: the log ends before the figures; the message is the log's own last error.
    """
    main: dict[str, Any] | None = None
    extra: dict[str, Any] = {}
    mmproj: dict[str, int] = {}
    in_extra = False
    trouble = ""
    for record in _records(lines):
        message = str(record.get("msg", "")).strip()
        if record.get("type") == _EVENT:
            if in_extra:
                extra = record["data"]
            else:
                main = record["data"]
            if whole_ubatch_outputs:
                break
        elif _EXTRA in message:
            in_extra = True
        elif (found := _MMPROJ.search(message)) is not None:
            mmproj[found[2]] = mmproj.get(found[2], 0) + round(float(found[1]) * MIB)
        elif _MEASURED.search(message):
            break
        elif record.get("level") == "error":
            trouble = trouble or message
    if main is None:
        raise InputError(
            f"llama.cpp gave no memory figures: {trouble or 'it ended without an error'}",
            hint="run the line itself with -lv 4 to see its log; builds before 0.6.0 have no --log-jsonl",
        )
    return RealUse(
        devices=tuple(_device(row) for row in main["rows"] if row["kind"] == "device"),
        host=_sum(row for row in main["rows"] if row["kind"] != "device"),
        extra=_by_device(extra.get("rows", [])),
        mmproj=mmproj,
        whole_ubatch_outputs=whole_ubatch_outputs,
    )


def _ask(
    command: Sequence[str], env: Mapping[str, str], timeout: float, *, whole_ubatch_outputs: bool
) -> RealUse:
    import signal  # noqa: PLC0415 - a plan needs none of these
    import subprocess  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415 - as above

    with subprocess.Popen(  # noqa: S603 - the user's own program
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        expired = threading.Event()

        def stop() -> None:
            # The whole session, for a wrapper's child; nothing is allocated yet, so there is nothing to tidy up.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

        def expire() -> None:
            expired.set()
            stop()

        timer = threading.Timer(timeout, expire)
        timer.start()
        try:
            return read_log(process.stdout or (), whole_ubatch_outputs=whole_ubatch_outputs)
        except InputError as error:
            if expired.is_set():
                raise InputError(f"{command[0]} gave no memory figures within {timeout:g} s") from error
            raise
        finally:
            timer.cancel()
            stop()


def _help(program: str, env: Mapping[str, str]) -> str:
    import subprocess  # noqa: PLC0415 - a plan needs none

    try:
        done = subprocess.run(  # noqa: S603 - the user's own program
            [program, "--help"],
            check=False,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{program} --help: {error}") from error
    return done.stdout


def _records(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a log; a line that is none becomes an error's text, so that it can be reported."""
    for line in lines:
        text = line.strip()
        try:
            record = json.loads(text)
        except ValueError:
            record = None
        if isinstance(record, dict):
            yield record
        elif text:
            yield {"type": "log", "level": "error" if "error" in text.lower() else "info", "msg": text}


def _arguments_that_log(command: Command) -> Iterator[Argument]:
    """The arguments, less those that would hide the log or write one where the user keeps theirs."""
    return (a for a in command.arguments if not _LOG_OPTIONS.intersection(a.option.spellings))


def _device(row: Mapping[str, Any]) -> RealDevice:
    return RealDevice(row["name"], row["total"] * MIB, row["free"] * MIB, _use(row))


def _use(row: Mapping[str, Any]) -> Use:
    return Use(row["model"] * MIB, row["context"] * MIB, row["compute"] * MIB)


def _sum(rows: Iterable[Mapping[str, Any]]) -> Use:
    uses = [_use(row) for row in rows]
    return Use(sum(u.model for u in uses), sum(u.context for u in uses), sum(u.compute for u in uses))


def _by_device(rows: Iterable[Mapping[str, Any]]) -> dict[str, Use]:
    return {row["name"]: _use(row) for row in rows}
