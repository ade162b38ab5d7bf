"""How far a remote header has come: one line on stderr, for a person alone."""

from __future__ import annotations

import sys
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
