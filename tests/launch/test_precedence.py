from __future__ import annotations

import pytest

from moefit.errors import InputError, UsageError
from moefit.launch.command import parse
from moefit.launch.help_page import parse_help
from moefit.launch.precedence import Config, effective, parse_ini
from tests.launch.reading import everything, fixed


def rules(line: str, environment: dict[str, str] | None = None, *configs: str) -> list[str]:
    return [rule.pattern for rule in fixed(line, environment, *configs).overrides]


def test_the_line_wins_over_the_environment_and_that_over_files() -> None:
    file, environment = (
        "ctx-size = 1000\nthreads = 3\nport = 1",
        {"LLAMA_ARG_CTX_SIZE": "2000", "LLAMA_ARG_THREADS": "4"},
    )
    found = fixed("llama-server -c 3000", environment, file)
    assert (3000, 4) == (found.context, found.threads)


def test_a_later_file_wins_over_an_earlier_one() -> None:
    assert 2 == fixed("llama-server", {}, "threads = 1", "threads = 2").threads


def test_overrides_append_file_first_and_line_last() -> None:
    assert ["f", "e", "l"] == rules(
        "llama-server -ot l=CPU", {"LLAMA_ARG_OVERRIDE_TENSOR": "e=CPU"}, "override-tensor = f=CPU"
    )


def test_within_a_file_options_apply_by_their_first_spelling() -> None:
    """std::map orders them: -cmoe, -ncffn, -ncmoe, -ot."""
    patterns = rules("llama-server", {}, "ot = x=CPU\nncmoe = 1\ncmoe = true\nncffn = 1")
    assert [
        r"\.ffn_(up|down|gate|gate_up)_(ch|)exps",
        r"blk\.(0)\.ffn_(up|down|gate)\.",
        r"blk\.(0)\.ffn_(up|down|gate|gate_up)_(ch|)exps",
        "x",
    ] == patterns


def test_within_the_environment_options_apply_as_llama_cpp_defines_them() -> None:
    found = rules(
        "llama-server",
        {"LLAMA_ARG_N_CPU_FFN": "1", "LLAMA_ARG_CPU_MOE": "1", "LLAMA_ARG_OVERRIDE_TENSOR": "x=CPU"},
    )
    assert ["x", r"\.ffn_(up|down|gate|gate_up)_(ch|)exps", r"blk\.(0)\.ffn_(up|down|gate)\."] == found


def test_a_flag_counts_in_the_environment_only_when_truthy() -> None:
    assert [True, False] == [bool(rules("llama-server", {"LLAMA_ARG_CPU_MOE": v})) for v in ("on", "0")]


def test_a_flag_counts_in_a_file_whatever_its_value() -> None:
    assert rules("llama-server", {}, "cpu-moe = false")


def test_a_negated_variable_turns_a_pair_off_whatever_it_holds() -> None:
    assert False is fixed("llama-server", {"LLAMA_ARG_NO_KV_OFFLOAD": "0"}).kv_offload


@pytest.mark.parametrize("value", ["maybe", "", "yes", "ON"])
def test_a_variable_of_a_pair_holds_a_boolean(value: str) -> None:
    with pytest.raises(UsageError, match=f"LLAMA_ARG_KV_OFFLOAD={value}: '{value}' is no boolean"):
        fixed("llama-server", {"LLAMA_ARG_KV_OFFLOAD": value})


def test_a_negated_key_reverses_its_value() -> None:
    values = {
        text: fixed("llama-server", {}, text).kv_offload
        for text in ("no-kv-offload = 1", "nkvo = off", "kvo = true")
    }
    assert {"no-kv-offload = 1": False, "nkvo = off": True, "kvo = true": True} == values


def test_the_star_section_applies_before_the_default_one() -> None:
    assert 2 == fixed("llama-server", {}, "[default]\nthreads = 2\n[*]\nthreads = 1").threads


def test_sections_of_models_do_not_apply() -> None:
    assert None is fixed("llama-server", {}, "[qwen3]\nthreads = 2").threads


def test_keys_of_other_programs_are_ignored() -> None:
    assert 2 == fixed("llama-server", {}, "system-prompt = x\nthreads = 2\nnonsense = 3").threads


def test_a_key_may_be_a_variable() -> None:
    assert 2 == fixed("llama-server", {}, "LLAMA_ARG_THREADS = 2").threads


def test_llama_bench_reads_none_of_them() -> None:
    assert None is fixed("llama-bench", {"LLAMA_ARG_THREADS": "2"}, "threads = 2").threads


def test_variables_of_an_env_in_front_count() -> None:
    outside = {"LLAMA_ARG_THREADS": "1", "LLAMA_ARG_BATCH": "64"}
    found = fixed(
        "numactl -N 0 /usr/bin/env -u LLAMA_ARG_BATCH LLAMA_ARG_THREADS=2 nice llama-server", outside
    )
    assert (2, None) == (found.threads, found.batch)
    assert None is fixed("env -i llama-server", outside).threads
    assert 1 == fixed("nice llama-server --alias env", outside).threads


def test_a_variable_that_the_build_refuses_is_an_error() -> None:
    with pytest.raises(UsageError, match="llama-server refuses LLAMA_ARG_DRAFT_MAX: use --spec-draft-n-max"):
        fixed("llama-server", {"LLAMA_ARG_DRAFT_MAX": "8"})


def test_a_key_that_the_build_refuses_is_an_error_whatever_its_value() -> None:
    with pytest.raises(UsageError, match=r"llama-server refuses draft-max in .*: use --spec-draft-n-max"):
        fixed("llama-server", {}, "draft-max = 8")


def test_a_variable_that_would_not_set_a_removed_flag_is_ignored() -> None:
    page = "--low-vram   the argument has been removed. use -nkvo (env: LLAMA_ARG_LOW_VRAM)\n"
    command = parse(["llama-server"], parse_help("llama-server", page))
    assert () == effective(command, (), {"LLAMA_ARG_LOW_VRAM": "0"})


def test_secrets_of_the_environment_are_not_shown() -> None:
    assert ["LLAMA_API_KEY=***"] == [
        g.source for g in everything("llama-server", {"LLAMA_API_KEY": "sesame"})
    ]


def test_a_comment_begins_anywhere_in_a_line() -> None:
    assert {"default": {"a": "1", "b": "x"}} == parse_ini("a = 1 ; one\n# two\nb = x#y\n\n", "f")


def test_a_value_may_hold_equals_signs_and_spaces() -> None:
    assert {"default": {"ot": "a=CPU, b = CPU"}} == parse_ini("ot=a=CPU, b = CPU\r\n", "f")


def test_a_header_that_comes_again_empties_its_section() -> None:
    assert {"s": {"b": "2"}} == parse_ini("[s]\na = 1\n[s]\nb = 2", "f")


@pytest.mark.parametrize("text", ["nonsense", " indented = 1", "[open", "1a = 2"])
def test_a_line_that_llama_cpp_cannot_read_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match=r"f:1: llama\.cpp cannot read this line"):
        parse_ini(text, "f")


def test_everything_that_is_set_says_where() -> None:
    config = Config("/etc/llama.cpp/config.ini", "ctx-size = 4096\n")
    found = effective(parse(["llama-server", "-ub", "64", "--no-mmap"]), [config], {"LLAMA_ARG_BATCH": "128"})
    assert [
        ("--ctx-size", "/etc/llama.cpp/config.ini"),
        ("--batch-size", "LLAMA_ARG_BATCH"),
        ("--ubatch-size", "your line"),
        ("--load-mode", "your line"),
    ] == [(g.option.name, g.origin) for g in found]


def test_a_url_in_a_variable_is_named_without_its_secrets() -> None:
    (found,) = effective(
        parse(["llama-server"]), (), {"LLAMA_ARG_MODEL_URL": "https://me:sesame@host/m.gguf?t=sesame"}
    )
    assert "LLAMA_ARG_MODEL_URL=https://host/m.gguf" == found.source
