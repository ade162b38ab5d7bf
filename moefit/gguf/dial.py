"""A connection in bounded time, however many addresses a name has and whatever its server does."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from threading import Thread, Timer
from time import monotonic
from typing import Any


def dial(host: str, port: int, seconds: float, silence: float) -> socket.socket:
    """A connected socket: the first of the host's addresses that takes it, each with its share of the `seconds` that are left.

    Args:
        host: a name or an address.
        port: of TCP.
        seconds: for the name and all addresses together.
        silence: seconds that the socket may say nothing, later on.

    Raises:
        OSError: no such name, no address that takes it, or not in time.
    """
    end = monotonic() + seconds
    addresses = _addresses(host, port, seconds)
    trouble = OSError(errno.EADDRNOTAVAIL, "its name has no address")
    for at, (family, kind, protocol, _, address) in enumerate(addresses):
        left = end - monotonic()
        if left <= 0:
            raise TimeoutError
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(left / (len(addresses) - at))
            sock.connect(address)
            sock.settimeout(silence)
        except OSError as error:
            sock.close()
            trouble = error
        else:
            return sock
    raise trouble


def _addresses(host: str, port: int, seconds: float) -> list[Any]:
    """What the name resolves to; the system's resolver has no limit of its own, so it is asked beside."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if not found:
        raise TimeoutError(errno.ETIMEDOUT, "its name is not resolved in time")
    if isinstance(found[0], UnicodeError):
        raise OSError(errno.EADDRNOTAVAIL, "its name can be none")
    if isinstance(found[0], OSError):
        raise found[0]
    return found


class HangUp:
    """Ends a connection when its time is over, in the middle of whatever it does: a handshake too."""

    def __init__(self, seconds: float) -> None:
        self.late = False
        self._line: socket.socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def of(self, sock: socket.socket) -> None:
        """The connection, which is held by a handle of its own: TLS takes the first one away while it shakes hands."""
        self._line = socket.socket(fileno=os.dup(sock.fileno()))

    def close(self) -> None:
        """The connection may go on."""
        self._timer.cancel()
        if self._line is not None:
            self._line.close()

    def _end(self) -> None:
        self.late = True
        if self._line is not None:
            with suppress(OSError):  # it is closed already
                self._line.shutdown(socket.SHUT_RDWR)
