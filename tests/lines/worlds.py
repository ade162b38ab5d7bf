"""Public launch lines, read as the command line reads them, with a recorded model in place of their users' files."""

from __future__ import annotations

import json
import shlex
from functools import cache
from pathlib import Path
from typing import Any

from moefit.app.line import read_launch
from moefit.app.machine import read_machine
from moefit.cost.workload import Workload
from moefit.machine.detect import MachineOptions
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Options, Request
from tests.oracle import model as recorded

MODELS = {
    "gpt-oss-120b": ("gpt-oss-120b", "MXFP4"),
    "Qwen3.6-35B-A3B-MTP": ("qwen3.5-35b-a3b-mtp", "Q4_K_M"),
    "Qwen3.6-35B-A3B": ("qwen3.5-35b-a3b", "Q4_K_M"),
    "Qwen3-Coder-Next": ("qwen3-next-80b-a3b", "Q4_K_M"),
    "Qwen3-32B": ("qwen3-14b", "Q4_K_M"),
    "Qwen3": ("qwen3-30b-a3b", "Q4_K_M"),
    "GLM-4": ("glm-4.5-air", "Q4_K_M"),
    "DeepSeek-R1": ("deepseek-v3.1", "UD"),
}
"""How a file's name begins -> the model that stands for it."""


@cache
def rows() -> dict[str, dict[str, Any]]:
    """Each line by its id."""
    text = (Path(__file__).parent / "lines.jsonl").read_text(encoding="utf-8")
    return {row["id"]: row for row in map(json.loads, text.splitlines())}


def words(row: dict[str, Any]) -> list[str]:
    """The line as a shell hands it over."""
    return shlex.split(row["line"].replace("\\\n", " "))


def planned(row: dict[str, Any], build: str | None = None) -> Plan:
    """The plan for the line on its machine, written for a build."""
    launch = read_launch(None, words(row), build)
    machine = read_machine(machine_options(row["machine"]), launch)
    name = Path(launch.constraints.model.path or "").name
    model = next(recorded(*found) for start, found in MODELS.items() if name.startswith(start))
    return plan(Request(model, machine, launch, Options(Workload(2048, 512), thorough=False)))


def machine_options(text: str) -> MachineOptions:
    """`--gpu`, `--ram` and `--cores`."""
    pairs = list(zip(*[iter(text.split())] * 2, strict=True))
    first = dict(reversed(pairs))
    gpus = tuple(value for option, value in pairs if option == "--gpu")
    return MachineOptions(gpus=gpus, ram=first["--ram"], cores=int(first["--cores"]))
