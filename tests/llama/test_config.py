from __future__ import annotations

from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.launch.precedence import Config
from moefit.llama.config import read_configs


def write(folder: Path, text: str) -> Path:
    path = folder / "llama.cpp" / "config.ini"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_the_systems_file_comes_before_the_users(tmp_path: Path) -> None:
    system, user = write(tmp_path / "etc", "a = 1"), write(tmp_path / "home" / ".config", "a = 2")
    found = read_configs({"HOME": str(tmp_path / "home")}, system)
    assert (Config(str(system), "a = 1"), Config(str(user), "a = 2")) == found


def test_xdg_config_home_replaces_the_users_folder(tmp_path: Path) -> None:
    write(tmp_path / "home" / ".config", "a = 2")
    user = write(tmp_path / "xdg", "a = 3")
    environment = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert (Config(str(user), "a = 3"),) == read_configs(environment, tmp_path / "none")


def test_files_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert () == read_configs({}, tmp_path / "none")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.mkdir()
    with pytest.raises(InputError, match=r"config\.ini"):
        read_configs({}, path)
