"""A unit of moefit's, run by a small supervisor: the real llama-server starts, survives a restart and stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.formats.systemd import service, words
from tests.llama.harness import RpcDevices, ended, free_port, wait_until

pytestmark = pytest.mark.llama


def write_unit(folder: Path, environment: Mapping[str, str], *words: str) -> Path:
    """`moefit unit` into a file."""
    file = folder / "moe.service"
    command = [sys.executable, "-m", "moefit", "unit", "--user", "--output", str(file), *words]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return file


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return json.load(answer) == {"status": "ok"}
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def main_pid(unit: Path) -> int:
    return int((unit.parent / "main.pid").read_text())


@contextmanager
def supervised(unit: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    log = unit.parent / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.formats.systemd", unit],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        with ended(process):
            yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("replan", [[], ["--replan"]], ids=["static", "replan"])
def test_a_unit_keeps_the_real_server_running(
    replan: list[str], environment: dict[str, str], small_model: Path, rpc: RpcDevices, tmp_path: Path
) -> None:
    """Killed, it is started again; on SIGTERM it ends with llama-server's own status."""
    port = free_port()
    line = [
        "llama-server",
        "-m",
        str(small_model),
        *rpc.option,
        "-c",
        "512",
        "--port",
        str(port),
        "--alias",
        "100% it's $5",
    ]
    unit = write_unit(tmp_path, environment, "--name", "moe", *replan, "--", *line)
    started = words(service(unit.read_text())["ExecStart"])
    assert Path(started[0]).is_absolute()
    assert ("run" in started) == bool(replan)

    with supervised(unit, environment) as process:
        wait_until(lambda: healthy(port), process, tmp_path / "log")
        first = main_pid(unit)
        command = Path(f"/proc/{first}/cmdline").read_bytes().decode().split("\0")
        assert "100% it's $5" in command
        assert ["--fit", "off"] == command[-3:-1]

        os.kill(first, signal.SIGKILL)
        wait_until(lambda: main_pid(unit) != first and healthy(port), process, tmp_path / "log")

        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(30)
