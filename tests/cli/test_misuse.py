"""What is said of words before `--` that moefit does not know: one line, and what they were meant to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from moefit.cli import main

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")


@pytest.fixture
def said(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as end:
            main(list(words))
        assert 2 == end.value.code
        error, *hint = capsys.readouterr().err.splitlines()
        return error.removeprefix("moefit: error: "), "".join(hint).removeprefix("moefit: hint: ")

    return run


BEHIND = "options of llama-server go after a --"
OPTIONS = {
    "--vesion": "did you mean --version?",
    "--hlep": "did you mean --help?",
    "--stratgy": "did you mean --strategy?",
    "-ram": "did you mean --ram?",
    "--contexts": "it is an option of moefit compare",
    "--install": "it is an option of moefit unit",
    "--ngl": f"did you mean llama-server's -ngl? {BEHIND}",
    "--ctx-sise": f"did you mean llama-server's --ctx-size? {BEHIND}",
    "--vram": "--gpu 12GiB declares a card of so much memory; --budget CUDA0=12GiB caps one that is there",
    "--context": f"did you mean llama-server's -c? {BEHIND}",
    "--ctx": f"did you mean llama-server's -c? {BEHIND}",
    "-o": "see moefit plan --help",
    "--zzzz": "see moefit plan --help",
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_unknown_option_is_told_what_it_was_meant_to_be(said, option):
    assert (f"no such option: {option}", OPTIONS[option]) == said("plan", EXAMPLE, option, "8")


def test_a_letter_is_the_command_s_own_option_that_begins_so(said):
    assert ("no such option: -o", "did you mean --output?") == said("unit", "-o", "x.service")


def test_an_option_of_moefit_itself_goes_with_no_command(said):
    assert ("--version goes with no command", "moefit --version") == said("plan", "--version")


def test_an_option_in_another_case_is_told_moefits_own(said):
    assert ("-v is llama-server's option", f"{BEHIND}; moefit's own is -V") == said("-v")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan", "--strategy", "bse-first"], "did you mean base-first?"),
        (["plan", "--strategy", "zzz"], "see moefit plan --help"),
        (["args", "--format", "jsn"], "did you mean json?"),
        (["plan", "--workload", "chta"], "did you mean chat?"),
        (["plan", "--workload", "agnet:3"], "did you mean agent?"),
        (["versoin"], "did you mean moefit --version?"),
        (["paln"], "did you mean moefit plan?"),
    ],
)
def test_a_word_of_a_few_is_told_the_nearest(said, words, expected):
    assert said(*words)[1].startswith(expected)


@pytest.mark.parametrize(
    "first", ["llama-server", "./llama-server", "numactl", "docker", "A=1", "llama", "run server"]
)
def test_a_command_without_its_dashes_is_told_them(said, first):
    *verb, start = first.split()
    hint = f"the command goes after a --: moefit {next(iter(verb), 'plan')} -- {start} ..."
    assert hint == said(*verb, start, "-m", EXAMPLE)[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan", "--cores", "many"], "invalid value for --cores: many is no whole number"),
        (["run", "--wait-free", "soon"], "invalid value for --wait-free: soon is no number"),
    ],
)
def test_a_value_that_is_no_number_is_said_to_be_none(said, words, expected):
    assert expected == said(*words)[0]


@pytest.mark.parametrize("command", [["plan", EXAMPLE, "--svg"], ["unit", EXAMPLE, "--output"]])
def test_a_file_to_be_written_lies_in_a_folder_that_is_there(said, tmp_path, command):
    missing = tmp_path / "a b" / "c"
    error, hint = said(*command, str(missing / "file"))
    assert (f"{missing / 'file'}: there is no folder {missing}", f"mkdir -p '{missing}'") == (error, hint)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["plan", EXAMPLE, "--svg"], ["unit", EXAMPLE, "--output"]])
def test_a_file_to_be_written_has_a_name(said, command):
    empty = "the name of a file to write is empty", "a variable that nothing has set?"
    assert empty == said(*command, "")


@pytest.mark.parametrize("command", [["plan", EXAMPLE, "--svg"], ["unit", EXAMPLE, "--output"]])
def test_a_file_to_be_written_is_no_folder(said, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert ("new/: is a folder's name", "new/FILE, with a name for the file") == said(*command, "new/")


LONG = 300 * "x"


@pytest.mark.parametrize(
    "words",
    [(LONG,), ("compare", LONG), ("plan", EXAMPLE, "--build", LONG), ("plan", EXAMPLE, "--svg", f"{LONG}/x")],
)
def test_a_word_that_is_longer_than_a_name_may_be_is_a_mistake(said, words):
    assert LONG in said(*words)[0]


def test_of_ten_thousand_letters_an_error_repeats_some_hundred(said):
    assert len(said("plan", EXAMPLE, "--ram", 10_000 * "x")[0]) < 500


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("compare", "--cards"),
        ("compare", "--contexts"),
        ("compare", "--strategies"),
        ("plan", "--expect"),
        ("plan", "--exclude"),
    ],
)
def test_an_empty_value_is_not_taken_for_none(said, command, option):
    assert said(command, EXAMPLE, "--ram", "32GiB", option, "")[0].startswith(
        option.replace("--cards", "--gpu")
    )


def test_a_file_is_no_folder(said, tmp_path):
    (tmp_path / "x").write_text("")
    assert (
        f"{tmp_path}/x/p.svg: {tmp_path}/x is no folder"
        == said("plan", EXAMPLE, "--svg", f"{tmp_path}/x/p.svg")[0]
    )


def test_cards_may_be_asked_for_in_several_words(capsys):
    with pytest.raises(SystemExit):
        main(["cards", "rtx", "3060", "ti", "--json"])
    assert "rtx-3060-ti" in capsys.readouterr().out


def test_what_is_too_much_is_told_where_it_goes(said):
    assert said("plan", "a.gguf", "b.gguf")[1].endswith("moefit compare takes several models")
    assert "see moefit calibrate --help" == said("calibrate", "now")[1]


@pytest.mark.parametrize("ram", ["+8", "+", "+lots"])
def test_ram_that_is_added_has_a_size(said, ram):
    assert (
        "so much more than there is: --ram +8GiB" == said("plan", EXAMPLE, "--gpu", "8GiB", "--ram", ram)[1]
    )
