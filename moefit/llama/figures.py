"""Figures in what a program or server says: of the right type and size, or a ValueError that names them."""

from __future__ import annotations

from typing import Any, Final

from moefit.documents import parse_json

MOST_TOKENS: Final = 1 << 24
"""Of a prompt or a context; the longest that a model is made for are 10 million."""
_MOST_RATE: Final = 1e9
"""Tokens per second."""


def read_object(text: str) -> dict[str, Any]:
    """The JSON object that a program has written.

    Raises:
        ValueError: it is no JSON, no object, or holds a number that cannot be meant.
    """
    found = parse_json(text)
    if not isinstance(found, dict):
        raise ValueError(f"{type(found).__name__} in place of an object")  # noqa: TRY004 - one error for the caller
    return found


def within(record: Any, key: str) -> Any:
    """What stands under a key.

    Raises:
        ValueError: there is no such key, or nothing that could have one.
    """
    if not isinstance(record, dict) or key not in record:
        raise ValueError(f"no {key}")
    return record[key]


def read_list(record: Any, key: str) -> list[Any]:
    """A list.

    Raises:
        ValueError: it is none.
    """
    found = within(record, key)
    if not isinstance(found, list):
        raise ValueError(f"{key} is {_shown(found)}")  # noqa: TRY004 - one error for the caller
    return found


def read_mapping(record: Any, key: str) -> dict[str, Any]:
    """An object.

    Raises:
        ValueError: it is none.
    """
    found = within(record, key)
    if not isinstance(found, dict):
        raise ValueError(f"{key} is {_shown(found)}")  # noqa: TRY004 - as above
    return found


def read_count(record: Any, key: str, most: int, least: int = 0) -> int:
    """A whole number.

    Raises:
        ValueError: it is none, or not in `least` ... `most`.
    """
    value = within(record, key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{key} is {_shown(value)}")
    return value


def read_rate(record: Any, key: str) -> float:
    """Tokens per second.

    Raises:
        ValueError: it is no number, or cannot be.
    """
    return _real(within(record, key), key, _MOST_RATE)


def read_seconds(record: Any, key: str, most: float) -> list[float]:
    """At least one time, of several given in nanoseconds.

    Raises:
        ValueError: they are no such list, or one is not above 0 and below `most` seconds.
    """
    values = read_list(record, key)
    if not values:
        raise ValueError(f"{key} is {_shown(values)}")
    return [_real(value, key, most * 1e9) / 1e9 for value in values]


def _real(value: Any, key: str, most: float) -> float:
    if type(value) not in {int, float} or not 0 < value < most:
        raise ValueError(f"{key} is {_shown(value)}")
    return float(value)


def _shown(value: Any) -> str:
    """The beginning of a value: one of 100,000 digits has no text."""
    if type(value) is int and abs(value) >= 1 << 128:
        return "too large"
    return f"{value!r:.40}" if isinstance(value, (int, float, str)) else f"{type(value).__name__}"
