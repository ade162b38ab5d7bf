"""`moefit verify`: the prediction beside the real program's own figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.sizes import MIB
from tests.llama.harness import RpcDevices

pytestmark = pytest.mark.llama


@pytest.fixture
def verified(environment, rpc: RpcDevices, small_model: Path):
    """Exit status and document of `moefit verify --json` with these options of moefit."""

    def run(*options: str, line: tuple[str, ...] = ()) -> tuple[int, dict]:
        command = ["llama-server", "-m", str(small_model), *rpc.option, "-c", "4096", *line]
        done = subprocess.run(
            [sys.executable, "-m", "moefit", "verify", "--json", *options, "--", *command],
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--budget", "RPC0=310MiB", "--budget", "RPC1=310MiB", "--strategy", "base-first"),
        ("--budget", "RPC0=310MiB", "--budget", "RPC1=310MiB", "--strategy", "standard"),
    ],
    ids=["everything", "base-first", "standard"],
)
def test_model_and_context_are_the_real_programs(verified, options):
    status, document = verified(*options)

    assert status == 0
    assert sum(device["model"]["real"] for device in document["devices"][:-1]) > 0
    for device in document["devices"]:
        for term in ("model", "context"):
            # The real figure is cut off to whole MiB.
            assert 0 <= device[term]["predicted"] - device[term]["real"] < 2 * MIB, (device["name"], term)


@pytest.mark.parametrize(
    "line",
    [("--embedding",), ("--reranking", "-ub", "1024"), ("--pooling", "mean", "-b", "2048", "-ub", "2048")],
    ids=["embedding", "reranking", "pooling"],
)
def test_an_embedding_server_computes_an_output_for_every_token(verified, line):
    _, few = verified("--as-given", line=("-ngl", "99"))
    _, every = verified("--as-given", line=("-ngl", "99", *line))

    for device in every["devices"]:
        assert 0 <= device["compute"]["predicted"] - device["compute"]["real"] < 2 * MIB, device["name"]
    on_output = [document["devices"][1]["compute"]["real"] for document in (few, every)]
    assert on_output[0] < on_output[1]


def test_a_line_as_given_that_exceeds_its_budget_ends_with_status_1(verified):
    line = ("-ngl", "5", "-ts", "5,0")
    status, document = verified("--as-given", "--budget", "RPC0=40MiB", line=line)

    assert status == 1
    assert not document["fits"]
    assert document["devices"][0]["lacking"] > 0


def test_exact_asks_once_and_says_what_it_found(environment, rpc: RpcDevices, small_model: Path):
    line = ["llama-server", "-m", str(small_model), *rpc.option, "-c", "4096"]
    done = subprocess.run(
        [sys.executable, "-m", "moefit", "plan", "--exact", "--json", "--", *line],
        check=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    plan = json.loads(done.stdout)

    assert ["exact"] == [warning["code"] for warning in plan["warnings"] if warning["code"] == "exact"]
    assert "moefit: note: --exact" in done.stderr
