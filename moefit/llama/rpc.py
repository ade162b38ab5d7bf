"""RPC servers: whether each is there and speaks, before llama-server is asked, which names none that is silent.

source: ggml/src/ggml-rpc/ggml-rpc.cpp, negotiate_hello
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from moefit.errors import DriverError
from moefit.launch.endpoints import endpoints

if TYPE_CHECKING:
    import socket

RPC_LIMIT: Final = 4.0
"""Seconds for all servers: one that is there answers in milliseconds."""
CAPS: Final = 24
"""Bytes of a greeting (RPC_CONN_CAPS_SIZE of transport.h)."""
HELLO: Final = 14
"""RPC_CMD_HELLO, in every version."""
_HELLO: Final = bytes([HELLO]) + CAPS.to_bytes(8, "little") + bytes(CAPS)
_LONGEST: Final = 64
"""Bytes that an answer to it says it has; those of b11434 have 28."""
_SHARE: Final = 0.9
"""Of the time limit, for servers and program together: the rest is for moefit to start."""
_LEAST: Final = 1.0
"""Seconds that the program has even where the servers took all."""
_FIRST: Final = 0.6
"""Of the time that is left, for an answer to the greeting alone."""
_BUSY: Final = "an RPC server answers one client at a time: stop the other, or leave it out of --rpc"


def greet(values: Sequence[str], time_limit: float = RPC_LIMIT) -> float:
    """The seconds of `time_limit` that are left for the program, where every server answers as one.

    Raises:
        UsageError: one is no HOST:PORT.
        DriverError: one is not there, is silent or is something else; it is named with its address.
    """
    begin = time.monotonic()
    for host, port in dict.fromkeys(endpoints(values)):
        _greet(host, port, begin + min(time_limit, RPC_LIMIT))
    return round(max(_SHARE * time_limit - (time.monotonic() - begin), min(time_limit, _LEAST)), 1)


def _greet(host: str, port: int, deadline: float) -> None:
    import socket  # noqa: PLC0415 - few lines have RPC servers

    address = f"{host}:{port}"
    try:
        place = resolved(host, deadline)
        with socket.create_connection((place, port), _left(deadline)) as link:
            said = _spoken_to(link, deadline)
    except TimeoutError as error:
        what = str(error) if isinstance(error, _UnresolvedError) else "does not answer"
        raise DriverError(f"the RPC server at {address} {what}", _BUSY) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DriverError(
            f"no RPC server at {address}: {reason}", f"start it there with `ggml-rpc-server -p {port}`"
        ) from None
    if (
        said and int.from_bytes(said, "little") > _LONGEST
    ):  # one of another version closes the connection, and llama.cpp says so
        kind = "an HTTP server" if said.startswith((b"HTTP", b"<!DOCTYP")) else "something else"
        raise DriverError(
            f"at {address} is {kind}, and no RPC server", "ggml-rpc-server prints its port when it starts"
        )


class _UnresolvedError(TimeoutError):
    """A name that nobody tells the address of in time."""


def resolved(host: str, deadline: float) -> str:
    """The address that llama.cpp would take, the first of IPv4; a resolver that is silent holds nothing up longer than to `deadline`.

    source: ggml/src/ggml-rpc/transport.cpp, socket_t::connect
    """
    import socket  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415 - as above

    found: list[str | OSError] = []

    def ask() -> None:
        try:
            found.append(str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]))
        except OSError as error:
            found.append(error)
        except UnicodeError:  # a part of the name is longer than any
            found.append(OSError("no host has such a name"))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_left(deadline))
    if not found:
        raise _UnresolvedError("is not found: the resolver does not answer")
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def _spoken_to(link: socket.socket, deadline: float) -> bytes:
    """The beginning of the answer to a greeting; one that is silent is asked once more with the end of a line, for which other servers wait.

    Raises:
        TimeoutError: it says nothing.
    """
    patience = time.monotonic() + _left(deadline) * _FIRST
    link.settimeout(_left(patience))
    link.sendall(_HELLO)
    try:
        return _answer(link, patience)
    except TimeoutError:
        link.sendall(b"\r\n\r\n")
        return _answer(link, deadline)


def _answer(link: socket.socket, deadline: float) -> bytes:
    """The first 8 bytes of the answer, its length; fewer where the connection is closed."""
    said = b""
    while len(said) < 8:
        link.settimeout(_left(deadline))
        part = link.recv(8 - len(said))
        if not part:
            break
        said += part
    return said


def _left(deadline: float) -> float:
    return max(0.05, deadline - time.monotonic())
