"""What a release is refused for, each before anything is built."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "release.sh"
CHANGES = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-30\n\n- x\n"


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    for name, text in (("moefit/__init__.py", '__version__ = "0.2.0"\n'), ("CHANGELOG.md", CHANGES)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    git(tmp_path, "init", "-q")
    committed(tmp_path)
    return tmp_path


def committed(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x", "--allow-empty")


def refused(folder):
    done = subprocess.run(["scripts/release.sh"], cwd=folder, check=False, capture_output=True, text=True)
    assert 1 == done.returncode
    return done.stderr.partition(":")[2].strip()


def test_what_is_not_committed(checkout):
    (checkout / "new").touch()
    assert "there are changes that are not committed" == refused(checkout)


def test_a_version_without_a_section(checkout):
    (checkout / "moefit/__init__.py").write_text('__version__ = "0.3.0"\n')
    committed(checkout)
    assert refused(checkout).startswith("CHANGELOG.md has no section for 0.3.0")


def test_changes_that_stand_under_no_version(checkout):
    (checkout / "CHANGELOG.md").write_text(CHANGES.replace("ed]\n", "ed]\n\n- y\n"))
    committed(checkout)
    assert refused(checkout).startswith("CHANGELOG.md tells of what is unreleased")


def test_a_version_that_is_tagged(checkout):
    git(checkout, "tag", "-am", "x", "v0.2.0")
    assert "v0.2.0 is tagged already" == refused(checkout)
