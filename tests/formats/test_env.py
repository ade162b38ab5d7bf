from __future__ import annotations

import subprocess
from collections.abc import Iterable

import pytest
from hypothesis import given, settings

from moefit.errors import UsageError
from moefit.formats import env
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective
from tests.drawn import draws
from tests.formats import refusals
from tests.formats.argvs import COMMANDS

CAUSES = {"line break or control character": refusals.CONTROL}


def read_file(text: str) -> dict[str, str]:
    """An EnvironmentFile as systemd reads it (src/basic/env-file.c): quotes, and backslashes before four characters."""
    found: dict[str, str] = {}
    for line in text.split("\n")[:-1]:
        name, _, rest = line.partition("=")
        value, quoted, chars = "", False, iter(rest)
        for char in chars:
            if char == '"':
                quoted = not quoted
            elif char == "\\":
                following = next(chars)
                value += following if following in '"\\`$' or not quoted else char + following
            else:
                value += char
        found[name] = value
    return found


def shells_read(texts: list[str]) -> list[dict[str, str]]:
    """The same files sourced by a shell, each by one of its own."""
    lines = (
        f"(set -a; . /dev/stdin <<'__END__'\n{text}__END__\nset +a; exec env -0)\nprintf '\\1'\n"
        for text in texts
    )
    answer = subprocess.run(
        ["bash", "-s"], input="".join(lines).encode(), env={}, capture_output=True, check=True
    )
    every = answer.stdout.decode().split("\1")[:-1]
    return [settings_in(item.partition("=") for item in one.split("\0")[:-1]) for one in every]


def settings_in(pairs: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    return {name: value for name, _, value in pairs if name.startswith(("LLAMA_", "HF_"))}


def write(line: str) -> str:
    return env.write(parse(line.split()))


def test_options_become_variables() -> None:
    assert (
        "LLAMA_ARG_MODEL=a.gguf\nLLAMA_ARG_CTX_SIZE=4096\nLLAMA_ARG_KV_OFFLOAD=0\nLLAMA_ARG_KV_UNIFIED=1\nLLAMA_ARG_FIT=off\n"
        == write("llama-server -m a.gguf -c 4096 -nkvo -kvu --fit off")
    )


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("llama-server -m a.gguf --no-warmup", "# start it with: llama-server --no-warmup"),
        ("nice -n 5 llama-server -m a.gguf", "# start it with: nice -n 5 llama-server"),
        ("llama serve -m a.gguf --lora x.gguf", "# start it with: llama serve --lora x.gguf"),
        (
            "llama-server -m a.gguf --control-vector-layer-range 1 2",
            "# start it with: llama-server --control-vector-layer-range 1 2",
        ),
    ],
)
def test_what_has_no_variable_is_the_programs_own_line_still(line: str, first: str) -> None:
    assert [first, "LLAMA_ARG_MODEL=a.gguf"] == write(line).splitlines()


def test_values_that_append_share_a_variable() -> None:
    assert 'LLAMA_ARG_OVERRIDE_TENSOR="a=CPU,b=CUDA0"\n' == write(
        "llama-server -ot a=CPU --override-tensor b=CUDA0"
    )


def test_of_single_values_the_last_counts() -> None:
    assert "LLAMA_ARG_CTX_SIZE=2\n" == write("llama-server -c 1 -c 2")


def test_the_variables_that_a_launch_needs_come_last() -> None:
    assert "LLAMA_ARG_CTX_SIZE=1\nGGML_OP_OFFLOAD_MIN_BATCH=96\n" == env.write(
        parse(["llama-server", "-c", "1"]), {"GGML_OP_OFFLOAD_MIN_BATCH": "96"}
    )


@settings(deadline=None)
@given(COMMANDS)
def test_what_is_not_refused_means_the_same_when_read_back(argv: list[str]) -> None:
    command = parse(argv)
    try:
        text = env.write(command)
    except UsageError as error:
        refusals.check(error, argv, CAUSES)
        return
    bare = parse(["llama-server"])
    assert set(map(meaning, effective(bare, (), read_file(text)))) == set(
        map(meaning, effective(parse(merged(argv))))
    )
    assert (
        constraints("llama-server", effective(bare, (), read_file(text))).context
        == constraints("llama-server", effective(command)).context
    )


def meaning(given: object) -> tuple[object, ...]:
    return (given.option, given.value, given.positive)  # type: ignore[attr-defined] # a Given


def merged(argv: list[str]) -> list[str]:
    """The command with each option once, as the file has it."""
    words = ["llama-server"]
    for setting in env.settings_of(parse(argv), "a test", ()):
        words.append(setting.option.name if setting.positive else setting.option.negations[-1])
        words += [setting.value] if setting.option.arity else []
    return words


def test_a_shell_reads_the_same_file() -> None:
    texts = []
    for argv in draws(COMMANDS):
        try:
            texts.append(env.write(parse(argv)))
        except UsageError as error:
            refusals.check(error, argv, CAUSES)
    assert list(map(read_file, texts)) == shells_read(texts)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["llama-server", "--seed", "1", "--lora", "a\nb"], "line break or control character of --lora"),
        (["llama-server", "--alias", "a\nb"], "line break or control character of --alias"),
        (["llama-server", "-ncmoe", "3", "-ot", "exps=CUDA0"], "in the order -ot, -cmoe, -ncmoe, -ncffn"),
        (["llama-server", "-m", "a\udc80"], "of --model"),
    ],
)
def test_what_cannot_be_carried_is_refused(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        env.write(parse(argv))


def test_overrides_to_the_cpu_may_change_their_order() -> None:
    assert 'LLAMA_ARG_N_CPU_MOE=3\nLLAMA_ARG_OVERRIDE_TENSOR="exps=CPU"\n' == write(
        "llama-server -ncmoe 3 -ot exps=CPU"
    )
