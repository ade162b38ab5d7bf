"""Predicted memory against the real llama.cpp's, for a person and for a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moefit.memory.real import Difference
from moefit.sizes import MIB, format_size


def write_table(rows: Sequence[Difference], lacking: Mapping[str, int]) -> str:
    """One line a term, in MiB, and a line for each device that lacks memory.

    >>> row = Difference("CUDA0", "model", predicted=1610612736, real=1609564160)
    >>> print(write_table([row], {"CUDA0": 1048576}), end="")
    device  term     predicted   real MiB  difference
    CUDA0   model       1536.0       1535        +1.0
    CUDA0 lacks 1 MiB
    """
    wide = max([len("device"), *(len(row.device) for row in rows)])
    lines = [f"{'device':<{wide}}  {'term':<8}{'predicted':>10}{'real MiB':>11}{'difference':>12}"]
    lines += [
        f"{row.device:<{wide}}  {row.term:<8}{row.predicted / MIB:>10.1f}{row.real // MIB:>11}{row.error / MIB:>+12.1f}"
        for row in rows
    ]
    lines += [f"{device} lacks {format_size(size)}" for device, size in lacking.items()]
    return "".join(f"{line}\n" for line in lines)


def write_json(rows: Sequence[Difference], lacking: Mapping[str, int]) -> str:
    """A document of version 1: bytes by device and term, and the bytes that a device lacks."""
    devices: dict[str, dict[str, Any]] = {}
    for row in rows:
        terms = devices.setdefault(row.device, {"name": row.device, "lacking": lacking.get(row.device, 0)})
        terms[row.term] = {"predicted": row.predicted, "real": row.real}
    return json.dumps({"version": 1, "fits": not lacking, "devices": list(devices.values())}, indent=2) + "\n"
