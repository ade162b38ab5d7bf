"""`moefit bench` with the real programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.llama.harness import RpcDevices

pytestmark = pytest.mark.llama
BENCH = [sys.executable, "-m", "moefit", "bench", "--json", "--workload", "64:8"]


@pytest.fixture
def line(small_model: Path, rpc: RpcDevices) -> list[str]:
    return ["-m", str(small_model), *rpc.option]


@pytest.fixture
def home(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of a user with a configuration folder of their own."""
    return {**environment, "XDG_CONFIG_HOME": str(tmp_path)}


def bench(command: list[str], options: list[str], environment: dict[str, str]) -> tuple[int, dict, str]:
    """Exit status, document and what stood on stderr."""
    done = subprocess.run(
        [*BENCH, *options, "--", *command],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def children(process: subprocess.Popen) -> list[str]:
    """Processes that it has started and that still are."""
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def test_the_best_lines_and_llama_cpps_own_fit_are_run(line, home):
    options = ["--candidates", "2", "--runs", "2"]
    status, document, _ = bench(["llama-server", *line, "-c", "512"], options, home)

    assert status == 0
    assert [False, False, True] == [one["name"] == "--fit" for one in document["lines"]]
    assert document["lines"][0]["argv"] != document["lines"][1]["argv"]
    for one in document["lines"]:
        assert len(one["runs"]) == 2
        assert one["measured"]["decode_tokens_per_second"] > 0
        assert one["measured"]["seconds"] > 0
        assert one["predicted"]["seconds"] > 0
        assert one["memory"]["ram"] > 10 << 20
        assert one["failure"] is None
    assert document["lines"][0]["filled"]["tokens"] == 512 - 16
    assert document["lines"][1]["filled"] is None


def test_a_llama_bench_line_is_run_by_llama_bench(line, home):
    status, document, errors = bench(["llama-bench", *line], ["--candidates", "1", "--runs", "1"], home)

    assert status == 0, errors
    chosen, fit = document["lines"]
    assert "-c" not in chosen["argv"]
    assert "-fitt" in fit["argv"]
    for one in (chosen, fit):
        assert one["measured"]["prefill_tokens_per_second"] > 0
        assert one["measured"]["decode_tokens_per_second"] > 0


def test_a_line_that_cannot_run_says_why(home, tmp_path, small_model):
    broken = tmp_path / "broken.gguf"
    data = bytearray(small_model.read_bytes())
    at = data.index(b"tokenizer.ggml.pre") + 30  # after the type and the length of its value
    data[at : at + 1] = b"z"
    broken.write_bytes(data)
    status, document, _ = bench(
        ["llama-server", "-m", str(broken), "-dev", "none", "-c", "512"], ["--candidates", "1"], home
    )

    assert status == 1
    assert document["lines"][0]["measured"] is None
    assert "tokenizer" in document["lines"][0]["failure"]
    assert document["fastest"] is None


def test_ctrl_c_keeps_what_was_measured_and_leaves_no_server(line, home):
    command = [*BENCH, "--runs", "100000", "--", "llama-server", *line, "-c", "512"]
    with subprocess.Popen(
        command,
        env=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not children(process) and time.monotonic() < deadline:
            time.sleep(0.05)
        [server] = children(process)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        document = json.loads(process.communicate(timeout=60)[0])

    assert process.returncode == 130
    assert document["interrupted"]
    assert document["lines"][0]["runs"]
    assert document["lines"][1]["measured"] is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(server), 0)


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["llama-server", "-c", "64"], "a slot of this command holds 64"),
        (["llama-server", "--embedding"], "embeddings"),
        (["llama-cli"], "bench runs llama-server and llama-bench"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(command, hint, home, small_model):
    status, document, errors = bench([*command, "-m", str(small_model), "-dev", "none"], [], home)
    assert (2, {}) == (status, document)
    assert hint in errors
    assert "Traceback" not in errors
