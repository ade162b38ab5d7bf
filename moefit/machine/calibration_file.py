"""Where calibrations are kept: one file a machine under the user's configuration, written in one step."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.folders import user_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moefit.machine.calibration import Calibration


def calibration_path(fingerprint: str, environment: Mapping[str, str]) -> Path | None:
    """The file of the machine with that fingerprint: ${XDG_CONFIG_HOME:-~/.config}/moefit/calibration-FINGERPRINT.json.

    None for a user who has no home.
    """
    folder = user_folder(environment, "XDG_CONFIG_HOME", ".config")
    return folder / "moefit" / f"calibration-{fingerprint}.json" if folder else None


def load_calibration(fingerprint: str, environment: Mapping[str, str]) -> Calibration | None:
    """The calibration of the machine with that fingerprint, or None where there is none.

    Raises:
        InputError: there is a file, and it cannot be read or understood.
    """
    path = calibration_path(fingerprint, environment)
    if path is None or not os.path.lexists(path):
        return None
    from moefit.reading import read_small  # noqa: PLC0415 - most machines have none

    try:
        text = read_small(path, "write a new one with `moefit calibrate`")
    except FileNotFoundError:
        return None
    from moefit.machine.calibration_json import from_json  # noqa: PLC0415 - most machines have none

    return from_json(text, str(path))


def known_misses(fingerprint: str, environment: Mapping[str, str]) -> tuple[tuple[str, float], ...]:
    """What the calibration that is there knows of models' routing, for the one that replaces it; nothing where it cannot be read."""
    try:
        known = load_calibration(fingerprint, environment)
    except InputError:
        return ()
    return known.misses if known else ()


def save_calibration(calibration: Calibration, environment: Mapping[str, str]) -> Path:
    """Writes `calibration` to its file, whole or not at all, and returns the path.

    Raises:
        InputError: the folder or file cannot be written.
    """
    from moefit.machine.calibration_json import to_json  # noqa: PLC0415 - most machines have none

    path = calibration_path(calibration.fingerprint, environment)
    if path is None:
        raise InputError("there is no home to keep a calibration in", "set HOME or XDG_CONFIG_HOME")
    write_atomically(path, json.dumps(to_json(calibration), indent=2) + "\n")
    return path
