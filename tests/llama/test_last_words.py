"""What a program prints in the moment in which it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from moefit.llama import runner


class Late:
    """A process that nothing has come from; it prints and ends just before it is asked whether it has. Another holds its streams open."""

    def __init__(self) -> None:
        out, self._words = os.pipe()
        err, self._held = os.pipe()
        self.stdout, self.stderr = os.fdopen(out, "rb"), os.fdopen(err, "rb")
        self._status: int | None = None

    def poll(self) -> int:
        if self._status is None:
            os.write(self._words, b"Available devices:\n")
            self._status = 0
        return self._status

    def wait(self, _timeout: float) -> int:
        return self.poll()

    def close(self) -> None:
        for end in (self._words, self._held):
            os.close(end)
        self.stdout.close()
        self.stderr.close()


@pytest.fixture
def late() -> Iterator[Late]:
    process = Late()
    yield process
    process.close()


def test_an_answer_in_the_last_moment_is_read(late):
    """On a busy machine `--list-devices` seemed to answer nothing, once in some hundred times."""
    read = runner._Read(late, 1 << 20)
    read.to_the_end(time.monotonic() + 30)
    assert ("Available devices:\n", "") == read.text


def test_a_log_s_last_line_is_read(late):
    assert ["Available devices:"] == [*runner.lines(late, 30)]
