"""How far what takes its time has come: one line on stderr, for a person alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moefit.sizes import format_size

if TYPE_CHECKING:
    from moefit.gguf.remote import Progress

ERASE = "\r\x1b[K"


def _is_watched() -> bool:
    """Whether stderr is a terminal that can take a line away again."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def show_progress(progress: Progress) -> None:
    """Write over the line, and take it away in the end."""
    if not _is_watched():
        return
    line = "" if progress.done else f"reading the header of {progress.name}: {format_size(progress.fetched)}"
    sys.stderr.write(ERASE + line)
    sys.stderr.flush()


@contextmanager
def told(what: str) -> Iterator[None]:
    """What is being done stands on the line while it is."""
    if not _is_watched():
        yield
        return
    sys.stderr.write(what)
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write(ERASE)
        sys.stderr.flush()


@contextmanager
def asking() -> Iterator[None]:
    """A bar while the real llama.cpp is asked, which takes seconds."""
    if not _is_watched():
        yield
        return
    from moefit.cli.bar import bar

    sys.stderr.write(ERASE)
    with bar() as tell:
        tell("llama.cpp loads the model without its weights", None)
        yield
