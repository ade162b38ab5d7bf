"""A progress bar on stderr, for a person alone; it goes away in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def bar() -> Iterator[Callable[[str, float | None], None]]:
    """What is being done and the share that is done, 0 to 1 or unknown, is shown while the block runs."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _label, _share: None
        return
    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=1.0)

        def tell(label: str, share: float | None) -> None:
            total = None if share is None else 1.0
            progress.update(task, description=label, total=total, completed=share or 0.0)

        yield tell
