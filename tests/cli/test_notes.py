"""What is said beside a page: at most three notes, and nothing left on a terminal after Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from moefit.cli import output
from moefit.cli.say import say
from moefit.errors import Warn
from tests.cli.test_commands import CARD, EXAMPLE, moefit
from tests.remote.server import serving

__all__ = ["moefit"]


class Noted:
    warnings = tuple(Warn(f"w{i}", f"said {i}", note=i % 2 == 0) for i in range(6))


def test_a_page_has_at_most_three_notes_what_is_wrong_first(capsys):
    output.note(Noted(), output.MOST_NOTES)
    said = capsys.readouterr().err.splitlines()
    assert ["said 1", "said 3", "said 5"] == [line.rpartition(": ")[2] for line in said[:3]]
    assert "3 more with --explain" in said[3]


def test_everything_is_said_where_all_is_asked_for(capsys):
    output.note(Noted())
    assert 6 == len(capsys.readouterr().err.splitlines())


def test_a_card_that_is_left_out_is_said_before_what_every_plan_chooses(moefit):
    cards = ["--gpu", "rtx-3090", "--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
    assert "CUDA1 is left out" in moefit("plan", EXAMPLE, *cards)[2]


@pytest.mark.parametrize("more", [["--explain"], ["--json"]])
def test_explain_and_json_leave_no_note_out(moefit, more):
    plain = moefit("plan", EXAMPLE, *CARD)[2].count("moefit: ")
    assert plain <= moefit("plan", EXAMPLE, *CARD, *more)[2].count("moefit: ")


def test_ctrl_c_leaves_nothing_on_the_terminal():
    """While a header is awaited from a server that does not answer."""
    with serving() as web:
        web.answers["/u/m.gguf"] = lambda _: web.stop.wait(20)
        leader, follower = pty.openpty()
        environment = {**os.environ, "NO_COLOR": "1"}
        words = [sys.executable, "-m", "moefit", "inspect", f"{web.url}/u/m.gguf"]
        child = subprocess.Popen(words, stderr=follower, stdout=subprocess.PIPE, env=environment)
        os.close(follower)
        until = time.monotonic() + 20
        while not web.asked and time.monotonic() < until:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=20)
        shown = os.read(leader, 65536).decode()
        os.close(leader)
    assert (b"", "\x1b[?25h") == (out, shown.rpartition("\x1b[K")[2]), (
        "but for the cursor, which is shown again"
    )
    assert "Traceback" not in shown


@pytest.mark.parametrize(("terminal", "told"), [("xterm", True), ("dumb", False)])
def test_a_plan_says_that_it_is_being_made_and_takes_it_away(terminal, told):
    leader, follower = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": terminal}
    words = [sys.executable, "-m", "moefit", "plan", EXAMPLE, *CARD]
    child = subprocess.run(words, stderr=follower, stdout=subprocess.PIPE, env=environment, check=True)
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert (told, told) == ("planning\r\x1b[K" in shown, "\x1b" in shown)
    assert b"planning" not in child.stdout


@pytest.mark.parametrize(("kind", "lines"), [("note", 3), ("hint", 1)])
def test_a_terminal_gets_notes_in_lines_and_hints_whole(kind, lines, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda _fd: os.terminal_size((60, 24)))
    monkeypatch.setattr(sys.stderr, "fileno", lambda: 2, raising=False)
    say(kind, "twelve chars " * 11)
    assert lines == len(capsys.readouterr().err.splitlines())
