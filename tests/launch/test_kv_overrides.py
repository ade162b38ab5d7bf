"""The values of `--override-kv`, as common/common.cpp reads them."""

import pytest

from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective
from moefit.model.overrides import KvOverride


def read(*values):
    words = [word for value in values for word in ("--override-kv", value)]
    return constraints(
        "llama-server", effective(parse(["llama-server", "-m", "m.gguf", *words]))
    ).kv_overrides


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.b=int:7", 7),
        ("a.b=int:-1", 4294967295),
        ("a.b=int:12x", 12),
        ("a.b=int:x", 0),
        ("a.b=float:0.5", 0.5),
        ("a.b=float:1e3", 1000.0),
        ("a.b=float:", 0.0),
        ("a.b=bool:true", True),
        ("a.b=bool:false", False),
        ("a.b=str:x=y:z", "x=y:z"),
        ("a.b=str:", ""),
    ],
)
def test_a_value_has_the_type_that_is_written_before_it(value, expected):
    assert (KvOverride("a.b", expected),) == read(value)


def test_a_value_holds_several_and_the_option_may_be_repeated():
    assert ["a", "b", "c"] == [one.key for one in read("a=int:1,b=int:2", "c=int:3")]


def test_quotes_keep_a_comma():
    assert (KvOverride("a", 'x,"y"'), KvOverride("b", 1)) == read('"a=str:x,""y""",b=int:1')


@pytest.mark.parametrize(
    "value", ["a.b", "a.b=7", "a.b=uint:7", "a.b=bool:yes", f"{'k' * 128}=int:1", f"a=str:{'v' * 128}", ""]
)
def test_what_llama_cpp_refuses_is_one_line(value):
    with pytest.raises(UsageError, match="--override-kv"):
        read(value)
