"""`moefit unit` as somebody uses it who starts servers at boot, as root."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.cli import main
from moefit.llama.execute import _ready
from tests.formats.systemd import service, words

EXAMPLE = Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
CARD = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]


@pytest.fixture
def written(capsys, monkeypatch, tmp_path, whole):
    """The unit's file, and what was said, for options and words of the command."""
    program = tmp_path / "bin" / "llama-server"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec true\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SUDO_USER", raising=False)

    def run(*options: str, line: tuple[str, ...] = ("llama-server",)) -> tuple[Path, str]:
        path = tmp_path / "x.service"
        with pytest.raises(SystemExit) as end:
            main(["unit", "--name", "x", "--output", str(path), *CARD, *options, "--", *line, "-m", whole])
        said = capsys.readouterr().err
        assert 0 == end.value.code, said
        return path, said

    return run


def test_a_folder_of_models_is_no_place_of_imports(written, tmp_path: Path) -> None:
    """A typer.py that lies beside a model is not run, though the unit runs there."""
    path, _ = written("--replan")
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("typer.py", "rich.py", "moefit.py", "psutil.py", "json.py"):
        (folder / name).write_text("open('pwned', 'w')\nraise SystemExit(99)\n")
    command = words(service(path.read_text())["ExecStart"])

    done = subprocess.run(
        [*command[: command.index("--")], "--dry-run", *command[command.index("--") :]],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, False) == (done.returncode, (folder / "pwned").exists()), done.stderr
    assert "--fit off" in done.stdout


ODD = {
    "PYTHONIOENCODING": "nonsense",
    "PYTHONUTF8": "7",
    "PYTHONHOME": "/nonsense",
    "PYTHONHASHSEED": "x",
    "PYTHONINSPECT": "1",
}


def test_variables_with_which_python_does_not_start_reach_no_unit(written) -> None:
    """A program that pip installs ends then in status 1, before moefit's first line; a unit's Python reads no such variable."""
    path, _ = written("--replan")
    command = words(service(path.read_text())["ExecStart"])
    at = command.index("--")

    done = subprocess.run(
        [*command[:at], "--dry-run", *command[at:]],
        env={"PATH": "/usr/bin:/bin", **ODD},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr


def test_a_unit_that_plans_anew_has_the_plans_memory_as_its_limit(written) -> None:
    fixed, _ = written()
    limit = service(fixed.read_text())["MemoryMax"]
    anew, _ = written("--replan")

    assert limit == service(anew.read_text())["MemoryMax"]


@pytest.mark.parametrize(
    "line",
    [
        ("env", "LLAMA_API_KEY=hunter2", "llama-server"),
        ("llama-server", "--api-key", "hunter2"),
        ("llama-server", "-hft", "hunter2"),
    ],
    ids=["env", "--api-key", "-hft"],
)
@pytest.mark.parametrize("replan", [[], ["--replan"]], ids=["fixed", "replan"])
def test_a_unit_with_a_secret_is_its_owners_alone_and_it_is_said(written, line, replan) -> None:
    path, said = written(*replan, line=line)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert ("hunter2" in path.read_text(), "hunter2" in said) == (True, False)
    assert "the unit holds a secret of" in said


def test_a_unit_without_a_secret_may_be_read(written) -> None:
    path, said = written()

    assert (True, False) == (bool(stat.S_IMODE(path.stat().st_mode) & 0o004), "secret" in said)


@pytest.mark.skipif(os.getuid() != 0, reason="only root's servers run as root")
def test_that_a_server_runs_as_root_is_said(written) -> None:
    assert "note: the server will run as root" in written()[1]


def test_who_a_server_runs_as_can_be_said(written) -> None:
    path, said = written("--run-as", "llama")

    assert ("llama", False) == (service(path.read_text())["User"], "root" in said)


@pytest.fixture
def refused(capsys):
    """The one line that a command of `unit` ends with."""

    def run(*options: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as end:
            main(["unit", "--name", "x", *options, "--", "llama-server", "-m", "x.gguf"])
        told = capsys.readouterr()
        assert "" == told.out
        return end.value.code, told.err.splitlines()[0]

    return run


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--run-as", ""], "'' is no name of a user"),
        (["--run-as", "no-such-user"], "--run-as no-such-user: no such user here"),
        (["--run-as", "root", "--user"], "--run-as is for a system unit, and this is a user's"),
        (["--run-as", "root", "--install"], "--run-as is for a system unit, and this is a user's"),
        ([*CARD, "--run-as", "a b"], "'a b' is no name of a user"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_user_whom_the_server_cannot_run_as_is_refused(refused, options, line) -> None:
    status, said = refused(*options)
    assert (2, True) == (status, said.startswith(f"moefit: error: {line}"))


def test_a_user_of_another_machine_is_named_with_a_warning(written) -> None:
    path, said = written("--run-as", "no-such-user")

    assert "no-such-user" == service(path.read_text())["User"]
    assert "--run-as no-such-user: no such user here: the unit names it as it stands" in said


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_when_planning_is_over_and_the_server_knows_nothing_of_it(tmp_path, abstract) -> None:
    address = f"\0moefit-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    environment = {"NOTIFY_SOCKET": address.replace("\0", "@"), "PATH": "/bin"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        _ready(environment)
        systemd.settimeout(5)
        assert b"READY=1" == systemd.recv(100)

    assert {"PATH": "/bin"} == environment


@pytest.mark.parametrize("address", ["", "relative", "/nonexistent/socket"])
def test_where_systemd_does_not_listen_nothing_happens(address) -> None:
    environment = {"NOTIFY_SOCKET": address}
    _ready(environment)

    assert {} == environment


def test_run_tells_systemd_before_it_becomes_the_server(written, tmp_path: Path) -> None:
    path, _ = written("--replan")
    command = words(service(path.read_text())["ExecStart"])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        environment = {
            "PATH": "/usr/bin:/bin",
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "HOME": str(tmp_path),
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (0, b"READY=1") == (done.returncode, systemd.recv(100)), done.stderr


def test_python_is_this_one(written) -> None:
    path, _ = written("--replan")

    assert sys.executable == words(service(path.read_text())["ExecStart"])[0]
