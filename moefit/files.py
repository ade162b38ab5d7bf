"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from moefit.errors import InputError

_GGUF: Final = b"GGUF"


def write_atomically(path: Path, text: str, *, private: bool = False) -> None:
    """Put `text` in `path`: a reader sees the old file or the new one, never half of either.

    Missing folders are made. The text goes to a file beside it, to the disk, and then takes the name; a failure or a signal leaves
    nothing. A file that is there keeps its mode and owner, and must be a regular one: a link is refused, as what it leads to may be
    anything; and no model. A `private` file is its owner's alone.

    Raises:
        InputError: the folder or file cannot be written, or is no regular file, or is a model.
    """
    try:
        before = _replaceable(path)
        with _undisturbed(), _made_folders(path.parent):
            _write(path, text, before, private=private)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path}: cannot be written: {reason}") from error


def _replaceable(path: Path) -> os.stat_result | None:
    """What is known of the file that is there; None where there is none."""
    try:
        before = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(before.st_mode):
        raise InputError(f"{path}: is a link", "name the file itself")
    if not stat.S_ISREG(before.st_mode):
        raise InputError(f"{path}: is no regular file", "only such a file can be written whole or not at all")
    if not os.access(path, os.W_OK):
        raise InputError(f"{path}: cannot be written: Permission denied")
    if _begins(path) == _GGUF:
        raise InputError(f"{path}: is a model, and stays as it is", "another name for the file to write")
    return before


def _begins(path: Path) -> bytes:
    """A file's first bytes; none of one that may be written and not read."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(_GGUF))
    return b""


def _write(path: Path, text: str, before: os.stat_result | None, *, private: bool) -> None:
    import tempfile  # noqa: PLC0415 - slow to import, and most commands write nothing

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            if before is not None and (before.st_uid, before.st_gid) != _owner(descriptor):
                os.fchown(descriptor, before.st_uid, before.st_gid)
            file.write(text)
            file.flush()
            os.fchmod(descriptor, _mode(before, private=private))  # a write takes a set-user-ID bit away
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _owner(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_uid, found.st_gid


def _mode(before: os.stat_result | None, *, private: bool) -> int:
    """Permissions: those that were there, or what the umask leaves; a private file's without others'."""
    if before is not None:
        mode = stat.S_IMODE(before.st_mode)
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    return mode & 0o600 if private else mode


@contextmanager
def _made_folders(folder: Path) -> Iterator[None]:
    """The folder is there; those that were made for it go again where what follows fails."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that would end the process wait until what is begun is done or undone."""
    import signal  # noqa: PLC0415 - most commands write nothing

    ending = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
