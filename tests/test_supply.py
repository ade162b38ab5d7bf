"""What moefit depends on: bounds that are tried, and a lock that development can be held to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PIN = re.compile(
    r"^([a-z0-9.-]+)==(\S+)((?: ;[^\\]*)?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def pins(name: str) -> dict[str, str]:
    """Package -> version of a file of pins, every one of which has hashes."""
    text = (ROOT / "requirements" / name).read_text()
    found = {match[1]: match[2] for match in PIN.finditer(text)}
    assert set(found) == set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))
    return found


def package(requirement: str) -> str:
    return re.match(r"[a-z0-9-]+", requirement)[0]


@pytest.mark.parametrize("requirement", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]])
def test_the_lock_has_every_dependency_with_hashes(requirement):
    assert package(requirement) in pins("lock.txt")


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_the_oldest_dependencies_are_those_of_the_bounds(requirement):
    bound = re.search(r">=([0-9.]+)", requirement)[1].split(".")
    pinned = pins("oldest.txt")[package(requirement)].split(".")

    assert bound == pinned[: len(bound)]


def test_ci_runs_the_oldest_python_with_the_oldest_dependencies_and_the_newest():
    text = (ROOT / ".ci" / "run").read_text()

    assert "first python3.{15,14,13,12,11}" in text
    assert "first python3.{11,12,13,14,15}" in text
    assert PROJECT["requires-python"] == ">=3.11"
    assert "--require-hashes -r requirements/oldest.txt" in text
