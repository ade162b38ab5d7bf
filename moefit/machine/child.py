"""Asks a driver in a process of its own: one that hangs or crashes takes that process with it, and not moefit.

The child is a fork, so it costs a millisecond or two and no second start of Python. It answers through a pipe and names the call
that it is about to make in memory both share, so that a call that never returns can be named.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from moefit.machine.adopted import OWN, adopting, descendants
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    Note = Callable[[str], None]
    Question = Callable[[Note], str]

_PAGE: Final = 4096
_HEAD: Final = 9
"""Bytes before an answer: whether it is one (+) or an error's text (-), and how many bytes follow."""
_MOST: Final = 1 << 20
"""Bytes of an answer: a thousand devices take half of it."""
_PATIENCE: Final = 0.5
"""Seconds in which the kernel ends a killed process. One that waits inside a driver cannot be killed; it is left behind."""


@dataclass(frozen=True, slots=True)
class ChildAnswer:
    """What came of a question."""

    text: str | None
    """The answer; None where there is none."""
    trouble: str = ""
    """Why there is none, to be read after the name of what was asked: `does not answer in 5 seconds`."""
    last: str = ""
    """The call that was noted last; empty for none."""


def ask_in_child(question: Question, seconds: float) -> ChildAnswer:
    """What `question` returns when it is called in a child process, which has so many `seconds`.

    The child calls what it is given with the name of each call before it makes it. It has no streams, is alone in its session,
    and ends without tidying up: what a driver holds for a process ends with the process.
    """
    import mmap  # noqa: PLC0415 - a declared machine needs none

    with mmap.mmap(-1, _PAGE) as page, adopting() as end_others:
        reading, writing = os.pipe()
        child = _fork()
        if child == 0:
            _answer(question, page, writing)
        os.close(writing)
        status: int | None = None
        answer = None
        try:
            answer = _read(reading, time.monotonic() + seconds)
        finally:
            os.close(reading)
            status = end_child(child)
            if answer is None or not _is_complete(answer):
                end_others()
        last = page[:].partition(b"\0")[0].decode(errors="replace")
    return _judge(answer, status, last, seconds)


def start_child(work: Callable[[], None]) -> int:
    """The process id of a child that does `work`, until it is ended by `end_child` or its work is done; it has no streams and its own session."""
    child = _fork()
    if child == 0:
        try:
            _leave()
            work()
        finally:
            os._exit(0)
    return child


def _fork() -> int:
    """os.fork without Python's warning about threads: the child runs none of their code and holds none of their locks for long."""
    import warnings  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    OWN.add(child)
    return child


def _answer(question: Question, page: mmap, writing: int) -> NoReturn:
    """The child's life."""
    try:
        _leave()
        try:
            kind, text = b"+", question(lambda call: _note(page, call))
        except BaseException as error:  # noqa: BLE001 - whatever a driver's bindings raise
            kind, text = b"-", f"{type(error).__name__}: {error}".removesuffix(": ")
        body = text.encode(errors="backslashreplace")
        message = kind + len(body).to_bytes(_HEAD - 1, "big") + body
        while message:
            message = message[os.write(writing, message) :]
    finally:
        os._exit(0)


def _leave() -> None:
    """Nothing of a child reaches the terminal or the result, and it can be ended with all that it starts."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def _note(page: mmap, call: str) -> None:
    name = call.encode(errors="replace")[: _PAGE - 1] + b"\0"
    page[: len(name)] = name


def _read(reading: int, deadline: float) -> bytes | None:
    """A whole message, or what came of it before the pipe was closed; None when the time is over."""
    import select  # noqa: PLC0415 - as above

    poll = select.poll()
    poll.register(reading, select.POLLIN)
    message = b""
    while len(message) < _HEAD or len(message) < _HEAD + min(_size(message), _MOST):
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return None
        part = os.read(reading, 65536)
        if not part:
            break
        message += part
    return message


def _is_complete(message: bytes) -> bool:
    return len(message) >= _HEAD and len(message) == _HEAD + _size(message)


def _size(message: bytes) -> int:
    return int.from_bytes(message[1:_HEAD], "big")


def end_child(child: int) -> int | None:
    """Kills the child with all that it started; its wait status, None where it cannot be ended."""
    ended, status = os.waitpid(child, os.WNOHANG)
    if ended:
        OWN.discard(child)
        return status
    below = descendants(child)
    for kill, whom in ((os.killpg, child), (os.kill, child), *((os.kill, each) for each in below)):
        with suppress(
            ProcessLookupError, PermissionError
        ):  # the child may not have come to its own session yet
            kill(whom, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            OWN.discard(child)
            return status
        time.sleep(0.0005)
    return None


def _judge(message: bytes | None, status: int | None, last: str, seconds: float) -> ChildAnswer:
    """What a message, and the end of the process that was to write it, amount to."""
    if message is None:
        return ChildAnswer(None, f"does not answer in {seconds:g} seconds", last)
    if not _is_complete(message):
        return ChildAnswer(None, _death(status), last)
    text = message[_HEAD:].decode(errors="replace")
    return (
        ChildAnswer(text, last=last) if message[:1] == b"+" else ChildAnswer(None, f"fails with {text}", last)
    )


def _death(status: int | None) -> str:
    """How a process ended before it had answered."""
    if status is None or not os.WIFSIGNALED(status):
        return "ends the process that asks it"
    number = os.WTERMSIG(status)
    with suppress(ValueError):
        return f"crashes with {signal.Signals(number).name}"
    return f"crashes with signal {number}"
