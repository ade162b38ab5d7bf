"""One to four RPC servers as unequal devices, five kinds of model: planned, loaded, generated from; and one server that is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from moefit.sizes import MIB
from tests.llama.conftest import make_model
from tests.llama.harness import free_port, rpc_server, serve

pytestmark = pytest.mark.llama

KINDS = {
    "llama": ["--size", "medium"],
    "qwen3moe": ["--size", "small"],
    "dots1": ["--size", "small"],
    "gpt-oss": ["--size", "small"],
    "granitehybrid": ["--size", "small"],
}
"""Dense; experts; a leading dense block and shared experts; a sliding window; recurrent layers between those that attend."""
SHARES = ((0.9,), (0.3, 0.65), (0.4, 0.22, 0.33), (0.19, 0.33, 0.22, 0.26))
"""Of what the model takes, by device: unequal, and too little for it together."""


@pytest.fixture(scope="module")
def addresses(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Four servers."""
    logs = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        started = (rpc_server(llama / "ggml-rpc-server", free_port(), logs / f"{n}.log") for n in range(4))
        yield tuple(f"127.0.0.1:{port}" for port in map(stack.enter_context, started))


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model of every kind."""
    path = tmp_path_factory.mktemp("kind") / f"{request.param}.gguf"
    more = ["--layers", "12", "--vocabulary", "8000", "--architecture", request.param]
    make_model(path, *KINDS[request.param], *more)
    yield path
    path.unlink()


def asked(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A run of moefit."""
    return subprocess.run(
        [sys.executable, "-m", "moefit", *words],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def planned(options: list[str], model: Path, servers: tuple[str, ...], environment: dict[str, str]) -> dict:
    """`moefit plan --json` for a model on some servers."""
    line = ["llama-server", "-m", str(model), "-c", "4096", "-ub", "256", "-t", "1"]
    done = asked(["plan", "--json", "--rpc", ",".join(servers), *options, "--", *line], environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def alone(kind: Path, addresses: tuple[str, ...], environment: dict[str, str]) -> dict:
    """What the model takes of one device with room for all of it."""
    [device] = planned([], kind, addresses[:1], environment)["devices"]
    return device


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_unequal_devices_hold_what_was_planned_and_generate(
    count: int,
    kind: Path,
    alone: dict,
    addresses: tuple[str, ...],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    once = alone["compute"] + alone["reserve"]
    sizes = [int(share * (alone["model"] + alone["context"]) + 1.02 * once) for share in SHARES[count - 1]]
    budgets = [f"--budget=RPC{number}={size}" for number, size in enumerate(sizes)]
    plan = planned(budgets, kind, addresses[:count], environment)
    assert min(count, 3) <= len(plan["devices"])  # of four one may gain less than the way to it costs

    log = tmp_path / "log"
    with serve(plan["argv"], log, {**environment, **plan["environment"]}) as server:
        assert 4 == server.complete("The", 4)["tokens_predicted"]
        for device in plan["devices"]:
            buffer = device["buffer"]
            found = server.model(buffer), server.context(buffer)
            assert found == pytest.approx((device["model"] / MIB, device["context"] / MIB), abs=0.01)
            over = device["compute"] / MIB - server.sizes["compute"].get(buffer, 0.0)
            assert abs(over) <= 1
        assert server.stop() == 0


def test_a_server_that_was_killed_is_named(
    llama: Path, small_model: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    servers = ",".join(f"127.0.0.1:{port}" for port in ports)
    line = ["run", "--rpc", servers, "--", "llama-server", "-m", str(small_model)]
    with rpc_server(llama / "ggml-rpc-server", ports[0], tmp_path / "a"):
        with rpc_server(llama / "ggml-rpc-server", ports[1], tmp_path / "b"):
            pass  # it is killed here
        done = asked(line, environment)
    assert (3, "") == (done.returncode, done.stdout)
    assert f"moefit: error: no RPC server at 127.0.0.1:{ports[1]}: Connection refused" in done.stderr


def test_a_server_that_has_stopped_answering_is_named_within_five_seconds(
    llama: Path, small_model: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    words = [llama / "ggml-rpc-server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        log.open("wb") as out,
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as one,
    ):
        time.sleep(0.3)
        os.kill(one.pid, signal.SIGSTOP)
        line = ["args", "--rpc", f"127.0.0.1:{port}", "--", "llama-server", "-m", str(small_model)]
        begin = time.monotonic()
        done = asked(line, environment)
        taken = time.monotonic() - begin
        one.kill()
    assert (3, "") == (done.returncode, done.stdout)
    assert f"moefit: error: the RPC server at 127.0.0.1:{port} does not answer" in done.stderr
    assert taken < 5 + 1  # a second for a machine that is busy
