"""JSON of strangers: within bounds, whatever it holds."""

from __future__ import annotations

from typing import Any, Final

_MAX_DIGITS: Final = 30
"""Of a number; a byte count has 19."""


def parse_json(text: str) -> Any:
    """What a JSON text of a stranger's holds.

    Raises:
        ValueError: it is no JSON, nested too deeply, or has a number that cannot be meant.
    """
    import json  # noqa: PLC0415 - not every start reads any

    try:
        return json.loads(text, parse_int=_integer, parse_float=_real, parse_constant=_real)
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
