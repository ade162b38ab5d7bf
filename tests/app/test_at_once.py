"""Several are asked at a time, and nothing waits for one that does not answer."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from moefit.app.at_once import at_once


@pytest.mark.parametrize("most", [1, 3, 99])
def test_every_question_has_its_answer(most: int) -> None:
    assert {place: 2 * place for place in range(20)} == dict(at_once(lambda one: 2 * one, range(20), most))


def test_what_one_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        dict(at_once(lambda one: 1 / one, [1, 0], 2))


def test_ctrl_c_is_not_waited_for_by_what_hangs() -> None:
    """A pool's threads were: `compare` of a file behind a server that drips ended half a minute later."""
    code = (
        "import os, time\nfrom moefit.app.at_once import at_once\n"
        "def ask(_): os.write(1, b'.'); time.sleep(20)\n"
        "try: list(at_once(ask, [0], 1))\nexcept KeyboardInterrupt: pass"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.read(1)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(15)
    assert time.monotonic() - begin < 15
