"""Where each option of a plan's line comes from, as JSON and `--explain` say it."""

from __future__ import annotations

from collections.abc import Iterator

from moefit.launch.given import LINE
from moefit.planning.types import Plan
from moefit.shown import masked
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One option and why it is as it is."""

    option: str
    value: str
    """Empty for a flag; a secret is `***`."""
    why: str

    @property
    def shown(self) -> str:
        """The option and its value as one text."""
        return f"{self.option} {self.value}".strip()


def kept(plan: Plan) -> Iterator[Reason]:
    """What files, then variables, then the line set: `why` is the file, the variable or the line."""
    for given in plan.inherited:
        option = given.option
        value = "***" if option.is_secret else masked(given.value)
        yield Reason(option.name if given.positive else option.negations[-1], value, given.origin)
    for argument in plan.kept:
        yield Reason(argument.spelling, argument.shown_value, LINE)


def dropped(plan: Plan) -> Iterator[Reason]:
    """What this build does not know; `why` names what says the same in it."""
    for lost in plan.dropped:
        yield Reason(lost.spelling, lost.argument.shown_value, lost.why)
