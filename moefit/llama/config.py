"""Reads the config.ini files that llama.cpp applies before the environment and the line.

source: common/arg.cpp, common_params_apply_system_config; common/common.cpp, fs_get_config_directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from moefit.launch.precedence import Config
from moefit.reading import read_small

SYSTEM: Final = Path("/etc/llama.cpp/config.ini")


def read_configs(environment: Mapping[str, str], system: Path = SYSTEM) -> tuple[Config, ...]:
    """The system's file, then the user's, those that exist.

    Raises:
        InputError: a file exists but cannot be read, or is none that llama.cpp could end reading.
    """
    paths = [system]
    if home := environment.get("XDG_CONFIG_HOME"):
        paths.append(Path(home) / "llama.cpp" / "config.ini")
    elif home := environment.get("HOME"):
        paths.append(Path(home) / ".config" / "llama.cpp" / "config.ini")
    found = (_read(path) for path in paths if os.path.exists(path))  # noqa: PTH110 - False where it may not be asked
    return tuple(config for config in found if config is not None)


def _read(path: Path) -> Config | None:
    try:
        text = read_small(path, "llama.cpp reads this file before the line", errors="surrogateescape")
    except FileNotFoundError:
        return None
    return Config(str(path), text)
