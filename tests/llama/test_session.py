"""How long a program that was started has to end by itself."""

from __future__ import annotations

import subprocess
import time

import pytest

from moefit.llama import runner

DEAF = ["/bin/sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_where_the_block_fails_a_deaf_program_has_little_time(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """`bench` waited 20 s after Ctrl-C."""
    monkeypatch.setattr(runner, "_HURRY", 0.05)
    begin = time.monotonic()
    with pytest.raises(error):
        fail(error)
    assert time.monotonic() - begin < 30


def fail(error: type[BaseException]) -> None:
    with runner.session(DEAF, {}, stdout=subprocess.PIPE, patience=60) as process:
        assert process.stdout is not None
        process.stdout.readline()
        raise error
