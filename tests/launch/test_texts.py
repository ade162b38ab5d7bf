"""Values that are texts of a form of their own: what llama-server ends at, seen on b11434 and b11549."""

import pytest

from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective


def read(*words):
    return constraints("llama-server", effective(parse(["llama-server", "-m", "m.gguf", *words])))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--chat-template-kwargs", "notjson"),
        ("--chat-template-kwargs", "'{\"a\": 1}'"),
        ("--chat-template-kwargs", '{"a": NaN}'),
        ("--chat-template-kwargs", ""),
        ("-j", "object"),
        ("--json-schema", '{"type": "object"'),
    ],
)
def test_what_is_no_json_is_refused(option, value):
    with pytest.raises(UsageError, match="this is no JSON"):
        read(option, value)


@pytest.mark.parametrize("value", ["", " ", ",", " , "])
def test_a_host_has_an_address(value):
    with pytest.raises(UsageError, match="--host requires at least one address"):
        read("--host", value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--chat-template-kwargs", '{"enable_thinking": false, "n": ' + "9" * 5000 + "}"),
        ("--chat-template-kwargs", '{"reasoning_effort": "${effort}"}'),
        ("--chat-template-kwargs", "${kwargs}"),
        ("-j", "{}"),
        ("--host", "0.0.0.0"),
        ("--host", "127.0.0.1,::1"),
        ("--host", "${host}"),
    ],
)
def test_what_can_be_read_is_kept(option, value):
    assert "llama-server" == read(option, value).program
