"""Values that llama-server b11434 takes for none of its options' numbers: it prints a line and ends.

source: common/arg.cpp, the handlers in common_params_parser_init; each row names its line.
"""

from __future__ import annotations

import math
from typing import Final

from moefit.errors import UsageError
from moefit.launch.hints import is_macro
from moefit.launch.lookup import Values
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """What one option, or several that are read alike, may be."""

    options: tuple[str, ...]
    least: float = -math.inf
    most: float = math.inf
    without: tuple[float, ...] = ()
    """Numbers within the range that it takes neither."""
    line: int = 0
    """In common/arg.cpp; 0 where another file stops (`source`)."""
    file: str = "common/arg.cpp"

    @property
    def words(self) -> str:
        """The range, to be read after `must be`."""
        most, least = f"{self.most:g}", f"{self.least:g}"
        text = f"{least} to {most}" if math.isfinite(self.most) else f"{least} or more"
        if self.least <= -(1 << 31):
            text = f"at most {most}"
        if not math.isfinite(self.least):
            text = "a finite number"
        return text + "".join(f", but not {n:g}" for n in self.without)

    @property
    def source(self) -> str:
        """Where llama.cpp decides it."""
        return f"{self.file}:{self.line}"

    def takes(self, number: float) -> bool:
        """Whether llama-server would take it."""
        return math.isfinite(number) and self.least <= number <= self.most and number not in self.without


RANGES: Final = (
    Range(("--prio",), -1, 3, line=1570),
    Range(("--prio-batch",), 0, 3, line=1614),
    Range(("--prio-draft",), 0, 3, line=4042),
    Range(("--prio-batch-draft",), 0, 3, line=4086),
    Range(("--checkpoint-min-step",), 0, line=1712),
    Range(("--repeat-last-n",), 0, line=2084),
    Range(("--repeat-penalty",), 0, without=(0,), line=2097),
    Range(("--presence-penalty",), line=2111),
    Range(("--frequency-penalty",), line=2122),
    Range(("--dry-penalty-last-n",), 0, line=2157),
    Range(("-ncmoe",), 0, line=2773),
    Range(("-ncffn",), 0, line=2784),
    Range(("-ncmoed",), 0, line=4142),
    Range(("--reasoning-budget",), -1, line=3733),
    Range(("--sleep-idle-seconds",), -1, without=(0,), line=3823),
    Range(("--spec-draft-n-max",), 0, line=4153),
    Range(("--spec-ngram-mod-n-min", "--spec-ngram-mod-n-max"), 0, 1024, line=4287),
    Range(("--spec-ngram-mod-n-match",), 1, 1024, line=4307),
    Range(("--spec-ngram-simple-size-n", "--spec-ngram-simple-size-m"), 1, 1024, line=4318),
    Range(("--spec-ngram-simple-min-hits",), 1, line=4338),
    Range(("--spec-ngram-map-k-size-n", "--spec-ngram-map-k-size-m"), 1, 1024, line=4349),
    Range(("--spec-ngram-map-k-min-hits",), 1, line=4369),
    Range(("--spec-ngram-map-k4v-size-n", "--spec-ngram-map-k4v-size-m"), 1, 1024, line=4380),
    Range(("--spec-ngram-map-k4v-min-hits",), 1, line=4400),
    Range(("--mirostat",), 0, 2, line=412, file="common/sampling.cpp"),
    Range(("-np",), -(1 << 31), 256, without=(0,), line=103, file="src/llama-context.cpp"),
    Range(("--port",), 0, 65535, line=514, file="tools/server/server-http.cpp"),
)
"""By a spelling of each option; what is not here takes any number."""


def refuse_out_of_range(values: Values, program: str) -> None:
    """Refuse a number that the program would.

    Raises:
        UsageError: naming the range.
    """
    if program == "llama-bench":  # it reads its options itself
        return
    for row in RANGES:
        for spelling in row.options:
            for given in values.all(spelling):
                number = _number(given.value)
                if number is not None and not row.takes(number):
                    raise UsageError(
                        f"{given.source}: {program} ends, it must be {row.words}", f"see {row.source}"
                    )


def _number(text: str) -> float | None:
    """The number; None for a macro and for what `integer` or llama.cpp's own reading refuses."""
    try:
        return None if is_macro(text) else float(text)
    except ValueError:
        return None
