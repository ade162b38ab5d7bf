"""Whatever is typed, the answer is a command or one line that says what is wrong."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from moefit.errors import InputError, MoefitError, UsageError
from moefit.launch.command import parse
from moefit.launch.complete import complete
from moefit.launch.constraints import constraints
from moefit.launch.defaults import settings as effective_settings
from moefit.launch.ecmascript import compile_ecmascript
from moefit.launch.help_page import parse_help
from moefit.launch.option_data import PROGRAMS
from moefit.launch.options import builtin
from moefit.launch.precedence import Config, effective, parse_ini

SPELLINGS = sorted(builtin("llama-server").spellings)
VALUES = st.one_of(
    st.sampled_from(
        [
            "0",
            "1",
            "-1",
            "99",
            "all",
            "auto",
            "on",
            "off",
            "none",
            "3,1",
            "a=CPU",
            "exps=CUDA0,b",
            "q8_0",
            "x",
            "",
        ]
    ),
    st.text(max_size=8),
    st.integers(-(10**12), 10**12).map(str),
)
WORDS = st.lists(
    st.one_of(st.sampled_from(SPELLINGS), st.sampled_from(sorted(PROGRAMS)), VALUES), max_size=12
)


@settings(deadline=None)
@given(WORDS)
def test_any_words_are_a_command_or_a_usage_error(words: list[str]) -> None:
    try:
        command = parse(words)
    except UsageError as error:
        message = f"{error.message}{error.hint}"
    else:
        message = ""
        assert tuple(words) == command.argv[len(command.argv) - len(words) :]
    assert "\n" not in message


OPTIONS = st.builds(
    lambda option, value: [option.spellings[0], *[value] * option.arity],
    st.sampled_from(builtin("llama-server").options),
    VALUES,
)


@settings(deadline=None)
@given(st.lists(OPTIONS, max_size=6))
def test_any_command_has_a_meaning_or_is_a_usage_error(options: list[list[str]]) -> None:
    try:
        command = parse(["llama-server", *(word for words in options for word in words)])
        found = effective(command)
        fixed = constraints(command.name, found)
        made = effective_settings(fixed, context=4096)
    except UsageError:
        return
    assert made.ubatch <= made.batch
    completion = complete(command, (), found)
    assert completion.argv == complete(parse(completion.argv), (), effective(parse(completion.argv))).argv


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([o.env for o in builtin("llama-server").options if o.env]), VALUES, max_size=4
    )
)
def test_any_variables_have_a_meaning_or_are_a_usage_error(environment: dict[str, str]) -> None:
    command = parse(["llama-server"])
    try:
        constraints(command.name, effective(command, (), environment))
    except UsageError:
        return


@settings(deadline=None)
@given(st.text(st.sampled_from("[]=;# \n\tabz*-_1,"), max_size=60))
def test_any_file_is_read_or_an_input_error(text: str) -> None:
    try:
        sections = parse_ini(text, "f")
    except InputError:
        return
    assert all("\n" not in value for keys in sections.values() for value in keys.values())
    try:
        effective(parse(["llama-server"]), [Config("f", text)])
    except MoefitError:
        return


@settings(deadline=None)
@given(st.text(st.sampled_from("-ab <>[]{},|()\n N="), max_size=80))
def test_any_help_gives_a_table(text: str) -> None:
    for option in parse_help("llama-server", text).options:
        assert option.spellings


@settings(deadline=None)
@given(st.text(st.sampled_from(r"ab.01[](){}^$*+?|\-:=!<dwsbx,"), max_size=14))
def test_any_pattern_is_compiled_or_a_usage_error(pattern: str) -> None:
    try:
        compile_ecmascript(pattern).search("blk.0.ffn_up_exps.weight")
    except UsageError:
        return
