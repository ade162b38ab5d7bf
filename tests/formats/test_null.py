from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.formats import null
from tests.drawn import draws
from tests.formats.argvs import NASTY, WORDS

SHOW = "import sys, os; sys.stdout.buffer.write(b''.join(os.fsencode(a) + b'\\0' for a in sys.argv[1:]))"


@given(st.lists(WORDS, min_size=1))
def test_words_come_back(argv: list[str]) -> None:
    assert argv == null.write(argv).split("\0")[:-1]


def test_xargs_and_env_run_the_same_words() -> None:
    argvs = draws(st.lists(WORDS, min_size=1, max_size=6))
    argv = [*NASTY, *(word for drawn in argvs[:200] for word in drawn)]  # as much as one command line holds
    text = null.write([sys.executable, "-c", SHOW, *argv])
    answer = subprocess.run(
        ["xargs", "-0", "env"], input=text.encode(errors="surrogateescape"), capture_output=True, check=True
    )
    assert argv == answer.stdout.decode(errors="surrogateescape").split("\0")[:-1]


def test_a_nul_is_refused() -> None:
    with pytest.raises(UsageError, match="NUL"):
        null.write(["a\0b"])
