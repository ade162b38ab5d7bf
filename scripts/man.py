"""Write the manual page from the text of --help: python scripts/man.py man/moefit.1."""

import re
import sys
from pathlib import Path
from typing import Any

import typer

from moefit.cli.application import app
from moefit.cli.teaching import AFTER, EXAMPLES
from moefit.formats.glossary import WORDS


def text(words: str) -> str:
    """Words as roff takes them."""
    plain = words.replace("\\", "\\\\").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", plain, flags=re.MULTILINE)


def options(context: Any, command: Any) -> list[str]:
    lines = []
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record is not None:
            lines += [".TP", f".B {text(record[0])}", text(record[1])]
    return lines


def page() -> str:
    root = typer.main.get_command(app([]))
    context = root.make_context("moefit", [], resilient_parsing=True)
    lines = [
        '.TH MOEFIT 1 "" moefit "User commands"',
        ".SH NAME",
        text(f"moefit - {(root.help or '').splitlines()[0]}"),
    ]
    lines += [".SH SYNOPSIS", f".B moefit\n{text(f'COMMAND [OPTIONS] [MODEL] {AFTER}')}"]
    lines += [
        ".SH DESCRIPTION",
        text(
            "Options of moefit come first, then --, then the llama-server command. stdout carries the result alone."
        ),
    ]
    lines += [".SH EXAMPLES", ".nf", *(text(line) for line in EXAMPLES[""]), ".fi", ".SH COMMANDS"]
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        usage = " ".join(("moefit", name, *command.collect_usage_pieces(inner)))
        lines += [
            f".SS {text(usage)}",
            text(" ".join((command.help or "").split())),
            *options(inner, command),
        ]
        lines += [".PP", ".nf", *(text(line) for line in EXAMPLES[name]), ".fi"]
    lines += [".SH EXIT STATUS"]
    for status, meaning in STATUS.items():
        lines += [".TP", f".B {status}", text(meaning)]
    lines += [".SH WORDS"]
    for word, meaning in WORDS.items():
        lines += [".TP", f".B {text(word)}", text(meaning)]
    return "\n".join(lines) + "\n"


STATUS = {
    0: "it fits",
    1: "it does not; args, run and unit then print nothing",
    2: "bad usage or input, or output that cannot be written",
    3: "a GPU or a driver does not answer",
    70: "an error of moefit's own",
    141: "the reader of a pipe has left",
}

if __name__ == "__main__":
    Path(sys.argv[1]).parent.mkdir(exist_ok=True)
    Path(sys.argv[1]).write_text(page())
