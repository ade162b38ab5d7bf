from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.machine.calibration_file import calibration_path, load_calibration, save_calibration
from tests.machine.test_calibration import CALIBRATION, HOST


def test_calibrations_live_in_the_users_configuration(tmp_path: Path) -> None:
    expected = tmp_path / ".config" / "moefit" / "calibration-abc.json"

    assert expected == calibration_path("abc", {"HOME": str(tmp_path)})
    assert expected == calibration_path("abc", {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""})
    assert Path("/etc/me/moefit/calibration-abc.json") == calibration_path(
        "abc", {"XDG_CONFIG_HOME": "/etc/me"}
    )


@pytest.mark.parametrize("stated", ["here", "./x", "~"])
def test_a_relative_configuration_folder_is_ignored(tmp_path: Path, stated: str) -> None:
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": stated}

    assert tmp_path / ".config" / "moefit" / "calibration-abc.json" == calibration_path("abc", environment)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("home", [None, "", "relative", "/nonexistent"])
def test_a_user_without_a_home_has_no_calibration_and_gets_no_folder(home: str | None) -> None:
    environment = {} if home is None else {"HOME": home}

    assert None is calibration_path("abc", environment)
    assert None is load_calibration("abc", environment)
    with pytest.raises(InputError, match="there is no home to keep a calibration in"):
        save_calibration(CALIBRATION, environment)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom the system does not know."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)


def test_what_is_saved_is_loaded_and_leaves_no_other_file(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = save_calibration(CALIBRATION, environment)
    assert CALIBRATION == load_calibration(HOST, environment)
    assert [path] == list(path.parent.iterdir())


def test_saving_again_replaces_the_file(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    later = replace(CALIBRATION, date="2027-01-01T00:00:00+00:00")
    save_calibration(CALIBRATION, environment)
    save_calibration(later, environment)
    assert later == load_calibration(HOST, environment)


def test_a_machine_never_calibrated_has_none(tmp_path: Path) -> None:
    assert load_calibration(HOST, {"XDG_CONFIG_HOME": str(tmp_path)}) is None


def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "moefit").write_text("a file where a folder should be")
    with pytest.raises(InputError, match="cannot be written"):
        save_calibration(CALIBRATION, {"XDG_CONFIG_HOME": str(tmp_path)})


def test_a_failed_save_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = save_calibration(CALIBRATION, environment)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left"):
        save_calibration(replace(CALIBRATION, date="later"), environment)
    assert CALIBRATION == load_calibration(HOST, environment)
    assert [path] == list(path.parent.iterdir())


def test_a_file_that_is_not_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = save_calibration(CALIBRATION, environment)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=path.name):
        load_calibration(HOST, environment)
