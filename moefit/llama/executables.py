"""Finds llama.cpp's programs: where the line says, on the PATH, or in the folder MOEFIT_LLAMA names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from moefit.errors import InputError

MISSING_HINT: Final = "put llama.cpp's programs on the PATH, or name their folder in MOEFIT_LLAMA"


def find_program(name: str, environment: Mapping[str, str], sibling: str | None = None) -> str | None:
    """The file that runs when a line says `name`, or None.

    A name with a slash is that file alone. Otherwise: the folder of the program `sibling`, the PATH, then MOEFIT_LLAMA.
    """
    if os.sep in name:
        return name if _executable(Path(name)) else None
    folders = [str(Path(sibling).parent)] if sibling and os.sep in sibling else []
    folders += [folder or "." for folder in environment.get("PATH", os.defpath).split(os.pathsep)]
    folders += [environment["MOEFIT_LLAMA"]] if environment.get("MOEFIT_LLAMA") else []
    candidates = (Path(folder) / name for folder in folders)
    return next((str(path) for path in candidates if _executable(path)), None)


def require_program(name: str, environment: Mapping[str, str], sibling: str | None = None) -> str:
    """As find_program.

    Raises:
        InputError: there is no such program.
    """
    found = find_program(name, environment, sibling)
    if found is None:
        raise InputError(f"{name}: no such program", hint=MISSING_HINT)
    return found


def _executable(path: Path) -> bool:
    """False also where a folder may not be searched: such a one on the PATH is passed over, as a shell does."""
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113 - Path.is_file raises where it may not ask
