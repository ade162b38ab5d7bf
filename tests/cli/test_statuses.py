"""Exit statuses mean one thing each, and streams that fail are told apart."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import NoReturn

import pytest

from moefit.cli import main
from moefit.cli.commands import plans
from tests.drawn import several
from tests.llama.test_program_faults import alive

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")
CARD = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
PLAN = ["plan", "small.gguf", *CARD]
BREAK = "import sys, moefit.cli.commands.plans as c\ndef fail(*a, **k): raise {error}\nc.planned = fail\nfrom moefit.cli import main\nmain()"


@pytest.fixture(autouse=True)
def beside_small(small, monkeypatch) -> None:
    """Have the model of PLAN in the current folder."""
    monkeypatch.chdir(Path(small).parent)


def moefit(*words: str, code: str | None = None, shell: str = "", **environment: str):
    """The program as a process, by its own means or by `code`; `shell` redirects its streams."""
    start = ["-c", code] if code else ["-m", "moefit"]
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, *start, *words],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def here(capsys, *words: str) -> tuple[object, str, str]:
    """The same in this process: exit status, stdout and stderr."""
    with pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code, *capsys.readouterr()


ERRORS = {
    "ValueError": ValueError("no"),
    "OSError of a file": PermissionError(13, "Permission denied", "/etc/shadow"),
    "RecursionError": RecursionError("maximum recursion depth exceeded"),
    "MemoryError": MemoryError(),
    "an error without words": KeyError(),
    "several lines": RuntimeError("a\nb\x1b[2J"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_of_moefits_own_is_70_and_one_line_that_says_where_it_came_from(
    error, capsys, monkeypatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(plans, "planned", fail)
    status, out, err = here(capsys, *PLAN)
    said = [line for line in err.splitlines() if not line.startswith(("moefit: warning", "moefit: note"))]
    assert (70, "") == (status, out)
    first, *hints = [line for line in said if "unfinished download" not in line]
    assert re.fullmatch(r"moefit: error: an error of moefit's own: \w+Error in \S+:\d+.*", first)
    assert [
        "moefit: hint: the same with --debug writes a report, without secrets and folders, to send to its authors"
    ] == hints


@pytest.mark.parametrize(
    ("words", "expected"),
    [(PLAN, 0), (["plan", "small.gguf", "--gpu", "300MiB", "--ram", "10MiB"], 1), (["plan", "--no"], 2)],
    ids=["fits", "does not fit", "usage"],
)
def test_a_python_that_is_told_to_stay_ends_in_the_same_status(words, expected) -> None:
    """PYTHONINSPECT has the interpreter read more from stdin when its program is over, and end in a status of its own."""
    done = moefit(*words, PYTHONINSPECT="1")

    assert (expected, False) == (done.returncode, "Traceback" in done.stderr)


UNLOADABLE = {
    "a module that cannot be read": "import sys\nsys.modules['moefit.cli.program'] = None\nfrom moefit.cli import main\nmain()",
    "no memory to say so": "import moefit.cli.program as p\ndef fail(words): raise MemoryError\np.exit_status = fail\nfrom moefit.cli import main\nmain()",
}


@pytest.mark.parametrize("code", UNLOADABLE.values(), ids=UNLOADABLE)
def test_what_cannot_even_be_loaded_is_70_and_one_line(code) -> None:
    done = moefit(*PLAN, code=code)
    assert (70, "") == (done.returncode, done.stdout)
    assert re.fullmatch(r"moefit: error: moefit cannot be loaded: \w+Error\n", done.stderr)


@pytest.mark.parametrize("words", [["unit", "--name", "x", "--dry-run"], ["args", "--format", "env"]])
def test_a_current_folder_that_has_been_removed_is_one_line(tmp_path, whole, words) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    leave = ["/bin/sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone)]
    line = [*words, *CARD, "--", "/bin/llama-server", "-m", str(whole)]
    done = subprocess.run(
        [*leave, sys.executable, "-m", "moefit", *line], check=False, capture_output=True, text=True
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert "moefit: error: the current folder: No such file or directory" in done.stderr.splitlines()


def report_of(done) -> tuple[Path, str]:
    path = Path(re.search(r"the report is in (\S+)", done.stderr)[1])
    return path, path.read_text()


def test_a_report_holds_what_was_read_and_where_it_failed(tmp_path) -> None:
    code = BREAK.format(error="ValueError('no')")
    done = moefit(*PLAN, "--debug", code=code, XDG_STATE_HOME=str(tmp_path))
    path, text = report_of(done)
    assert (70, 0o600, tmp_path / "moefit") == (done.returncode, path.stat().st_mode & 0o777, path.parent)
    for expected in (
        "moefit 0",
        "Python 3",
        "nvidia-ml-py",
        '"architecture": "qwen3moe"',
        '"RTX',
        "after ",
        "ValueError: no",
    ):
        assert expected in text.replace("NVIDIA GeForce ", '"'), expected


def test_a_report_has_no_secrets_and_no_folders(tmp_path) -> None:
    secret, home = "hunter22hunter", str(tmp_path / "anna")
    error = f"ValueError('{secret} in {home}/models/x.gguf')"
    words = ["--debug", "--", "llama-server", "-m", EXAMPLE, "--api-key", secret]
    done = moefit(
        "plan",
        *CARD,
        *words,
        code=BREAK.format(error=error),
        XDG_STATE_HOME=str(tmp_path),
        HF_TOKEN="hf_abcdefgh",
    )
    _, text = report_of(done)
    assert [] == [word for word in (secret, home, "hf_abcdefgh", str(Path(EXAMPLE).parent)) if word in text]
    assert ".../x.gguf" in text


def test_a_report_of_a_command_that_went_well_holds_its_plan(tmp_path) -> None:
    done = moefit(*PLAN, "--debug", XDG_STATE_HOME=str(tmp_path))
    assert (0, True) == (done.returncode, '"fits": true' in report_of(done)[1])


def test_a_report_goes_elsewhere_where_the_home_cannot_be_written(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    done = moefit(*PLAN, "--debug", XDG_STATE_HOME=str(tmp_path / "file"), HOME="", TMPDIR=str(tmp_path))
    assert tmp_path == report_of(done)[0].parent


def test_a_report_that_can_be_written_nowhere_is_one_line(monkeypatch, capsys) -> None:
    def nowhere() -> NoReturn:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    status, _, err = here(capsys, *PLAN, "--debug")
    assert (0, True) == (status, "moefit: error: the report cannot be written\n" in err)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (PLAN, "2>/dev/full"),
        (PLAN, "2>&-"),
        (PLAN, "2</dev/null"),
        (["devices", *CARD], "2>&-"),
        (["nonsense"], "2>/dev/full"),
        (["plan", "/nowhere.gguf"], "2>&-"),
    ],
)
def test_a_stderr_that_is_full_or_closed_changes_nothing_else(words, where, capsys) -> None:
    status, out, _ = here(capsys, *words)
    other = moefit(*words, shell=where)
    assert (status, out) == (other.returncode, other.stdout)


@pytest.mark.parametrize(
    "words", [[*PLAN, "--json"], ["devices", *CARD], ["--version"]], ids=" ".join
)  # test_commands.py has others
def test_a_stdout_that_is_full_is_said_of_it_and_ends_in_2(words) -> None:
    done = moefit(*words, shell=">/dev/full")
    assert (2, True) == (done.returncode, "cannot write the result: No space left on device" in done.stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_stdout_that_takes_a_part_of_the_result_is_an_error(unbuffered, tmp_path) -> None:
    """RLIMIT_FSIZE stands in for a file system that has a little room left."""
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)); from moefit.cli import main; main()"
    words = ["devices", "--json", *CARD, "--gpu", "rtx-3090", "--gpu", "rtx-4090"]
    done = moefit(*words, code=full, shell=f">'{tmp_path}/out'", PYTHONUNBUFFERED=unbuffered)
    assert (2, True) == (done.returncode, "cannot write the result: File too large" in done.stderr)


def test_both_streams_full_is_still_2() -> None:
    assert 2 == moefit(*PLAN, shell=">/dev/full 2>&1").returncode


@pytest.mark.parametrize("columns", ["0", "00", "1", "-5", "x", "99999"])
def test_any_width_shows_a_page(columns, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", "0")
    status, out, _ = here(capsys, *PLAN)
    assert (0, True) == (status, "llama-server" in re.sub(r"\s", "", out))


LOCALES = {"PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize(
    "words",
    [
        ["args"],
        ["args", "--format", "json"],
        ["args", "--format", "null"],
        ["run", "--dry-run"],
        ["unit", "--name", "x"],
        ["plan"],
    ],
    ids=" ".join,
)
def test_a_locale_that_cannot_carry_a_path_is_an_error_and_never_another_path(words, whole, tmp_path) -> None:
    model = tmp_path / "größe.gguf"
    model.symlink_to(whole)
    server = tmp_path / "llama-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    done = moefit(
        *words,
        *CARD,
        "--",
        str(server),
        "-m",
        str(model),
        **LOCALES,
    )
    written = "gr\\u00f6\\u00dfe" in done.stdout  # JSON may escape it
    assert written or (2, "") == (done.returncode, done.stdout)
    assert "gr??e" not in done.stdout
    assert written or "lacks" in done.stderr


def test_a_path_that_is_no_utf_8_goes_out_as_it_came_in_whatever_the_locale(whole, tmp_path) -> None:
    model = os.fsencode(tmp_path) + b"/gr\xf6.gguf"
    Path(os.fsdecode(model)).symlink_to(whole)
    command = [sys.executable, "-m", "moefit", "args", *CARD, "--", "llama-server", "-m", model]
    done = subprocess.run(command, check=False, capture_output=True, env=os.environ | LOCALES)
    assert (0, True) == (done.returncode, b"gr\xf6.gguf" in done.stdout)


@pytest.mark.parametrize("after", [0.0, 0.03, 0.06, 0.09, 0.12, 0.16, 0.2, 0.25][:: several(2, 1)])
def test_ctrl_c_is_quiet_whenever_it_comes(after) -> None:
    """The process writes a byte before the first import of the program's own."""
    code = (
        "import builtins, os\nreal = builtins.__import__\n"
        "def told(name, *rest):\n    name == 'moefit.cli' and os.write(1, b'.')\n    return real(name, *rest)\n"
        "builtins.__import__ = told\nfrom moefit.__main__ import main\nmain()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, *PLAN], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(1)
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (True, False) == (process.returncode in {130, -signal.SIGINT, 0}, b"Traceback" in err)


ENDINGS = {
    "args, while its help is asked": (["args"], signal.SIGTERM, "trap '' TERM INT HUP"),
    "args, by a terminal that is closed": (["args"], signal.SIGHUP, "trap '' TERM INT HUP"),
    "verify": (["verify"], signal.SIGTERM, "case $* in *--help*|*--list*) exit 1;; esac; trap '' TERM"),
    "bench": (
        ["bench", "--workload", "64:8"],
        signal.SIGTERM,
        "case $* in *--help*|*--list*) exit 1;; esac",
    ),
}


@pytest.mark.parametrize(("words", "number", "begin"), ENDINGS.values(), ids=ENDINGS)
def test_a_signal_ends_what_was_started_and_then_moefit(words, number, begin, whole, tmp_path) -> None:
    """The program has children in sessions of their own."""
    server = tmp_path / "llama-server"
    children = "(setsid sleep 71 &)\nsetsid sh -c 'sleep 72 & sleep 73' &"
    server.write_text(f"#!/bin/sh\n{begin}\n{children}\n: >'{tmp_path}/started'\nsleep 74\n")
    server.chmod(0o755)
    environment = {**os.environ, "MOEFIT_TEST": str(tmp_path), "TMPDIR": str(tmp_path)}
    line = [sys.executable, "-m", "moefit", *words, *CARD, "--", str(server), "-m", whole, "-c", "512"]
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (tmp_path / "started").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (-number, False) == (process.returncode, b"Traceback" in err)
    assert [] == alive(f"MOEFIT_TEST={tmp_path}")
    assert {"llama-server", "started"} == {path.name for path in tmp_path.iterdir()}


def test_ctrl_c_that_a_shell_has_ignored_stays_ignored() -> None:
    """As of a background command in a script: also for the server that takes moefit's place."""
    code = (
        "import signal\nfrom moefit.__main__ import main\nsignal.getsignal(2) is signal.SIG_IGN or exit(1)\n"
    )
    code += "try: main()\nfinally: signal.getsignal(2) is signal.SIG_IGN or exit(1)"
    done = subprocess.run(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", code, "--version"],
        check=False,
        capture_output=True,
    )
    assert 0 == done.returncode


def test_an_interrupt_leaves_a_terminal_as_it_was(monkeypatch) -> None:
    """Whatever is on its line is taken away, and the cursor that a bar hides is shown."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    def interrupted(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    terminal = Terminal()
    monkeypatch.setattr("moefit.cli.asked.read_request", interrupted)
    monkeypatch.setattr("sys.stderr", terminal)
    with pytest.raises(SystemExit) as end:
        main(["plan", EXAMPLE, *CARD])
    assert 130 == end.value.code
    assert terminal.getvalue().endswith("\r\x1b[K\x1b[?25h")
