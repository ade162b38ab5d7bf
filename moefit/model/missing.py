"""What a rule needs and a file lacks."""

from __future__ import annotations


class MissingError(Exception):
    """A tensor or a hyper-parameter that the architecture's graph needs is not in the file: the plan becomes an estimate."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        """Of the tensor or the key."""
