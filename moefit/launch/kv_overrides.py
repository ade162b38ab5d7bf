"""The values of `--override-kv`.

source: common/arg.cpp, parse_csv_row; common/common.cpp, string_parse_kv_override
"""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import UsageError
from moefit.launch.lookup import Values
from moefit.model.overrides import KvOverride

_LONGEST: Final = 127
"""Characters of a key, and of a text."""
_UNSIGNED: Final = 0xFFFFFFFF
"""llama.cpp reads whole numbers as unsigned ones of 32 bits."""
_DIGITS: Final = 18


def kv_overrides(values: Values) -> tuple[KvOverride, ...]:
    """Every key that the line overrides, in its order.

    Raises:
        UsageError: one that llama.cpp refuses.
    """
    return tuple(
        _override(field, given.source) for given in values.all("--override-kv") for field in _row(given.value)
    )


def _row(text: str) -> tuple[str, ...]:
    """The fields of a row of comma-separated values; one that begins with a quote may hold commas.

    >>> _row('a=int:1,"b=str:x,y"')
    ('a=int:1', 'b=str:x,y')
    """
    fields, field, quoted, at = [], "", False, 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == '"' and quoted and text[at : at + 1] == '"':
            field += letter
            at += 1
        elif letter == '"' and (quoted or not field):
            quoted = not quoted
        elif letter == "," and not quoted:
            fields.append(field)
            field = ""
        else:
            field += letter
    return (*fields, field)


def _override(field: str, source: str) -> KvOverride:
    key, equals, typed = field.partition("=")
    if not equals or len(key) > _LONGEST:
        raise UsageError(f"{source}: {field!r} is no KEY=TYPE:VALUE")
    kind, _, text = typed.partition(":")
    if kind == "int":
        return KvOverride(key, _integer(text))
    if kind == "float":
        return KvOverride(key, _number(text))
    if kind == "bool" and text in {"true", "false"}:
        return KvOverride(key, text == "true")
    if kind == "str" and len(text) <= _LONGEST:
        return KvOverride(key, text)
    hint = "int:N, float:N, bool:true, bool:false, or str: and at most 127 letters"
    raise UsageError(f"{source}: {field!r} has no value that llama.cpp takes", hint)


def _integer(text: str) -> int:
    """As atol reads it: leading digits, else 0."""
    found = re.match(r"\s*([+-]?\d+)", text, re.ASCII)
    return int(found[1][:_DIGITS]) & _UNSIGNED if found else 0


def _number(text: str) -> float:
    """As atof reads it: a leading number, else 0."""
    found = re.match(r"\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", text, re.ASCII)
    return float(found[1]) if found else 0.0
