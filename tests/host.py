"""What the tests know of whoever runs them: next to nothing, so that they say the same on every machine.

Settings of llama.cpp, CUDA, Hugging Face, the terminal and the locale, files in a home folder and programs on a PATH all decide what moefit
does. Tests that want one set it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Final

CACHE: Final = Path(
    os.environ.get("MOEFIT_LLAMA_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moefit"
)
"""Where scripts/build_llama.sh keeps the real programs and their source."""
PROGRAMS: Final = Path(
    os.environ.get("MOEFIT_TESTS_LLAMA")
    or os.environ.get("MOEFIT_LLAMA")
    or CACHE / "llama.cpp-b11434" / "build" / "bin"
)
"""The real programs that tests marked `llama` run; moefit would find those of MOEFIT_LLAMA in every other test, too."""
KEPT: Final = ("PATH", "TMPDIR", "USER", "LOGNAME", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHASHSEED")
"""Variables without which nothing starts; those of the project and of pytest stay, too."""
OURS: Final = ("MOEFIT_TESTS", "PYTEST", "COV")


def isolate() -> None:
    """Leave this process, and what it starts, a bare environment with an empty home."""
    home = Path(tempfile.mkdtemp(prefix="moefit-home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(OURS)}
    kept["PATH"] = os.pathsep.join(_without_llama(kept.get("PATH", os.defpath), home))
    os.environ.clear()
    told = {
        "MOEFIT_LLAMA_CACHE": str(CACHE),
        "MOEFIT_TESTS_LLAMA": str(PROGRAMS),
    }  # for pytest's other processes
    os.environ.update(kept | {"HOME": str(home), "LANG": "C.UTF-8"} | told)
    os.umask(0o022)
    # behind `&` or nohup some are ignored, by all that is started, too
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def _without_llama(path: str, home: Path) -> list[str]:
    """The folders of a PATH; for one with a program of llama.cpp a folder of links to its other programs."""
    folders = [folder for folder in path.split(os.pathsep) if folder]
    return [_linked(Path(folder), home) if any(Path(folder).glob("llama*")) else folder for folder in folders]


def _linked(folder: Path, home: Path) -> str:
    made = Path(tempfile.mkdtemp(dir=home))
    for program in folder.iterdir():
        if not program.name.startswith("llama"):
            (made / program.name).symlink_to(program.absolute())
    return str(made)
