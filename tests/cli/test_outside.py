"""Whole commands with text from strangers: nothing of it steers the terminal or is taken for markup, and no secret is repeated."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from moefit.cli import main

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")
SECRET = "hunter2-of-mine"


class Done(NamedTuple):
    status: int
    out: str
    err: str


def _unreachable(*_: object, **__: object) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture
def moefit(capsys, monkeypatch, tmp_path):
    """Run the program in an environment of its own, without a network: a resolver may take longer than any test."""
    for name in list(os.environ):
        if name.startswith(("LLAMA", "HF_", "XDG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("MOEFIT_LLAMA", raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", _unreachable)

    def run(*words: str, **environment: str) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main(words)
        return Done(end.value.code, *capsys.readouterr())

    return run


NASTY = [
    "[/x]",
    "[link=https://evil]card[/link]",
    "[bold red]x",
    ":warning:",
    "a\x1b[2Jb",
    "a\x9b31mb",
    "a\u202eb",
    "a\u2028b",
    "a\nb",
]


@pytest.mark.parametrize("name", NASTY, ids=ascii)
@pytest.mark.parametrize("command", [["devices"], ["plan", "--explain"]], ids=["devices", "plan"])
def test_a_cards_name_is_neither_markup_nor_a_control(
    moefit, command: list[str], name: str, small: str
) -> None:
    done = moefit(
        *command,
        *([small] if "plan" in command else []),
        "--gpu",
        f"free=8GiB,description={name}",
        "--ram",
        "32GiB",
        "--cores",
        "4",
        "--color",
        "always",
    )

    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.out)
    assert 0 == done.status
    assert name.encode("unicode_escape").decode() in plain
    assert plain.replace("\n", "").isprintable()


@pytest.mark.parametrize("word", ["a\x1b[2Jb", "a\x9bb", "a\u202eb", "a\u2029b", "[/x]"], ids=ascii)
@pytest.mark.parametrize(
    "words",
    [
        ["plan", "{}"],
        ["plan", EXAMPLE, "--gpu", "{}"],
        ["{}"],
        ["plan", "--", "llama-server", "{}"],
        ["plan", EXAMPLE, "--machine", "{}"],
    ],
)
def test_a_word_in_a_message_is_visible(moefit, words: list[str], word: str) -> None:
    done = moefit(*(w.format(word) for w in words))

    assert 2 == done.status
    assert done.err.replace("\n", "").isprintable()
    assert word.encode("unicode_escape").decode() in done.err.replace("\\\\", "\\")


LINES = {
    "a variable in front": ["plan", "--", f"LLAMA_API_KEY={SECRET}", "llama-server"],
    "a variable among the options": ["plan", "--", "llama-server", f"LLAMA_API_KEY={SECRET}"],
    "env and no program": ["plan", "--", "env", f"LLAMA_API_KEY={SECRET}", "x"],
    "env and a format that has none": [
        "args",
        "--format",
        "env",
        "--gpu",
        "8GiB",
        "--ram",
        "32GiB",
        "--",
        "env",
        f"LLAMA_API_KEY={SECRET}",
        "llama-server",
        "-m",
        EXAMPLE,
    ],
    "-hf with a password": [
        "plan",
        "--",
        "llama-server",
        "--offline",
        "-hf",
        f"https://me:{SECRET}@host/x/y",
    ],
    "-mu with a password": [
        "plan",
        "--",
        "llama-server",
        "--offline",
        "-mu",
        f"https://me:{SECRET}@host/x/y.gguf",
    ],
    "-mu with a query": [
        "plan",
        "--",
        "llama-server",
        "--offline",
        "-mu",
        f"https://host/x/y.gguf?sig={SECRET}",
    ],
    "MODEL with a password": ["plan", f"https://me:{SECRET}@host/m.gguf"],
    "-m with a password": ["plan", "--", "llama-server", "-m", f"https://me:{SECRET}@host/m.gguf"],
    "two models": ["plan", EXAMPLE, "--", "llama-server", "-mu", f"https://me:{SECRET}@host/m.gguf"],
    "a key with =": ["plan", "--", "llama-server", f"--api-key={SECRET}"],
    "a key and a stray word": ["plan", "--", "llama-server", "--api-key", SECRET, SECRET],
    "a key on the wrong side": ["plan", "--api-key", SECRET],
    "a key as a stray word on the wrong side": ["plan", EXAMPLE, SECRET, "--api-key", SECRET],
    "a token": ["plan", "--", "llama-server", "-hft", SECRET, SECRET],
    "a key for a number": ["plan", "--", "llama-server", "--api-key", SECRET, "-c", SECRET],
    "a key as a format": ["args", "--format", f"api_key={SECRET}"],
    "a machine at a URL": ["plan", EXAMPLE, "--machine", f"https://me:{SECRET}@host/m.json"],
    "a key for a card": ["plan", EXAMPLE, "--gpu", f"token={SECRET}"],
    "a bearer": ["plan", "--", "llama-server", f"Authorization: Bearer {SECRET}"],
}


@pytest.mark.parametrize("words", LINES.values(), ids=LINES)
def test_no_message_repeats_a_secret(moefit, words: list[str]) -> None:
    done = moefit(*words)

    assert 2 == done.status
    assert SECRET not in done.out + done.err


VARIABLES = {
    "LLAMA_ARG_MODEL_URL": f"https://me:{SECRET}@host/m.gguf",
    "LLAMA_ARG_HF_REPO": f"https://me:{SECRET}@host/x/y",
    "LLAMA_ARG_MODEL": f"https://me:{SECRET}@host/m.gguf",
    "LLAMA_ARG_CTX_SIZE": f"https://me:{SECRET}@host/m.gguf",
    "LLAMA_API_KEY": SECRET,
    "HF_TOKEN": SECRET,
}


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    "words",
    [["--offline"], ["--offline", SECRET], ["--offline", "-c", SECRET]],
    ids=["alone", "stray", "number"],
)
def test_no_message_repeats_a_variables_secret(moefit, name: str, words: list[str]) -> None:
    if SECRET in words and name not in {"LLAMA_API_KEY", "HF_TOKEN"}:
        return  # the word is the user's own, and nothing says that it is a secret
    done = moefit("plan", "--", "llama-server", *words, **{name: VARIABLES[name]})

    assert 2 == done.status
    assert SECRET not in done.out + done.err


@pytest.mark.parametrize(
    "line", [f"api-key: {SECRET}", SECRET, f"api-key {SECRET}", f"[{SECRET}", f"= {SECRET}"]
)
def test_no_message_repeats_a_line_of_a_file(moefit, line: str, tmp_path: Path) -> None:
    file = tmp_path / "llama.cpp" / "config.ini"
    file.parent.mkdir()
    file.write_text(f"[*]\n{line}\n")
    done = moefit("plan", EXAMPLE, XDG_CONFIG_HOME=str(tmp_path))

    assert (2, f"moefit: error: {file}:2: llama.cpp cannot read this line\n") == (
        done.status,
        done.err.partition("moefit: hint")[0],
    )


def test_a_page_and_an_explanation_show_a_secret_on_the_line_alone(moefit, small: str) -> None:
    done = moefit(
        "plan",
        "--explain",
        "--gpu",
        "8GiB",
        "--ram",
        "32GiB",
        "--cores",
        "4",
        "--",
        "llama-server",
        "-m",
        small,
        "--api-key",
        SECRET,
    )

    *page, line = done.out.splitlines()
    assert (True, False) == (SECRET in line, SECRET in "".join(page) + done.err)


RESULTS = {
    "a password": ["compare", EXAMPLE, f"https://me:{SECRET}@host/m.gguf"],
    "a query": ["compare", EXAMPLE, f"https://host/m.gguf?sig={SECRET}"],
    "a query, as JSON": ["compare", "--json", EXAMPLE, f"https://host/m.gguf?sig={SECRET}"],
}


@pytest.mark.parametrize("words", RESULTS.values(), ids=RESULTS)
def test_no_comparison_repeats_a_secret(moefit, monkeypatch, words: list[str], tmp_path: Path) -> None:
    picture = tmp_path / "p.svg"
    drawn = [] if "--json" in words else ["--svg", str(picture)]
    monkeypatch.setattr(sys, "argv", ["moefit", *words, *drawn])  # which a picture shows
    done = moefit(*words, *drawn, "--gpu", "8GiB", "--ram", "32GiB", "--cores", "4")

    shown = picture.read_text() if drawn else ""
    assert (0, True) == (done.status, "https://host/m.gguf" in done.out)
    assert SECRET not in done.out + done.err + shown


def test_no_warning_in_json_repeats_a_secret(moefit, small: str) -> None:
    pattern = f"https://me:{SECRET}@host/=CPU"
    done = moefit(
        *("plan", "--json", "--gpu", "8GiB", "--ram", "32GiB", "--", "llama-server", "-m", small),
        *("-ot", pattern),
    )

    warnings = json.loads(done.out)["warnings"]
    assert any("https://host/" in warning["message"] for warning in warnings)
    assert SECRET not in json.dumps(warnings)


def test_no_picture_shows_a_secret_that_xml_writes_otherwise(moefit, small: str, tmp_path: Path) -> None:
    picture = tmp_path / "p.svg"
    line = ["--", "llama-server", "-m", small, "--api-key", "hunter&<22>"]
    done = moefit("plan", "--gpu", "8GiB", "--ram", "32GiB", "--svg", str(picture), *line)

    assert (0, False) == (done.status, "hunter" in picture.read_text())
