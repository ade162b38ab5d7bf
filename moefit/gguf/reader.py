"""A forward walk over a source, fetched in chunks and bounded in what it will fetch and hold."""

from __future__ import annotations

import re
import struct
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from moefit.errors import InputError
from moefit.gguf.allowance import Allowance
from moefit.gguf.header import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Callable

    from moefit.gguf.source import Source

CHUNK = 1 << 20
"""Bytes fetched at a time: one system call, or one range request."""
MAX_FETCHED = 1 << 28
"""Bytes a header may make us fetch; the largest real ones have about 30 MiB."""
MAX_STRING = 1 << 30
"""Bytes of one string. source: ggml/src/gguf.cpp, GGUF_MAX_STRING_LENGTH."""
KEPT_STRING = 1 << 20
"""Bytes of one string that is kept; the longest real ones that matter are chat templates of some 100 KiB."""
MAX_WALKED = 1 << 22
"""Strings walked over in one file; the largest real vocabularies have about a million, with as many merges."""
RUN = 64
"""Strings that are passed over at once."""

TRUNCATED = "the download is not complete, or the file is cut off"


class Reader:
    """Reads numbers and strings one after the other, in the file's byte order."""

    __slots__ = (
        "_allowance",
        "_at",
        "_buffer",
        "_fetched",
        "_length",
        "_source",
        "_start",
        "_walked",
        "order",
    )

    def __init__(self, source: Source, allowance: Allowance) -> None:
        self.order = "<"
        """As struct spells it; the caller sets it once it has seen the version."""
        self._source = source
        self._allowance = allowance
        self._buffer = b""
        self._start = 0
        self._at = 0
        self._fetched = 0
        self._walked = 0
        self._length = struct.Struct("<Q").unpack_from

    @property
    def offset(self) -> int:
        """Bytes from the start of the file to what is read next."""
        return self._start + self._at

    def big_endian(self) -> None:
        """Read everything from here on in big-endian order."""
        self.order = ">"
        self._length = struct.Struct(">Q").unpack_from

    def error(self, what: str, hint: str | None = None) -> InputError:
        """An error that names the file."""
        return InputError(f"{self._source.name}: {what}", hint)

    def unpack(self, layout: str, size: int) -> tuple[Any, ...]:
        """The next `size` bytes by struct's `layout`, without its byte order."""
        at = self._need(size)
        self._at = at + size
        return struct.unpack_from(self.order + layout, self._buffer, at)

    def number(self, layout: str, size: int) -> Any:
        """One number."""
        return self.unpack(layout, size)[0]

    def string(self, what: str, limit: int) -> str:
        """A string with its length in front; `what` names it in messages.

        Bytes that are no UTF-8 become U+FFFD: such a name can be shown, and matches nothing.
        """
        return self._text(self._string_length(what, limit))

    def value_string(self, what: str) -> str | int:
        """As string; only the length of one that is too long to be kept, which is passed over."""
        length = self._string_length(what, MAX_STRING)
        if length <= KEPT_STRING:
            return self._text(length)
        self.skip(length)
        return length

    def _string_length(self, what: str, limit: int) -> int:
        length: int = self.number("Q", 8)
        if length > limit:
            raise self.error(f"{what} of {length} bytes is absurd", DAMAGED)
        return length

    def _text(self, length: int) -> str:
        at = self._need(length)
        self._at = at + length
        text = self._buffer[at : self._at].decode("utf-8", "replace")
        self.keep(sys.getsizeof(text))
        return text

    def keep(self, size: int) -> None:
        """Count `size` bytes of memory that the header takes."""
        self._hold(self._allowance.keep(size))

    def _hold(self, trouble: str | None) -> None:
        if trouble:
            raise self.error(f"a header that {trouble} is absurd", DAMAGED)

    def skip(self, size: int) -> None:
        """Pass over `size` bytes without fetching them."""
        self._at += size
        total = self._source.size
        if total is not None and self.offset > total:
            raise self.error("the header ends early", TRUNCATED)

    def skip_strings(self, count: int) -> None:
        """Pass over `count` strings; only their lengths are looked at.

        A vocabulary of 152k tokens and its merges are 300k strings, so this loop is what reading a header costs. Most are
        short: an expression that matches RUN of them walks faster than Python does.
        """
        self._walked += count
        if self._walked > MAX_WALKED:
            raise self.error(f"an array of {count} strings is absurd", DAMAGED)
        if count > 100 * RUN and self.order == "<":
            count = self._skip_runs(count, short_strings().match)
        self._skip_singly(count)

    def _skip_runs(self, count: int, match: Callable[[bytes, int], re.Match[bytes] | None]) -> int:
        """Pass over strings while at least RUN are left; returns how many are left."""
        while count >= RUN:
            at = self._need(8)
            buffer = self._buffer
            while count >= RUN and (run := match(buffer, at)):
                at = run.end()
                count -= RUN
            self._at = at
            if count >= RUN:  # a longer string, or the end of the buffer
                self._skip_singly(RUN)
                count -= RUN
        return count

    def _skip_singly(self, count: int) -> None:
        length = self._length
        while count:
            at = self._need(8)
            buffer = self._buffer
            last = len(buffer) - 8
            while count and at <= last:
                at += 8 + length(buffer, at)[0]
                count -= 1
            self._at = at
            self.skip(0)

    def _need(self, size: int) -> int:
        """Have `size` bytes in the buffer; returns where in it they begin."""
        if len(self._buffer) - self._at >= size:
            return self._at
        self._hold(self._allowance.spent())
        start = self.offset
        total = self._source.size
        if total is not None and start + size > total:
            raise self.error("the header ends early", TRUNCATED)
        self._buffer = self._source.read(start, max(size, CHUNK))
        self._start = start
        self._at = 0
        self._fetched += len(self._buffer)
        if len(self._buffer) < size:
            raise self.error("the header ends early", TRUNCATED)
        if self._fetched > MAX_FETCHED:
            raise self.error(f"a header of more than {MAX_FETCHED >> 20} MiB is absurd", DAMAGED)
        return 0


@cache
def short_strings() -> re.Pattern[bytes]:
    """Matches RUN little-endian strings of at most 31 bytes each.

    The commonest lengths come first, and everything is spelled out: both make the matching engine's work shorter.
    """
    lengths = sorted(range(32), key=lambda length: abs(length - 7))
    one = b"|".join(b"\\x%02x" % length + rb"\0" * 7 + b"." * length for length in lengths)
    return re.compile(b"(?:%b){%d}+" % (one, RUN), re.DOTALL)
