"""Measures the way to an RPC server in its own words: how long an answer takes, and how fast bytes reach a tensor there.

source: ggml/src/ggml-rpc/ggml-rpc.cpp: enum rpc_cmd, rpc_tensor, send_rpc_cmd, rpc_server::set_tensor. What the server holds for a client it
frees when the client leaves.
"""

from __future__ import annotations

import socket
import statistics
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from moefit.gguf.dial import HangUp
from moefit.launch.endpoints import endpoints
from moefit.llama.rpc import CAPS, HELLO, greet, resolved
from moefit.machine.servers import ServerRate
from moefit.progress import Tell
from moefit.sizes import MIB

_VERSIONS: Final = (7, 8)
"""Major ones of the protocol whose words these are: b11434 and b11549."""
_ALLOCATE, _BASE, _SET, _COUNT = 0, 3, 6, 15
"""RPC_CMD_ALLOC_BUFFER, _BUFFER_GET_BASE, _SET_TENSOR, _DEVICE_COUNT."""
_SIZE: Final = 4 * MIB
"""Bytes of a tensor."""
_ASKED: Final = 40
"""Answers whose median counts."""
_SECONDS: Final = 0.6
"""Of sending."""
_FASTEST: Final = 1e12
"""Bytes per second that no way has, not even one that stays within a machine."""
_LIMIT: Final = 20.0
"""Seconds for the whole of one server, however it drips."""
_I8: Final = 24
"""GGML_TYPE_I8."""
_TENSOR: Final = struct.Struct("<QIQ4I4II64xi80xQQQ64xi")
"""rpc_tensor: id, type, buffer, ne, nb, op, op_params, flags, src, view_src, view_offs, data, name, use_count."""


def measure_servers(values: Iterable[str], progress: Tell) -> tuple[tuple[ServerRate, ...], tuple[str, ...]]:
    """The way to each server of the values of `--rpc`, and what could not be measured.

    Raises:
        UsageError: one is no HOST:PORT.
        DriverError: one is not there, is silent or is something else.
    """
    rates, warnings = [], []
    for host, port in endpoints(values):
        address = f"{host}:{port}"
        progress(f"the way to {address}", 0.0)
        greet([address])
        try:
            place = resolved(host, time.monotonic() + _LIMIT)
            with socket.create_connection((place, port), _LIMIT) as link, _ended_in(_LIMIT, link):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as llama.cpp does
                rates.append(_measure(link, address))
        except ConnectionError:
            warnings.append(f"the way to {address} is not measured: it hangs up")
        except OSError as error:
            warnings.append(f"the way to {address} is not measured: {error}")
    return tuple(rates), tuple(warnings)


@contextmanager
def _ended_in(seconds: float, link: socket.socket) -> Iterator[None]:
    """The connection ends when its time is over, in the middle of whatever it does.

    Raises:
        OSError: it did.
    """
    limit = HangUp(seconds)
    limit.of(link)
    link.settimeout(None)  # the limit ends it
    try:
        yield
    except OSError:
        if limit.late:
            raise OSError(f"it does not answer in {seconds:g} seconds") from None
        raise
    finally:
        limit.close()


def _measure(link: socket.socket, address: str) -> ServerRate:
    """Raises: OSError: the server speaks another version, hangs up, or cannot be what it seems."""
    version = _ask(link, HELLO, bytes(CAPS), 4 + CAPS)[0]
    if version not in _VERSIONS:
        raise OSError(f"it speaks version {version}")
    latency = statistics.median(_timed(lambda: _ask(link, _COUNT, b"", 4)) for _ in range(_ASKED))
    pointer, _ = struct.unpack("<QQ", _ask(link, _ALLOCATE, struct.pack("<IQ", 0, _SIZE), 16))
    [base] = struct.unpack("<Q", _ask(link, _BASE, struct.pack("<Q", pointer), 8))
    shape = (_SIZE, 1, 1, 1, 1, _SIZE, _SIZE, _SIZE)
    tensor = _TENSOR.pack(1, _I8, pointer, *shape, 0, 0, 0, 0, base, 0)
    message = tensor + struct.pack("<BQ", 0, 0) + bytes(_SIZE)

    def send() -> None:
        _say(link, _SET, message)
        _ask(link, _COUNT, b"", 4)

    send()  # the first one warms up the server's memory, and the connection's window
    seconds: list[float] = []
    while sum(seconds) < _SECONDS:
        seconds.append(_timed(send))
    taken = statistics.median(seconds) - latency
    if taken < _SIZE / _FASTEST:
        raise OSError("it answers before it can have what is sent")
    return ServerRate(address, int(_SIZE / taken), round(latency, 9))


def _timed(do: Callable[[], object]) -> float:
    begin = time.perf_counter()
    do()
    return time.perf_counter() - begin


def _say(link: socket.socket, command: int, message: bytes) -> None:
    link.sendall(struct.pack("<BQ", command, len(message)) + message)


def _ask(link: socket.socket, command: int, message: bytes, size: int) -> bytes:
    """The answer of so many bytes.

    Raises:
        OSError: there is none, or another.
    """
    _say(link, command, message)
    if struct.unpack("<Q", _received(link, 8)) != (size,):
        raise OSError("it answers something else")
    return _received(link, size)


def _received(link: socket.socket, size: int) -> bytes:
    """So many bytes of an answer."""
    said = b""
    while len(said) < size:
        part = link.recv(size - len(said))
        if not part:
            raise ConnectionResetError
        said += part
    return said
