"""Folders that may not be searched are passed over, as a shell and llama.cpp do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from moefit.gguf.http import Client
from moefit.launch.sources import ModelSource
from moefit.llama.config import read_configs
from moefit.llama.executables import find_program
from moefit.llama.help import option_table
from moefit.llama.hub import access, locate
from moefit.machine.calibration_file import load_calibration

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root may become nobody for a moment")


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that this test may not search."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(0o755)
    os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(0)


def test_one_on_the_path_is_skipped(closed: Path) -> None:
    assert "/bin/true" == find_program("true", {"PATH": f"{closed}:/bin"})


def test_a_program_there_is_none(closed: Path) -> None:
    assert None is find_program(str(closed / "llama-server"), {})


def test_a_home_there_has_no_settings(closed: Path) -> None:
    environment = {"HOME": str(closed), "XDG_CACHE_HOME": str(closed), "XDG_CONFIG_HOME": str(closed)}

    assert () == read_configs(environment, closed / "system.ini")
    assert None is load_calibration("abc", environment)
    assert None is option_table("/bin/true", "llama-server", environment)


def test_a_cache_there_has_no_model(closed: Path) -> None:
    source = ModelSource(url="https://host/m.gguf")

    with Client() as client:
        assert "https://host/m.gguf" == locate(source, access({"LLAMA_CACHE": str(closed)}), client).model
