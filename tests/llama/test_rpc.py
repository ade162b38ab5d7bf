"""RPC servers that are dead, silent or something else are named with their address in little time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from moefit.errors import DriverError, UsageError
from moefit.launch.endpoints import endpoints, exposed
from moefit.llama.rpc import greet
from tests.llama.harness import free_port

HELLO = (28).to_bytes(8, "little") + bytes(28)


@contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """One that gives every client that answer and hangs up, or with None says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(64)
                if answer is None:
                    over.wait(10)
                else:
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        over.set()
        thread.join()


@pytest.mark.parametrize("answer", [HELLO, b""], ids=["of this version", "of another, which hangs up"])
def test_a_server_that_speaks_is_well(answer: bytes) -> None:
    with server(answer) as address:
        greet([address])


def test_a_server_that_is_not_there_is_named() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(DriverError, match=f"no RPC server at {address}: Connection refused"):
        greet([address])


def test_a_silent_server_is_named_in_time() -> None:
    begin = time.monotonic()
    with (
        server(None) as address,
        pytest.raises(DriverError, match=f"the RPC server at {address} does not answer"),
    ):
        greet([address], 0.3)
    assert time.monotonic() - begin < 3


def test_what_the_servers_took_is_no_longer_the_programs() -> None:
    with server(HELLO) as address:
        assert 4.4 <= greet([address], 5.0) <= 4.5


@pytest.mark.parametrize(
    ("answer", "what"),
    [(b"HTTP/1.1 400 Bad Request\r\n", "an HTTP server"), (b"SSH-2.0-OpenSSH\r\n", "something else")],
)
def test_another_kind_of_server_is_said(answer: bytes, what: str) -> None:
    with (
        server(answer) as address,
        pytest.raises(DriverError, match=f"at {address} is {what}, and no RPC server"),
    ):
        greet([address])


def test_an_http_server_that_waits_for_the_end_of_a_line_is_told_from_a_silent_one() -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as web:
        threading.Thread(target=web.handle_request, daemon=True).start()
        with pytest.raises(DriverError, match=f"at 127.0.0.1:{web.server_port} is an HTTP server"):
            greet([f"127.0.0.1:{web.server_port}"], 1.0)


@pytest.mark.parametrize("name", ["no-such-host.invalid", "x" * 80])
def test_a_name_without_an_address_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    if name.endswith("invalid"):  # a resolver may take longer than a test
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DriverError, match=f"no RPC server at {name}:50052: "):
        greet([f"{name}:50052"])


def test_a_silent_resolver_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*_: object) -> None:
        over.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    begin = time.monotonic()
    with pytest.raises(DriverError, match="at box:50052 is not found: the resolver does not answer"):
        greet(["box:50052"], 0.2)
    over.set()
    assert time.monotonic() - begin < 3


def test_of_several_the_dead_one_is_named() -> None:
    dead = f"127.0.0.1:{free_port()}"
    with server(HELLO) as alive, pytest.raises(DriverError, match=dead):
        greet([f"{alive},{dead}"])


@pytest.mark.parametrize(
    "text",
    [
        "box",
        "box:",
        ":50052",
        "box:x",
        "box:0",
        "box:70000",
        "",
        "a:1,,b:2",
        "[::1]:5",
        "http://box:1",
        "me@box:1",
        "box:\u0665",
    ],
)
def test_what_is_no_host_and_port_is_a_mistake_of_the_line(text: str) -> None:
    with pytest.raises(UsageError, match="not HOST:PORT"):
        endpoints([text])


def test_what_stands_before_a_host_is_not_repeated() -> None:
    with pytest.raises(UsageError, match=r"--rpc \*\*\*@box:1: not"):
        endpoints(["box:2,hunter2@box:1"])


def test_servers_that_others_can_reach_are_told_from_loopback() -> None:
    assert ("box:1", "10.0.0.2:2") == exposed(["box:1,127.0.0.1:5", "localhost:3,10.0.0.2:2"])
