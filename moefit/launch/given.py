"""One option that is set, wherever that was: in a file, a variable or the line."""

from __future__ import annotations

from typing import Final

from moefit.launch.options import Option
from moefit.values import dataclass

LINE: Final = "your line"
"""The origin of what stands on the line."""


@dataclass(frozen=True, slots=True)
class Given:
    """One option set, wherever that was."""

    option: Option
    value: str
    """The last value; the empty string of a flag."""
    positive: bool
    source: str
    """The words of the line, the variable with its value, or the key and its file: what an error or a note names."""
    origin: str = LINE
    """Where it is set: LINE, the name of a variable, or the path of a file."""
