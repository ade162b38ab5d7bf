"""Files that moefit writes: whole or not at all, and only where a file may be."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.files import write_atomically


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "x", "text\n")
    finally:
        os.umask(before)

    assert ("text\n", 0o640) == ((tmp_path / "x").read_text(), mode(tmp_path / "x"))


@pytest.mark.parametrize("known", [0o604, 0o6755])
def test_a_file_that_is_there_keeps_its_mode(tmp_path, known):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(known)

    write_atomically(path, "new")

    assert ("new", known) == (path.read_text(), mode(path))


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_a_file_that_is_there_keeps_its_owner(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    os.chown(path, 1234, 2345)

    write_atomically(path, "new")

    assert (1234, 2345) == (path.stat().st_uid, path.stat().st_gid)


@pytest.mark.parametrize("before", [None, 0o666, 0o600])
def test_a_private_file_is_its_owners_alone(tmp_path, before):
    path = tmp_path / "x"
    if before is not None:
        path.write_text("old")
        path.chmod(before)

    write_atomically(path, "secret", private=True)

    assert 0o600 == mode(path)


def test_a_model_stays_as_it_is(tmp_path):
    """`moefit unit --output model.gguf -- llama-server -m model.gguf` wrote the unit over it."""
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF\3\0\0\0")

    with pytest.raises(InputError, match="is a model"):
        write_atomically(path, "new")

    assert b"GGUF\3\0\0\0" == path.read_bytes()


def test_a_link_is_refused_and_what_it_leads_to_stays(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)

    with pytest.raises(InputError, match="is a link"):
        write_atomically(link, "new")

    assert ("old", True) == (target.read_text(), link.is_symlink())


def test_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")

    with pytest.raises(InputError, match="is a link"):
        write_atomically(tmp_path / "link", "new")

    assert ["link"] == names(tmp_path)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full", "/dev", "/proc/version"])
def test_what_is_no_regular_file_is_not_replaced(path):
    before = os.lstat(path)

    with pytest.raises(InputError, match=r"is no regular file|cannot be written"):
        write_atomically(Path(path), "new")

    assert before.st_mode == os.lstat(path).st_mode


def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "x")

    with pytest.raises(InputError, match="is no regular file"):
        write_atomically(tmp_path / "x", "new")

    assert stat.S_ISFIFO((tmp_path / "x").lstat().st_mode)


def test_missing_folders_are_made(tmp_path):
    write_atomically(tmp_path / "a" / "b" / "x", "new")

    assert "new" == (tmp_path / "a" / "b" / "x").read_text()


@pytest.mark.parametrize("fails", ["fsync", "fchmod", "replace"])
def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch, fails):
    (tmp_path / "old").write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path if fails == "replace" else os, fails, full)
    for path in (tmp_path / "old", tmp_path / "a" / "b" / "new"):
        with pytest.raises(InputError, match="No space left on device"):
            write_atomically(path, "new")

    assert (["old"], "old") == (names(tmp_path), (tmp_path / "old").read_text())


@pytest.mark.parametrize("path", ["a\0b", "x" * 300, "a\udcff" * 200])
def test_a_path_that_cannot_be_is_one_line(tmp_path, path):
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / path, "new")


def test_text_that_is_no_utf8_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "x", "a\udcff")

    assert [] == names(tmp_path)


CODE = """
import os, signal, sys
from pathlib import Path
from moefit.files import write_atomically
number = int(sys.argv[2])  # the caller may have it ignored
signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
synced = os.fsync
def struck(descriptor):
    os.kill(os.getpid(), number)
    synced(descriptor)
os.fsync = struck
write_atomically(Path(sys.argv[1]), "new")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_leaves_the_whole_file_alone(tmp_path, number):
    done = subprocess.run(
        [sys.executable, "-c", CODE, tmp_path / "x", str(int(number))], capture_output=True, check=False
    )

    assert (-number, ["x"], "new") == (done.returncode, names(tmp_path), (tmp_path / "x").read_text())
