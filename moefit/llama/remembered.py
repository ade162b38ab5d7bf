"""What a program said of a line's memory, kept until the program, the model or the line is another.

Under $XDG_CACHE_HOME/moefit/exact, as the pages of --help are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.launch.options import OptionTable
from moefit.llama.executables import require_program
from moefit.llama.verify import verify
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use

_VERSION: Final = 2
"""Of what is kept."""
_LIMIT: Final = 20.0
"""Seconds for an answer that nobody asked for."""


def real_use(argv: Sequence[str], model: str, table: OptionTable, environment: Mapping[str, str]) -> RealUse:
    """What the line's program says of it, asked once.

    Args:
        argv: the whole line.
        model: path of the model's first file.
        table: the options of the program.
        environment: of the process, with what the line needs.

    Raises:
        InputError: the program is missing, fails, or takes too long.
    """
    program = require_program(table.program, environment, sibling=next(iter(argv), None))
    kept = _folder(environment) / f"{_key(argv, program, model, environment)}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        return _read(json.loads(kept.read_text(encoding="utf-8")))
    found = verify(argv, table=table, environment=environment, timeout=_LIMIT)
    with suppress(InputError):  # a cache that cannot be written is none
        write_atomically(kept, json.dumps({"version": _VERSION, **asdict(found)}))
    return found


def _folder(environment: Mapping[str, str]) -> Path:
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path(environment.get("HOME", "/")) / ".cache") / "moefit" / "exact"


def _key(argv: Sequence[str], program: str, model: str, environment: Mapping[str, str]) -> str:
    """Of the files' paths, sizes and times, the words of the line and the variables that set its options."""
    parts: list[object] = [*argv]
    for path in (program, model):
        with suppress(OSError):
            stat = Path(path).resolve().stat()
            parts += [path, stat.st_size, stat.st_mtime_ns]
    parts += sorted(
        f"{k}={v}" for k, v in environment.items() if k.startswith(("LLAMA_ARG_", "GGML_", "CUDA_"))
    )
    return sha256("\0".join(map(str, parts)).encode(errors="surrogateescape")).hexdigest()[:32]


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
