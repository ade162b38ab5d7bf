"""What launches are predicted to take, by the constants of the day on which it was written down.

A constant that is fitted anew changes nothing here: those of that day are put in its place. What a rule gives otherwise shows, term by term.

    python -m tests.cost.terms            print what moved
    python -m tests.cost.terms --write    keep it, with today's constants
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isinf
from pathlib import Path
from typing import Any

import pytest

from moefit.cost import constants
from moefit.cost.constants import ByBackend, Constant
from tests.cost.worlds import WORLDS

FILE = Path(__file__).with_name("terms.json")
USUAL = ""
"""The key of a backend without a figure of its own."""


def today() -> dict[str, Any]:
    """Every constant; by backend where it has several; what is no limit, as none."""
    found: dict[str, Any] = {}
    for name, value in vars(constants).items():
        if isinstance(value, Constant):
            found[name] = None if isinf(value) else float(value)
        elif isinstance(value, ByBackend):
            found[name] = {
                key: None if isinf(one) else float(one) for key, one in {**value, USUAL: value.usual}.items()
            }
    return found


@contextmanager
def constants_of(day: Mapping[str, Any]) -> Iterator[None]:
    """Predictions by the constants of another day; one that came later is as it is."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in day.items():
            now = getattr(constants, name)
            if isinstance(now, ByBackend):
                for key, one in value.items():
                    turned = now.usual if one is None else Constant(one, "", "")
                    if key == USUAL:
                        patch.setattr(now, "usual", turned)
                    else:
                        patch.setitem(now, key, turned)
            elif value is not None:
                patch.setattr(constants, name, Constant(value, "", ""))
        yield


def main() -> None:
    """Print what moved; keep it with --write."""
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"terms": [None] * len(WORLDS)}
    found = [world() for world in WORLDS]
    for index, (was, now) in enumerate(zip(kept["terms"], found, strict=False)):
        if was != now:
            print(f"{index}: {was} -> {now}")  # noqa: T201 - a program's answer
    if "--write" in sys.argv:
        lines = ",\n".join(map(json.dumps, found))
        FILE.write_text(
            f'{{"constants": {json.dumps(today())},\n"terms": [\n{lines}\n]}}\n', encoding="utf-8"
        )


if __name__ == "__main__":
    main()
