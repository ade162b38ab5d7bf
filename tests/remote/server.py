"""A web server on loopback that can be made to misbehave."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


@dataclass
class Web:
    """What the server answers by path, and what it was asked."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def headers(self, name: str) -> list[str | None]:
        """That header of every request."""
        return [headers.get(name) for _, headers in self.asked]

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer of two writes waits for no acknowledgement
    web: Web

    def do_GET(self) -> None:
        self.web.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        answer = self.web.answers.get(self.path.partition("?")[0], status(404))
        try:
            answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""

    def send(self, code: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if length is not None and length > len(body):
            self.close_connection = True

    def wanted_range(self) -> tuple[int, int]:
        """First and last byte asked for."""
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        return int(match[1]), int(match[2])


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda handler: handler.send(code, body, **headers)


def ranges(data: bytes, most: int = 1 << 40) -> Answer:
    """A good server; `most` bytes at a time."""

    def answer(handler: Handler) -> None:
        first, last = handler.wanted_range()
        last = min(last, len(data) - 1, first + most - 1)
        if first >= len(data):
            handler.send(416, Content_Range=f"bytes */{len(data)}")
            return
        handler.send(206, data[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(data)}")

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Another answer each time; the last one stays."""
    left = list(answers)

    def answer(handler: Handler) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        now(handler)

    return answer


def drop(handler: Handler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[Web]:
    web = Web()
    handler = type("BoundHandler", (Handler,), {"web": web})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
