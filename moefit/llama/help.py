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

from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.launch.builds import read_version
from moefit.launch.options import OptionTable, builtin, from_rows, parse_help

LIMIT: Final = 5.0
"""Seconds to wait for an answer."""
VERSION: Final = 2
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
    kept = _folder(environment) / _name(found, stat, subcommand)
    table = _read(kept, found, program)
    if table is None:
        table = _ask((str(found), *subcommand), program, environment)
        if not table.options:
            return None
        answer = {"version": VERSION, "path": str(found), "build": table.build, "options": table.rows}
        with suppress(InputError):  # a cache that cannot be written is none
            write_atomically(kept, json.dumps(answer))
    return table


def read_page(path: str, program: str) -> OptionTable:
    """The options that a file lists which holds what a program's `--help` printed.

    Raises:
        InputError: it cannot be read, or lists no option.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"--build {path}: {error.strerror}", "a build number, or a page of --help"
        ) from error
    table = parse_help(program, text)
    if not table.options:
        raise InputError(
            f"--build {path}: no page of {program} --help", f"{program} --help > FILE writes one"
        )
    return table


def _folder(environment: Mapping[str, str]) -> Path:
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path(environment.get("HOME", "/")) / ".cache") / "moefit" / "help"


def _name(path: Path, stat: os.stat_result, subcommand: Sequence[str]) -> str:
    """A checksum of the path is enough: the file says which path it is for."""
    words = b" ".join(os.fsencode(word) for word in (str(path), *subcommand))
    return f"{crc32(words):08x}-{stat.st_size:x}-{stat.st_mtime_ns:x}.json"


def _ask(words: Sequence[str], program: str, environment: Mapping[str, str]) -> OptionTable:
    """Its options and its build; a page that has little of llama-server's is of something that need not be asked for a version."""
    page = _output((*words, "--help"), environment) or ""
    table = parse_help(program, page)
    known = set(builtin(program).spellings)
    if 2 * len(known.intersection(table.spellings)) < len(known):
        return table
    return parse_help(program, page, read_version(_output((*words, "--version"), environment) or ""))


def _output(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What it prints, on stdout and (a version) on stderr; None where it does not end well."""
    from moefit.llama.runner import ask  # noqa: PLC0415 - needed only the first time

    try:
        answer = ask(words, _plain(environment), LIMIT)
    except InputError:
        return None
    if answer.status != 0:
        return None
    return answer.out + answer.err if words[-1] == "--version" else answer.out


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would make the program do more than answer (a model to load, RPC servers to call)."""
    return {key: value for key, value in environment.items() if not key.startswith("LLAMA_ARG_")}


def _read(kept: Path, path: Path, program: str) -> OptionTable | None:
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        known = (found["version"], found["path"]) == (VERSION, str(path))
        return from_rows(program, found["options"], found["build"]) if known else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
