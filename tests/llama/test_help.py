from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from moefit.llama import help as program_help

SCRIPT = "#!/bin/sh\necho asked >> {log}\n[ -z \"$LLAMA_ARG_MODEL\" ] || exit 1\necho '-c,    --ctx-size N     context'\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "llama-server"
    path.write_text(SCRIPT.format(log=tmp_path / "log"))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def table_of(program: Path, **environment: str) -> tuple[str, ...] | None:
    variables = {"XDG_CACHE_HOME": str(program.parent / "cache"), "PATH": "/usr/bin:/bin"} | environment
    table = program_help.option_table(str(program), "llama-server", variables)
    return table.spellings if table else None


def times_asked(program: Path) -> int:
    log = program.parent / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_a_program_is_asked_once(program: Path) -> None:
    assert [("-c", "--ctx-size")] * 3 == [table_of(program) for _ in range(3)]
    assert 1 == times_asked(program)


def test_a_new_build_is_asked_again(program: Path) -> None:
    table_of(program)
    program.write_text(SCRIPT.format(log=program.parent / "log").replace("--ctx-size", "--context"))
    assert ("-c", "--context") == table_of(program)
    assert 2 == times_asked(program)


def test_a_link_is_the_program_it_leads_to(program: Path) -> None:
    link = program.with_name("link")
    link.symlink_to(program)
    assert table_of(program) == table_of(link)
    assert 1 == times_asked(program)


def test_variables_that_set_options_do_not_reach_the_program(program: Path) -> None:
    assert ("-c", "--ctx-size") == table_of(program, LLAMA_ARG_MODEL="/a.gguf")


@pytest.mark.parametrize(
    "page", ["cannot open shared object file", "-c, --ctx-size N   size\\n-m, --model\\0FNAME"]
)
def test_a_program_that_says_something_else_is_asked_again(program: Path, page: str) -> None:
    program.write_text(f"#!/bin/sh\nprintf -- '{page}\\n'\n")
    assert None is table_of(program)
    assert not (program.parent / "cache").exists()


def test_a_program_that_hangs_is_given_up(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_help, "_LIMIT", 0.2)
    program.write_text("#!/bin/sh\nexec sleep 20\n")
    start = time.monotonic()
    assert None is table_of(program)
    assert 5 > time.monotonic() - start


def test_a_program_that_is_not_there_has_no_table(tmp_path: Path) -> None:
    assert None is table_of(tmp_path / "llama-server")


def test_a_cache_that_cannot_be_written_is_none(program: Path) -> None:
    (program.parent / "cache").write_text("a file")
    assert ("-c", "--ctx-size") == table_of(program)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1, "path": "/x", "options": [[["-z"], [], [], [], null, null]]}']
)
def test_a_cache_that_says_something_else_is_asked_again(program: Path, text: str) -> None:
    table_of(program)
    for kept in (program.parent / "cache").rglob("*.json"):
        kept.write_text(text)
    assert ("-c", "--ctx-size") == table_of(program)
    assert 2 == times_asked(program)
