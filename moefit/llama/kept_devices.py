"""A program's list of devices, asked once for each build, environment and set of cards: a driver takes a second to start.

The answer is kept under $XDG_CACHE_HOME/moefit/devices. Memory in it is of an earlier moment: it tells names, order and kinds.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moefit.documents import parse_json
from moefit.errors import InputError
from moefit.files import write_atomically
from moefit.folders import user_folder
from moefit.llama.devices import listed_text, parse_list
from moefit.machine.sighted import is_remote, sight
from moefit.reading import read_small

if TYPE_CHECKING:
    from moefit.machine.types import Device

_VERSION: Final = 1
"""Of what is kept; it changes when an answer would be read otherwise."""
_MOST: Final = 1 << 16
"""Bytes of a list."""
_DECIDE: Final = ("CUDA_", "HIP_", "ROCR_", "GGML_", "ONEAPI_", "ZE_", "VK_", "MESA_", "LD_", "NVIDIA_", "LLAMA_", "HSA_", "SYCL_", "XDG_CONFIG", "DISPLAY")  # fmt: skip
"""How variables begin that decide which devices a program sees."""


def kept_devices(
    program: Sequence[str], environment: Mapping[str, str], known: Sequence[Device], time_limit: float
) -> tuple[Device, ...]:
    """What the program lists, from an earlier answer where every device in it is one that a driver knows now.

    Raises:
        InputError: the program is missing.
        DriverError: it fails or does not answer in `time_limit` seconds.
    """
    path = _path(program, environment, known)
    devices = _read(path) if path else None
    if devices is not None and _is_known(devices, known):
        return devices
    text = listed_text(program[0], environment, (), time_limit, program[1:])
    devices = parse_list(text)
    if path and devices and _is_known(devices, known) and len(text) < _MOST:
        with suppress(InputError):  # a cache that cannot be written is none
            write_atomically(path, json.dumps({"version": _VERSION, "text": text}))
    return devices


def _is_known(devices: Sequence[Device], known: Sequence[Device]) -> bool:
    """Whether the drivers tell how much of each is free now."""
    real = [device for device in devices if not device.is_accelerator]
    return not any(map(is_remote, real)) and not sight(real, known).unmatched


def _path(program: Sequence[str], environment: Mapping[str, str], known: Sequence[Device]) -> Path | None:
    """The file for this build, environment and set of cards; None where nothing can be kept."""
    folder = user_folder(environment, "XDG_CACHE_HOME", ".cache")
    try:
        found = Path(program[0]).resolve(strict=True)
        stat = found.stat()
    except OSError:
        return None
    if folder is None:
        return None
    variables = sorted(item for item in environment.items() if item[0].startswith(_DECIDE))
    cards = [(card.uuid, card.description, card.total) for card in known]
    key = repr((str(found), tuple(program[1:]), stat.st_size, stat.st_mtime_ns, variables, cards))
    return folder / "moefit" / "devices" / f"{crc32(os.fsencode(key)):08x}-{stat.st_mtime_ns:x}.json"


def _read(path: Path) -> tuple[Device, ...] | None:
    try:
        kept = parse_json(read_small(path))
        return parse_list(kept["text"]) if kept["version"] == _VERSION else None
    except (OSError, ValueError, TypeError, KeyError, InputError):
        return None
