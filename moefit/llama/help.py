"""Asks a program for --help, once for each build, so that only options it knows are written.

The answer is kept under $XDG_CACHE_HOME/moefit/help, by the file's path, size and time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.launch.options import OptionTable, parse_help

LIMIT: Final = 5.0
"""Seconds to wait for an answer."""


def option_table(path: str, program: str, environment: Mapping[str, str]) -> OptionTable | None:
    """The options of the program at `path`; None when it does not answer, or answers something else."""
    try:
        found = Path(path).resolve(strict=True)
        stat = found.stat()
    except OSError:
        return None
    kept = _folder(environment) / _key(str(found), stat)
    text = _read(kept)
    if text is None:
        text = _ask(str(found), environment)
        if text is None or not parse_help(program, text).options:
            return None
        with suppress(InputError):  # a cache that cannot be written is none
            write_atomically(kept, text)
    return parse_help(program, text)


def _folder(environment: Mapping[str, str]) -> Path:
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path(environment.get("HOME", "/")) / ".cache") / "moefit" / "help"


def _key(path: str, stat: os.stat_result) -> str:
    from hashlib import sha256  # noqa: PLC0415 - needed only with a program at hand

    return sha256(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}".encode(errors="surrogateescape")).hexdigest()[
        :32
    ]


def _ask(path: str, environment: Mapping[str, str]) -> str | None:
    import subprocess  # noqa: PLC0415 - needed only the first time

    try:
        answer = subprocess.run(  # noqa: S603 - the program that the user's command names
            [path, "--help"],
            env=_plain(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode(errors="replace")


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would make the program do more than answer (a model to load, RPC servers to call)."""
    return {key: value for key, value in environment.items() if not key.startswith("LLAMA_ARG_")}


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
