"""The real llama.cpp as a test subject: GPU-like devices, a running server, and what its log says of memory."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# The log's lines are the only place where llama.cpp says what a buffer really takes
# (source: src/llama-model.cpp, load_tensors; src/llama-kv-cache.cpp; src/llama-context.cpp, sched_reserve).
BUFFER = re.compile(r"^\S+ \w \w+: +(\S+) +(model|KV|RS|compute) buffer size = +([\d.]+) MiB", re.MULTILINE)
DEADLINE = 90.0


@dataclass(frozen=True)
class RpcDevices:
    """Two `ggml-rpc-server` processes: RPC0 and RPC1 of a llama-server that is told of them."""

    ports: tuple[int, ...]

    @property
    def option(self) -> list[str]:
        """What a line needs to see them; it must stand before --list-devices and -ot."""
        return ["--rpc", ",".join(f"127.0.0.1:{port}" for port in self.ports)]

    @property
    def buffers(self) -> tuple[str, ...]:
        """Names as -ot and the log have them; the index counts within one server."""
        return tuple(f"RPC0[127.0.0.1:{port}]" for port in self.ports)


@dataclass
class Server:
    """A llama-server that answers."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    sizes: dict[str, dict[str, float]] = field(default_factory=dict)

    def model(self, buffer: str) -> float:
        """MiB of weights in a buffer."""
        return self.sizes["model"].get(buffer, 0.0)

    def context(self, buffer: str) -> float:
        """MiB of KV and recurrent state in a buffer."""
        return self.sizes["KV"].get(buffer, 0.0) + self.sizes["RS"].get(buffer, 0.0)

    def get(self, path: str) -> dict[str, object]:
        """The JSON a GET answers with."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def complete(self, prompt: str, tokens: int) -> dict[str, object]:
        """The JSON of /completion."""
        body = json.dumps(
            {"prompt": prompt, "n_predict": tokens, "temperature": 0, "ignore_eos": True}
        ).encode()
        request = urllib.request.Request(self.url + "/completion", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def stop(self) -> int:
        """Its exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which does not outlive the block."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until(ready, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once `ready()` is true; an early end or a minute and a half without it is a failure that shows the log."""
    deadline = time.monotonic() + DEADLINE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
            raise AssertionError(f"{process.args}: exit status {process.poll()}\n{tail}")
        time.sleep(0.05)


@contextmanager
def rpc_server(binary: Path, port: int, log: Path) -> Iterator[int]:
    """A GPU-like device on a loopback port."""

    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with log.open("wb") as out:
        process = subprocess.Popen(
            [binary, "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            restore_signals=False,  # SIGPIPE stays ignored: a client that is stopped mid-answer takes no device with it
        )
    with ended(process):
        wait_until(listening, process, log)
        yield port


@contextmanager
def serve(argv: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Starts a command that is or becomes a llama-server, and waits until it is healthy.

    The port and the log level are added at the end of the line: moefit keeps what it does not know to matter.
    """
    port = free_port()
    command = [*map(str, argv), "--host", "127.0.0.1", "--port", str(port), "-lv", "4"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=dict(environment)
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)

    def healthy() -> bool:
        try:
            return server.get("/health") == {"status": "ok"}
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    with ended(process):
        wait_until(healthy, process, log)
        server.sizes.update(buffer_sizes(log.read_text(errors="replace")))
        yield server


def buffer_sizes(log: str) -> dict[str, dict[str, float]]:
    """kind -> buffer -> MiB. Several caches of one kind add up; compute buffers are announced anew, so the last one counts."""
    sizes: dict[str, dict[str, float]] = {"model": {}, "KV": {}, "RS": {}, "compute": {}}
    for buffer, kind, mib in BUFFER.findall(log):
        before = 0.0 if kind == "compute" else sizes[kind].get(buffer, 0.0)
        sizes[kind][buffer] = before + float(mib)
    return sizes
