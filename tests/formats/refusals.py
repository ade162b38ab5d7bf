"""What a format's refusal of a random command must be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from moefit.errors import UsageError
from moefit.launch.command import parse

CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"


def check(error: UsageError, argv: Sequence[str], causes: Mapping[str, str]) -> None:
    """One line that names an option, and a cause that a value of that option really has.

    `causes` are words of the message, each with a pattern that finds in a value what they speak of.
    """
    words = error.message.split()
    values = [a.value for a in parse(argv).arguments if {a.spelling, a.option.name}.intersection(words)]
    assert error.message.isprintable()
    assert any(
        cause in error.message and re.search(pattern, value)
        for cause, pattern in causes.items()
        for value in values
    ), error.message
