"""Where calibrations are kept: one file a machine under the user's configuration, written in one step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.machine.calibration import Calibration


def calibration_path(fingerprint: str, environment: Mapping[str, str]) -> Path:
    """The file of the machine with that fingerprint: ${XDG_CONFIG_HOME:-~/.config}/moefit/calibration-FINGERPRINT.json.

    A relative XDG_CONFIG_HOME is ignored, as the XDG Base Directory Specification asks.
    """
    stated = Path(environment.get("XDG_CONFIG_HOME", ""))
    folder = stated if stated.is_absolute() else _home(environment) / ".config"
    return folder / "moefit" / f"calibration-{fingerprint}.json"


def _home(environment: Mapping[str, str]) -> Path:
    """The user's home; the root folder for a user whom the system does not know, as in some containers."""
    try:
        return Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    except RuntimeError:
        return Path("/")


def load_calibration(fingerprint: str, environment: Mapping[str, str]) -> Calibration | None:
    """The calibration of the machine with that fingerprint, or None where there is none.

    Raises:
        InputError: there is a file, and it cannot be read or understood.
    """
    path = calibration_path(fingerprint, environment)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise InputError(f"{path}: {reason}", "write a new one with `moefit calibrate`") from None
    from moefit.machine.calibration import from_json  # noqa: PLC0415 - most machines have none

    return from_json(text, str(path))


def save_calibration(calibration: Calibration, environment: Mapping[str, str]) -> Path:
    """Writes `calibration` to its file, whole or not at all, and returns the path.

    Raises:
        InputError: the folder or file cannot be written.
    """
    from moefit.machine.calibration import to_json  # noqa: PLC0415 - most machines have none

    path = calibration_path(calibration.fingerprint, environment)
    write_atomically(path, json.dumps(to_json(calibration), indent=2) + "\n")
    return path
