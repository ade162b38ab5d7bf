"""What llama.cpp's programs on this host lack, against what plans ask of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Final

from moefit.errors import MoefitError
from moefit.llama.devices import list_devices
from moefit.llama.executables import MISSING_HINT, find_program
from moefit.llama.help import help_trouble, option_table
from moefit.machine.finding import A_LITTLE, MANY_TIMES, NOTHING_RUNS, PERCENTS, Finding
from moefit.machine.types import Device, Machine
from moefit.sizes import counted
from moefit.values import dataclass

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
_BUILDS: Final = {
    "CUDA": "-DGGML_CUDA=ON, or its CUDA release",
    "ROCm": "-DGGML_HIP=ON, or its ROCm or Vulkan release",
    "Vulkan": "-DGGML_VULKAN=ON, or its Vulkan release",
}
"""Backend -> what a build for it is made with."""
_LOSS: Final = {"-ot": MANY_TIMES, "-lm": MANY_TIMES, "--moe-cache-mib": PERCENTS}


@dataclass(frozen=True, slots=True)
class ServerCall:
    """How a line calls the llama-server that is looked at."""

    name: str = "llama-server"
    """As the line calls it: a name on the PATH, or a file."""
    subcommand: tuple[str, ...] = ()
    """Of a program of several: `llama serve`."""
    rpc: tuple[str, ...] = ()
    """Values of the line's --rpc."""


def listed_devices(
    environment: Mapping[str, str], server: ServerCall | None = None
) -> tuple[Device, ...] | MoefitError:
    """The devices that a program lists, or why it lists none; none of a program that is not there."""
    asked = server or ServerCall()
    program = find_program(asked.name, environment)
    if program is None:
        return ()
    try:
        listed = list_devices(program, environment, asked.rpc, subcommand=asked.subcommand)
        return tuple(device for device in listed if not device.is_accelerator)
    except MoefitError as error:
        return error


def program_findings(
    machine: Machine,
    environment: Mapping[str, str],
    server: ServerCall | None = None,
    listed: tuple[Device, ...] | MoefitError | None = None,
) -> Iterator[Finding]:
    """Everything about a program, by default the llama-server on the PATH.

    Args:
        machine: its GPUs as the drivers tell of them, not as the program does.
        environment: the variables that the program would see.
        server: which one.
        listed: what it lists, where it has been asked.
    """
    asked = server or ServerCall()
    program = find_program(asked.name, environment)
    if program is None:
        where = "is not there" if "/" in asked.name else "is not on the PATH"
        yield Finding("no-program", NOTHING_RUNS, f"{asked.name} {where}", MISSING_HINT, "sure")
    else:
        yield from _devices(
            machine, program, listed_devices(environment, asked) if listed is None else listed
        )
        yield from _options(program, environment, asked)
    yield from _namesake()


def _devices(machine: Machine, program: str, listed: tuple[Device, ...] | MoefitError) -> Iterator[Finding]:
    """Whether it sees the GPUs that the drivers do."""
    if isinstance(listed, MoefitError):
        fix = listed.hint or f"run {program} by hand: it says more, such as a library that is missing"
        yield Finding("program-fails", NOTHING_RUNS, listed.message, fix, "sure")
        return
    yield from _dead(program, listed)
    seen = [device for device in listed if not device.name.startswith("RPC")]
    there = [gpu for gpu in machine.gpus if gpu.source in {"nvml", "sysfs"}]
    if there and not seen:
        yield _blind(program, there)
    elif len(seen) < len(there):
        yield Finding(
            "gpu-unseen",
            PERCENTS,
            f"the driver sees {counted(len(there), 'GPU')}, and {program} {len(seen)}",
            "CUDA_VISIBLE_DEVICES, or a build without the architecture of the others",
            "likely",
        )


def _dead(program: str, listed: Sequence[Device]) -> Iterator[Finding]:
    """Devices that it lists without memory."""
    for device in listed:
        if not device.total:
            yield Finding(
                "gpu-dead",
                NOTHING_RUNS,
                f"{program} lists {device.name} ({device.description}) without memory: its driver fails",
                "restart the machine or its driver; -dev with the others runs without it",
                "sure",
            )


def _blind(program: str, there: Sequence[Device]) -> Finding:
    """A build that sees none of the GPUs: for the processor alone, or without their libraries."""
    gpu = there[0]
    kind = _BUILDS.get(gpu.name.rstrip("0123456789"), _BUILDS["Vulkan"])
    small = gpu.integrated and len(there) == 1
    return Finding(
        "cpu-only",
        PERCENTS if small else MANY_TIMES,
        f"the driver sees {gpu.description or gpu.name}, and {program} no GPU: it is built for the CPU alone, or lacks a library",
        f"a llama.cpp built with {kind}; ldd {program} names a library that is missing",
        "likely" if small else "sure",
    )


def _options(program: str, environment: Mapping[str, str], server: ServerCall) -> Iterator[Finding]:
    """Whether it answers --help, and knows the options that plans write."""
    trouble = help_trouble(program, _SERVER, environment, server.subcommand)
    if trouble:
        yield Finding(
            "no-help",
            PERCENTS,
            f"{program} --help {trouble}: plans are written for another build, whose options it may refuse",
            "a whole llama-server; or --build bN says which build it is",
            "sure",
        )
        return
    table = option_table(program, _SERVER, environment, server.subcommand)
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
