"""A file on a web server, read by HTTP range requests, so that a header costs its own bytes and not the model's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.http import Client, Response
from moefit.gguf.source import FileSource, Source
from moefit.gguf.url import DOWNLOAD, origin, shown
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_WINDOW = 1 << 20
LAST_WINDOW = 8 << 20
"""Bytes asked for at a time: each request is twice the one before, since each costs a round trip."""
MAX_DOWNLOADED = 128 << 20
"""Bytes of one file; the largest real headers have about 30 MiB."""
MAX_REQUESTS = 64
"""Range requests for one file; with whole windows the largest real headers take six."""
CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")

REFUSED = frozenset({401, 403})
GONE = frozenset({404, 410})
PARTIAL_CONTENT = 206
RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading has come."""

    name: str
    """The URL, without secrets."""
    fetched: int
    """Bytes of this file so far."""
    done: bool = False
    """No more will come."""


class HttpSource:
    """A remote file. Nothing is fetched before the first read."""

    def __init__(
        self,
        url: str,
        client: Client,
        *,
        token: str | None = None,
        progress: Callable[[Progress], None] | None = None,
        max_fetched: int = MAX_DOWNLOADED,
    ) -> None:
        self.name = shown(url)
        self.size: int | None = None
        self.identity = None
        self._url = url
        self._final = url
        self._client = client
        self._token = token
        self._progress = progress
        self._max_fetched = max_fetched
        self._fetched = 0
        self._requests = 0
        self._window = FIRST_WINDOW
        self._start = 0
        self._buffer = b""

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset` on; what is fetched beyond is kept for the next read.

        Raises:
            InputError: no server, no ranges, no permission, no such file, or more bytes than a header may have.
        """
        if not self._start <= offset <= offset + size <= self._start + len(self._buffer):
            self._buffer = self._fetch(offset, size)
            self._start = offset
        at = offset - self._start
        return self._buffer[at : at + size]

    def close(self) -> None:
        """Let go of what was kept; the connection is the client's."""
        self._buffer = b""
        self._tell(done=True)

    def _fetch(self, offset: int, size: int) -> bytes:
        """At least `size` bytes, by as many requests as the server wants; fewer only at the end of the file."""
        parts = bytearray()
        while len(parts) < size and (self.size is None or offset + len(parts) < self.size):
            part = self._range(offset + len(parts), max(size - len(parts), self._window))
            if not part:
                break
            parts += part
            self._window = min(2 * self._window, LAST_WINDOW)
        return bytes(parts)

    def _range(self, start: int, size: int) -> bytes:
        """One range request."""
        end = start + size if self.size is None else min(start + size, self.size)
        if self._fetched + end - start > self._max_fetched:
            raise InputError(
                f"{self.name}: a header of more than {self._max_fetched >> 20} MiB is absurd",
                "the file is damaged",
            )
        if not self._requests:
            self._client.begin_file()
        self._requests += 1
        if self._requests > MAX_REQUESTS:
            raise InputError(f"{self.name}: the server sends too little at a time", DOWNLOAD)
        response = self._ask(self._final, start, end)
        if response.status in REFUSED | GONE and self._final != self._url:
            # Where a redirect led may be good for minutes only.
            response = self._ask(self._url, start, end)
        if response.status == RANGE_NOT_SATISFIABLE:
            return b""
        if response.status != PARTIAL_CONTENT:
            raise refusal(self.name, response.status, ranges=True)
        self._final = response.url
        self._check(start, end, len(response.body), response.headers.get("content-range", ""))
        self._fetched += len(response.body)
        self._tell()
        return response.body

    def _tell(self, *, done: bool = False) -> None:
        if self._progress is not None:
            self._progress(Progress(self.name, self._fetched, done))

    def _ask(self, url: str, start: int, end: int) -> Response:
        """GET part of `url`; the token goes to the file's own server alone, not to where that redirects."""
        return self._client.get(
            url,
            limit=end - start,
            wanted=frozenset({PARTIAL_CONTENT}),
            headers={"Range": f"bytes={start}-{end - 1}"},
            token=self._token if origin(url) == origin(self._url) else None,
        )

    def _check(self, start: int, end: int, length: int, said: str) -> None:
        """The answer is the range that was asked for, of the file that was asked for."""
        match = CONTENT_RANGE.fullmatch(said)
        if match is None or int(match[1]) != start or not start <= int(match[2]) < end:
            raise InputError(f"{self.name}: the server answers with another range than asked for", DOWNLOAD)
        if length != int(match[2]) - start + 1:
            raise InputError(f"{self.name}: the server sends fewer bytes than it says", DOWNLOAD)
        if match[3] == "*":
            return
        if self.size not in (None, int(match[3])):
            raise InputError(f"{self.name}: the file changed while it was read", "try again")
        self.size = int(match[3])


def refusal(name: str, status: int, *, ranges: bool = False) -> InputError:
    """What an answer means for the user. `ranges`: the request was for part of a file."""
    if status in REFUSED:
        return InputError(
            f"{name}: the server refuses access ({status})",
            "set HF_TOKEN or give -hft; a gated model's licence must be accepted on its page",
        )
    if status in GONE:
        return InputError(f"{name}: there is no such file ({status})", "check the spelling")
    if ranges and status == 200:
        return InputError(f"{name}: the server cannot send part of a file", DOWNLOAD)
    return InputError(f"{name}: the server answers {status}", DOWNLOAD)


def opener(
    client: Client,
    *,
    token: str | None = None,
    endpoint: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Callable[[str], Source]:
    """What `read_header` opens names with: URLs by range requests, everything else as files.

    The token goes to the server of `endpoint` alone.
    """

    def open_source(name: str) -> Source:
        if not is_url(name):
            return FileSource(name)
        trusted = endpoint is not None and origin(name) == origin(endpoint)
        return HttpSource(name, client, token=token if trusted else None, progress=progress)

    return open_source


def is_url(name: str) -> bool:
    """Whether a name is a URL.

    >>> is_url("https://host/m.gguf"), is_url("m.gguf")
    (True, False)
    """
    return name.startswith(("http://", "https://"))
