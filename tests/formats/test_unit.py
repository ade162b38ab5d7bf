from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.formats import unit
from moefit.formats.unit import Service
from tests.drawn import draws
from tests.formats import systemd
from tests.formats.argvs import NASTY, WORDS

SYSTEMD = Path("/lib/systemd/systemd")
SERVER = (
    "/usr/bin/true",
    "-m",
    "/models/a b.gguf",
    "-ot",
    "blk[.](1|2)[.]ffn=CPU",
    "--alias",
    "100% $HOME \\n é",
)


def carried(word: str) -> bool:
    return not re.search("[\0\ud800-\udfff]", word)


def systemd_reads(argvs: list[list[str]]) -> list[list[str]]:
    """The words of every ExecStart as systemd itself has them when it lays out the job; it refuses to as root."""
    with TemporaryDirectory() as folder:
        shown = re.findall(r"Command Line: (.*)", systemd_dump(argvs, Path(folder)))
    if not shown:
        pytest.skip("systemd does not lay out jobs here")
    return [from_dump(line) for line in shown]


def systemd_dump(argvs: list[list[str]], folder: Path) -> str:
    lines = "".join(f"ExecStart={unit.command_line(argv)}\n" for argv in argvs)
    (folder / "probe.service").write_text(f"[Service]\nType=oneshot\n{lines}", encoding="utf-8")
    run = folder / "run"
    run.mkdir(exist_ok=True)
    for path in (folder, run):
        path.chmod(0o777)
    words = [str(SYSTEMD), "--test", "--user", "--unit=probe.service", "--log-target=console"]
    if os.getuid() == 0:
        words = ["setpriv", "--reuid=65534", "--clear-groups", *words]
    environment = {
        "SYSTEMD_UNIT_PATH": f"{folder}:",
        "XDG_RUNTIME_DIR": str(run),
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
    }
    answer = subprocess.run(words, env=environment, capture_output=True, timeout=30, check=False)
    return answer.stdout.decode().partition("-> Unit probe.service:")[2].partition("-> Unit ")[0]


def from_dump(line: str) -> list[str]:
    """systemd prints words quoted with C escapes and shell escapes; $$ is halved only when the command runs."""
    controls = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}

    def unescape(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2]:
            return chr(int(match[2], 8))
        return controls.get(match[3], match[3])

    words = re.findall(r'"((?:[^"\\]|\\.)*)"|([^ ]+)', line)
    plain = [
        re.sub(r"\\(?:x([0-9a-f]{2})|([0-7]{3})|(.))", unescape, quoted or word) for quoted, word in words
    ]
    return [word.replace("$$", "$") for word in plain]


@given(st.lists(WORDS.filter(carried)))
def test_words_come_back_by_systemds_rules(words: list[str]) -> None:
    assert ["/bin/x", *words] == systemd.words(unit.command_line(["/bin/x", *words]))


@pytest.mark.parametrize("prefix", "@-:+!|")
def test_a_program_begins_with_none_of_systemds_prefixes(prefix: str) -> None:
    with pytest.raises(UsageError, match="order of its own"):
        unit.command_line([f"{prefix}llama-server"])


def test_a_command_line_is_one_line() -> None:
    assert "\n" not in unit.command_line(["/bin/x", *(word for word in NASTY if carried(word))])


@pytest.mark.skipif(not SYSTEMD.exists(), reason="there is no systemd")
def test_systemd_itself_reads_back_every_nasty_word() -> None:
    argvs = [["/bin/x", word] for word in NASTY if carried(word)]
    assert argvs == systemd_reads(argvs)


@pytest.mark.skipif(not SYSTEMD.exists(), reason="there is no systemd")
def test_systemd_itself_reads_back_the_same_words() -> None:
    commands = [["/bin/x", *argv] for argv in draws(st.lists(WORDS.filter(carried), min_size=1, max_size=5))]
    assert commands == systemd_reads(commands)


SERVICES = {
    "system": Service("qwen3", SERVER, locks_memory=True, memory_max=34 << 30, run_as="root"),
    "user": Service(
        "qwen3", SERVER, user=True, environment={"CUDA_VISIBLE_DEVICES": "0,1", "X": 'a "b" 5% $x'}
    ),
    "replan": Service(
        "qwen3", ("/usr/bin/true", "run", "--", *SERVER), replan=True, working_directory="/tmp"
    ),
    "vulkan": Service("qwen3", SERVER, nvidia=False),
}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")
@pytest.mark.parametrize("kind", SERVICES)
def test_systemd_verifies_the_unit(kind: str, tmp_path: Path) -> None:
    """Before version 254 it does not know the two keys of the back-off, and says so."""
    service = SERVICES[kind]
    file = tmp_path / unit.unit_file_name(service)
    file.write_text(unit.write(service), encoding="utf-8")
    manager = ["--user"] if service.user else []
    answer = subprocess.run(
        ["systemd-analyze", *manager, "verify", file], capture_output=True, text=True, check=False
    )
    complaints = [line for line in answer.stderr.splitlines() if str(file) in line or "qwen3" in line]
    assert [] == [line for line in complaints if not re.search("RestartSteps|RestartMaxDelaySec", line)]


def test_a_user_unit_has_no_user_and_no_mounts() -> None:
    text = unit.write(SERVICES["user"])
    assert "WantedBy=default.target" in text
    assert not re.search("^(User|Protect|Private|After)", text, re.MULTILINE)


def test_locked_pages_and_memory_have_limits() -> None:
    text = unit.write(SERVICES["system"])
    assert f"LimitMEMLOCK=infinity\nMemoryMax={34 << 30}\nOOMPolicy=stop\n" in text
    assert "LimitMEMLOCK" not in unit.write(SERVICES["vulkan"])


@pytest.mark.parametrize("kind", SERVICES)
def test_nothing_keeps_cuda_from_working(kind: str) -> None:
    text = unit.write(SERVICES[kind])
    assert not re.search("PrivateDevices|MemoryDenyWriteExecute|DevicePolicy", text)
    assert (kind == "vulkan") == ("NoNewPrivileges=yes" in text)


def test_secrets_are_named_and_not_written() -> None:
    text = unit.write(Service("x", SERVER, secrets=("LLAMA_API_KEY",)))
    assert (
        "# not written here: LLAMA_API_KEY; a file only the service may read can hold it:\n# EnvironmentFile="
        in text
    )


@pytest.mark.parametrize("kind", SERVICES)
def test_what_fails_is_not_started_for_ever(kind: str) -> None:
    """Restarts wait longer and longer, up to two minutes; ten in an hour are the last."""
    text = unit.write(SERVICES[kind])
    keys = systemd.service(text)

    assert ("on-failure", "5", "120") == (keys["Restart"], keys["RestartSec"], keys["RestartMaxDelaySec"])
    assert "[Unit]" in text.partition("StartLimitIntervalSec=3600\nStartLimitBurst=10\n")[0]
    assert "StartLimitBurst=10" in text.partition("[Service]")[0]


def test_bad_usage_and_an_error_of_moefits_own_are_not_tried_again() -> None:
    assert "2 70" == systemd.service(unit.write(SERVICES["replan"]))["RestartPreventExitStatus"]
    assert "RestartPreventExitStatus" not in unit.write(SERVICES["system"])


def test_planning_that_hangs_is_ended() -> None:
    keys = systemd.service(unit.write(SERVICES["replan"]))

    assert ("notify", "180") == (keys["Type"], keys["TimeoutStartSec"])
    assert "exec" == systemd.service(unit.write(SERVICES["system"]))["Type"]


def test_a_unit_that_plans_anew_has_a_limit_too() -> None:
    planned = Service("x", SERVER, replan=True, memory_max=5 << 30)

    assert str(5 << 30) == systemd.service(unit.write(planned))["MemoryMax"]


def test_every_unit_says_who_wrote_it() -> None:
    assert unit.write(SERVICES["user"]).startswith("# Written by moefit: ")


@pytest.mark.parametrize(
    ("argv", "environment", "names"),
    [
        (("--api-key", "hunter2"), {}, ("--api-key",)),
        (("-hft", "hunter2"), {}, ("-hft",)),
        (("-mu", "https://me:hunter2@host/m"), {}, ("https://host/m",)),
        ((), {"LLAMA_ARG_MODEL_URL": "https://me:hunter2@host/m"}, ("LLAMA_ARG_MODEL_URL=https://host/m",)),
        (("--api-key-file", "/keys"), {"LLAMA_ARG_CTX_SIZE": "4096"}, ()),
    ],
)
def test_a_secret_in_a_unit_is_named(argv, environment, names) -> None:
    assert names == unit.secret_names(Service("x", (*SERVER, *argv), environment=environment))


def test_a_variable_in_front_of_the_program_is_a_secret_too() -> None:
    argv = ("/usr/bin/env", "LLAMA_API_KEY=hunter2", *SERVER)

    assert ("LLAMA_API_KEY",) == unit.secret_names(Service("x", argv))


@pytest.mark.parametrize(("user", "folder"), [(False, "/etc/moefit"), (True, "%h/.config/moefit")])
def test_where_a_secret_can_be_instead_is_said(user: bool, folder: str) -> None:
    text = unit.write(Service("x", (*SERVER, "--api-key", "k"), user=user))

    assert f"# LoadCredential=api-keys:{folder}/x.keys\n" in text
    assert "LoadCredential" not in unit.write(Service("x", SERVER))


@pytest.mark.parametrize("user", ["a b", "", "-x", "a\nUser=root", "x" * 40, "%u"])
def test_a_user_who_cannot_be_is_refused(user: str) -> None:
    with pytest.raises(UsageError, match="is no name of a user"):
        unit.write(Service("x", SERVER, run_as=user))


@pytest.mark.parametrize("user", ["bob@corp", "firstname.lastname@corp.example.com", "CORP\\bob", "vm$"])
def test_a_user_of_a_directory_service_is_written_as_is(user: str) -> None:
    assert f"User={user}\n" in unit.write(Service("x", SERVER, run_as=user))


@pytest.mark.parametrize(
    "argv", [(*SERVER,), ("/usr/bin/moefit", "run", "--", *SERVER)], ids=["line", "replan"]
)
def test_the_file_of_keys_that_the_comment_names_is_one_of_systemds(argv) -> None:
    text = unit.write(Service("x", (*argv, "--api-key-file", "%d/api-keys"), user=True))

    assert "\nLoadCredential=api-keys:%h/.config/moefit/x.keys\n" in text
    assert " --api-key-file %d/api-keys\n" in text


def test_private_tmp_would_hide_a_model_there() -> None:
    assert "PrivateTmp" not in unit.write(Service("x", ("/bin/x", "-m", "/tmp/a.gguf")))
    assert "PrivateTmp=yes" in unit.write(Service("x", ("/bin/x", "-m", "/models/a.gguf")))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a/b",
        "é",
        "x" * 250,
        ".",
        "..",
        "-x",
        "x\\",
        "\\x",
        "a\\b",
        ".x",
        ":x",
        "x.",
        "x.service",
        "a@b",
        "a\nb",
    ],
)
def test_a_name_that_is_no_units_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no name for a systemd unit"):
        unit.write(Service(name, SERVER))


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (Service("x", ("./llama-server",)), "absolute path, not './llama-server'"),
        (Service("x", ()), "absolute path"),
        (Service("x", ("/a$b/llama-server",)), "cannot start a program with"),
        (Service("x", ("/bin/x", "a\udc80")), "no UTF-8"),
        (Service("x", SERVER, working_directory="/a\nb"), "line break"),
        (Service("x", SERVER, working_directory="/a\\"), "odd end"),
    ],
)
def test_what_a_unit_cannot_hold_is_refused(service: Service, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        unit.write(service)
