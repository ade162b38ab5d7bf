from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.formats import shell
from tests.drawn import draws
from tests.formats.argvs import NASTY, WORDS

REQUIRED = ("sh", "bash", "dash")
SHELLS = [s for s in (*REQUIRED, "zsh") if shutil.which(s)]


def read_back(program: str, lines: list[str]) -> list[list[str]]:
    """What each line's command gets as its words, asked of the shell itself; one process for all lines."""
    script = "show() { printf '%s\\0' \"$@\"; printf '\\1'; }\n" + "".join(f"show {line}\n" for line in lines)
    flags = ["-f"] if program == "zsh" else []
    answer = subprocess.run(
        [program, *flags, "-s"],
        input=script.encode(errors="surrogateescape"),
        capture_output=True,
        check=True,
    )
    texts = answer.stdout.decode(errors="surrogateescape").split("\1")[:-1]
    return [text.split("\0")[:-1] for text in texts]


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="a developer's machine may lack a shell")
@pytest.mark.parametrize("program", REQUIRED)
def test_no_shell_is_left_out_where_everything_must_hold(program: str) -> None:
    assert shutil.which(program)


@pytest.mark.parametrize("program", SHELLS)
def test_every_shell_reads_back_every_nasty_word(program: str) -> None:
    words = [word for word in NASTY if "\1" not in word]
    assert [["llama-server", word] for word in words] == read_back(
        program, [shell.write(["llama-server", w]) for w in words]
    )


@pytest.mark.parametrize("program", SHELLS)
def test_every_shell_reads_back_the_same_words(program: str) -> None:
    words = WORDS.filter(lambda w: "\1" not in w)
    argvs = [["llama-server", *argv] for argv in draws(st.lists(words, min_size=1, max_size=6))]
    assert argvs == read_back(program, [shell.write(argv) for argv in argvs])


def test_an_evaluated_line_is_executed_word_for_word(tmp_path: Path) -> None:
    program = tmp_path / "it is a llama-server"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    program.chmod(0o755)
    line = shell.write([str(program), "$HOME", "a  b", "it's"])
    assert (
        "$HOME|a  b|it's|"
        == subprocess.run(["sh", "-c", f"exec {line}"], capture_output=True, text=True, check=True).stdout
    )


def test_plain_words_stay_plain() -> None:
    line = "llama-server -m /models/a.gguf -ot blk.1=CPU --rpc h:1,h:2 -fitt 512"
    assert line == shell.write(line.split())


def test_patterns_are_quoted() -> None:
    assert "-ot 'blk[.](1|2)[.]ffn=CPU'" == shell.write(["-ot", "blk[.](1|2)[.]ffn=CPU"])


def test_a_first_word_that_looks_like_an_assignment_is_quoted() -> None:
    assert "'A=b' A=b" == shell.write(["A=b", "A=b"])


def test_a_nul_is_refused() -> None:
    with pytest.raises(UsageError, match="NUL"):
        shell.write(["a\0b"])
