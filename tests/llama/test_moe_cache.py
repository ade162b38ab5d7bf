"""The expert cache of the newest checked build: the real program's own figures, and a server that answers with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import make_header
import pytest

from moefit.launch.builds import CHECKED
from moefit.machine.calibration import Calibration, RamRate
from moefit.machine.calibration_file import save_calibration
from moefit.machine.system import read_fingerprint
from moefit.sizes import MIB
from tests.llama.harness import RpcDevices, free_port, rpc_server, serve

pytestmark = pytest.mark.llama
PLAIN = ("-ngl", "99", "-cmoe", "--no-repack", "-lm", "none", "-np", "1", "-c", "2048")
"""Experts in plain host memory: RPC devices offer no pinned one."""


@pytest.fixture(scope="module")
def newest(llama: Path) -> Path:
    """The programs of the build that has an expert cache; without them a test fails."""
    folder = Path(re.sub(r"llama[.]cpp-b\d+", f"llama.cpp-b{CHECKED[-1]}", str(llama)))
    if not os.access(folder / "llama-server", os.X_OK):
        pytest.fail(f"{folder} lacks llama-server: run scripts/build_llama.sh {CHECKED[-1]}", pytrace=False)
    return folder


@pytest.fixture(scope="module")
def devices(newest: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpcDevices]:
    """Two GPU-like devices of that build."""
    logs = tmp_path_factory.mktemp("rpc")
    with ExitStack() as stack:
        ports = [
            stack.enter_context(rpc_server(newest / "ggml-rpc-server", free_port(), logs / f"{index}.log"))
            for index in range(2)
        ]
        yield RpcDevices(tuple(ports))


@pytest.mark.parametrize(
    "line", [("-dev", "RPC0"), ("-ts", "1,1"), ("-ts", "3,1")], ids=["one device", "two devices", "uneven"]
)
def test_a_users_cache_is_what_the_real_server_counts(
    newest: Path, devices: RpcDevices, environment: dict[str, str], small_model: Path, line: tuple[str, ...]
) -> None:
    command = [str(newest / "llama-server"), "-m", str(small_model), *devices.option, *PLAIN, *line]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "moefit",
            "verify",
            "--json",
            "--as-given",
            "--",
            *command,
            "--moe-cache-mib",
            "12",
        ],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    found = [
        (d["name"], d["context"]["predicted"] - d["context"]["real"])
        for d in json.loads(done.stdout)["devices"]
    ]
    assert [] == [(name, beyond) for name, beyond in found if not 0 <= beyond < 1 * MIB]


def splits(newest: Path, devices: RpcDevices, model: Path, ot: str, cache: int) -> int:
    """Into how many splits the scheduler cuts a step of one token."""
    words = [
        "-m",
        model,
        *devices.option,
        "-dev",
        "RPC0",
        "-ngl",
        "99",
        "-ot",
        ot,
        "--moe-cache-mib",
        str(cache),
    ]
    done = subprocess.run(
        [newest / "llama-fit-params", *words, "-c", "2048", "-np", "1", "--no-repack", "--fit", "off", "-v"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    [found] = re.findall(r"splits = (?:\d+ / )?(\d+),", done.stderr + done.stdout)
    return int(found)


@pytest.mark.parametrize(
    ("cache", "ot", "expected"),
    [
        (200, r"_exps[.]weight=CPU", 4),
        (200, "_exps=CPU", 16),
        (0, r"_exps[.]weight=CPU", 14),
        (0, "_exps=CPU", 6),
    ],
    ids=["cache, biases on the device", "cache, biases too", "biases on the device", "biases too"],
)
def test_a_bias_away_from_its_product_cuts_a_step(
    newest: Path, devices: RpcDevices, tmp_path: Path, cache: int, ot: str, expected: int
) -> None:
    model = tmp_path / "gpt-oss.gguf"
    make_header.write_header(model, make_header.models()["tiny-gptoss-2l"], "MXFP4", vocab=True, whole=True)
    assert expected == splits(newest, devices, model, ot, cache)


def test_a_server_with_a_cache_answers_and_says_its_size(
    newest: Path, devices: RpcDevices, environment: dict[str, str], small_model: Path, tmp_path: Path
) -> None:
    argv = [
        newest / "llama-server",
        "-m",
        small_model,
        *devices.option,
        *PLAIN,
        "-dev",
        "RPC0",
        "--moe-cache-mib",
        "12",
    ]
    log = tmp_path / "log"
    with serve(argv, log, environment) as server:
        answer = server.complete("Once upon a time", 8)
    assert answer["tokens_predicted"] == 8
    [size] = re.findall(r"MoE cache size = +([\d.]+) MiB", log.read_text(errors="replace"))
    planned = subprocess.run(
        [sys.executable, "-m", "moefit", "estimate", "--json", "--", *map(str, argv)],
        check=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    cached = json.loads(planned.stdout)["devices"][0]["moe_cache"]
    assert float(size) == pytest.approx(cached / MIB, abs=1)


def test_bench_reads_what_a_cache_hit(
    newest: Path, devices: RpcDevices, environment: dict[str, str], small_model: Path
) -> None:
    line = [str(newest / "llama-server"), "-m", str(small_model), *devices.option, *PLAIN, "-dev", "RPC0"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "moefit",
            "bench",
            "--json",
            "--workload",
            "64:8",
            "--runs",
            "1",
            "--no-fill",
            "--candidates",
            "1",
            "--",
            *line,
            "--moe-cache-mib",
            "12",
        ],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout, done.stderr
    assert 0 < json.loads(done.stdout)["lines"][0]["hit_rate"] <= 1


def test_what_bench_saw_of_its_own_cache_is_what_the_next_plan_counts_on(
    newest: Path, devices: RpcDevices, environment: dict[str, str], small_model: Path, tmp_path: Path
) -> None:
    """On a host whose RAM is said to be so slow that a cache wins."""
    variables = {**environment, "XDG_CONFIG_HOME": str(tmp_path)}
    slow = (RamRate(1, 10**8), RamRate(2, 2 * 10**8))
    save_calibration(Calibration(read_fingerprint(), "2026-11-30T00:00:00+00:00", slow, ()), variables)
    line = [newest / "llama-server", "-m", small_model, *devices.option, "-dev", "RPC0", "--no-repack"]
    card = "name=RPC0,free=270MiB,bandwidth=400GB/s,link=54GB/s,compute=50T"

    def moefit(command: str, *options: str) -> dict[str, Any]:
        given = [command, "--json", "--gpu", card, "--workload", "64:96", *options, "--", *map(str, line)]
        done = subprocess.run(
            [sys.executable, "-m", "moefit", *given, "-np", "1", "-c", "2048"],
            check=False,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first, *_ = moefit("bench", "--save", "--runs", "1", "--no-fill", "--candidates", "1")["lines"]
    assert "--moe-cache-mib" in first["argv"]
    predicted = moefit("plan")["predicted"]
    assert (
        predicted["hit_rate_low"] == predicted["hit_rate_high"] == pytest.approx(first["hit_rate"], abs=0.03)
    )
