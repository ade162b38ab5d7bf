"""Folders of the user's: where caches, settings and units are, by the XDG Base Directory Specification."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from moefit.errors import InputError


def working_folder() -> Path:
    """The folder that relative paths begin in.

    Raises:
        InputError: it has been removed, or may not be searched.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise InputError(f"the current folder: {error.strerror}", "change to one that is there") from None


def user_folder(environment: Mapping[str, str], variable: str, below: str) -> Path | None:
    """The folder that `variable` names, or `below` the home.

    One that is not absolute is ignored, as the specification asks. None where the user has no home: a home is never made.
    """
    stated = environment.get(variable, "")
    if os.path.isabs(stated):  # noqa: PTH117 - a text, perhaps empty
        return Path(stated)
    for home in (environment.get("HOME", ""), _known_home()):
        if os.path.isabs(home) and os.path.isdir(home):  # noqa: PTH112, PTH117 - as above
            return Path(home) / below
    return None


def _known_home() -> str:
    """The home that the system knows for this user; empty for a user whom it does not know, as in some containers."""
    from pwd import getpwuid  # noqa: PLC0415 - only where HOME does not say

    try:
        return getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""
