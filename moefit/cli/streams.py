"""stdout carries the result whole or is an error; stderr carries what is said, and nobody has to read it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper

from moefit.errors import InputError

_ENCODING_HINT = "a locale of UTF-8 can, such as LC_ALL=C.UTF-8"


class LostError(InputError):
    """stdout takes no more."""


class _Result(TextIOWrapper):
    """stdout: what goes wrong there is said of it, and of no other file."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _lost(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _lost(error) from error


class _Said(TextIOWrapper):
    """stderr: a full disk, a closed pipe or a descriptor that is none loses what is said, and nothing else."""

    def write(self, text: str, /) -> int:
        with suppress(OSError, ValueError):
            super().write(text)
            super().flush()
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            super().flush()


def prepare_streams() -> None:
    """Paths that are no UTF-8 go out as they came in; a terminal that lacks a character of what is said gets a ? for it."""
    _hold_standard_descriptors()
    if sys.stdout is None:  # closed by the caller: what is written fails, as it would there
        sys.stdout = _Result(open(os.open(os.devnull, os.O_RDONLY), "wb", buffering=0), "utf-8")  # noqa: SIM115, PTH123 - until the end
    elif type(sys.stdout) is TextIOWrapper:
        sys.stdout = _again(_Result, sys.stdout, "surrogateescape")
        sys.__stdout__ = sys.stdout  # type: ignore[misc]  # by which shutil finds the terminal's width; the one before is detached
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as above
    elif type(sys.stderr) is TextIOWrapper:
        is_utf = sys.stderr.encoding.lower().replace("-", "") == "utf8"
        sys.stderr = _again(_Said, sys.stderr, "surrogateescape" if is_utf else "replace")


def encodable(text: str) -> str:
    """`text`, which stdout can carry whole.

    Raises:
        InputError: its encoding lacks a character: with a ? for it, a path would be another.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError as error:
        lacking = ascii(text[error.start : error.start + 1])
        raise InputError(
            f"the result has a character {lacking} that {encoding} lacks", _ENCODING_HINT
        ) from None
    return text


def discard() -> None:
    """Nobody reads stdout: keep the interpreter from trying again as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _again(kind: type[TextIOWrapper], stream: TextIOWrapper, errors: str) -> TextIOWrapper:
    """The stream as another kind of the same, with a buffer: a raw file (PYTHONUNBUFFERED) takes a part of a text and says nothing."""
    encoding, by_line, binary = stream.encoding, stream.line_buffering, stream.detach()
    whole = BufferedWriter(binary) if isinstance(binary, RawIOBase) else binary
    return kind(whole, encoding, errors, line_buffering=by_line)


def _hold_standard_descriptors() -> None:
    """A closed 0, 1 or 2 is not given to the next file that is opened, which then would get what is printed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDONLY)


def _lost(error: OSError) -> LostError:
    return LostError(f"cannot write the result: {error.strerror}")


def erase() -> None:
    """Take away a line of progress that an interrupt has left on a terminal, and show the cursor that a bar hides."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K\x1b[?25h")
            sys.stderr.flush()
