"""Untrusted JSON: within bounds, whatever it holds."""

from __future__ import annotations

from typing import Any, Final

_MAX_DIGITS: Final = 30
"""Of a number; a byte count has 19."""


def parse_json(text: str) -> Any:
    """What an untrusted JSON text holds.

    Raises:
        ValueError: it is no JSON, nested too deeply, has a name twice in one object, or a number that cannot be meant.
    """
    import json  # noqa: PLC0415 - not every start reads any

    try:
        # Some editors begin a file with a mark of its byte order.
        return json.loads(
            text.removeprefix("\ufeff"),
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_real,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _real(text: str) -> float:
    number = float(text) if len(text) <= 10 * _MAX_DIGITS else float("nan")
    if not abs(number) < float("inf"):
        raise ValueError(f"{text[:_MAX_DIGITS]} is no number")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        left = dict.fromkeys(found, 1)
        again = next(name for name, _ in pairs if not left.pop(name, 0))
        raise ValueError(f"{again[:_MAX_DIGITS]!r} twice in one object")
    return found
