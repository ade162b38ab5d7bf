"""From a header and the devices to a running server: what moefit plans is what llama.cpp does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.sizes import MIB
from tests.llama.harness import RpcDevices, Server, serve

pytestmark = pytest.mark.llama
MOEFIT = [sys.executable, "-m", "moefit"]

# Options of moefit; each case is a different layout of the same model.
CASES = {
    "everything on the devices": [],
    "experts on the CPU": ["--strategy", "base-first", "--budget", "RPC0=430MiB", "--budget", "RPC1=430MiB"],
    "layers off the devices": [
        "--strategy",
        "standard",
        "--budget",
        "RPC0=430MiB",
        "--budget",
        "RPC1=430MiB",
    ],
    "two-pass": ["--strategy", "two-pass", "--budget", "RPC0=430MiB", "--budget", "RPC1=430MiB"],
}


@pytest.fixture
def line(model: Path, rpc: RpcDevices) -> list[str]:
    """A user's command."""
    return ["llama-server", "-m", str(model), *rpc.option, "-c", "4096"]


def planned(options: list[str], line: list[str], environment: dict[str, str]) -> dict:
    """`moefit plan --json` of a line."""
    done = subprocess.run(
        [*MOEFIT, "plan", "--json", *options, "--", *line],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def layout(plan: dict) -> tuple[bool, bool]:
    """Whether experts of a layer on a device are on the CPU, and whether layers are off the devices."""
    on_devices = [layer for layer in plan["layers"] if layer["device"] != "CPU"]
    experts_off = any(layer["experts"] != layer["device"] for layer in on_devices)
    return experts_off, len(on_devices) < len(plan["layers"])


def assert_sizes(plan: dict, server: Server) -> None:
    """Model and KV of each device are the plan's, as exactly as the log tells them."""
    for device in plan["devices"]:
        buffer = device["buffer"]
        assert server.model(buffer) == pytest.approx(device["model"] / MIB, abs=0.01), buffer
        assert server.context(buffer) == pytest.approx(device["context"] / MIB, abs=0.01), buffer


@pytest.mark.parametrize(
    ("case", "experts_off", "layers_off"),
    [
        ("everything on the devices", False, False),
        ("experts on the CPU", True, False),
        ("layers off the devices", False, True),
        ("two-pass", True, True),
    ],
)
def test_a_run_takes_what_was_planned(case, experts_off, layers_off, line, environment, tmp_path):
    plan = planned(CASES[case], line, environment)
    assert (experts_off, layers_off) == layout(plan)

    with serve([*MOEFIT, "run", *CASES[case], "--", *line], tmp_path / "log", environment) as server:
        assert server.get("/health") == {"status": "ok"}
        assert server.complete("The", 5)["tokens_predicted"] == 5
        assert_sizes(plan, server)
        assert server.stop() == 0


def test_a_run_is_the_server_itself(line, environment, tmp_path):
    with serve([*MOEFIT, "run", "--", *line], tmp_path / "log", environment) as server:
        words = Path(f"/proc/{server.process.pid}/cmdline").read_text().split("\0")

        assert words[: len(line)] == line
        assert words[-3:-1] == ["--fit", "off"]
        assert server.stop() == 0


def test_the_plan_on_paper_is_the_line_that_runs(line, environment, tmp_path):
    plan = planned([], line, environment)
    with serve(plan["argv"], tmp_path / "log", {**environment, **plan["environment"]}) as server:
        assert_sizes(plan, server)


def test_what_does_not_fit_is_not_started(line, environment):
    budgets = ["--budget", "RPC0=1MiB", "--budget", "RPC1=1MiB", "--ram", "64MiB"]
    done = subprocess.run(
        [*MOEFIT, "run", *budgets, "--", *line],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_a_supervisor_can_start_the_run_again_after_a_crash(line, environment, tmp_path):
    command = [*MOEFIT, "run", "--", *line]
    with serve(command, tmp_path / "first", environment) as server:
        sizes = server.sizes
        server.process.kill()
        assert server.process.wait() == -9
    with serve(command, tmp_path / "second", environment) as server:
        assert server.sizes == sizes
        assert server.stop() == 0
