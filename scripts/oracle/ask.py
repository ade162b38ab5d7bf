"""Ask the real llama.cpp what a launch would take: a dummy load, nothing allocated."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

GPUS = 3
_PATIENCE = 600
"""Seconds for one answer: a build without optimisation on a busy machine takes its time."""
_CACHE = re.compile(r"size = +(.*?cells,.*)")
_ASSIGNED = re.compile(r"assigned to device (\w+)")


@contextmanager
def servers(binary: Path, count: int = GPUS) -> Iterator[list[int]]:
    """RPC servers on loopback that llama.cpp takes for GPUs; yields their ports."""
    ports = [_free_port() for _ in range(count)]
    running = [
        subprocess.Popen([binary, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in ports
    ]
    try:
        for port in ports:
            _wait(port)
        yield ports
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def ask(recorder: Path, path: Path, row: dict[str, Any], ports: list[int]) -> dict[str, Any]:
    """One row's answer: `row` gives model, quant, mode, gpus, outputs and flags.

    Raises:
        RuntimeError: llama.cpp refuses the launch.
    """
    flags = row["flags"]
    for index, port in enumerate(ports):
        flags = flags.replace(f"{{P{index}}}", str(port))
    command = [str(recorder), "-m", str(path)]
    if row["gpus"]:
        command += ["--rpc", ",".join(f"127.0.0.1:{port}" for port in ports[: row["gpus"]])]
    command += flags.split()  # an override of an RPC buffer must stand after --rpc
    environment = dict(os.environ)
    if row["outputs"]:
        environment["ORACLE_OUTPUTS"] = str(row["outputs"])
    if row["mode"] == "cuda-like":
        environment["ORACLE_CUDA"] = "1"
        environment["ORACLE_ALIGNMENT"] = str(row.get("alignment", 32))
    if any(flag in flags for flag in ("-kvu", "--kv-unified", "--spec-type")):
        environment["ORACLE_SERVER"] = "1"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{row['model']} {row['flags']}: no answer in {_PATIENCE} seconds") from None
    answer = _parsed(done.stdout)
    if not answer.get("ok"):
        raise RuntimeError(f"{row['model']} {row['flags']}: refused")
    return {**row, **_told(answer)}


def _parsed(text: str) -> dict[str, Any]:
    """The answer; nothing when llama.cpp crashed before it was complete."""
    try:
        answer: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return answer


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    log = answer["log"]
    layers: dict[str, int] = {}
    for line in log:
        if found := _ASSIGNED.search(line):
            layers[found[1]] = layers.get(found[1], 0) + 1
    caches = [found[1] for line in log if (found := _CACHE.search(line))]
    return {
        "n_ctx": answer["n_ctx"],
        "n_batch": answer["n_batch"],
        "n_ubatch": answer["n_ubatch"],
        "n_seq": answer["n_seq"],
        "devices": _devices(answer["bufts"]),
        "layers": layers,
        "kv": [text for text in caches if "rs_seq" not in text],
        "recurrent": [text for text in caches if "rs_seq" in text],
        "copies": max([int(n) for line in log for n in re.findall(r"sched copies = (\d+)", line)], default=1),
        "graph": next(
            (line.split(": ", 1)[-1] for line in log if "graph splits" in line or "splits =" in line), ""
        ),
        **({"mtp": _devices(answer["mtp"])} if "mtp" in answer else {}),
    }


def _devices(buffers: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Bytes by device; what is in RAM is Host, or CPU where weights are repacked."""
    devices: dict[str, dict[str, int]] = {}
    for buffer in buffers:
        name = buffer["dev"]
        if not name.startswith("RPC") or buffer["host"]:
            name = "CPU" if "REPACK" in buffer["buft"] or "AMX" in buffer["buft"] else "Host"
        held = devices.setdefault(name, {"model": 0, "context": 0, "compute": 0})
        for term in held:
            held[term] += buffer[term]
    return devices


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no RPC server on port {port}")
