"""Small files that are not trusted: read within bounds, whatever they are."""

from __future__ import annotations

import os
import stat
from typing import Final

from moefit.errors import InputError

MAX_SMALL: Final = 1 << 20
"""Bytes of a file that moefit reads whole; its own are some hundred KiB at most."""


def read_small(path: str | os.PathLike[str], hint: str | None = None, *, errors: str = "strict") -> str:
    """The text of a regular file of at most MAX_SMALL bytes, in UTF-8.

    A pipe or a device is never waited for, and nothing is read that has no end.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it cannot be read, is no regular file, is too large, or no text.
    """
    try:
        descriptor = open_regular(path, hint)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MAX_SMALL + 1)
        if len(data) > MAX_SMALL:
            raise InputError(f"{os.fspath(path)}: more than {MAX_SMALL >> 10} KiB", hint)
        return data.decode("utf-8", errors)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{os.fspath(path)}: {error.strerror}", hint) from error
    except ValueError as error:
        raise InputError(f"{os.fspath(path)}: not text", hint) from error


def open_regular(path: str | os.PathLike[str], hint: str | None = None) -> int:
    """A descriptor of a regular file, open for reading.

    Raises:
        OSError: it cannot be opened.
        ValueError: no file can be called that.
        InputError: it is a folder, a pipe, a device.
    """
    # To open some devices does something, so their kind is asked first; and again, for the name may be another's by then.
    if stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (pathlib costs start-up time)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
    raise InputError(f"{os.fspath(path)}: not a file", hint)
