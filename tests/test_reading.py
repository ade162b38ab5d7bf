"""Small files that are not trusted, whatever they are: a value or one line, at once."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest

from moefit.cli import main
from moefit.documents import parse_json
from moefit.errors import InputError
from moefit.launch.precedence import parse_ini
from moefit.reading import MAX_SMALL, read_small

EXAMPLE = str(Path(__file__).parents[1] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def link_to_zero(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def unix_socket(path: Path) -> Path:
    """An address holds 107 bytes, and a test's own folder may be longer."""
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
    return path


def large(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(MAX_SMALL + 1)
    return path


def huge(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(1 << 40)
    return path


def binary(path: Path) -> Path:
    path.write_bytes(b"\xff\xfe")
    return path


def circle(path: Path) -> Path:
    path.symlink_to(path.name)
    return path


def deep(path: Path) -> Path:
    path.write_text("[" * 100_000)
    return path


def deep_whole(path: Path) -> Path:
    path.write_text('{"gpus":' * 50_000 + "1" + "}" * 50_000)
    return path


def many_digits(path: Path) -> Path:
    path.write_text('{"gpus": [], "ram": {"total": 1' + "0" * 400 + ', "available": 1}, "cpu": {"cores": 1}}')
    return path


def too_many_digits(path: Path) -> Path:
    path.write_text('{"version": ' + "9" * 500_000 + "}")
    return path


def exponent(path: Path) -> Path:
    path.write_text('{"gpus": [], "ram": {"total": 1e400, "available": 1}, "cpu": {"cores": 1}}')
    return path


def one_number(path: Path) -> Path:
    path.write_text("1")
    return path


FILES = [
    fifo,
    link_to_zero,
    folder,
    unix_socket,
    large,
    huge,
    binary,
    circle,
    deep,
    deep_whole,
    many_digits,
    too_many_digits,
    exponent,
    one_number,
]


@pytest.fixture
def moefit(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words):
        start = time.process_time()
        with pytest.raises(SystemExit) as end:
            main(words)
        assert time.process_time() - start < 2
        return end.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_a_machine_file_is_read_or_one_line(make, moefit, tmp_path):
    path = make(tmp_path / "file")

    status, said = moefit("plan", EXAMPLE, "--machine", str(path))

    lines = [line for line in said.splitlines() if line.startswith("moefit: error:")]
    assert (2, 1) == (status, len(lines))
    assert lines[0].startswith(f"moefit: error: {path}: ")


@pytest.mark.parametrize("make", FILES[:8], ids=lambda make: make.__name__)
def test_a_config_ini_is_read_or_one_line(make, moefit, tmp_path):
    (tmp_path / "config" / "llama.cpp").mkdir(parents=True)
    path = make(tmp_path / "config" / "llama.cpp" / "config.ini")

    status, said = moefit("devices", "--gpu", "8GiB", "--ram", "8GiB")

    if make in {
        circle,
        binary,
    }:  # llama.cpp finds no file there; and it reads bytes, where ours are one bad line
        assert status in {0, 2}
        return
    assert (2, True) == (status, said.startswith(f"moefit: error: {path}: "))


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_a_calibration_is_read_or_one_warning(make, moefit, tmp_path, monkeypatch):
    from moefit.machine import detect

    (tmp_path / "config" / "moefit").mkdir(parents=True)
    monkeypatch.setattr(detect, "read_fingerprint", lambda _root: "abc")
    path = make(tmp_path / "config" / "moefit" / "calibration-abc.json")

    status, said = moefit("devices", "--gpu", "8GiB")

    warned = [line for line in said.splitlines() if line.startswith("moefit: warning:")]
    assert 0 == status
    assert [True] == [line.startswith(f"moefit: warning: {path}: ") for line in warned]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "1",
        "{}",
        '{"version": 1, "path": "x", "options": 1}',
        '{"version": 1, "path": "P", "options": [[1]]}',
    ],
)
@pytest.mark.parametrize("make", [*FILES, None], ids=lambda make: getattr(make, "__name__", "text"))
def test_a_cached_help_that_is_none_is_asked_again(make, text, tmp_path):
    from moefit.llama.help import _read

    path = tmp_path / "kept.json"
    if make is None:
        path.write_text(text.replace('"P"', json.dumps("/bin/x")))
    else:
        make(path)

    assert None is _read(path, Path("/bin/x"), "llama-server")


def test_a_line_of_many_spaces_takes_no_time():
    start = time.process_time()
    for line in (" " * 60_000, "a =" + " " * 60_000 + "x", "a" + " " * 60_000 + "= 1"):
        parse_ini(line, "config.ini")
    for line in ("[" + " " * 60_000, "a" + " " * 60_000, "[a" + "]" * 9_000, "[" + " " * 60_000 + "a"):
        with pytest.raises(InputError, match=r"config\.ini:1: llama.cpp cannot read this line"):
            parse_ini(line, "config.ini")
    assert time.process_time() - start < 0.5


def test_a_file_that_may_not_be_read_is_one_line(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")

    with pytest.raises(InputError, match="Permission denied"):
        read_small(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e30", 1e30),
        ("-5", -5),
        ("9" * 30, int("9" * 30)),
        ("\ufeff[1]", [1]),
        ('{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_plain_json_is_read(text, value):
    assert value == parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "9" * 31,
        "1." + "0" * 400,
        "[" * 99_999,
        '{"a": 1, "b": 2, "a": 1}',
        '[{"": {"x": 1, "x": 2}}]',
    ],
)
def test_json_that_cannot_be_meant_is_refused(text):
    with pytest.raises(ValueError, match=r"no number|digits|nested|twice"):
        parse_json(text)
