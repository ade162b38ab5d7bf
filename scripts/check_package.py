"""Build the wheel and the source archive, look at what they hold, and install them: without a network, and as README says.

    python scripts/check_package.py

What is installed comes from a folder of wheels that was filled before (pip's --no-index: nothing is asked of any index), and plans the
example from an empty folder. README's own lines run in the unpacked source archive, with uv and pipx from the index. Exit status 1 where a file is missing, or one is there that should not be.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
MACHINE = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
LARGEST = 3 << 20
"""Bytes of an archive."""
UNWANTED = (".venv/", ".venv-oldest/", "__pycache__/", ".hypothesis/", ".git/", "dist/")


def run(*words: str | Path, **kwargs: object) -> str:
    """A command's stdout; a failure ends the check."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **kwargs)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def tracked() -> set[str]:
    """Files that git knows."""
    return set(run("git", "ls-files", cwd=ROOT).splitlines())


def wheel_faults(path: Path) -> list[str]:
    """The wheel holds the package as git has it, its licence, its metadata and its manual page, and nothing else."""
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
    package = {name for name in tracked() if name.startswith("moefit/")}
    about = {name for name in names if ".dist-info/" in name}
    page = {name for name in names if name.endswith(".data/data/share/man/man1/moefit.1")}
    kinds = {name.partition(".dist-info/")[2] for name in about}
    faults = [f"missing: {name}" for name in sorted(package - names)]
    faults += [f"unwanted: {name}" for name in sorted(names - package - about - page)]
    faults += [] if page else ["missing: the manual page"]
    faults += [
        f"missing: {kind}" for kind in sorted({"METADATA", "entry_points.txt", "licenses/LICENSE"} - kinds)
    ]
    return faults


def source_faults(path: Path) -> list[str]:
    """The archive holds what git knows, and what it is built by."""
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()} - {""}
        odd = [member.name for member in archive if not (member.isfile() or member.isdir())]
    faults = [f"no plain file: {name}" for name in odd]
    faults += [
        f"unwanted: {name}" for name in sorted(names) if any(f"/{part}" in f"/{name}" for part in UNWANTED)
    ]
    needed = {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        *(n for n in tracked() if n.startswith(("moefit/", "tests/"))),
    }
    return faults + [f"missing: {name}" for name in sorted(needed - names)]


def install_faults(wheel: Path, folder: Path) -> list[str]:
    """The wheel and its dependencies from a folder alone, then a plan from an empty one."""
    house, home, empty = folder / "house", folder / "venv", folder / "empty"
    run(sys.executable, "-m", "pip", "download", "-q", "-d", house, wheel)
    run(sys.executable, "-m", "venv", home)
    run(home / "bin" / "pip", "install", "-q", "--isolated", "--no-index", "--find-links", house, "moefit")
    empty.mkdir()
    page = run(home / "bin" / "moefit", "plan", EXAMPLE, *MACHINE, cwd=empty)
    return [] if "--fit off" in page else ["what was installed does not plan"]


def install_lines() -> list[str]:
    """The commands under README's heading on installing; a line's comment may have another."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Install\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [part.strip() for line in lines for part in line.replace("or:", "").split("  #") if part.strip()]


def readme_faults(source: Path, folder: Path) -> list[str]:
    """Each line in a checkout of its own, with the tools that it names; what it installs must plan."""
    tools, faults = folder / "tools", []
    run(sys.executable, "-m", "venv", tools)
    run(tools / "bin" / "pip", "install", "-q", "uv", "pipx")
    for number, line in enumerate(install_lines()):
        place = folder / f"checkout-{number}"
        with tarfile.open(source) as archive:
            archive.extractall(place, filter="data")
        (checkout,) = place.iterdir()
        own = {
            name: str(place / name)
            for name in ("UV_TOOL_DIR", "UV_TOOL_BIN_DIR", "PIPX_HOME", "PIPX_BIN_DIR")
        }
        path = f"{tools / 'bin'}:{own['UV_TOOL_BIN_DIR']}:{own['PIPX_BIN_DIR']}:{checkout / '.venv' / 'bin'}"
        environment = {**os.environ, **own, "PATH": f"{path}:{os.environ['PATH']}"}
        run("sh", "-c", line, cwd=checkout, env=environment)
        page = run("moefit", "plan", EXAMPLE, *MACHINE, cwd=folder, env=environment)
        faults += [] if "--fit off" in page else [f"what `{line}` installs does not plan"]
    return faults


def main() -> None:
    """Build, look, install."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "-q", "--outdir", folder, cwd=ROOT)
        (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
        faults = wheel_faults(wheel) + source_faults(source)
        faults += [
            f"{path.name} has {path.stat().st_size} bytes"
            for path in (wheel, source)
            if path.stat().st_size > LARGEST
        ]
        faults += install_faults(wheel, folder) + readme_faults(source, folder)
        for path in (wheel, source):
            print(f"{path.name}: {path.stat().st_size >> 10} KiB")
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
