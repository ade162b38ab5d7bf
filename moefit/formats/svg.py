"""A page as a picture: SVG that is dark or light as its reader's system is, for a README, a report or a page of documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import IO, Final, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.terminal_theme import TerminalTheme
from rich.text import Text

_DARK: Final = TerminalTheme(
    (24, 26, 31),
    (212, 216, 222),
    [
        (24, 26, 31), (240, 130, 100), (120, 190, 120), (240, 200, 80),
        (95, 165, 240), (215, 140, 200), (95, 205, 215), (212, 216, 222),
    ],
    None,
)  # fmt: skip
_LIGHT: Final = TerminalTheme(
    (252, 252, 250),
    (36, 40, 46),
    [
        (36, 40, 46), (180, 60, 20), (30, 120, 60), (150, 105, 0),
        (0, 90, 180), (150, 50, 130), (0, 120, 135), (36, 40, 46),
    ],
    None,
)  # fmt: skip
"""Hues that eyes of every kind tell apart (blue, yellow, cyan, purple), dark enough on white and light enough on black."""

_FORMAT: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
<rect class="{unique_id}-back" width="{width}" height="{height}" rx="8" />
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class _Nowhere:
    """What is printed is recorded, and goes nowhere else."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Take it."""
        return len(text)

    def flush(self) -> None:
        """There is nothing to flush."""


class _Picture(Console):
    """The console that records a page, with every text as `hide` leaves it."""

    def __init__(self, columns: int, hide: Callable[[str], str]) -> None:
        super().__init__(
            record=True,
            width=columns,
            file=cast("IO[str]", _Nowhere()),
            force_terminal=True,
            legacy_windows=False,
            highlight=False,
        )
        self._hide = hide

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(self._hide(segment.text), segment.style)


def svg(
    draw: Callable[[Console], None],
    columns: int,
    command: str,
    name: str = "moefit",
    hide: Callable[[str], str] = str,
) -> str:
    """The picture of what `draw` prints, below the command that printed it.

    Args:
        draw: prints the page.
        columns: width of the page in characters.
        command: as the user typed it.
        name: begins the names of the picture's styles, so that several can stand on one page.
        hide: a text without what nobody else may see.
    """
    page = _Picture(columns, hide)
    page.print(Text(f"$ {command}", style="bold"))
    draw(page)
    page.print("")  # the last line's descenders would be cut off
    dark, light = (
        page.export_svg(theme=theme, code_format=_FORMAT, unique_id=name, clear=False)
        for theme in (_DARK, _LIGHT)
    )
    rules = "\n".join((_back(name, _LIGHT), *re.findall(rf"^\s*(\.{name}-r\d+ .*)$", light, re.MULTILINE)))
    both = f"{_back(name, _DARK)}\n@media (prefers-color-scheme: light) {{\n{rules}\n}}\n</style>"
    return dark.replace("</style>", both, 1)


def _back(name: str, theme: TerminalTheme) -> str:
    return f".{name}-back {{ fill: {theme.background_color.hex} }}"
