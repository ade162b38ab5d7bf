"""moefit's own options on the wrong side of `--`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moefit.errors import UsageError
from moefit.launch.options import OptionTable, builtin
from moefit.launch.programs import split

OWN_OPTIONS: Final = frozenset(
    [
        "--gpu",
        "--ram",
        "--ram-bandwidth",
        "--cores",
        "--machine",
        "--budget",
        "--exclude",
        "--no-calibration",
        "--allow-cpu",
        "--debug",
        "--expect",
        "--margin",
        "--beside",
        "--strategy",
        "--workload",
        "--prefer",
        "--exact",
        "--build",
        "--json",
        "--explain",
        "--format",
        "--color",
        "--dry-run",
        "--wait-free",
        "--as-given",
        "--name",
        "--user",
        "--replan",
        "--run-as",
        "--output",
        "--install",
        "--svg",
    ]
)
"""moefit's, which a user may put on the wrong side of `--`."""


def refuse_own_options(words: Sequence[str], table: OptionTable | None) -> None:
    """Refuse a command that holds one, where the program has none of that name.

    Raises:
        UsageError: with the place where it goes.
    """
    if OWN_OPTIONS.isdisjoint(words):
        return
    parts = split(words)
    known = table or builtin(parts.name)
    takes_next = False
    for word in parts.rest:
        found = known.lookup(word)
        if word in OWN_OPTIONS and found is None and not takes_next:
            raise UsageError(
                f"{known.program} has no option {word}",
                f"{word} is moefit's own option: it goes before the --",
            )
        takes_next = found is not None and found[0].arity > 0 and not takes_next
