"""How far what takes its time has come: one line on stderr, for a person alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moefit.sizes import format_size

if TYPE_CHECKING:
    from moefit.gguf.remote import Progress

ERASE = "\r\x1b[K"


def show_progress(progress: Progress) -> None:
    """Write over the line, and take it away in the end."""
    if not sys.stderr.isatty():
        return
    line = "" if progress.done else f"reading the header of {progress.name}: {format_size(progress.fetched)}"
    sys.stderr.write(ERASE + line)
    sys.stderr.flush()


@contextmanager
def asking() -> Iterator[None]:
    """A bar while the real llama.cpp is asked, which takes seconds."""
    if not sys.stderr.isatty():
        yield
        return
    from moefit.cli.bar import bar

    with bar() as tell:
        tell("llama.cpp loads the model without its weights", None)
        yield
