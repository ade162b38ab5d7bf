"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from moefit.errors import InputError


def write_atomically(path: Path, text: str, *, private: bool = False) -> None:
    """Put `text` in `path`: a reader sees the old file or the new one, never half of either.

    A `private` file is its owner's alone.

    Missing folders are made. The text goes to a file beside it, to the disk, and then takes the name.

    Raises:
        InputError: the folder or file cannot be written.
    """
    import tempfile  # noqa: PLC0415 - slow to import, and most commands write nothing

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if not private:  # as mkstemp's files are
                mask = os.umask(0)
                os.umask(mask)
                Path(temporary).chmod(0o666 & ~mask)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
