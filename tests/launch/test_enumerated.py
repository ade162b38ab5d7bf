"""Values of which a program takes a few: what another build's looks like, and what is a mistake, wherever it is set."""

from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.enumerated import is_own_word, named_values, unknown_values
from moefit.launch.help_page import parse_help
from moefit.launch.options import OptionTable, builtin
from moefit.launch.precedence import Config, effective, unread_keys

SERVER = builtin("llama-server")
LISTING = parse_help(
    "llama-server",
    "-sm, --split-mode {none,layer,row,tensor,graph}  x (env: LLAMA_ARG_SPLIT_MODE)\n"
    "-ctk, --cache-type-k TYPE  x\n    allowed values: f16, q8_0 or q6_0 (default: f16)\n",
)
NEW = [
    ("-sm", "graph"),
    ("-ctk", "f8_e4m3"),
    ("-ctv", "q6_0"),
    ("-ctkd", "turbo3"),
    ("-lm", "hugepages"),
    ("--spec-type", "draft-mtp,draft-eagle4"),
    ("--pooling", "attention"),
    ("--rope-scaling", "longrope"),
    ("--numa", "interleave"),
]


def read(words: str, table: OptionTable = SERVER, **variables: str) -> tuple[Constraints, list[str]]:
    """The constraints, and the values that no checked build has."""
    given = effective(parse(["llama-server", *words.split()], table), (), variables)
    return constraints("llama-server", given), [g.value for g in unknown_values(given, "llama-server")]


@pytest.mark.parametrize(("option", "value"), NEW)
def test_without_a_program_a_value_of_another_build_is_taken_and_told(option: str, value: str) -> None:
    assert [value] == read(f"{option} {value}")[1]


@pytest.mark.parametrize(("value", "told"), [("f8_e4m3", ["f8_e4m3"]), ("q8_0", [])])
def test_llama_bench_whose_page_lists_no_types_takes_the_server_s(value: str, told: list[str]) -> None:
    given = effective(parse(["llama-bench", "-ctk", value]), (), {})
    assert told == [g.value for g in unknown_values(given, "llama-bench")]


def test_a_variable_and_a_config_file_are_read_as_the_line_is() -> None:
    config = Config("config.ini", "[*]\nsplit-mode = graph\n")
    given = effective(parse(["llama-server"], SERVER), (config,), {"LLAMA_ARG_CACHE_TYPE_K": "f8_e4m3"})
    found = [g.value for g in unknown_values(given, "llama-server")]
    assert ["graph", "f8_e4m3"] == found


@pytest.mark.parametrize(("table", "unread"), [(SERVER, ["turbo in config.ini"]), (LISTING, [])])
def test_keys_that_no_checked_build_reads_are_found_where_no_program_tells(
    table: OptionTable, unread: list[str]
) -> None:
    config = Config("config.ini", "version = 1\n[*]\nturbo = 3\nctx-size = 1\n[a-model]\nother = 1\n")
    assert unread == list(unread_keys([config], table))


@pytest.mark.parametrize(
    ("option", "value", "meant"),
    [
        ("-ctk", "q8", "did you mean q8_0?"),
        ("-ctk", "fp16", "did you mean f16?"),
        ("-sm", "layers", "did you mean layer?"),
        ("-lm", "mmapp", "did you mean mmap?"),
        ("--pooling", "mena", "did you mean mean?"),
        ("-sm", "2", None),
        ("-sm", "gr aph", None),
        ("-ctk", "", None),
        ("-fa", "always", None),
        ("--fit", "maybe", None),
        ("-lzm", "eager", None),
    ],
)
@pytest.mark.parametrize("where", ["line", "variable", "config"])
def test_what_is_mistyped_or_a_switch_is_refused_wherever_it_is_set(
    option: str, value: str, meant: str | None, where: str
) -> None:
    known = SERVER.get(option)
    assert known is not None
    assert known.env is not None
    line = [option, value] if where == "line" else []
    variables = {known.env: value} if where == "variable" else {}
    text = f"[*]\n{option.lstrip('-')} = {value}\n" if where == "config" else ""
    with pytest.raises(UsageError, match="takes one of") as refused:
        effective(parse(["llama-server", *line], SERVER), [Config("config.ini", text)], variables)
    assert meant in {None, refused.value.hint}


@pytest.mark.parametrize(("value", "taken"), [("graph", True), ("tensors", False), ("other", False)])
def test_a_program_at_hand_takes_what_its_page_lists_and_nothing_else(value: str, taken: bool) -> None:
    try:
        found = read("", LISTING, LLAMA_ARG_SPLIT_MODE=value)[1]
    except UsageError:
        found = None
    assert ([value] if taken else None) == found


@pytest.mark.parametrize(
    ("page", "line", "variables", "unset"),
    [
        ("-c, --ctx-size [N|auto]  x", "-c auto", {}, True),
        ("-c, --ctx-size <auto|n>  x", "-c auto", {}, True),
        ("-c, --ctx-size N|auto  x", "-c auto", {}, True),
        ("-c, --ctx-size N  a number, or 'auto' (default: 0)", "-c auto", {}, True),
        ("-c, --ctx-size [N|auto]  x (env: LLAMA_ARG_CTX_SIZE)", "", {"LLAMA_ARG_CTX_SIZE": "auto"}, True),
        (
            "-c, --ctx-size [N|auto]  x (env: LLAMA_ARG_CTX_SIZE)",
            "-c auto",
            {"LLAMA_ARG_CTX_SIZE": "9"},
            True,
        ),
        ("-c, --ctx-size [N|auto]  x", "-c auto -c 64", {}, False),
    ],
)
def test_a_word_that_the_page_lists_beside_a_number_counts_as_not_set(
    page: str, line: str, variables: dict[str, str], unset: bool
) -> None:
    given = effective(parse(["llama-server", *line.split()], parse_help("llama-server", page)), (), variables)
    assert (unset, True) == (
        constraints("llama-server", given).context is None,
        any(is_own_word(g, "llama-server") for g in given),
    )


@pytest.mark.parametrize(
    ("page", "word"),
    [
        *(
            (f"{name} [N|auto]  x", "auto")
            for name in ("-ub", "-b", "-np", "-t", "-tb", "-cram", "-mg", "-ncmoe")
        ),
        *((f"{name} [N|auto]  x", "auto") for name in ("--moe-cache-mib", "-ctxcp", "-fitc", "-fitt", "-ts")),
        ("-ngl [N|auto|all|fit]  x", "fit"),
        ("-ngl N  an exact number, 'auto', 'all' or 'fit'", "fit"),
        ("-dev <auto|dev1,dev2,..>  x", "auto"),
        ("-md [FNAME|auto]  x", "auto"),
    ],
)
def test_of_every_option_such_a_word_leaves_the_choice_to_the_program(page: str, word: str) -> None:
    given = effective(
        parse(["llama-server", page.split(maxsplit=1)[0], word], parse_help("llama-server", page))
    )
    assert constraints("llama-server", ()) == constraints("llama-server", given)


def test_a_word_that_the_page_does_not_list_is_still_no_number() -> None:
    given = effective(parse(["llama-server", "-c", "many"], parse_help("llama-server", "-c [N|auto]  x")))
    with pytest.raises(UsageError, match="no whole number"):
        constraints("llama-server", given)


def test_values_of_other_builds_count_as_known_ones() -> None:
    wanted, _ = read("-sm graph -ctk f8_e4m3 -lm hugepages")
    assert ("layer", "q8_0", "none") == (wanted.split_mode, wanted.cache_type_k, wanted.load_mode)


@pytest.mark.parametrize(
    ("page", "option", "expected"),
    [
        (
            "-ctk TYPE  x\n    allowed values: f16, q8_0 or q6_0 (default: f16)\n",
            "-ctk",
            ("f16", "q8_0", "q6_0"),
        ),
        ("-ctk TYPE  x\n    allowed values: f16, any type of a file (default: f16)\n", "-ctk", ()),
        ("-lm MODE  x\n    - none: a\n    - huge-pages: b\n", "-lm", ("none", "huge-pages")),
        (
            "-sm <MODE>  x [env: LLAMA_ARG_X=] [possible values: none, layer, graph]\n",
            "-sm",
            ("none", "layer", "graph"),
        ),
        ("-lm MODE  x\n    - auto (default): a\n    - none: b\n", "-lm", ("auto", "none")),
        *((f"-x {name}  x\n", "-x", ()) for name in ("[N|auto]", "<n|auto>", "{path|url}", "[0..15|auto]")),
        *(
            (f"-x T  allowed values: {all_} (default: 1)\n", "-x", ())
            for all_ in ("1-16", "0.0-1.0", "a, ...")
        ),
        ("-sm {none,layer,...}  x\n", "-sm", ()),
        ("--spec-type none,a,b  x\n", "--spec-type", ("none", "a", "b")),
    ],
)
def test_the_words_that_a_page_lists_are_all_or_none(
    page: str, option: str, expected: tuple[str, ...]
) -> None:
    assert expected == named_values(parse_help("llama-server", page).get(option))
