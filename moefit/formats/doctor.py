"""`moefit doctor`: what to mend, worst first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from moefit.formats.page import Line, text_words
from moefit.machine.finding import A_LITTLE, MANY_TIMES, NOTHING_RUNS, PERCENTS, Finding

_COSTS: Final = {
    NOTHING_RUNS: "nothing runs",
    MANY_TIMES: "many times slower",
    PERCENTS: "tens of percent",
    A_LITTLE: "a little",
}


def show_findings(found: Sequence[Finding], console: Console) -> None:
    """Each with what it costs, how to mend it and how sure that is."""
    if not found:
        console.print("Nothing keeps this machine below what it could be, as far as moefit sees.")
    for line in _lines(found):
        console.print(line, crop=False)


def _lines(found: Sequence[Finding]) -> Iterator[Line]:
    for number, finding in enumerate(found, start=1):
        head = Text.assemble(
            (f"{number}. ", "bold"), (_COSTS[finding.cost], "bold"), f" ({finding.sure}): {finding.what}"
        )
        yield Line(text_words(head), 3)
        yield Line(text_words(Text.assemble("   ", ("fix: ", "dim"), finding.fix)), 8)


def findings_json(found: Sequence[Finding]) -> str:
    """The same as one JSON document, a newline at its end."""
    rows = [
        {"code": f.code, "cost": _COSTS[f.cost], "what": f.what, "fix": f.fix, "sure": f.sure} for f in found
    ]
    return json.dumps({"version": 1, "findings": rows}, indent=2) + "\n"
