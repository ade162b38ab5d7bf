"""What moefit knows of builds: which were checked, which are newer, and what a newer one's option looks like."""

from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.launch.builds import CHECKED, is_newer, reference, unknown_options
from moefit.launch.command import Command, parse
from moefit.launch.complete import Addition, complete
from moefit.launch.constraints import constraints
from moefit.launch.enumerated import unknown_values
from moefit.launch.help_page import parse_help
from moefit.launch.options import OptionTable, builtin, known_name, spelled
from moefit.launch.precedence import effective
from moefit.launch.seen import unread_variables
from moefit.launch.translate import translate

NEWER = parse_help(
    "llama-server",
    "-c,    --ctx-size N   x\n-m,    --model FNAME  x\n--turbo N              x (env: LLAMA_ARG_TURBO)\n"
    "-ctk,  --cache-type-k TYPE  x\n       allowed values: f16, q8_0, f8_e4m3 (default: f16)\n",
)


def table(build: int | None) -> OptionTable:
    return OptionTable("llama-server", builtin("llama-server").options, build, asked=True)


@pytest.mark.parametrize(("build", "newer"), [(CHECKED[-1] + 1, True), (CHECKED[-1], False), (9000, False)])
def test_a_build_number_says_whether_a_program_is_newer(build: int, newer: bool) -> None:
    assert newer is is_newer(table(build))


def test_without_a_number_the_options_say_whether_a_program_is_newer() -> None:
    assert (False, True) == (is_newer(table(None)), is_newer(NEWER))


@pytest.mark.parametrize(
    ("build", "expected"), [(9000, 11434), (11479, 11434), (11480, 11549), (11548, 11549), (13000, 11549)]
)
def test_a_build_has_the_rules_of_the_newest_checked_one_whose_options_it_has(
    build: int, expected: int
) -> None:
    assert expected == reference(f"b{build}")


def test_what_is_no_build_is_refused() -> None:
    with pytest.raises(UsageError, match="no build number"):
        reference("newest")


def words(line: str, options: OptionTable | None = None) -> list[tuple[str, ...]]:
    return [argument.words for argument in parse(line.split(), options).arguments]


@pytest.mark.parametrize(
    "line",
    [
        *("--turbo 3", "--turbo -1", "--turbo", "--turbo-mode-2 a.b", "--turbo -c 1", "--turbo --no-mmap"),
        *("--turbo 1 2", "--turbo a -1 c", "--turbo_mode 3", "--ctx-size-max 1", "--cache-type-k-swa f16"),
        *(
            "--top-n 3",
            "--rope-base 2",
            "--no-kv-cache",
            "--fim-qwen-2.5b-default",
            "--ctx-share 1",
            "--moe-cache 1",
        ),
    ],
)
def test_without_a_program_an_option_that_no_table_has_is_passed_on(line: str) -> None:
    passed = words(f"llama-server {line} -m a.gguf")
    assert line.split() == [word for argument in passed for word in argument][:-2]


@pytest.mark.parametrize(
    "line",
    ["--ctx-sise 1", "--no-mmapp", "--ctxsize 1", "--thraeds-bacth 1", "--Turbo", "--turbo=3", "-turbo"],
)
def test_what_is_mistyped_or_no_option_of_llama_cpp_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        words(f"llama-server {line} -m a.gguf")


@pytest.mark.parametrize("line", ["--opt", "--opt 3", "--opt -c 1"])
def test_of_an_option_that_no_checked_build_has_a_value_in_brackets_may_be_missing(line: str) -> None:
    page = parse_help("llama-server", "-c, --ctx-size N   x\n--opt [N]   x\n")
    assert line.split() == [word for argument in words(f"llama-server {line}", page) for word in argument]


def test_an_option_is_known_by_whichever_of_its_spellings_a_checked_build_has() -> None:
    pages = ("-ot, --override-tensor, --tensors X   x\n", "-ot, --tensors X   x\n", "--turbo N   x\n")
    options = [parse_help("llama-server", page).options[0] for page in pages]
    assert ["--override-tensor", "--override-tensor", "--turbo"] == [known_name(one) for one in options]


@pytest.mark.parametrize(
    ("page", "line", "instead"),
    [
        ("-c, --context N   x\n", "--ctx-size 8192", "-c 8192"),
        ("--cpu-batch <0|1>   x\n--swa-full   x\n", "--ctx-size 8192", None),
        ("-nkvo, --no-kv   x\n", "--no-kv-offload", "-nkvo"),
    ],
)
def test_a_spelling_that_a_build_has_renamed_is_said_in_another(
    page: str, line: str, instead: str | None
) -> None:
    [dropped] = translate(parse(["llama-server", *line.split()], parse_help("llama-server", page))).dropped
    assert instead == (" ".join(a.shown for a in dropped.instead) or None)


LONG = parse_help(
    "llama-server",
    "--model FNAME   x\n--gpu-layers, --n-gpu-layers N   x\n--override-tensor X   x\n--cpu-moe   x\n--load-mode MODE   x\n--ubatch-size N   x\n",
)
"""A page without the short names."""


def test_what_a_line_sets_is_read_by_the_names_that_the_program_has() -> None:
    line = "llama-server --n-gpu-layers 20 --override-tensor a=CPU --ubatch-size 64 -cmoe"
    read = constraints("llama-server", effective(parse(line.split(), LONG)))
    assert (20, 64, 2) == (read.gpu_layers, read.ubatch, len(read.overrides))


def test_what_is_added_is_said_by_the_names_that_the_program_has() -> None:
    command = parse(["llama-server", "--model", "m", "-ngl", "3"], LONG)
    wanted = [Addition("-ub", "64", ""), Addition("-lm", "none", ""), Addition("-ngl", "9", "")]
    line = "llama-server --model m --gpu-layers 3 --ubatch-size 64 --load-mode none"
    assert line.split() == list(complete(command, wanted, effective(command)).argv)


def test_what_the_program_lists_only_to_refuse_it_is_not_added() -> None:
    gone = "the argument has been removed. use something else\n"
    page = f"-m, --model FNAME   x\n-lm, --load-mode MODE   {gone}-fit, --fit [on|off]   {gone}-ub N   x\n"
    command = parse(["llama-server", "-m", "m"], parse_help("llama-server", page))
    wanted = [Addition("-ub", "64", ""), Addition("-lm", "none", "")]
    assert ["llama-server", "-m", "m", "-ub", "64"] == list(
        complete(command, wanted, effective(command)).argv
    )


def test_what_the_program_lists_only_to_refuse_it_is_left_out_with_what_it_says() -> None:
    page = "-m, --model FNAME   x\n--moe-cache-mib N   the argument has been removed. use --experts\n"
    line = ["llama-server", "-m", "m", "--moe-cache-mib", "400"]
    [dropped] = translate(parse(line, parse_help("llama-server", page))).dropped
    assert "this build of llama-server refuses it: use --experts" == dropped.why


@pytest.mark.parametrize(
    ("page", "wanted", "expected"),
    [
        ("--op-offload, --no-op-offload   x\n", "--no-op-offload", "--no-op-offload"),
        ("--op-offload, --no-offload-of-ops   x\n", "--no-op-offload", "--no-offload-of-ops"),
        ("--ubatch-size N   x\n", "-ub", "--ubatch-size"),
    ],
)
def test_what_turns_an_option_off_is_said_by_what_turns_it_off(page: str, wanted: str, expected: str) -> None:
    [option] = parse_help("llama-server", page).options
    assert expected == spelled(option, wanted)


def test_an_unknown_value_is_found_where_the_option_has_one_spelling_more() -> None:
    page = "-ctk, --cache-type-k, --kv-type-k TYPE   x\n   allowed values: f16, f8_e4m3 (default: f16)\n"
    found = effective(parse(["llama-server", "-ctk", "f8_e4m3"], parse_help("llama-server", page)))
    assert ["-ctk f8_e4m3"] == [g.source for g in unknown_values(found, "llama-server")]


def test_variables_that_no_checked_build_reads_are_found_where_no_program_tells() -> None:
    set_ = {"LLAMA_ARG_TURBO": "1", "LLAMA_ARG_CTX_SIZE": "1", "LLAMA_ARG_NO_MMAP": "1", "OTHER": "1"}
    found = [unread_variables(parse(["llama-server"], one), set_) for one in (builtin("llama-server"), NEWER)]
    assert [("LLAMA_ARG_TURBO",), ()] == found


def test_a_cache_s_cpu_share_is_passed_on_and_read() -> None:
    line = "--moe-cache-cpu-share 0.25"
    assert [tuple(line.split())] == words(f"llama-server {line} -m a.gguf")[:1]
    read = constraints("llama-server", effective(parse(f"llama-server {line} -m a.gguf".split())))
    assert 0.25 == read.moe_cache_cpu_share


@pytest.mark.parametrize("value", ["2", "nan", "-0.5", "x", "1.5"])
def test_what_is_no_share_of_one_is_the_programs_to_judge(value: str) -> None:
    line = f"llama-server --moe-cache-cpu-share {value} -m a.gguf"
    assert constraints("llama-server", effective(parse(line.split()))).moe_cache_cpu_share is None


def test_an_option_that_the_program_at_hand_does_not_list_is_refused() -> None:
    with pytest.raises(UsageError, match="no option --nitro"):
        words("llama-server --nitro 3", NEWER)


def given(line: str, **variables: str) -> tuple[Command, tuple[object, ...]]:
    command = parse(line.split(), NEWER)
    return command, effective(command, (), variables)


def test_unknown_options_of_line_and_variables_are_found() -> None:
    _, line = given("llama-server -c 1 --turbo 3")
    _, variables = given("llama-server -c 1", LLAMA_ARG_TURBO="3")
    assert [("--turbo",)] * 2 == [
        unknown_options(line, "llama-server"),
        unknown_options(variables, "llama-server"),
    ]


def test_a_value_that_only_the_program_at_hand_lists_is_found() -> None:
    found = [
        unknown_values(given(f"llama-server -ctk {kind}")[1], "llama-server") for kind in ("q8_0", "f8_e4m3")
    ]
    assert [[], ["-ctk f8_e4m3"]] == [[g.source for g in values] for values in found]


def test_a_kv_type_of_a_newer_build_counts_as_a_known_one_of_as_many_bits() -> None:
    command, line = given("llama-server -ctk f8_e4m3")
    assert "q8_0" == constraints(command.name, line).cache_type_k


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("--alpha N\tx\n-b,\t--beta\tx\n", [(("--alpha",), (), ("N",)), (("-b", "--beta"), (), ())]),
        ("\x1b[1m--alpha\x1b[0m N     x\n", [(("--alpha",), (), ("N",))]),
        ("-b, --[no-]beta    x\n", [(("-b", "--beta"), ("--no-beta",), ())]),
        ("-a/--alpha N   x\n", [(("-a", "--alpha"), (), ("N",))]),
        ("--alpha N, -a N   x\n", [(("--alpha", "-a"), (), ("N",))]),
        ("-a,\n    --alpha N   x\n", [(("-a", "--alpha"), (), ("N",))]),
        ("--alpha N   x\r\n    (env: Y)\r\n", [(("--alpha",), (), ("N",))]),
        ("-a, --alpha=N   x\n", [(("-a", "--alpha"), (), ("N",))]),
        ("--alpha[=N]   x\n", [(("--alpha",), (), ("[N]",))]),
        ("-a X Y, -b X Y, --c X Y   x\n", [(("-a", "-b", "--c"), (), ("X", "Y"))]),
        ("-a | -b | --c N   x\n", [(("-a", "-b", "--c"), (), ("N",))]),
    ],
    ids=[
        "tabs",
        "colours",
        "both ways at once",
        "a slash",
        "the value twice",
        "names wrapped",
        "CRLF",
        "=",
        "[=]",
        "values thrice",
        "bars",
    ],
)
def test_a_page_is_read_however_it_is_laid_out(page: str, expected: list[object]) -> None:
    options = parse_help("llama-server", page).options
    assert expected == [(o.spellings, o.negations, o.values) for o in options]


@pytest.mark.parametrize(
    ("listed", "line", "expected"),
    [
        ("--spec-type none,draft-mtp,draft-new", "--spec-type draft-new,draft-mtp", ["draft-new,draft-mtp"]),
        ("--spec-type none,draft-mtp,draft-new", "--spec-type draft-mtp", []),
        ("-ts, --tensor-split X", "-ts 3,1", []),
        ("-ts, --tensor-split N0,N1", "-ts 3,1", []),
    ],
)
def test_a_kind_of_speculation_that_no_checked_build_has_is_told(
    listed: str, line: str, expected: list[str]
) -> None:
    given = effective(parse(["llama-server", *line.split()], parse_help("llama-server", f"{listed}  x\n")))
    assert expected == [one.value for one in unknown_values(given, "llama-server")]


@pytest.mark.parametrize("word", ["--no-op-offload", "--op-offload", "-nkvo", "-ngl"])
def test_what_a_plan_adds_says_the_same_in_a_program_that_knows_the_word(word: str) -> None:
    option = builtin("llama-server").get(word)
    assert option is not None
    assert word == spelled(option, word)
