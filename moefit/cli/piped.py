"""The console that tables go to: data is never markup, and nothing in it steers the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from moefit.shown import visible_lines


class Piped(Console):
    """As rich's, for text from outside: a card may be called `[link=...]`, or with an escape sequence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, _environ=_wide(), markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed, with their text made visible; rich's own control codes stay."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible_lines(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave it to `main`; rich itself would end in status 1, which means that nothing fits."""
        raise BrokenPipeError


def _wide() -> dict[str, str]:
    """The environment, less a width or height of nothing, as some build servers and terminals without a size set it."""
    sizes = {"COLUMNS", "LINES"}
    return {name: value for name, value in os.environ.items() if name not in sizes or value.strip("0 ")}
