"""What a shell completes: commands, options, and every value that is one of a set."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from moefit.cli.application import app
from tests.cli.test_commands import moefit
from tests.each import each

__all__ = ["moefit"]

ROOT = Path(__file__).parents[2]
FREE = {
    "--timeout", "--rpc", "-hf", "--wait-free", "--name", "--candidates", "--runs",
    "--machine", "--svg", "--output",
}  # fmt: skip
"""Numbers and names of the user's own; and files, which shells complete by themselves where nothing is offered."""


@pytest.fixture
def offered(moefit, monkeypatch):
    """What a shell is offered for a line, whose last word is the one that is typed."""

    def ask(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_MOEFIT_COMPLETE", f"complete_{shell}")
        if shell == "bash":
            monkeypatch.setenv("COMP_WORDS", "\n".join(words))
            monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        else:
            monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
            monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        return moefit()[1].split()

    return ask


def values():
    """Every option and argument that takes a value."""
    for command in get_command(app(())).commands.values():
        for param in command.params:
            if not getattr(param, "is_flag", False) and param.name != "help":
                yield param


@each(values())
def test_every_value_is_completed_or_free(param):
    completed = param._custom_shell_complete is not None or getattr(param.type, "choices", ())
    assert bool(completed) != bool(FREE & set(param.opts))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("moefit pl", "plan"),
        ("moefit plan --ram-b", "--ram-bandwidth"),
        ("moefit plan --gpu rtx-4090", "rtx-4090-laptop"),
        ("moefit plan --gpu 30", "3060-ti"),
        ("moefit plan --gpu RTX-30", "RTX-3060-ti"),
        ("moefit plan --gpu rtx306", "rtx3060ti"),
        ("moefit plan --gpu 2xrtx-30", "2xrtx-3060"),
        ("moefit plan --gpu 3090+30", "3090+3060"),
        ("moefit plan --gpu 2x3090+rx-", "2x3090+rx-580"),
        ("moefit plan --gpu rtx-3060,fr", "rtx-3060,free="),
        ("moefit plan --gpu = 30", "3060"),
        ("moefit plan --gpu =", "rtx-3060"),
        ("moefit plan --gpu=30", "--gpu=3060"),
        ("moefit compare --cards dgx", "dgx-spark"),
        ("moefit cards am", "amd"),
        ("moefit cards 78", "780m"),
        ("moefit plan --strategy two", "two-pass"),
        ("moefit compare --strategies base", "base-first"),
        ("moefit compare --strategies base-first,t", "base-first,two-pass"),
        ("moefit compare --contexts 8192,3", "8192,32768"),
        ("moefit plan --workload ", "agent"),
        ("moefit plan --workload 2", "2048:512"),
        ("moefit plan --prefer d", "decode"),
        ("moefit plan --color n", "never"),
        ("moefit plan --ram 3", "32GiB"),
        ("moefit plan --cores 1", "16"),
        ("moefit plan --ram-bandwidth ddr5-", "ddr5-5600x2"),
        ("moefit plan --build b", "b11549"),
        ("moefit plan --gpu 3090 --gpu 3060 --exclude C", "CUDA1"),
        ("moefit plan --gpu 3090 --budget C", "CUDA0=16GiB"),
        ("moefit plan --gpu 3090 --margin CUDA0", "CUDA0=512MiB"),
        ("moefit plan --beside 5", "512MiB"),
        ("moefit plan --gpu m1-max --expect ", "MTL0"),
        ("moefit unit --run-as roo", "root"),
        ("moefit args --format llama", "llama-swap"),
        ("moefit explain res", "reserve"),
        ("moefit explain ng", "ngl"),
        ("moefit plan examples/qwen", "examples/qwen3-30b-a3b-q4_k_m.gguf"),
        ("moefit inspect examp", "examples/qwen3-30b-a3b-q4_k_m.gguf"),
        ("moefit run -- llama", "llama-server"),
        ("moefit run -- llama-server --ctx", "--ctx-size"),
        ("moefit run -- llama-server -c 1 -ctk ", "q8_0"),
    ],
)
def test_a_shell_completes(offered, line, found):
    assert found in offered(line)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("moefit plan --gpu 2x30", "2x3060"),
        ("moefit plan --gpu=2x30", "--gpu=2x3060"),
        ("moefit plan --color=n", "--color=never"),
        ("moefit compare --contexts=8192,3", "--contexts=8192,32768"),
        ("moefit compare --strategies base-first,t", "base-first,two-pass"),
        ("moefit explain res", "reserve"),
        ("moefit run -- llama-server --ctx", "--ctx-size"),
    ],
)
def test_so_do_other_shells(offered, shell, line, found):
    assert found in "".join(offered(line, shell))


@pytest.mark.parametrize(
    "line",
    [
        "moefit run -- llama-server -m exam",
        "moefit plan --machine ma",
        "moefit plan --svg pi",
        "moefit unit --output x",
        "moefit compare --strategies base-first,base-f",
        "moefit plan --gpu nonsense-9",
    ],
)
def test_where_nothing_is_offered_a_shell_completes_files(offered, line):
    assert [] == offered(line)


def test_what_is_offered_begins_as_what_is_typed(offered):
    for typed in ("30", "RTX 30", "2x40", "rtx-3090+4", "m4", "rx-7"):
        assert [] == [word for word in offered(f"moefit plan --gpu {typed}") if not word.startswith(typed)]


ASKED = {
    "bash": """
        eval "$(_MOEFIT_COMPLETE=source_bash moefit)"
        COMP_WORDS=(moefit plan --gpu 2xrtx-30) COMP_CWORD=3
        _moefit_completion moefit
        printf '%s ' "${COMPREPLY[@]}"
    """,
    "zsh": """
        compdef() {}
        _arguments() { print -r -- "$@" }
        eval "$(_MOEFIT_COMPLETE=source_zsh moefit)"
        words=(moefit plan --gpu 2xrtx-30) CURRENT=4
        _moefit_completion
        words=(moefit plan --gpu=2xrtx-30) CURRENT=3
        _moefit_completion
    """,
    "fish": """
        _MOEFIT_COMPLETE=source_fish moefit | source
        complete -C 'moefit plan --gpu 2xrtx-30'
        complete -C 'moefit plan --gpu=2xrtx-30'
    """,
}
"""zsh shows what it is offered in a terminal alone: what its completion is given stands for it."""


@pytest.mark.parametrize("shell", ASKED)
def test_a_shell_itself_asks_by_typers_own_script(shell):
    beside = Path(sys.executable).parent
    if shutil.which(shell) is None or shutil.which("moefit", path=beside) is None:
        pytest.skip(f"{shell} is not here, or moefit is not installed beside this Python")
    variables = {**os.environ, "PATH": f"{beside}:{os.environ['PATH']}"}
    done = subprocess.run(
        [shell, "-c", ASKED[shell]], check=True, capture_output=True, text=True, env=variables
    )
    offered = re.split(r"[\s\"():]+", done.stdout)
    assert "2xrtx-3060-ti" in offered
    assert (shell != "bash") == ("--gpu=2xrtx-3060-ti" in offered)  # bash makes three words of it


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shells_script_is_typers_own(moefit, monkeypatch, shell):
    monkeypatch.setenv("_MOEFIT_COMPLETE", f"source_{shell}")
    assert "_MOEFIT_COMPLETE" in moefit()[1]


def test_help_says_how_completion_is_installed(moefit):
    assert "--install-completion" in moefit("--help")[1]
