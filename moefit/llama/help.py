"""Asks a program for --help (and --version), once for each build, so that only options it knows are written.

The answer is kept under $XDG_CACHE_HOME/moefit/help, by the file's path, size and time.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from moefit.documents import parse_json
from moefit.errors import InputError, MoefitError
from moefit.files import write_atomically
from moefit.folders import user_folder
from moefit.launch.builds import read_version
from moefit.launch.help_page import parse_help
from moefit.launch.options import OptionTable, builtin, from_rows
from moefit.reading import read_small

_LIMIT: Final = 5.0
"""Seconds to wait for an answer."""
_ANYBODYS: Final = frozenset({"-h", "--help", "-v", "-V", "--version"})
"""Options that any program may have."""
_VERSION: Final = 5
"""Of what is kept; it changes when an answer would be read otherwise."""


def option_table(
    path: str, program: str, environment: Mapping[str, str], subcommand: Sequence[str] = ()
) -> OptionTable | None:
    """The options of the program at `path`; None when it does not answer, or answers something else."""
    try:
        found = Path(path).resolve(strict=True)
        stat = found.stat()
    except OSError:
        return None
    folder = user_folder(environment, "XDG_CACHE_HOME", ".cache")
    kept = folder / "moefit" / "help" / _name(found, stat, subcommand) if folder else None
    table = _read(kept, found, program) if kept else None
    if table is None:
        table = _ask((str(found), *subcommand), program, environment)
        if not table.options:
            return None
        if kept:
            _keep(kept, found, table)
    return table


def help_trouble(
    path: str, program: str, environment: Mapping[str, str], subcommand: Sequence[str] = ()
) -> str:
    """What is wrong with a program's answer to --help, in words; empty where nothing is.

    It may list its options and fail all the same: then it does not start as it is.
    """
    from moefit.llama.runner import ask  # noqa: PLC0415 - needed only here and for the first answer

    try:
        answer = ask((path, *subcommand, "--help"), _plain(environment), _LIMIT)
    except MoefitError as error:
        return f"fails: {error.message}"
    listed = {word for text in (answer.out, answer.err) for word in parse_help(program, text).spellings}
    known = listed.intersection(builtin(program).spellings) - _ANYBODYS
    lists = "" if known else f"lists no option of {program}" if listed else "lists nothing"
    ends = f"ends with {answer.how}" if answer.status else ""
    return " and ".join(filter(None, (lists, ends)))


def _keep(kept: Path, path: Path, table: OptionTable) -> None:
    answer = {"version": _VERSION, "path": str(path), "build": table.build, "options": table.rows}
    with suppress(InputError):  # a cache that cannot be written is none
        write_atomically(kept, json.dumps(answer))


def read_page(path: str, program: str) -> OptionTable:
    """The options that a file lists which holds what a program's `--help` printed.

    Raises:
        InputError: it cannot be read, or lists no option.
    """
    hint = "a build number, or a page of --help"
    try:
        text = read_small(path, hint, errors="replace")
    except FileNotFoundError:
        raise InputError(f"--build {path}: No such file or directory", hint) from None
    table = parse_help(program, text)
    if not table.options:
        raise InputError(
            f"--build {path}: no page of {program} --help", f"{program} --help > FILE writes one"
        )
    return table


def _name(path: Path, stat: os.stat_result, subcommand: Sequence[str]) -> str:
    """A checksum of the path is enough: the file says which path it is for."""
    words = b" ".join(os.fsencode(word) for word in (str(path), *subcommand))
    return f"{crc32(words):08x}-{stat.st_size:x}-{stat.st_mtime_ns:x}.json"


def _ask(words: Sequence[str], program: str, environment: Mapping[str, str]) -> OptionTable:
    """Its options and its build; a page that has nothing of llama-server's is none.

    One that has little of it is of something that need not be asked for a version. The page may come on stderr, or with an exit status that tells of an error; then it must be one of the program's.
    """
    status, *streams = _output((*words, "--help"), environment)
    page = max(streams, key=lambda text: len(parse_help(program, text).options))
    table = parse_help(program, page)
    known = set(builtin(program).spellings)
    model = table.get("-m")
    if known.isdisjoint(set(table.spellings) - _ANYBODYS) or (model is not None and not model.arity):
        return OptionTable(program, ())
    if 2 * len(known.intersection(table.spellings)) < len(known):
        return OptionTable(program, ()) if status else table
    _, *streams = _output((*words, "--version"), environment)
    return parse_help(program, page, read_version("\n".join(streams)))


def _output(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Its exit status, and what it prints on stdout and on stderr; nothing where it does not start or end."""
    from moefit.llama.runner import ask  # noqa: PLC0415 - needed only the first time

    try:
        answer = ask(words, _plain(environment), _LIMIT)
    except InputError:
        return 1, "", ""
    return answer.status, answer.out, answer.err


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would make the program do more than answer (a model to load, RPC servers to call)."""
    return {key: value for key, value in environment.items() if not key.startswith("LLAMA_ARG_")}


def _read(kept: Path, path: Path, program: str) -> OptionTable | None:
    """What is kept of that program; None where it is not what moefit writes."""
    try:
        found = parse_json(read_small(kept))
        known = (found["version"], found["path"]) == (_VERSION, str(path))
        rows, build = found["options"], found["build"]
        good = known and isinstance(rows, list) and all(map(_is_row, rows)) and _is_build(build)
        return from_rows(program, rows, build) if good else None
    except (OSError, InputError, ValueError, TypeError, KeyError):
        return None


def _is_build(build: object) -> bool:
    return build is None or type(build) is int


def _is_row(row: object) -> bool:
    """Four lists of words, and two words that may be missing."""
    return (
        isinstance(row, list)
        and len(row) == 6
        and all(isinstance(part, list) and all(isinstance(word, str) for word in part) for part in row[:4])
        and bool(row[0])
        and all(part is None or isinstance(part, str) for part in row[4:])
    )
