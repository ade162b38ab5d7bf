"""Where the bytes of a GGUF file come from: anything that answers read(offset, size)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from moefit.errors import InputError
from moefit.reading import open_regular
from moefit.typographic import typographic_hint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self


_MOST_NAMED = 4
"""Files that a hint names."""


class Source(Protocol):
    """Random access to the bytes of one file."""

    @property
    def name(self) -> str:
        """What messages call it: a path or a URL."""
        ...

    @property
    def size(self) -> int | None:
        """Bytes in all, None when unknown."""
        ...

    @property
    def identity(self) -> object | None:
        """Equal for two names of one file; None where nobody can tell."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset` on; fewer only at the end of the file.

        Raises:
            InputError: the bytes cannot be had.
        """
        ...

    def close(self) -> None:
        """Let go of what the source holds."""
        ...


class FileSource:
    """A regular file on this machine."""

    __slots__ = ("_descriptor", "identity", "name", "size")

    def __init__(self, path: str) -> None:
        """Open `path`.

        Raises:
            InputError: it is missing, unreadable, or no regular file.
        """
        self.name = path
        try:
            self._descriptor = open_regular(path, "name a .gguf file")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            hint = _neighbour(path) if isinstance(error, FileNotFoundError) else None
            raise InputError(f"{path}: {reason}", hint) from error
        found = os.fstat(self._descriptor)
        self.size = found.st_size
        self.identity = (found.st_dev, found.st_ino)

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset` on."""
        try:
            return os.pread(self._descriptor, size, offset)
        except (OSError, OverflowError) as error:
            raise InputError(f"{self.name}: cannot read at byte {offset}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _neighbour(path: str) -> str:
    """A hint at the file or folder whose name is most like a missing one's, at what there is, or at what needs no download."""
    if os.path.islink(path):  # noqa: PTH114 - keeps start-up short
        return f"it is a link to {os.readlink(path)}, which is not there"  # noqa: PTH115 - as above
    folder = os.path.dirname(path)  # noqa: PTH120 - as above
    if (
        hint := "a shell makes a home folder of ~ outside of quotes alone"
        if path.startswith("~")
        else typographic_hint(path)
    ):
        return hint
    try:
        everything = sorted(os.listdir(folder or "."))  # noqa: PTH208 - as above
    except OSError:
        like = _like(folder, _folders(os.path.dirname(folder)))  # noqa: PTH120 - as above
        return f"there is no folder {folder}{f': did you mean {like}?' if like else ''}"
    models = [other for other in everything if other.endswith(".gguf")]
    there = [other for other in models if os.path.isfile(os.path.join(folder, other))]  # noqa: PTH113, PTH118 - as above
    like = _like(path, there) or _like(path, _folders(folder))
    if like:
        return f"did you mean {like}?"
    if there:
        some = ", ".join(there[:_MOST_NAMED]) + (" ..." if there[_MOST_NAMED:] else "")
        return f"models in {folder or 'this folder'}: {some}"
    return "a file that is here, or user/repo:Q4_K_M of Hugging Face: a plan reads its header alone"


def _like(path: str, names: Sequence[str]) -> str:
    """The path beside a missing one whose name is most like its; empty if none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - an error's hint only: keeps start-up short

    folder, name = os.path.split(path)
    by_case = {other.lower().removesuffix(".gguf"): other for other in names}
    near = get_close_matches(
        name.lower().removesuffix(".gguf"), by_case, n=1
    )  # an ending that all have is no likeness
    return os.path.join(folder, by_case[near[0]]) if near else ""  # noqa: PTH118 - as above


def _folders(folder: str) -> list[str]:
    """Names of the folders in a folder; none where it cannot be read."""
    try:
        with os.scandir(folder or ".") as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []
