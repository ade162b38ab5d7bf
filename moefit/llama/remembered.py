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

from moefit.documents import parse_json
from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.folders import user_folder
from moefit.launch.command import parse
from moefit.launch.options import OptionTable, known_words
from moefit.llama.executables import require_program
from moefit.llama.figures import read_count, read_list, read_mapping, within
from moefit.llama.verify import verify
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use
from moefit.reading import read_small

_VERSION: Final = 3
"""Of what is kept."""
_MOST_BYTES: Final = 1 << 60
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
    folder = user_folder(environment, "XDG_CACHE_HOME", ".cache")
    kept = None if folder is None else folder / "moefit" / "exact" / f"{_key(parts, program, model)}.json"
    before = None if kept is None else _before(kept)
    if isinstance(before, InputError):
        raise before
    if before is not None:
        return before
    try:
        found = verify(argv, table=table, environment=environment, timeout=_LIMIT)
    except InputError as error:
        _keep(kept, {"failed": [error.message, error.hint]})
        raise
    _keep(kept, asdict(found))
    return found


def _before(kept: Path) -> RealUse | InputError | None:
    """What was said or failed before; None where nothing is kept that can be read, or a failure is too old."""
    try:
        document = parse_json(read_small(kept))
        if within(document, "version") != _VERSION:
            return None
        if "failed" not in document:
            return _read(document)
        return _failure(document) if 0 <= time.time() - kept.stat().st_mtime < _FAILED_FOR else None
    except (OSError, InputError, ValueError):
        return None


def _keep(kept: Path | None, document: Mapping[str, Any]) -> None:
    if kept is not None:
        with suppress(InputError):  # a cache that cannot be written is none
            write_atomically(kept, json.dumps({"version": _VERSION, **document}))


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
    said = read_list(document, "failed")
    if len(said) != 2 or not isinstance(said[0], str) or not isinstance(said[1], (str, type(None))):
        raise ValueError("failed")
    return InputError(said[0], said[1])


def _read(document: Mapping[str, Any]) -> RealUse:
    """What was kept; raises ValueError where it is something else."""
    draft, mmproj = (read_mapping(document, key) for key in ("draft", "mmproj"))
    return RealUse(
        tuple(map(_device, read_list(document, "devices"))),
        _use(document, "host"),
        {name: _use(draft, name) for name in draft},
        {name: read_count(mmproj, name, _MOST_BYTES) for name in mmproj},
        bool(within(document, "outputs_per_token")),
    )


def _device(record: Any) -> RealDevice:
    total, free = (read_count(record, key, _MOST_BYTES) for key in ("total", "free"))
    return RealDevice(str(within(record, "name")), total, free, _use(record, "use"))


def _use(record: Any, key: str) -> Use:
    use = read_mapping(record, key)
    return Use(*(read_count(use, term, _MOST_BYTES) for term in ("model", "context", "compute")))
