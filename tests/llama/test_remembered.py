"""What a program said of a line is kept until the program, the model or the line is another."""

from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.launch.options import builtin
from moefit.llama import remembered
from moefit.memory.real import RealDevice, RealUse
from moefit.memory.types import Use

ANSWER = RealUse(
    (RealDevice("CUDA0", 100, 90, Use(1, 2, 3)),), Use(4, 5, 6), {"CUDA0": Use(7, 8, 9)}, {"CUDA0": 10}, True
)
TABLE = builtin("llama-server")
KEPT = json.dumps({"version": 3, **asdict(ANSWER)})


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The lines that the real program was asked about."""
    lines: list[tuple[str, ...]] = []

    def verify(argv: tuple[str, ...], **_: object) -> RealUse:
        lines.append(argv)
        return ANSWER

    monkeypatch.setattr(remembered, "verify", verify)
    for name in ("llama-server", "model.gguf"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(stat.S_IRWXU)
    return lines


def use(folder: Path, *words: str, **variables: str) -> RealUse:
    environment = {"PATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), **variables}
    line = ("llama-server", "-m", "model.gguf", *words)
    return remembered.real_use(line, str(folder / "model.gguf"), TABLE, environment)


def test_a_line_is_asked_about_once_and_the_answer_is_whole(
    tmp_path: Path, asked: list[tuple[str, ...]]
) -> None:
    assert [ANSWER] * 3 == [use(tmp_path) for _ in range(3)]
    assert 1 == len(asked)


@pytest.mark.parametrize("name", ["llama-server", "model.gguf"])
def test_another_program_or_model_is_asked_about(
    tmp_path: Path, asked: list[tuple[str, ...]], name: str
) -> None:
    use(tmp_path)
    os.utime(tmp_path / name, ns=(1, 1))
    use(tmp_path)
    assert 2 == len(asked)


def test_another_line_or_variable_is_asked_about(tmp_path: Path, asked: list[tuple[str, ...]]) -> None:
    use(tmp_path)
    use(tmp_path, "-c", "4096")
    use(tmp_path, LLAMA_ARG_CTX_SIZE="4096")
    assert 3 == len(asked)


@pytest.mark.parametrize("words", ["-cram 100", "-ctxcp 3", "--port 81", "-cms 9"])
def test_what_changes_no_figure_of_the_line_is_not_asked_about(
    tmp_path: Path, asked: list[tuple[str, ...]], words: str
) -> None:
    use(tmp_path)
    use(tmp_path, *words.split())
    use(tmp_path, LLAMA_ARG_CACHE_RAM="100")
    assert 1 == len(asked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"version": 2, "failed": ["x", null]}',
        '{"version": 3, "failed": 1}',
        "[]",
        '{"version": 0}',
        '{"version": 1, "devices": 3}',
        '{"version": 3, "failed": [1, 2]}',
        "[" * 9000,
        KEPT.replace("100", '"100"'),
        KEPT.replace("100", "1e999"),
        KEPT.replace('"model": 4', '"model": null'),
        KEPT.replace('{"CUDA0": 10}', "[10]"),
    ],
)
def test_what_was_kept_and_cannot_be_read_is_asked_again(
    tmp_path: Path, asked: list[tuple[str, ...]], text: str
) -> None:
    use(tmp_path)
    for kept in (tmp_path / "cache").rglob("*.json"):
        kept.write_text(text)
    assert ANSWER == use(tmp_path)
    assert 2 == len(asked)


@pytest.mark.parametrize("home", ["home", ""])
@pytest.mark.usefixtures("asked")
def test_nothing_is_kept_in_a_folder_that_is_not_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("moefit.folders._known_home", lambda: "")
    before = set(tmp_path.rglob("*"))
    assert ANSWER == use(tmp_path, XDG_CACHE_HOME="relative", HOME=home)
    assert before == set(tmp_path.rglob("*"))


@pytest.mark.parametrize(("seconds", "believed"), [(60, True), (3700, False), (-60, False)])
@pytest.mark.usefixtures("asked")
def test_a_failure_is_believed_for_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, believed: bool
) -> None:
    def fail(*_: object, **__: object) -> RealUse:
        raise InputError("no figures", "a hint")

    with monkeypatch.context() as patch:
        patch.setattr(remembered, "verify", fail)
        with pytest.raises(InputError):
            use(tmp_path)
    for kept in (tmp_path / "cache").rglob("*.json"):
        os.utime(kept, (time.time() - seconds,) * 2)
    try:
        found: object = use(tmp_path)
    except InputError as error:
        found = error.message, error.hint
    assert (("no figures", "a hint") if believed else ANSWER) == found
