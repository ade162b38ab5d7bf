"""What a server prints while it is measured: beginning and end are kept, and one that prints without end is ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Final

from moefit.sizes import GIB, MIB

KEPT: Final = 16 * MIB
"""Bytes of the beginning, and of the end: what failed first stands there, and what an expert cache hit here."""
MOST: Final = GIB
"""Bytes after which a server is ended; with -v one prints some MiB a request."""
_READ: Final = 65536
_PATIENCE: Final = 5.0
"""Seconds for what is in the pipe when all its writers have ended."""


class ServerLog:
    """Reads one end of a pipe in a thread of its own, whoever writes into the other."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        self.writer = os.fdopen(write, "wb")
        """For the server's streams; to be closed here once it has them."""
        self.too_long = False
        """Whether it printed so much that it was ended."""
        self._head, self._tail = bytearray(), bytearray()
        self._thread: Thread | None = None

    @property
    def beginning(self) -> str:
        """The first of it."""
        return bytes(self._head).decode(errors="replace")

    @property
    def end(self) -> str:
        """The last of it."""
        return bytes(self._tail or self._head)[-KEPT:].decode(errors="replace")

    def follow(self, give_up: Callable[[], None]) -> None:
        """Read from now on; `give_up` ends the server once it is too much."""
        self.writer.close()
        self._thread = Thread(target=self._follow, args=(give_up,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read what is left, when nobody writes any more."""
        self.writer.close()
        if self._thread is None:
            os.close(self._read)
        else:
            self._thread.join(_PATIENCE)

    def _follow(self, give_up: Callable[[], None]) -> None:
        size = 0
        with suppress(OSError):
            while part := os.read(self._read, _READ):
                size += len(part)
                room = max(0, KEPT - len(self._head))
                self._head += part[:room]
                self._tail += part[room:]
                if len(self._tail) > 2 * KEPT:
                    del self._tail[:-KEPT]
                if size > MOST and not self.too_long:
                    self.too_long = True
                    give_up()
        os.close(self._read)
