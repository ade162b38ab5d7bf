"""One GET at a time over HTTP: with time limits, retries, redirects, a cap on the body, and no secret in any message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.url import DOWNLOAD, authorization, origin, redirected, shown, split_url
from moefit.values import dataclass

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from http.client import HTTPConnection, HTTPResponse
    from typing import Self

    from moefit.gguf.dial import HangUp

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
_UNREACHED = "is the server reachable? without a network, name a file that is here"
_LATER = "try again later; or download the model and give it with -m"
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which asking again may help."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that is neither a redirect nor transient."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Empty where the status is not one of those wanted."""
    url: str
    """Where the redirects ended."""


class TryAgainError(Exception):
    """The network or the server failed in a way that may pass; says how."""

    def __init__(self, how: str, hint: str = _UNREACHED) -> None:
        super().__init__(how)
        self.hint = hint


class Client:
    """Fetches, one request at a time; keeps its last connection for the next request to the same server."""

    def __init__(
        self,
        *,
        timeout: float = 10.0,
        deadline: float = 30.0,
        attempts: int = 3,
        pause: float = 0.5,
        total: float = 30.0,
        more: float = 2.0,
        most: float = 120.0,
        requests: int = 1000,
    ) -> None:
        self.timeout = timeout
        """Seconds that a connection, to all addresses of a name together, or a silence, may take."""
        self.deadline = deadline
        """Seconds that one request may take in all, however the server drips."""
        self.attempts = attempts
        self.pause = pause
        """Seconds before the second attempt; each later pause is twice as long."""
        self.total = total
        """Seconds from the first request on after which no other is made, for one file."""
        self.more = more
        """Seconds that each further file adds: the shards of a model, a projector, a draft."""
        self.most = most
        """Seconds for all of them together."""
        self.requests = requests
        """Requests in all, redirects and repetitions among them; a model of a hundred shards takes about as many."""
        self._asked = 0
        self._files = 0
        self._began: float | None = None
        self._connection: HTTPConnection | None = None
        self._origin: tuple[str, str, int] | None = None

    def get(
        self,
        url: str,
        *,
        limit: int,
        wanted: frozenset[int] = frozenset({200}),
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Response:
        """GET `url`; the body is read only if the status is `wanted`.

        Args:
            url: http or https.
            limit: bytes of body to read at most; more is an error.
            wanted: statuses whose body matters.
            headers: to send.
            token: to send as bearer token, to the server of `url` alone and not to where it redirects.

        Raises:
            InputError: no server, no answer in time, redirects without end, a body beyond the limit, or too much in all.
        """
        import time  # noqa: PLC0415 - only a remote model needs it

        for attempt in range(1, self.attempts + 1):
            try:
                return self._follow(url, limit, wanted, dict(headers or {}), token)
            except TryAgainError as error:
                self.close()
                if attempt == self.attempts:
                    times = "" if attempt == 1 else f" ({attempt} attempts)"
                    raise InputError(f"{shown(url)}: {error}{times}", error.hint) from error
                time.sleep(self.pause * 2 ** (attempt - 1))
        raise AssertionError(self.attempts)

    def begin_file(self) -> None:
        """One file more is asked for, so that all may take longer."""
        self._files += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _follow(
        self, url: str, limit: int, wanted: frozenset[int], headers: dict[str, str], token: str | None
    ) -> Response:
        first = url
        for _ in range(MAX_REDIRECTS + 1):
            trusted = origin(url) == origin(first)
            response = self._request(url, limit, wanted, headers, token if trusted else None)
            if response.status not in REDIRECTS:
                return response
            url = redirected(first, url, response.headers.get("location", ""))
        raise InputError(f"{shown(first)}: redirects without end")

    def _request(
        self, url: str, limit: int, wanted: frozenset[int], headers: dict[str, str], token: str | None
    ) -> Response:
        """One request to one server."""
        from http.client import HTTPException  # noqa: PLC0415 - only a remote model needs it

        from moefit.gguf.dial import HangUp  # noqa: PLC0415 - only a remote model needs it

        seconds = self._seconds_left(url)
        sent = {"User-Agent": "moefit", "Accept-Encoding": "identity", **headers}
        who = authorization(url, token)
        if who:
            sent["Authorization"] = who
        parts = split_url(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        limit_of_time = HangUp(seconds)
        try:
            connection = self._connect(url, seconds, limit_of_time)
            connection.request("GET", path, headers=sent)
            response = self._answer(url, connection.getresponse(), limit, wanted)
        except (OSError, HTTPException, ValueError, TryAgainError) as error:
            if isinstance(error, TryAgainError) and not limit_of_time.late:
                raise
            reason = f"no answer within {seconds:.3g} s" if limit_of_time.late else _reason(error)
            raise TryAgainError(reason) from error
        finally:
            limit_of_time.close()
        if limit_of_time.late:  # headers that were cut off look like headers that end
            raise TryAgainError(f"no answer within {seconds:.3g} s")
        return response

    def _seconds_left(self, url: str) -> float:
        """Count a request to `url`; the seconds it may take.

        Raises:
            InputError: it would be one too many, or the time is over.
        """
        from time import monotonic  # noqa: PLC0415 - only a remote model needs it

        if self._began is None:
            self._began = monotonic()
        self._asked += 1
        if self._asked > self.requests:
            raise InputError(f"{shown(url)}: more than {self.requests} requests in all", DOWNLOAD)
        total = min(self.most, self.total + self.more * max(0, self._files - 1))
        left = self._began + total - monotonic()
        if left <= 0:
            raise InputError(f"{shown(url)}: more than {total:g} s in all", DOWNLOAD)
        return min(self.deadline, left)

    def _connect(self, url: str, seconds: float, limit: HangUp) -> HTTPConnection:
        """The connection to the server of `url`, the last one where that goes there; `limit` ends it when its time is over."""
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - only a remote model needs it

        from moefit.gguf.counted_response import CountedResponse  # noqa: PLC0415 - only a remote model needs it
        from moefit.gguf.dial import dial  # noqa: PLC0415 - only a remote model needs it

        if self._connection is not None and self._origin == origin(url) and self._connection.sock is not None:
            limit.of(self._connection.sock)
            return self._connection
        self.close()
        scheme, host, port = self._origin = origin(url)

        def connect(*_: object) -> socket.socket:
            sock = dial(host, port, min(self.timeout, seconds), self.timeout)
            limit.of(sock)
            return sock

        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        self._connection = kind(host, port, timeout=self.timeout)
        self._connection.response_class = CountedResponse
        self._connection._create_connection = connect  # type: ignore[attr-defined]  # noqa: SLF001 - how http.client is given a socket
        self._connection.connect()
        return self._connection

    def _answer(self, url: str, answer: HTTPResponse, limit: int, wanted: frozenset[int]) -> Response:
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if answer.status in TRANSIENT:
            raise TryAgainError(f"the server answers {answer.status}", _LATER)
        body = b""
        if answer.status in wanted:
            if headers.get("content-encoding", "identity") != "identity":
                raise InputError(
                    f"{shown(url)}: the server compresses what it sends", "moefit asked it not to"
                )
            body = answer.read(limit + 1)
            if len(body) > limit:
                raise InputError(f"{shown(url)}: the server sends more than the {limit} bytes it may")
            length = headers.get("content-length", "")
            if length.isdecimal() and len(body) < int(length):
                raise TryAgainError(f"the connection broke after {len(body)} of {length} bytes")
        if not answer.isclosed():  # a body that was not wanted: not worth reading to keep the connection
            self.close()
        return Response(answer.status, headers, body, url)


def _reason(error: Exception) -> str:
    """What failed, in words that hold no part of the URL."""
    from http.client import IncompleteRead  # noqa: PLC0415 - only a remote model needs it

    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, TimeoutError):
        return "no answer in time"
    broke = isinstance(error, OSError | IncompleteRead)
    return "the connection broke" if broke else "the server's answer is no HTTP"
