"""A plan's line inside a file, or in another program's words: what that reader needs beside the words themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from moefit.formats import additions, env, llama_bench, llama_swap, preset, shell
from moefit.formats.paths import absolute
from moefit.launch.command import Argument, Command, parse, read_arguments
from moefit.launch.constraints import constraints
from moefit.launch.given import Given
from moefit.launch.lookup import Values
from moefit.launch.options import OptionTable
from moefit.launch.precedence import Config, effective
from moefit.launch.seen import variables
from moefit.planning.types import Plan

_COUNTED: Final = (
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "GGML_VK_VISIBLE_DEVICES",
    "GGML_CUDA_NO_PINNED",
    "GGML_OP_OFFLOAD_MIN_BATCH",
)
"""Variables beside those of options by which a plan knows devices and memory."""


def file(
    plan: Plan,
    form: str,
    table: OptionTable,
    configs: Sequence[Config],
    environment: Mapping[str, str],
    folder: str,
) -> str:
    """An environment file, an entry for llama-swap, or a section for a router, whose paths are absolute, from `folder` on.

    Its reader starts elsewhere: what variables of this moment set is in it, but for secrets.
    """
    line = parse(plan.argv, table)
    given = effective(line, configs, environment)
    command = absolute(
        replace(line, arguments=(*_from_variables(given, environment), *line.arguments)), folder
    )
    alias = Values(given).text("-a") or ""
    name = alias.partition(",")[0].strip() or file_name(plan.model.path)
    match form:
        case "env":
            return env.write(command, _needed(plan, line, environment))
        case "llama-swap":
            return llama_swap.write(command, name, _needed(plan, line, environment))
        case _:
            return preset.write(command, name)


def _needed(plan: Plan, line: Command, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that the plan counts on: the user's, then its own."""
    seen = variables(line, environment)
    own = {name: seen[name] for name in _COUNTED if name in seen and name in environment}
    return own | dict(plan.environment)


def _from_variables(given: Sequence[Given], environment: Mapping[str, str]) -> Iterator[Argument]:
    """What variables set, as words that stand before the line's own: those win, or append, as they do in llama.cpp."""
    for g in given:
        if g.origin in environment and not g.option.is_secret:
            spelling = g.option.name if g.positive else g.option.negations[-1]
            yield Argument(g.option, (spelling, g.value) if g.option.arity else (spelling,), g.positive)


def bench_line(
    plan: Plan, table: OptionTable, configs: Sequence[Config], environment: Mapping[str, str], _folder: str
) -> str:
    """A line for llama-bench, which reads neither files nor variables: they are in it."""
    command = parse(plan.argv, table)
    given = effective(command, configs, environment)
    tokens = plan.prediction.prompt_tokens, plan.prediction.generated_tokens
    line = llama_bench.write(command, given, constraints(command.name, given), *tokens)
    pairs = [f"{name}={value}" for name, value in plan.environment.items()]
    return f"{shell.write(['env', *pairs])} {line}" if pairs else line


def additions_alone(plan: Plan, form: str, table: OptionTable) -> str:
    """What moefit adds to the line, which stays as its user has it."""
    added = added_arguments(plan, table)
    match form:
        case "additions":
            return f"{additions.added_words(added)}\n"
        case "additions-env":
            return additions.added_variables(parse(plan.argv, table), added, plan.environment)
        case _:
            return additions.drop_in(added, plan.environment)


def added_arguments(plan: Plan, table: OptionTable) -> tuple[Argument, ...]:
    """The options at the end of a plan's line that are not its user's."""
    command = parse(plan.argv, table)
    own = sum(len(argument.words) for argument in plan.kept)
    return read_arguments(plan.argv[len(command.head) + own :], table)


def file_name(path: str) -> str:
    """What to call a model by its file: the name without its ending and without its number in a set.

    >>> file_name("/m/Qwen3-Q4_K_M-00001-of-00002.gguf"), file_name("a.b.gguf")
    ('Qwen3-Q4_K_M', 'a.b')
    """
    name = re.split(r"[/\\]", path)[-1]
    return re.sub(r"(?:-\d{5}-of-\d{5})?\.gguf$", "", name)
