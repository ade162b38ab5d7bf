"""Runs a llama-server for measuring: starts it on a port of its own, times requests by the server's own clock, ends it."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from moefit.errors import UsageError
from moefit.launch.command import Command, parse
from moefit.launch.options import OptionTable, known_words
from moefit.llama.executables import require_program
from moefit.llama.figures import MOST_TOKENS, read_count, read_object, read_rate, within
from moefit.llama.runner import how_it_ended, session
from moefit.llama.server_log import MOST, ServerLog
from moefit.planning.trials import Hits
from moefit.search.moe_cache import OPTION
from moefit.sizes import format_size
from moefit.values import dataclass

_LEFT_OUT: Final = frozenset(
    [
        *("--host", "--port", "--reuse-port", "--api-key", "--api-key-file", "--api-prefix"),
        *("--ssl-key-file", "--ssl-cert-file", "--log-disable", "--log-file", "--log-jsonl"),
    ]
)
"""Where the user's server listens, whom it answers and where it logs: not this one."""
_VARIABLES: Final = (
    "LLAMA_API_KEY",
    "LLAMA_ARG_API",
    "LLAMA_ARG_SSL",
    "LLAMA_ARG_HOST",
    "LLAMA_ARG_PORT",
    "LLAMA_ARG_LOG",
    "LLAMA_LOG",
)
_READY: Final = 1800.0
"""Seconds in which weights have to be read: 400 GB from a disk of 250 MB/s."""
_ANSWER: Final = 3600.0
_SAID: Final = 500
"""Characters of a message; what a server repeats of a request has megabytes."""
_LONGEST: Final = 16 << 20
"""Bytes of an answer."""
_END: Final = 20.0
_HITS: Final = re.compile(r"llama_moe_cache: ubatch <= 8: hits = (\d{1,15}), misses = (\d{1,15})")
_TOLD: Final = ("-lv", "4")
"""With which a server says what its expert cache hit."""
_ERROR: Final = re.compile(
    r"^\S+ E (.*)|^(?:error|terminate|(?>.*?(?:CUDA|HIP|ggml)).*error)[: ]", re.IGNORECASE
)


class ServerError(Exception):
    """The server did not start, or ended, or refused a request; the message is one line, however much was said."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split())[:_SAID])


@dataclass(frozen=True, slots=True)
class Timings:
    """One request, by the server's clock."""

    prompt: int
    prefill: float
    """Tokens per second."""
    decode: float
    """Tokens per second."""


class Server:
    """A llama-server that answers."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: ServerLog) -> None:
        self._process, self._url, self._log = process, url, log
        self.hits: Hits | None = None
        """What its expert cache said at its end; None before, and without one."""

    @property
    def context(self) -> int:
        """Tokens that one slot can hold."""
        props = self._ask("/props", None, _ANSWER)
        try:
            return read_count(within(props, "default_generation_settings"), "n_ctx", MOST_TOKENS, least=1)
        except ValueError as error:
            raise ServerError(f"/props: its answer has no context: {error}") from None

    @property
    def ram(self) -> int | None:
        """The most bytes of RAM that the process held at once; None where the system does not tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else None

    def complete(self, prompt: int, generate: int, vocabulary: int, seed: int) -> Timings:
        """Process `prompt` random tokens, below `vocabulary`, and generate; nothing of an earlier prompt is used again.

        Raises:
            ServerError: the server refuses, or ends.
        """
        draw = random.Random(seed)  # noqa: S311 - tokens, no secrets
        body = {
            "prompt": [draw.randrange(vocabulary) for _ in range(max(1, prompt))],
            "n_predict": max(2, generate),
            "ignore_eos": True,
            "cache_prompt": False,
            "temperature": 0,
        }
        return _timings(self._ask("/completion", body, _ANSWER))

    def wait_ready(self) -> None:
        """Returns once the model is loaded.

        Raises:
            ServerError: the server ended instead, or took too long.
        """
        deadline = time.monotonic() + _READY
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ServerError(self._trouble())
            try:
                self._ask("/health", None, 5)
            except ServerError:
                time.sleep(0.05)
            else:
                return
        raise ServerError(f"it was not ready within {_READY:g} s")

    def _ask(self, path: str, body: Mapping[str, Any] | None, timeout: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        try:
            with self._opened(request, timeout) as answer:
                return read_object(_body(answer).decode(errors="replace"))
        except urllib.error.HTTPError as error:
            raise ServerError(_refusal(error)) from error
        except ValueError as error:
            raise ServerError(f"{path}: its answer is no JSON: {error}") from error
        except (OSError, HTTPException) as error:
            raise ServerError(self._trouble() if self._ended() else f"{path}: {error}") from error

    def _opened(self, request: urllib.request.Request, timeout: float) -> Any:
        """An answer as it comes; no proxy of the user's hears of it."""
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout)

    def _ended(self) -> bool:
        """Whether the process is over, or is so within a second: a crash closes connections first."""
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _trouble(self) -> str:
        """Why the process ended: its first error, for later ones follow from it, and its exit status."""
        if self._log.too_long:
            return f"it printed more than {format_size(MOST)}"
        lines = self._log.beginning.splitlines()
        errors = [found[1] or found[0] for line in lines if (found := _ERROR.match(line.strip()))]
        status = self._process.poll()
        how = how_it_ended(status or 0)
        return f"{' '.join(errors[0].split())} ({how})" if errors else f"it ended with {how}"


def _timings(answer: Any) -> Timings:
    """What an answer says of its own time.

    Raises:
        ServerError: it does not, or says what cannot be.
    """
    try:
        timings = within(answer, "timings")
        prefill, decode = read_rate(timings, "prompt_per_second"), read_rate(timings, "predicted_per_second")
        return Timings(read_count(timings, "prompt_n", MOST_TOKENS), prefill, decode)
    except ValueError as error:
        raise ServerError(f"/completion: its timings cannot be read: {error}") from None


def _body(answer: Any) -> bytes:
    """The body of an answer.

    Raises:
        ValueError: it is too long for one.
    """
    body: bytes = answer.read(_LONGEST + 1)
    if len(body) > _LONGEST:
        raise ValueError(f"more than {_LONGEST} bytes")
    return body


def served_command(
    argv: Sequence[str], table: OptionTable, environment: Mapping[str, str]
) -> tuple[Command, list[str]]:
    """The command, and its words with the program's file and without what concerns the user's own clients.

    Raises:
        InputError: there is no such program.
    """
    command = parse(argv, table)
    if command.container is not None:
        raise UsageError(
            "a container's program is not measured",
            "bench the llama-server command alone, with the host's path",
        )
    program = require_program(command.program, environment)
    kept = [a for a in command.arguments if not _LEFT_OUT.intersection(known_words(a.option))]
    return command, [
        *command.wrapper,
        program,
        *command.subcommand,
        *(word for a in kept for word in a.words),
    ]


@contextmanager
def serving(argv: Sequence[str], table: OptionTable, environment: Mapping[str, str]) -> Iterator[Server]:
    """The line's server while the block runs, not yet ready; it has ended when the block has.

    It runs in a session of its own: Ctrl-C reaches moefit alone, which then ends it.

    Raises:
        InputError: there is no such program.
    """
    _, words = served_command(argv, table, environment)
    port = _free_port()
    kept = {name: value for name, value in environment.items() if not name.startswith(_VARIABLES)}
    line = [*words, "--host", "127.0.0.1", "--port", str(port)]
    line += _TOLD if OPTION in words else ()
    with closing(ServerLog()) as log, session(line, kept, stdout=log.writer, patience=_END) as process:
        log.follow(process.kill)
        server = Server(process, f"http://127.0.0.1:{port}", log)
        yield server
    server.hits = read_hits(log.end)


def read_hits(text: str) -> Hits | None:
    """The hits and misses of small batches at the end of a server's log, generation's among them: said as its context ends.

    source: src/llama-moe-cache.cpp, llama_moe_cache::impl::log_stats
    """
    found = [Hits(int(hits), int(misses)) for hits, misses in _HITS.findall(text)]
    return found[-1] if found else None


def _free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _refusal(error: urllib.error.HTTPError) -> str:
    """What the server says of a request it does not take."""
    try:
        return str(json.loads(_body(error))["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError, OSError, HTTPException):
        return f"HTTP status {error.code}"
