"""`-sm tensor`: every device's part of each matrix and cache is what the real llama.cpp allocates."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from moefit.sizes import MIB
from tests.llama.conftest import make_model
from tests.llama.harness import RpcDevices, free_port, rpc_server, serve

pytestmark = pytest.mark.llama
KINDS = {
    "llama": ["--size", "medium", "--layers", "5"],
    "qwen3moe": ["--size", "small", "--layers", "4"],
    "gpt-oss": ["--size", "small", "--layers", "4"],
    "dots1": ["--size", "small", "--layers", "4"],
}


@pytest.fixture(scope="module")
def three(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpcDevices]:
    """Three GPU-like devices."""
    logs = tmp_path_factory.mktemp("three")
    with ExitStack() as stack:
        started = (rpc_server(llama / "ggml-rpc-server", free_port(), logs / f"{n}.log") for n in range(3))
        yield RpcDevices(tuple(map(stack.enter_context, started)))


@pytest.fixture(scope="module")
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of every kind that this mode takes."""
    path = tmp_path_factory.mktemp("kind") / f"{request.param}.gguf"
    make_model(path, "--vocabulary", "8000", "--architecture", request.param, *KINDS[request.param])
    return path


SPLITS = ("", "-ts 1,1,2", "-ts 3,1,0", "-ngl 3")


@pytest.mark.parametrize(
    ("kind", "split"),
    [
        *(("llama", split) for split in SPLITS),
        ("qwen3moe", SPLITS[0]),
        ("gpt-oss", SPLITS[1]),
        ("dots1", SPLITS[0]),
    ],
    indirect=["kind"],
)
def test_the_largest_part_is_what_the_log_says(
    split: str, kind: Path, three: RpcDevices, environment: dict[str, str], tmp_path: Path
) -> None:
    line = ["llama-server", "-m", str(kind), *three.option, "-c", "2048", "-ub", "256", "-np", "1"]
    line += ["-sm", "tensor", "-fa", "on", "-t", "1", "--fit", "off", *split.split()]
    done = subprocess.run(
        [sys.executable, "-m", "moefit", "estimate", "--json", "--", *line],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = json.loads(done.stdout)["devices"]
    log = tmp_path / "log"
    with serve(line, log, environment) as server:
        assert 4 == server.complete("The", 4)["tokens_predicted"]
    sizes = re.findall(
        r" Meta\(.*?\) +(model|KV|compute) buffer size = +([\d.]+) MiB", log.read_text(errors="replace")
    )
    said = {
        term: sum(float(size) for kind, size in sizes if kind == term) for term in ("model", "KV", "compute")
    }
    largest = {term: max(device[term] for device in found) / MIB for term in ("model", "context", "compute")}
    assert said["model"] == pytest.approx(largest["model"], abs=0.01)
    assert said["KV"] == pytest.approx(largest["context"], abs=0.01)
    assert said["compute"] == pytest.approx(largest["compute"], abs=1)
