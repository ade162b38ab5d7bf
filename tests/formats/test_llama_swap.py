from __future__ import annotations

import shlex

import pytest
import yaml
from hypothesis import given, settings

from moefit.errors import UsageError
from moefit.formats import llama_swap
from moefit.launch.command import parse
from tests.formats import refusals
from tests.formats.argvs import COMMANDS

CAUSES = {"line break or control character": refusals.CONTROL, "as a macro": r"\$\{"}


def read_back(text: str, name: str) -> list[str]:
    """The words as llama-swap has them: comment lines left out, the rest split like a shell does."""
    cmd = yaml.safe_load(text)["models"][name]["cmd"]
    lines = [line for line in cmd.split("\n") if not line.strip().startswith("#")]
    return shlex.split("\n".join(lines))


def test_the_port_is_llama_swaps() -> None:
    text = llama_swap.write(parse(["llama-server", "-m", "a.gguf", "-c", "4096", "--fit", "off"]), "qwen3")
    assert (
        'models:\n  "qwen3":\n    cmd: |\n      llama-server --port ${PORT} -m a.gguf -c 4096 --fit off\n'
        == text
    )


def test_a_port_of_the_commands_own_becomes_the_proxys() -> None:
    text = llama_swap.write(parse(["nice", "llama-server", "--port", "9001", "-m", "a.gguf"]), "q: 3")
    assert {
        "models": {
            "q: 3": {"proxy": "http://127.0.0.1:9001", "cmd": "nice llama-server --port 9001 -m a.gguf\n"}
        }
    } == yaml.safe_load(text)


def test_the_variables_that_a_launch_needs_are_the_models_env() -> None:
    text = llama_swap.write(parse(["llama-server", "-c", "1"]), "x", {"GGML_OP_OFFLOAD_MIN_BATCH": "96"})
    assert {
        "env": ["GGML_OP_OFFLOAD_MIN_BATCH=96"],
        "cmd": "llama-server --port ${PORT} -c 1\n",
    } == yaml.safe_load(text)["models"]["x"]


@pytest.mark.parametrize("macro", ["${PORT}", "${MODEL_ID}", "${env.PORT}", "${my-port_2}"])
def test_macros_of_llama_swaps_stay(macro: str) -> None:
    text = llama_swap.write(parse(["llama-server", "--port", macro, "-a", f"x-{macro}"]), "x")
    assert ["llama-server", "--port", macro, "-a", f"x-{macro}"] == read_back(text, "x")


@settings(deadline=None)
@given(COMMANDS)
def test_words_come_back_or_are_refused(argv: list[str]) -> None:
    try:
        text = llama_swap.write(parse(argv), "x")
    except UsageError as error:
        refusals.check(error, argv, CAUSES)
        return
    words = read_back(text, "x")
    assert ["--port", "${PORT}"] == words[1:3]
    assert argv == [words[0], *words[3:]]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("${HOME", "as a macro"),
        ("a\nb", "line break"),
        ("\x1b", "control character"),
        ("\u2028", "line break"),
    ],
)
def test_what_cannot_be_carried_is_refused(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        llama_swap.write(parse(["llama-server", "--alias", word]), "x")


@pytest.mark.parametrize(("value", "port"), [(" 80", 80), ("+8080", 8080), ("0080", 80), ("90.5", 90)])
def test_the_proxys_port_is_the_number_that_the_server_reads(value: str, port: int) -> None:
    text = llama_swap.write(parse(["llama-server", "--port", value]), "x")

    assert f"http://127.0.0.1:{port}" == yaml.safe_load(text)["models"]["x"]["proxy"]


def test_of_several_ports_the_last_counts_as_it_does_for_the_server() -> None:
    text = llama_swap.write(parse(["llama-server", "--port", "1", "--port", "2"]), "x")

    assert "http://127.0.0.1:2" == yaml.safe_load(text)["models"]["x"]["proxy"]


def test_a_port_that_is_no_whole_number_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--port \.5: no whole number"):
        llama_swap.write(parse(["llama-server", "--port", ".5"]), "x")


def test_a_name_too_long_for_a_key_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot hold so long a name"):
        llama_swap.write(parse(["llama-server"]), "x" * 1200)


@pytest.mark.parametrize(
    "name", ["a: b", "[x]", "{a}", "- a", "#a", "&a", "*a", "!a", "yes", "1", "'\"", "a\\x41"]
)
def test_a_name_of_any_kind_is_read_back_as_it_is(name: str) -> None:
    assert [name] == list(yaml.safe_load(llama_swap.write(parse(["llama-server"]), name))["models"])
