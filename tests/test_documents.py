"""Every command of README, CONTRIBUTING and examples/ does what stands beside it: run here, with a llama-server that only answers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.fuzz import small_header
from tests.remote.hub import COMMIT, Hub
from tests.remote.server import ranges, serving

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "examples/README.md")
SETUP = re.compile(r"python3 -m venv \.venv && \.venv/bin/pip install -q [^&]+&& ")
"""What makes the environment that the tests run in; .ci/run does it on a bare machine."""
MAKE = re.compile(r"make ([a-z]+)")


def commands(page: str) -> list[str]:
    """The lines of the page's shell blocks, without what only explains them."""
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [SETUP.sub("", line) for line in lines if line and not line.startswith("#")]


LINES = [(page, line) for page in PAGES for line in commands(page)]
ELSEWHERE = {
    "uv tool install .": ("scripts/check_package.py", "install_lines()"),
    ".venv/bin/pytest -n auto": (".ci/run", ".venv/bin/pytest -n auto"),
}
"""Lines that are not run here: what runs them, and by which of its words."""
OURS = [line for _, line in LINES if not MAKE.match(line) and line not in ELSEWHERE]
IN_SENTENCES = {
    ".ci/run": (".github/workflows/ci.yml", "run: .ci/run"),
    "moefit --version": ("tests/cli/test_commands.py", '"--version"'),
    "moefit args": ("tests/cli/test_commands.py", '"args"'),
    "moefit bench --save": ("tests/cli/test_bench.py", '"--save"'),
    "moefit calibrate": ("tests/cli/test_calibrate.py", '"calibrate"'),
    "moefit doctor": ("tests/app/test_doctor.py", 'main(["doctor"'),
    "python -m benchmarks.gains": ("tests/scripts/test_pages.py", "gains.main()"),
    "python scripts/plans.py choices benchmarks/plans-e3af518.jsonl.xz after.jsonl": (
        "tests/scripts/test_pages.py",
        '"choices", RECORDED, after',
    ),
    "python scripts/plans.py record after.jsonl": ("tests/scripts/test_pages.py", '"record", after'),
    "python scripts/plans.py replay benchmarks/plans-e3af518.jsonl.xz": (
        "tests/scripts/test_pages.py",
        '"replay", RECORDED',
    ),
    "scripts/build_llama.sh NUMBER": (".ci/run", 'scripts/build_llama.sh "$build"'),
}
"""The same of commands that stand in sentences."""


REPO = "unsloth/Qwen3-30B-A3B-GGUF"
FILES = ("Qwen3-30B-A3B-Q4_K_M.gguf", "Qwen3-30B-A3B-Q8_0.gguf")


def whole_model() -> bytes:
    """A small model of the pages' architecture, with its header as it must be and weights that are a hole."""
    data = small_header("qwen3moe", 8)
    return data + bytes(-len(data) % 32)


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[str]:
    """A server with the repository that the pages name."""
    with serving() as web:
        made = Hub(web, tmp_path_factory.mktemp("hub"), REPO)
        made.upload(*FILES)
        for name in FILES:
            web.answers[f"/{REPO}/resolve/{COMMIT}/{name}"] = ranges(whole_model() + bytes(1 << 20))
        yield f"{web.url}/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with small models of the names that the pages use, the examples, and programs that stand for the real ones."""
    made = tmp_path_factory.mktemp("documents")
    for name in ("model.gguf", "qwen3-30b-a3b.gguf"):
        (made / name).write_bytes(whole_model())
        os.truncate(made / name, 1 << 30)
    (made / "examples").symlink_to(ROOT / "examples")
    programs = made / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, text in (
        ("moefit", f'exec "{sys.executable}" -m moefit "$@"'),
        ("llama-server", 'echo "serves $*"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return made


def run(line: str, folder: Path, hub: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{folder / '.venv' / 'bin'}:/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**environment, "MODEL_ENDPOINT": hub},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("line", OURS)
def test_a_command_of_the_pages_runs(line, folder, hub):
    done = run(line.replace("-m ...", "-m model.gguf"), folder, hub)

    assert 0 == done.returncode, done.stderr
    assert done.stdout


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "examples").glob("*.sh")))
def test_an_example_runs(script, folder, hub):
    done = run(f"examples/{script} model.gguf", folder, hub)

    assert 0 == done.returncode, done.stderr
    assert "--fit off" in done.stdout


TARGETS = sorted(
    {
        name
        for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"))
        for name in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_make_target_of_the_pages_runs_is_there(target):
    done = subprocess.run(
        ["make", "-n", "-o", ".venv/installed", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    scripts = set(re.findall(r"(?:^|[\s(])((?:scripts|docs|man)/[\w./-]+)", done.stdout))
    modules = set(re.findall(r"python -m ([\w.]+)", done.stdout))

    assert 0 == done.returncode, done.stderr
    assert set() == {name for name in scripts if not (ROOT / name).exists()}
    assert set() == {name for name in modules if find_spec(name) is None}


def test_every_command_of_a_sentence_is_run_by_a_test():
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"`((?:(?:moefit|python3?|pytest|scripts/[^\s`]+) |\.ci/run)[^`]*)`", prose)

    assert IN_SENTENCES.keys() == set(found)


@pytest.mark.parametrize(("file", "words"), sorted({*(ELSEWHERE | IN_SENTENCES).values()}))
def test_what_runs_a_command_of_the_pages_has_its_words(file, words):
    assert words in (ROOT / file).read_text(encoding="utf-8")


def test_every_line_that_is_run_elsewhere_is_there():
    assert set() == ELSEWHERE.keys() - {line for _, line in LINES}


def test_every_file_that_the_pages_name_is_there():
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"`((?:scripts|benchmarks|examples|docs|\.ci)/[\w./-]+)`", text))

    assert set() == {name for name in named if not (ROOT / name).exists()}
