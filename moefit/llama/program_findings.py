"""What llama.cpp's programs on this host lack, against what plans ask of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Final

from moefit.errors import MoefitError
from moefit.llama.devices import list_devices
from moefit.llama.executables import MISSING_HINT, find_program
from moefit.llama.help import option_table
from moefit.machine.finding import A_LITTLE, MANY_TIMES, NOTHING_RUNS, PERCENTS, Finding
from moefit.machine.types import Machine

_SERVER: Final = "llama-server"
_WRITTEN: Final = {
    "-ot": "experts cannot be kept on the CPU",
    "-lm": "weights in RAM cannot be pinned, and prompts are several times slower",
    "-fit": "the server places layers again itself",
    "-ncmoe": "experts by layer need a pattern",
    "-ctxcp": "checkpoints cannot be limited",
    "--moe-cache-mib": "no expert cache on the GPU, so answers with experts in RAM are slower",
}
"""Options that plans write, and what is lost without them: what costs most first."""
_LOSS: Final = {"-ot": MANY_TIMES, "-lm": MANY_TIMES, "--moe-cache-mib": PERCENTS}


def program_findings(machine: Machine, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything about llama-server on the PATH."""
    program = find_program(_SERVER, environment)
    if program is None:
        yield Finding("no-program", NOTHING_RUNS, "no llama-server is on the PATH", MISSING_HINT, "sure")
    else:
        yield from _devices(machine, program, environment)
        yield from _options(program, environment)
    yield from _namesake()


def _devices(machine: Machine, program: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether it sees the GPUs that the driver does."""
    try:
        seen = [device for device in list_devices(program, environment) if device.total]
    except MoefitError as error:
        yield Finding("program-fails", NOTHING_RUNS, error.message, error.hint or "run it by hand", "sure")
        return
    found = len(machine.gpus) if any(gpu.source == "nvml" for gpu in machine.gpus) else 0
    if found and not seen:
        yield Finding(
            "cpu-only",
            MANY_TIMES,
            f"the driver sees {machine.gpus[0].description or machine.gpus[0].name}, and {program} no GPU",
            "a llama.cpp built with -DGGML_CUDA=ON, or its CUDA release; a library beside it may be missing",
            "sure",
        )
    elif len(seen) < found:
        yield Finding(
            "gpu-unseen",
            PERCENTS,
            f"the driver sees {found} GPUs, and {program} {len(seen)}",
            "CUDA_VISIBLE_DEVICES, or a build without the architecture of the others",
            "likely",
        )


def _options(program: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether it knows the options that plans write."""
    try:
        table = option_table(program, _SERVER, environment)
    except MoefitError:
        return
    if table is None:
        return
    lost = {name: why for name, why in _WRITTEN.items() if table.get(name) is None}
    if lost:
        name, why = next(iter(lost.items()))
        yield Finding(
            "old-build",
            _LOSS.get(name, A_LITTLE),
            f"{program} does not know {', '.join(lost)}: {why}",
            "a newer llama.cpp; until then moefit writes what it knows",
            "sure",
        )


def _namesake() -> Iterator[Finding]:
    """PyPI's moe-fit brings a module of the same name."""
    try:
        metadata.distribution("moe-fit")
    except metadata.PackageNotFoundError:
        return
    yield Finding(
        "namesake",
        NOTHING_RUNS,
        "PyPI's moe-fit, another program, is installed in the same environment and has a module of the same name",
        "pip uninstall moe-fit, or install each with pipx or uv tool",
        "sure",
    )
