from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.launch.command import Command, parse, split, with_model
from moefit.launch.constraints import Constraints
from moefit.launch.help_page import parse_help
from moefit.launch.unplanned import unplanned


def read(line: str) -> Command:
    return parse(line.split())


@pytest.mark.parametrize(
    ("line", "wrapper", "program"),
    [
        ("llama-server -m a.gguf", "", "llama-server"),
        ("numactl --interleave=all llama-server -m a.gguf", "numactl --interleave=all", "llama-server"),
        (
            "env CUDA_VISIBLE_DEVICES=1 ./build/bin/llama-server",
            "env CUDA_VISIBLE_DEVICES=1",
            "./build/bin/llama-server",
        ),
        ("taskset -c 0-7 nice -n 5 /opt/llama-cli -m a.gguf", "taskset -c 0-7 nice -n 5", "/opt/llama-cli"),
        ("sudo -u llama-user llama-server -m a.gguf", "sudo -u llama-user", "llama-server"),
        ("-m a.gguf", "", "llama-server"),
        ("", "", "llama-server"),
        (r"C:\llama\llama-server.exe -m a.gguf", "", r"C:\llama\llama-server.exe"),
    ],
)
def test_the_program_is_the_first_word_whose_base_name_is_llama(
    line: str, wrapper: str, program: str
) -> None:
    parts = split(line.split())
    assert (tuple(wrapper.split()), program) == (parts.wrapper, parts.program)


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("llama-server", "llama-server"),
        ("/x/llama-server.exe", "llama-server"),
        ("llama-server-cuda", "llama-server"),
        ("llama-bench", "llama-bench"),
    ],
)
def test_a_program_goes_by_the_name_of_its_kind(program: str, name: str) -> None:
    assert name == split([program]).name


def test_no_program_is_an_error_with_a_hint() -> None:
    with pytest.raises(UsageError, match=r"no llama.cpp program in the command: ollama") as error:
        read("ollama serve")
    assert error.value.hint is not None


def test_words_are_kept_as_written() -> None:
    words = [
        "numactl",
        "-N0",
        "llama-server",
        "-m",
        "a b.gguf",
        "--ctx_size",
        "4096",
        "-ot",
        "x=CPU",
        "-ot",
        "y=CPU",
    ]
    assert tuple(words) == parse(words).argv


def test_a_value_may_look_like_an_option() -> None:
    command = parse(["llama-server", "-m", "-c", "--alias", "--temp"])
    assert ["-c", "--temp"] == [a.value for a in command.arguments]


def test_two_values_are_taken_together() -> None:
    command = read("llama-server --control-vector-layer-range 3 9 -c 10")
    assert [("--control-vector-layer-range", "3", "9"), ("-c", "10")] == [a.words for a in command.arguments]


def test_negations_are_not_positive() -> None:
    assert [True, False, False] == [a.positive for a in read("llama-server -kvo -nkvo --no-webui").arguments]


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("--ctx-size=4096", "llama-server does not take --ctx-size=...", "write --ctx-size 4096"),
        ("--ctx_size=4096", "llama-server does not take --ctx_size=...", "write --ctx_size 4096"),
        ("--ctx-sise 1", "llama-server has no option --ctx-sise", "did you mean --ctx-size?"),
        ("-c", "-c needs a value", "write -c N"),
        ("--control-vector-layer-range 3", "--control-vector-layer-range needs 2 values", None),
        ("-c 32k", "-c takes a number, not '32k'", "write -c 32768"),
        ("-c 128Ki", "-c takes a number, not '128Ki'", "write -c 131072"),
        ("-c 32,768", "-c takes a number, not '32,768'", "write -c 32768"),
        ("-c 131_072", "-c takes a number, not '131_072'", "write -c 131072"),
        ("-c 1e999k", "-c takes a number, not '1e999k'", None),
        ("-c lots", "-c takes a number, not 'lots'", "write -c N"),
        ("-ngl most", "-ngl takes a number or auto or all, not 'most'", "write -ngl N"),
        ("-lm -c 4096", "-lm takes one of auto, none, mmap, mlock, mmap+mlock, dio, not '-c'", None),
        ("-ctk q9", "-ctk takes one of f32, f16, bf16, q8_0, q4_0, q4_1, iq4_nl, q5_0, q5_1, not 'q9'", None),
        (
            "-c 1 model.gguf",
            "llama-server takes no argument that is not an option: model.gguf",
            "write -m model.gguf",
        ),
        (
            "-m -c 4096",
            "llama-server takes no argument that is not an option: 4096",
            "-m took -c as its value",
        ),
    ],
)
def test_what_llama_server_would_refuse_is_refused(line: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as error:
        read(line)
    assert message == error.value.message
    if hint is not None:
        assert hint == error.value.hint


@pytest.mark.parametrize(
    "line", ["-fa 1", "-fa enabled", "-fa -1", "-ngl all", "-ngl -1", "--temp .7", "-np -1", "--numa numactl"]
)
def test_what_llama_server_accepts_is_accepted(line: str) -> None:
    assert ("llama-server", *line.split()) == read(line).argv


def test_llama_bench_takes_lists_and_ranges() -> None:
    line = "llama-bench -m a.gguf -p 0,512-2048*2 -ub 512,1024 -fa on,off -ts 3/1 -ot a=CPU;b=CPU,c=CPU"
    assert tuple(line.split()) == read(line).argv


def test_an_unknown_llama_program_is_an_error() -> None:
    with pytest.raises(UsageError, match="does not know the options of llama-quantize"):
        read("llama-quantize a.gguf")


def test_an_option_of_another_build_is_kept_and_marked() -> None:
    command = read("llama-server --no-mmap --draft-max 8 -c 10")
    assert [("--no-mmap", False), ("--draft-max", False), ("-c", True)] == [
        (a.spelling, a.known) for a in command.arguments
    ]


def test_the_table_of_the_binary_at_hand_wins() -> None:
    old = parse_help(
        "llama-server", "-c,    --ctx-size N    x\n--mmap, --no-mmap      y\n-fa,   --flash-attn     z\n"
    )
    command = parse(["llama-server", "-fa", "--no-mmap", "--load-mode", "none"], old)
    assert [("-fa", True), ("--no-mmap", True), ("--load-mode", False)] == [
        (a.spelling, a.known) for a in command.arguments
    ]


def test_a_model_goes_right_after_the_program() -> None:
    command = with_model(read("nice llama-server -c 10"), ("-m", "a b.gguf"))
    assert ("nice", "llama-server", "-m", "a b.gguf", "-c", "10") == command.argv


@pytest.mark.parametrize("named", ["-m b.gguf", "-hf user/repo", "-mu http://x/y.gguf", "-dr gemma3"])
def test_a_model_given_twice_is_an_error_that_names_both(named: str) -> None:
    with pytest.raises(UsageError) as error:
        with_model(read(f"llama-server {named}"), ("-m", "a.gguf"))
    assert f"the model is given twice: a.gguf and {named}" == error.value.message


def test_secrets_are_not_shown() -> None:
    command = read("llama-server --api-key sesame -hft hf_secret -c 10")
    assert ["--api-key ***", "-hft ***", "-c 10"] == [a.shown for a in command.arguments]


def test_a_word_that_may_be_part_of_a_secret_is_not_shown() -> None:
    with pytest.raises(UsageError) as error:
        read("llama-server --api-key open sesame")
    assert (
        "llama-server takes no argument that is not an option: the word after --api-key ***"
        == error.value.message
    )


def test_a_variable_in_front_needs_env() -> None:
    with pytest.raises(UsageError, match="CUDA_VISIBLE_DEVICES=1 is no program but a variable") as error:
        read("CUDA_VISIBLE_DEVICES=1 llama-server -m a.gguf")
    assert "write env CUDA_VISIBLE_DEVICES=1 ..." == error.value.hint


def test_the_hint_for_a_secret_written_with_an_equals_sign_does_not_show_it() -> None:
    with pytest.raises(UsageError) as error:
        read("llama-server --api-key=sesame")
    assert ("llama-server does not take --api-key=...", "write --api-key ***") == (
        error.value.message,
        error.value.hint,
    )


URL = "https://me:sesame@host:8/a/m.gguf?token=sesame#sesame"


@pytest.mark.parametrize(
    "line", [f"-mu={URL}", URL, f"-m a.gguf -mu {URL} {URL}"], ids=["with =", "alone", "after another"]
)
def test_errors_show_urls_without_their_secrets(line: str) -> None:
    with pytest.raises(UsageError) as error:
        read(f"llama-server {line}")
    told = f"{error.value.message} {error.value.hint}"
    assert (True, False) == ("https://host:8/a/m.gguf" in told, "sesame" in told)


@pytest.mark.parametrize("option", ["-mu", "--mmproj-url"])
def test_an_argument_shows_its_url_without_secrets_and_keeps_it_whole(option: str) -> None:
    (argument,) = read(f"llama-server {option} {URL}").arguments
    shown = "https://host:8/a/m.gguf"
    assert (f"{option} {shown}", shown, URL) == (argument.shown, argument.shown_value, argument.value)


def test_a_program_whose_help_is_cut_off_before_its_model_is_no_router() -> None:
    table = parse_help("llama-server", "-c,    --ctx-size N     context\n")
    error = unplanned(parse(["llama-server", "-m", "m.gguf"], table), Constraints())
    assert error is not None
    assert "llama-server --help lists no -m: its page is cut off, or it is another program" == error.message
