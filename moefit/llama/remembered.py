"""What a program said of a line's memory, kept until the program, the model or the line is another; that it failed, for an hour.

Under $XDG_CACHE_HOME/moefit/exact, as the pages of --help are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.launch.command import parse
from moefit.launch.options import OptionTable, known_words
from moefit.llama.executables import require_program
from moefit.llama.verify import verify
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use

_VERSION: Final = 3
"""Of what is kept."""
_LIMIT: Final = 20.0
"""Seconds for an answer that nobody asked for."""
_FAILED_FOR: Final = 3600.0
"""Seconds for which a failure is believed: what it lacked may be there later."""
_ELSEWHERE: Final = frozenset({"-cram", "-ctxcp", "-cms", "--host", "--port", "-a"})
"""Options that change no figure: what prompts leave in RAM is taken request by request, the address is verify's own.

source: tools/server/server-context.cpp, server_prompt_cache and create_checkpoint
"""


def real_use(argv: Sequence[str], model: str, table: OptionTable, environment: Mapping[str, str]) -> RealUse:
    """What the line's program says of it, asked once.

    Args:
        argv: the whole line.
        model: path of the model's first file.
        table: the options of the program.
        environment: of the process, with what the line needs.

    Raises:
        InputError: the program is missing, fails, or takes too long; or did so within the last hour.
    """
    program = require_program(table.program, environment, sibling=next(iter(argv), None))
    parts = (*_words(argv, table), *_variables(table, environment))
    kept = _folder(environment) / f"{_key(parts, program, model)}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        document = json.loads(kept.read_text(encoding="utf-8"))
        if "failed" not in document:
            return _read(document)
        if 0 <= time.time() - kept.stat().st_mtime < _FAILED_FOR:
            raise _failure(document)
    try:
        found = verify(argv, table=table, environment=environment, timeout=_LIMIT)
    except InputError as error:
        _keep(kept, {"failed": [error.message, error.hint]})
        raise
    _keep(kept, asdict(found))
    return found


def _keep(kept: Path, document: Mapping[str, Any]) -> None:
    with suppress(InputError):  # a cache that cannot be written is none
        write_atomically(kept, json.dumps({"version": _VERSION, **document}))


def _folder(environment: Mapping[str, str]) -> Path:
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path(environment.get("HOME", "/")) / ".cache") / "moefit" / "exact"


def _words(argv: Sequence[str], table: OptionTable) -> Iterator[str]:
    """Those of the line that its figures depend on."""
    command = parse(argv, table)
    yield from command.head
    for argument in command.arguments:
        if _ELSEWHERE.isdisjoint(known_words(argument.option)):
            yield from argument.words


def _variables(table: OptionTable, environment: Mapping[str, str]) -> Iterator[str]:
    """Those that choose devices or set options on which the figures depend."""
    without = {o.env for o in table.options if not _ELSEWHERE.isdisjoint(known_words(o))}
    for name, value in sorted(environment.items()):
        if name.startswith(("LLAMA_ARG_", "GGML_", "CUDA_")) and name not in without:
            yield f"{name}={value}"


def _key(said: Iterable[str], program: str, model: str) -> str:
    """Of the files' paths, sizes and times, and of what is said to the program."""
    parts: list[object] = [*said]
    for path in (program, model):
        with suppress(OSError):
            stat = Path(path).resolve().stat()
            parts += [path, stat.st_size, stat.st_mtime_ns]
    return sha256("\0".join(map(str, parts)).encode(errors="surrogateescape")).hexdigest()[:32]


def _failure(document: Mapping[str, Any]) -> InputError:
    if document["version"] != _VERSION:
        raise ValueError(document["version"])
    message, hint = document["failed"]
    return InputError(message, hint)


def _read(document: Mapping[str, Any]) -> RealUse:
    if document["version"] != _VERSION:
        raise ValueError(document["version"])
    return RealUse(
        tuple(RealDevice(d["name"], d["total"], d["free"], Use(**d["use"])) for d in document["devices"]),
        Use(**document["host"]),
        {name: Use(**use) for name, use in document["draft"].items()},
        dict(document["mmproj"]),
        bool(document["outputs_per_token"]),
    )
