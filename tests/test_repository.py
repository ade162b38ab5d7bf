"""What the repository says of itself in more than one place."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from moefit.launch.builds import CHECKED

ROOT = Path(__file__).parents[1]


def commands(text: str) -> list[str]:
    """The lines of every fenced shell block."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line]


def test_the_checks_run_the_tests_as_the_readme_does():
    install, pip, pytest = next(
        line for line in commands((ROOT / "README.md").read_text()) if "pytest" in line
    ).split(" && ")
    checks = (ROOT / ".ci" / "run").read_text()

    assert install.removeprefix("python3 ") in checks
    assert pip in checks.splitlines()[checks.splitlines().index("step install") + 1]
    assert pytest in checks.splitlines()


def test_every_checked_build_of_llama_cpp_can_be_built():
    build = (ROOT / "scripts" / "build_llama.sh").read_text()

    assert tuple(map(int, re.findall(r"^    (\d+)\) package=", build, re.MULTILINE))) == CHECKED


def test_the_readme_has_no_figure_left_to_fill_in():
    assert [] == re.findall(r"@[A-Z]+@", (ROOT / "README.md").read_text())


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert ("version" in project["project"], project["tool"]["hatch"]["version"]["path"]) == (
        False,
        "moefit/__init__.py",
    )


def test_the_hosted_checks_are_the_same_and_both_files_are_yaml():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert ".ci/run" in [step.get("run") for step in workflow["jobs"]["checks"]["steps"]]
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/wrong-plan.yml").read_text())
    assert {"command", "plan", "devices", "debug", "versions"} == {field["id"] for field in form["body"]}


def test_the_site_is_built_strictly_where_it_can_be():
    pytest.importorskip("mkdocs")
    with TemporaryDirectory() as site:
        words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site]
        done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT)
    assert 0 == done.returncode, done.stderr
