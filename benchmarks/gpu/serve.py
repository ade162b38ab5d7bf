"""Run llama-server and time requests by its own clock."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PORT = 8099
BUFFER = re.compile(r"(\S+)\s+(model|KV|RS|compute|output) buffer size =\s*([\d.]+) MiB")


class Server:
    """A running llama-server."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, ready: float, port: int) -> None:
        self.process, self.log, self.ready, self.port = process, log, ready, port

    def ask(self, prompt: int, generate: int, timeout: float = 120) -> dict[str, Any]:
        """Send `prompt` random tokens, take `generate` back; tokens a second of both, or what went wrong."""
        tokens = [random.randrange(300, 30000) for _ in range(prompt)]
        body = {
            "prompt": tokens,
            "n_predict": generate,
            "cache_prompt": False,
            "ignore_eos": True,
            "temperature": 0,
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/completion",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        start = time.monotonic()
        try:
            timings = json.loads(urllib.request.urlopen(request, timeout=timeout).read())["timings"]
        except (OSError, ValueError, KeyError) as e:
            return {"error": repr(e)[:200], "alive": self.process.poll() is None}
        return {
            "prompt": timings["prompt_n"],
            "generated": timings["predicted_n"],
            "prefill": round(timings["prompt_per_second"], 1),
            "decode": round(timings["predicted_per_second"], 2),
            "wall": round(time.monotonic() - start, 2),
        }

    @property
    def context(self) -> int:
        """Tokens that a request may fill: what the server made of -c."""
        told = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/props").read())
        return int(told["default_generation_settings"]["n_ctx"])

    @property
    def buffers(self) -> list[tuple[str, str, float]]:
        """Buffer, kind and MiB of each allocation that the log names; the last of each kind counts."""
        found = {(b, k): float(size) for b, k, size in BUFFER.findall(self.log.read_text(errors="replace"))}
        return [(b, k, size) for (b, k), size in found.items()]

    @property
    def complaints(self) -> list[str]:
        """Lines of the log that tell of an error."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [
            line[:200]
            for line in lines
            if re.search(r"error|failed|out of memory|abort", line, re.IGNORECASE)
        ][-5:]


@contextlib.contextmanager
def serving(
    argv: Sequence[str], environment: Mapping[str, str], log: Path, timeout: float = 120, port: int = PORT
) -> Iterator[Server | None]:
    """While the block runs, the server does; None when it did not come up in time."""
    start = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*argv, "--host", "127.0.0.1", "--port", str(port), "-lv", "4"],
            stdout=out, stderr=out, env={**os.environ, **environment},
        )  # fmt: skip
    try:
        up = False
        while process.poll() is None and time.monotonic() - start < timeout and not up:
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                up = urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).status == 200
        yield Server(process, log, round(time.monotonic() - start, 1), port) if up else None
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
