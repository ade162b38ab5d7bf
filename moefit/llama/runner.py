"""Runs programs and believes nothing too soon: little time, little output, and in the end nothing of theirs stays behind."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from moefit.errors import BrokenError, DriverError, InputError
from moefit.llama.executables import MISSING_HINT
from moefit.machine.adopted import OWN, adopting, descendants
from moefit.sizes import MIB, format_size
from moefit.values import dataclass

MOST: Final = 4 * MIB
"""Bytes that a program may print when it is asked; llama-server's --help has 60 KiB."""
MOST_LOG: Final = 64 * MIB
"""Bytes of a log that is read to its end."""
_MOST_LINES: Final = 500_000
"""Lines of a log; the longest real ones have a few thousand, and each is looked at."""
_LONGEST: Final = MIB
"""Bytes of a line; a longer one is taken for several."""
_TICK: Final = 0.05
"""Seconds after which a program that ended is noticed though another process holds its streams open."""
_EXHAUSTED: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""What keeps any program from being started: too many processes or open files, no memory."""
_PATIENCE: Final = 5.0
"""Seconds in which the kernel ends a killed process, or one ends that has said all; one that waits inside a driver is left behind."""
_HURRY: Final = 2.0
"""Seconds that a program has to end by itself after Ctrl-C, or where nothing more is to come of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said before it ended."""

    status: int
    """Its exit status; negative for a signal."""
    out: str
    err: str

    @property
    def how(self) -> str:
        """How it ended, for a message."""
        return how_it_ended(self.status)


def ask(argv: Sequence[str], environment: Mapping[str, str], time_limit: float, most: int = MOST) -> Answer:
    """What the program says, run to its end without input; its whole session has ended then.

    Raises:
        InputError: there is no such program, or it is none for this machine.
        BrokenError: this machine cannot start another.
        DriverError: it does not end in `time_limit` seconds, or prints more than `most` bytes.
    """
    with session(argv, environment, stderr=subprocess.PIPE) as process:
        read = _Read(process, most)
        try:
            read.to_the_end(time.monotonic() + time_limit)
            status = process.wait(_TICK)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise DriverError(f"{_name(argv)}: no answer in {time_limit:g} seconds") from None
        except OverflowError:
            raise DriverError(f"{_name(argv)}: prints more than {format_size(most)}") from None
    return Answer(status, *read.text)


@contextmanager
def session(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int = subprocess.STDOUT,
    patience: float = 0.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a session of its own while the block runs: Ctrl-C reaches moefit alone, which then ends all of it.

    With `patience` it is first asked to end, and has so many seconds; two where the block has failed or was interrupted.

    Raises:
        InputError: there is no such program, or it is none for this machine.
        BrokenError: this machine cannot start another.
    """
    with adopting() as end_others:
        process = None
        try:
            process = _started(argv, environment, stdout, stderr)
            OWN.add(process.pid)
            yield process
        except BaseException:
            patience = min(patience, _HURRY)  # nobody reads what it would still say
            raise
        finally:
            if process is not None:
                _end(process, patience)
            end_others()  # also a program whose start was interrupted
            if process is not None:
                OWN.discard(process.pid)


def _started(
    argv: Sequence[str], environment: Mapping[str, str], stdout: int | IO[bytes], stderr: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
            list(argv),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise InputError(f"{argv[0]}: no such program", MISSING_HINT) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        if isinstance(error, OSError) and error.errno in _EXHAUSTED:
            raise BrokenError(f"{argv[0]}: cannot be started: {reason}") from None
        raise InputError(f"{argv[0]}: cannot run: {reason}", MISSING_HINT) from None


def lines(process: subprocess.Popen[bytes], time_limit: float, most: int = MOST_LOG) -> Iterator[str]:
    """The lines of a program's output as they come, until it closes it.

    Raises:
        TimeoutError: it has not in `time_limit` seconds.
        DriverError: they are more than `most` bytes, or absurdly many.
    """
    deadline = time.monotonic() + time_limit
    total, count, rest = 0, 0, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout or 0, selectors.EVENT_READ)
        while part := _part(process, selector, deadline):
            total += len(part)
            if total > most:
                raise DriverError(f"the program's log is longer than {format_size(most)}")
            *complete, rest = (rest + part).split(b"\n")
            count += len(complete)
            if count > _MOST_LINES:
                raise DriverError(f"the program's log has more than {_MOST_LINES:,} lines")
            for line in complete:
                yield line.decode(errors="replace")
            if len(rest) > _LONGEST:
                yield rest.decode(errors="replace")
                rest = b""
    if rest:
        yield rest.decode(errors="replace")


def _part(process: subprocess.Popen[bytes], selector: selectors.BaseSelector, deadline: float) -> bytes:
    """What comes next; nothing when the program has ended or closed its output."""
    ended = False
    while (left := deadline - time.monotonic()) > 0:
        if selector.select(0 if ended else min(_TICK, left)):
            return os.read(process.stdout.fileno(), 65536) if process.stdout else b""
        if ended:
            return b""
        ended = process.poll() is not None  # looked at once more: it may have printed just before
    raise TimeoutError


def how_it_ended(status: int) -> str:
    """An exit status in words.

    >>> how_it_ended(1), how_it_ended(-11)
    ('exit status 1', 'signal 11')
    """
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def how_it_failed(process: subprocess.Popen[bytes]) -> str:
    """How a program whose output is over failed; empty where it ended well."""
    try:
        status = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        return "it closed its output and does not end"
    return how_it_ended(status) if status else ""


class _Read:
    """What has been read of a process's two streams."""

    def __init__(self, process: subprocess.Popen[bytes], most: int) -> None:
        self._process, self._most = process, most
        self._parts: dict[Any, list[bytes]] = {process.stdout: [], process.stderr: []}
        self._size = 0

    @property
    def text(self) -> tuple[str, str]:
        """Of stdout and of stderr."""
        out, err = (b"".join(parts).decode(errors="replace") for parts in self._parts.values())
        return out, err

    def to_the_end(self, deadline: float) -> None:
        """Reads until both streams are closed, or the process has ended and nothing more comes.

        Raises:
            TimeoutError: neither is so at the deadline.
            OverflowError: there is too much.
        """
        with selectors.DefaultSelector() as selector:
            for stream in self._parts:
                selector.register(stream, selectors.EVENT_READ)
            ended = False
            while selector.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                ready = selector.select(0 if ended else min(left, _TICK))
                for key, _ in ready:
                    if not self._take(key.fileobj):
                        selector.unregister(key.fileobj)
                if not ready and ended:
                    return
                # looked at once more: it may have printed just before
                ended = ended or (not ready and self._process.poll() is not None)
        self._process.wait(max(0.0, deadline - time.monotonic()))

    def _take(self, stream: Any) -> bool:
        """Reads what is there; False at its end."""
        part = os.read(stream.fileno(), 65536)
        self._parts[stream].append(part)
        self._size += len(part)
        if self._size > self._most:
            raise OverflowError
        return bool(part)


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Ends every process of the session, and those that left it while the program lives."""
    below = descendants(process.pid)
    try:
        if patience and process.poll() is None:
            _ask_to_end(process, patience)
    finally:  # also where a second Ctrl-C has no patience
        _kill(process, below)


def _ask_to_end(process: subprocess.Popen[bytes], patience: float) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)


def _kill(process: subprocess.Popen[bytes], below: Sequence[int]) -> None:
    alive = [process.pid] if process.poll() is None else []
    for member in (*alive, *_members(process.pid), *below):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)


def _members(leader: int) -> list[int]:
    """The processes of a session: a group that a program has made for its own children is in it, too."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) == leader:
                found.append(int(folder.name))
    return found


def _name(argv: Sequence[str]) -> str:
    """What was run, without the values of its options, which may be long or secret."""
    return " ".join([argv[0], *(word for word in argv[1:] if word in {"--list-devices", "--help"})])
