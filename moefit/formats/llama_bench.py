"""A llama-bench command for what a llama-server command runs: same model, same placement, same batches.

llama-bench reads lists at `,`, so overrides are apart by `;`, proportions and devices by `/`; its flags take 0 or 1.
It has no -c, -np and --fit. What concerns serving alone (addresses, sampling, chat) is left out; what would change the
speed and cannot be said is refused.

source: tools/llama-bench/llama-bench.cpp, parse_cmd_params.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.formats import shell
from moefit.launch.command import Command
from moefit.launch.constraints import Constraints
from moefit.launch.given import Given
from moefit.launch.options import known_name, known_words
from moefit.launch.patterns import Rule

_SAME: Final = ("-m", "-hf", "-hff", "-hft", "--numa", "--prio", "--poll", "-C", "--cpu-strict", "--rpc")
_SAME_CHOICES: Final = ("-b", "-ub", "-ctk", "-ctv", "-t", "-sm", "-mg", "-lm", "-lzm")
_REFUSED: Final = frozenset(
    [
        "--model-url",
        "--docker-repo",
        "--lora",
        "--lora-scaled",
        "--control-vector",
        "--control-vector-scaled",
        "--override-kv",
        "--moe-cache-mib",
        "--model-draft",
        "--hf-repo-draft",
        "--spec-type",
        "--spec-default",
        "--cpu-range",
        "--threads-batch",
        "--cpu-mask-batch",
        "--cpu-range-batch",
    ]
)
"""What llama-bench has no word for, but what it measures would depend on."""


def write(
    command: Command,
    given: Sequence[Given],
    constraints: Constraints,
    prompt: int | None = None,
    generated: int | None = None,
) -> str:
    """The command as a shell line; `prompt` and `generated` tokens are what it measures (-p, -n).

    `given` and `constraints` are those of the completed command, files and variables included: llama-bench reads neither.

    Raises:
        UsageError: something that changes the speed and that llama-bench cannot be told.
    """
    if command.name == "llama-bench":
        return shell.write(command.argv)
    for setting in given:
        if known_name(setting.option) in _REFUSED:
            raise UsageError(f"llama-bench cannot be told {setting.source}", "use --format shell")
    words = [*_values(given), *_placement(constraints), *_flags(constraints)]
    words += ["-p", str(prompt)] if prompt is not None else []
    words += ["-n", str(generated)] if generated is not None else []
    return shell.write([*command.wrapper, *_program(command), *words])


def _program(command: Command) -> tuple[str, ...]:
    """llama-bench beside the line's program, or the word that makes `llama` one."""
    if command.container is not None:
        raise UsageError("llama-bench is another image's program", "use --format shell")
    if command.subcommand:
        return (command.program, "bench")
    folder, _, _ = command.program.replace("\\", "/").rpartition("/")
    return (command.program[: len(folder) + 1] + "llama-bench" if folder else "llama-bench",)


def _values(given: Sequence[Given]) -> Iterator[str]:
    for spelling in (*_SAME, *_SAME_CHOICES):
        times = [g for g in given if spelling in known_words(g.option)]
        for setting in times if spelling == "--rpc" else times[-1:]:
            if "," in setting.value and spelling != "--rpc":
                raise UsageError(f"llama-bench would read {setting.source} as a list of tests")
            yield from (spelling, setting.value)


def _placement(constraints: Constraints) -> Iterator[str]:
    if constraints.devices is not None:
        yield from ("-dev", "/".join(constraints.devices) or "none")
    layers = constraints.gpu_layers
    if layers not in {None, "auto"}:
        yield from ("-ngl", "-2" if layers == "all" else str(layers))
    if constraints.tensor_split is not None:
        yield from ("-ts", "/".join(f"{share:g}" for share in constraints.tensor_split))
    if constraints.overrides:
        yield from ("-ot", ";".join(map(_override, constraints.overrides)))


def _override(rule: Rule) -> str:
    if ";" in rule.pattern or "," in rule.pattern or "=" in rule.pattern:
        raise UsageError(
            f"llama-bench would cut the pattern {rule.pattern!r} apart", "write it without , ; and ="
        )
    return f"{rule.pattern}={rule.buffer}"


def _flags(constraints: Constraints) -> Iterator[str]:
    if constraints.flash_attention is not None:
        yield from ("-fa", constraints.flash_attention)
    if constraints.kv_offload is not None:
        yield from ("-nkvo", "01"[not constraints.kv_offload])
    if constraints.op_offload is not None:
        yield from ("-nopo", "01"[not constraints.op_offload])
    if constraints.host_buffers is not None:
        yield from ("--no-host", "01"[not constraints.host_buffers])
    if constraints.repack is not None:
        yield from ("--repack", "01"[constraints.repack])
    if constraints.embeddings:
        yield from ("-embd", "1")
    if constraints.offline:
        yield "--offline"
