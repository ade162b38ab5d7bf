"""Reads the config.ini files that llama.cpp applies before the environment and the line.

source: common/arg.cpp, common_params_apply_system_config; common/common.cpp, fs_get_config_directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from moefit.errors import InputError
from moefit.launch.precedence import Config

SYSTEM: Final = Path("/etc/llama.cpp/config.ini")


def read_configs(environment: Mapping[str, str], system: Path = SYSTEM) -> tuple[Config, ...]:
    """The system's file, then the user's, those that exist.

    Raises:
        InputError: a file exists but cannot be read.
    """
    paths = [system]
    if home := environment.get("XDG_CONFIG_HOME"):
        paths.append(Path(home) / "llama.cpp" / "config.ini")
    elif home := environment.get("HOME"):
        paths.append(Path(home) / ".config" / "llama.cpp" / "config.ini")
    return tuple(_read(path) for path in paths if path.exists())


def _read(path: Path) -> Config:
    try:
        return Config(str(path), path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "llama.cpp reads this file before the line") from error
