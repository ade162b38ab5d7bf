"""The real llama-server stops at every line that the tables say it stops at, and at no other."""

import shlex
import subprocess

import pytest

from moefit.launch.options import builtin
from moefit.launch.ranges import RANGES
from moefit.launch.refused import ON_THE_LINE

READING = ("common/arg.cpp", "common/speculative.cpp")


def status(llama, environment, *words):
    """Its exit status where the line ends in --version: 0 when everything before that was read."""
    line = [llama / "llama-server", *words, "--version"]
    ended = subprocess.run(
        line, capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    return ended.returncode


def ranges():
    table = builtin("llama-server")
    for row in RANGES:
        if row.file not in READING:
            continue
        for spelling in row.options:
            name = table.get(spelling).name
            yield name, max(row.least, -8) if row.least not in row.without else 1, True
            for bound, step in ((row.least, -1), (row.most, 1)):
                if abs(bound) < 1 << 20:  # not infinity, nor the end of a type
                    yield name, int(bound) + step, False


@pytest.mark.parametrize(("option", "number", "taken"), [*ranges()])
def test_a_range_is_the_real_one(llama, environment, option, number, taken):
    assert taken == (status(llama, environment, option, str(int(number))) == 0)


@pytest.mark.parametrize("example", [r.example for r in ON_THE_LINE if r.source.startswith(READING)])
def test_words_that_cannot_be_read_end_it(llama, environment, example):
    words = shlex.split(example)
    if words[-1] == "-c":  # the word that ends the line would be its value
        line = [llama / "llama-server", *words]
        ended = subprocess.run(
            line, capture_output=True, env=environment, stdin=subprocess.DEVNULL, check=False
        )
        assert ended.returncode != 0
        return
    assert status(llama, environment, *words) != 0
