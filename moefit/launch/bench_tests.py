"""llama-bench's lists: each value of an option is a test of its own, and a plan is for one.

source: tools/llama-bench/llama-bench.cpp, parse_cmd_params, where a comma and a repeated option append, and parse_int_range
"""

from __future__ import annotations

import re
from typing import Final

from moefit.errors import UsageError
from moefit.launch.lookup import Values

_PLACING: Final = (
    *("-m", "-hf", "-dev", "-ngl", "-ncmoe", "-sm", "-mg", "-ts", "-ot"),
    *("-b", "-ub", "-ctk", "-ctv", "-fa", "-nkvo", "-nopo", "-lm", "-lzm", "-t"),
    *("-embd", "--no-host", "--repack"),
)
"""What a placement hangs on; of -p, -n, -pg and -d the largest counts."""
_RANGE: Final = re.compile(r"\d+-\d+([+*]\d+)?", re.ASCII)
_NUMBERS: Final = frozenset({"-ngl", "-ncmoe", "-b", "-ub", "-t", "-mg"})


def refuse_lists(values: Values) -> None:
    """Refuse several values of an option that places something.

    Raises:
        UsageError: naming the option.
    """
    for spelling in _PLACING:
        given = values.all(spelling)
        listed = [g for g in given if "," in g.value or (spelling in _NUMBERS and _RANGE.fullmatch(g.value))]
        if listed:
            raise UsageError(
                f"{listed[0].source}: moefit plans for one value, and this is a list", "give one of them"
            )
        if len(given) > 1:
            raise UsageError(
                f"{given[0].source} and {given[1].source}: llama-bench tests each, and moefit plans for one",
                "give one of them",
            )
