"""What a person needs to find an error of moefit's own: gathered while a command runs, written with `--debug`.

Secrets are masked, and so are folders: a report may be shown to anybody.
"""

from __future__ import annotations

import os
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moefit import __version__
from moefit.cli.gathered import BEGIN, GATHERED
from moefit.cli.say import clean
from moefit.errors import InputError

if TYPE_CHECKING:
    from moefit.planning.types import Plan
    from moefit.search.request import Request

_FOLDERS: Final = re.compile(r"(?:[A-Za-z]:)?(?:/[^\s/'\",:;=\[\]()]+)+/(?=[^\s/])")
_PLAIN: Final = re.compile(
    r"-?[\d.,:]+[KMGT]?i?B?|on|off|auto|none|[a-z]*f16|f32|i?q\d\w{0,6}|--?[a-z][\w-]*", re.IGNORECASE
)
"""Words of a line that say nothing of whose it is: options, numbers and common values."""
_LATEST: Final = 64
"""Frames of a traceback."""


def where(error: BaseException) -> str:
    """The kind of an error and the line of moefit that it came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "moefit" in Path(f.filename).parts]
    place = f" in {_within(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    said = clean(str(error))[:200]
    return f"{type(error).__name__}{place}{f': {said}' if said else ''}"


def write_report(words: Sequence[str], error: BaseException | None) -> Path:
    """Write the report where only its owner reads it; the path.

    Raises:
        InputError: it cannot be written anywhere.
    """
    from moefit.files import write_atomically

    text = "".join(f"{_masked(line)}\n" for line in _lines(words, error))
    name = f"report-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in _folders():
        try:
            write_atomically(folder / name, text, private=True)
        except InputError:
            continue
        return folder / name
    raise InputError("the report cannot be written", "set XDG_STATE_HOME or TMPDIR to a folder of yours")


def _folders() -> Iterator[Path]:
    """$XDG_STATE_HOME/moefit or ~/.local/state/moefit, else the folder for temporary files."""
    import tempfile

    state, home = os.environ.get("XDG_STATE_HOME", ""), os.environ.get("HOME", "")
    if Path(state).is_absolute():
        yield Path(state) / "moefit"
    if Path(home).is_absolute() and Path(home).is_dir():
        yield Path(home) / ".local" / "state" / "moefit"
    with suppress(OSError):  # there is none that can be written
        yield Path(tempfile.gettempdir())


def _lines(words: Sequence[str], error: BaseException | None) -> Iterator[str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    yield f"moefit {__version__}, Python {platform.python_version()}, {platform.platform()}"
    for package in ("typer", "rich", "gguf", "psutil", "nvidia-ml-py"):
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} is not here"
    yield f"line: {' '.join(word if _PLAIN.fullmatch(word) else '...' for word in words)}"
    for seconds, name, value in GATHERED:
        yield ""
        yield f"after {seconds:.3f} s: {name}"
        yield from _shown(name, value)
    yield f"after {time.monotonic() - BEGIN:.3f} s: the end"
    if error is not None:
        yield ""
        yield from _trace(error)


def _shown(name: str, value: Any) -> Iterator[str]:
    import json

    try:
        yield from json.dumps(_SUMMARIES[name](value), indent=1, default=str).splitlines()
    except Exception as error:  # noqa: BLE001 - a report says what it can
        yield f"cannot be shown: {type(error).__name__}"


def _trace(error: BaseException) -> Iterator[str]:
    """Where it came from, by moefit's own files and others' names, without the values that lines held."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)[-_LATEST:]
    for frame in frames:
        yield f"{_within(frame.filename)}:{frame.lineno} {frame.name}"
    yield f"{type(error).__name__}: {error}"


def _within(filename: str) -> str:
    """A file by its place in its package."""
    parts = Path(filename).parts
    at = next(
        (i for i in reversed(range(len(parts))) if parts[i] in {"moefit", "site-packages"}), len(parts) - 1
    )
    return "/".join(parts[at:])


def _masked(line: str) -> str:
    return _FOLDERS.sub(".../", clean(line)) if line.strip() else line


def _of_request(request: Request) -> dict[str, Any]:
    from moefit.machine.file import to_json

    model = request.model
    return {
        "machine": to_json(request.machine),
        "header": {
            "architecture": model.architecture,
            "layers": len(model.layers),
            "experts": model.experts,
            "bytes": model.bytes,
            "tensors": len(list(model.tensors)),
            "truncated": model.truncated,
        },
    }


def _of_plan(plan: Plan) -> dict[str, Any]:
    return {
        "fits": plan.fits,
        "strategy": plan.strategy,
        "shortfall": plan.shortfall,
        "devices": [[use.device.name, use.left] for use in plan.devices],
        "host left": plan.host_left,
        "warnings": [warning.code for warning in plan.warnings],
    }


_SUMMARIES: Final[dict[str, Callable[[Any], dict[str, Any]]]] = {"request": _of_request, "plan": _of_plan}
