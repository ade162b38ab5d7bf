from __future__ import annotations

from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.llama.executables import find_program, require_program


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Three folders with a llama-server each, and one that holds a file of that name that cannot be executed."""
    made = {name: tmp_path / name for name in ("beside", "path", "moefit", "plain")}
    for name, folder in made.items():
        folder.mkdir()
        (folder / "llama-server").write_text("#!/bin/sh\n")
        (folder / "llama-server").chmod(0o644 if name == "plain" else 0o755)
    return made


def test_a_path_is_that_file_alone(folders):
    environment = {"PATH": str(folders["path"])}

    assert str(folders["moefit"] / "llama-server") == find_program(
        str(folders["moefit"] / "llama-server"), environment
    )
    assert find_program("/nowhere/llama-server", environment) is None


def test_the_path_comes_before_moefit_llama(folders):
    both = {"PATH": str(folders["path"]), "MOEFIT_LLAMA": str(folders["moefit"])}

    assert str(folders["path"] / "llama-server") == find_program("llama-server", both)
    assert str(folders["moefit"] / "llama-server") == find_program(
        "llama-server", {**both, "PATH": "/nowhere"}
    )


def test_the_folder_of_the_lines_program_comes_first(folders):
    beside = str(folders["beside"] / "llama-cli")

    assert str(folders["beside"] / "llama-server") == find_program(
        "llama-server", {"PATH": str(folders["path"])}, beside
    )


def test_a_file_that_cannot_be_executed_is_passed_over(folders):
    environment = {"PATH": f"{folders['plain']}:{folders['path']}"}

    assert str(folders["path"] / "llama-server") == find_program("llama-server", environment)


def test_a_missing_program_is_an_error_with_a_hint():
    with pytest.raises(InputError, match="llama-server: no such program") as caught:
        require_program("llama-server", {"PATH": "/nowhere"})

    assert "MOEFIT_LLAMA" in str(caught.value.hint)
