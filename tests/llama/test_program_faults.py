"""Programs that fail in every way they can: one clear line in little time and memory, and nothing of theirs stays behind."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn
from urllib.error import HTTPError

import pytest

from moefit.errors import BrokenError, DriverError, MoefitError
from moefit.launch.options import builtin
from moefit.llama import help as program_help
from moefit.llama import runner
from moefit.llama.bench import _rows
from moefit.llama.devices import list_devices
from moefit.llama.runner import MOST, ask, lines, session
from moefit.llama.server import Server, ServerError
from moefit.llama.verify import read_log, verify

LIMIT = 0.6
"""Seconds; what hangs, hangs for far longer."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}

FAULTS = {
    "exit 1": "exit 1",
    "exit 127": "echo 'error while loading shared libraries: libcuda.so.1' >&2; exit 127",
    "a crash": "kill -SEGV $$",
    "an abort": "echo 'GGML_ASSERT(false) failed' >&2; kill -ABRT $$",
    "killed": "kill -KILL $$",
    "a hang": "sleep 60",
    "a hang after an answer": "echo 'Available devices:'; sleep 60",
    "a hang of a child": "sleep 60 & wait",
    "a child that stays and holds the streams": "sleep 60 & exit 1",
    "a child in a group of its own": "set -m; sleep 60 & exit 1",
    "a hang with a child in a session of its own": "setsid sleep 61 & sleep 62",
    "a hang beside a daemon": "setsid bash -c 'sleep 63 &'; sleep 64",
    "an end beside a daemon": "setsid bash -c 'sleep 65 &'; exit 1",
    "a daemon that closes its streams": "setsid bash -c 'exec <&- >&- 2>&-; sleep 66 &'; exit 1",
    "deaf to SIGTERM": "trap '' TERM; while :; do sleep 1; done",
    "no end": "exec yes",
    "no end of one line": "exec tr '\\0' x </dev/zero",
    "no end on stderr": "exec yes >&2",
    "a gigabyte": "head -c 1000000000 /dev/zero; exit 1",
    "nothing": "exit 3",
    "bytes that are no UTF-8": "printf '\\377\\376\\n'; exit 1",
    "control characters": "printf '\\033[2J\\033]0;x\\007\\n'; exit 1",
    "an answer, and then exit 1": "echo 'Available devices:'; echo '-c, --ctx-size N'; exit 1",
    "words": "echo 'Usage: what do you want?'",
}
LISTS = {
    "too much memory": "  CUDA0: card (999999999999999999999 MiB, 1 MiB free)",
    "too many digits": f"  CUDA0: card ({'9' * 5000} MiB, 1 MiB free)",
    "one name twice": "  CUDA0: a (1 MiB, 1 MiB free)\n  CUDA0: b (1 MiB, 1 MiB free)",
    "a name that means no device": "  none: card (9 MiB, 9 MiB free)",
    "a name that no line can hold": "  CUDA0,1: card (9 MiB, 9 MiB free)",
    "a name of a shell's": "  CUDA0;x: card (9 MiB, 9 MiB free)",
    "a thousand devices": "\n".join(f"  CUDA{i}: card (1 MiB, 1 MiB free)" for i in range(1000)),
}
EVENTS = {
    "no data": "{}",
    "data that is no object": '{"data": 5}',
    "no rows": '{"data": {}}',
    "rows that are no list": '{"data": {"rows": 1}}',
    "a row that is no object": '{"data": {"rows": [7]}}',
    "a row without a kind": '{"data": {"rows": [{}]}}',
    "memory as text": '{"data": {"rows": [{"kind": "device", "name": "X", "total": "1", "free": 1, "model": 1, "context": 1, "compute": 1}]}}',
    "less than no memory": '{"data": {"rows": [{"kind": "device", "name": "X", "total": -1, "free": 1, "model": 1, "context": 1, "compute": 1}]}}',
    "huge memory": '{"data": {"rows": [{"kind": "device", "name": "X", "total": 1e300, "free": 1, "model": 1, "context": 1, "compute": 1}]}}',
    "no number": '{"data": {"rows": [{"kind": "device", "name": "X", "total": NaN, "free": 1, "model": 1, "context": 1, "compute": 1}]}}',
}
ROWS = {
    "no samples": '{"n_prompt": 512, "n_gen": 0}',
    "samples that are text": '{"n_prompt": 512, "n_gen": 0, "samples_ns": ["x"]}',
    "a sample of no time": '{"n_prompt": 512, "n_gen": 0, "samples_ns": [0]}',
    "a sample of less": '{"n_prompt": 512, "n_gen": 0, "samples_ns": [-1]}',
    "more tokens than a number holds": '{"n_prompt": 1e999, "n_gen": 0, "samples_ns": [5]}',
    "tokens that are text": '{"n_prompt": "512", "n_gen": 0, "samples_ns": [5]}',
    "a sample of 4,000 digits": '{"n_prompt": 512, "n_gen": 0, "samples_ns": [' + "9" * 4000 + "]}",
    "a sample that is no number": '{"n_prompt": 512, "n_gen": 0, "samples_ns": [NaN]}',
    "one sample": '{"n_prompt": 512, "n_gen": 0, "samples_ns": 5}',
    "half a row": '{"n_prompt": 512,',
    "deep": "{" + '"a":[' * 5000,
}

TIMINGS = {
    "no object": "[]",
    "no timings": "{}",
    "timings that are no object": '{"timings": 5}',
    "a rate without end": '{"timings": {"prompt_per_second": 1e999, "predicted_per_second": 1, "prompt_n": 1}}',
    "a rate of 4,000 digits": '{"timings": {"prompt_per_second": 1, "predicted_per_second": %s, "prompt_n": 1}}'
    % ("9" * 4000),
    "a rate that is text": '{"timings": {"prompt_per_second": "7", "predicted_per_second": 1, "prompt_n": 1}}',
    "a rate of nothing": '{"timings": {"prompt_per_second": 0, "predicted_per_second": 1, "prompt_n": 1}}',
    "no number of tokens": '{"timings": {"prompt_per_second": 1, "predicted_per_second": 1, "prompt_n": NaN}}',
    "more tokens than there are": '{"timings": {"prompt_per_second": 1, "predicted_per_second": 1, "prompt_n": 1e18}}',
}
CONTEXTS = ["1e999", "NaN", "200000000", "0", "-5", '"512"', "null", "true", "9" * 4000, "[" * 9000]


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Makes a program that stands in for llama-server; its children are marked."""

    def make(body: str, name: str = "llama-server") -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return make


def listed(path: str, environment: Mapping[str, str]) -> Any:
    return list_devices(path, environment, time_limit=LIMIT)


def verified(path: str, environment: Mapping[str, str]) -> Any:
    return verify(
        [path, "-m", "x.gguf"], table=builtin("llama-server"), environment=environment, timeout=LIMIT
    )


def benched(path: str, environment: Mapping[str, str]) -> Any:
    from moefit.llama import bench

    bench._LONGEST, kept = LIMIT, bench._LONGEST
    try:
        return _rows([path], environment)
    finally:
        bench._LONGEST = kept


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ask_it", [listed, verified, benched])
def test_a_fault_is_one_line_in_time_and_nothing_stays(program, tmp_path, ask_it, fault) -> None:
    mark = f"MOEFIT_TEST={tmp_path}"
    path = program(FAULTS[fault])
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said, answer = "", None
    try:
        answer = ask_it(path, ENVIRONMENT | {"MOEFIT_TEST": str(tmp_path)})
    except (MoefitError, ServerError) as error:
        said = str(error)
    # a llama-bench that says nothing has measured nothing
    assert (said, answer, fault) == ("", [], "words") or said
    assert len(said) < 400
    assert time.monotonic() - begin < LIMIT + 8
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024
    assert [] == alive(mark)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_help_that_fails_is_not_believed_or_kept(program, tmp_path, monkeypatch, fault) -> None:
    monkeypatch.setattr(program_help, "_LIMIT", LIMIT)
    cache = tmp_path / "cache"
    environment = ENVIRONMENT | {"XDG_CACHE_HOME": str(cache)}
    assert program_help.option_table(program(FAULTS[fault]), "llama-server", environment) is None
    assert not cache.exists()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN, errno.ENOMEM])
def test_a_machine_that_can_start_no_program_is_not_one_without_gpus(program, monkeypatch, number) -> None:
    def exhausted(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", exhausted)
    with pytest.raises(BrokenError, match="llama-server: cannot be started: "):
        listed(program("exit 0"), ENVIRONMENT)


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_list_of_devices_that_cannot_be_is_an_error(program, text) -> None:
    with pytest.raises(MoefitError, match="cannot"):
        listed(program(f"cat <<'END'\nAvailable devices:\n{text}\nEND"), ENVIRONMENT)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_that_is_garbage_is_an_error(program, event) -> None:
    record = event.replace("{", '{"type": "fit_memory_breakdown", ', 1).replace(", }", "}")
    with pytest.raises(MoefitError, match="cannot be read"):
        verified(program(f"cat <<'END'\n{record}\nEND"), ENVIRONMENT)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_of_llama_bench_that_is_garbage_is_an_error(program, row) -> None:
    with pytest.raises(ServerError, match="cannot be read"):
        benched(program(f"cat <<'END'\n{row}\nEND"), ENVIRONMENT)


def answering(monkeypatch, body: str) -> Server:
    """A server that answers so, whatever is asked."""
    monkeypatch.setattr(Server, "_opened", lambda *_: BytesIO(body.encode()))
    return Server(None, "http://127.0.0.1:1", None)


@pytest.mark.parametrize("answer", TIMINGS.values(), ids=TIMINGS)
def test_timings_that_are_garbage_are_an_error(monkeypatch, answer) -> None:
    with pytest.raises(ServerError, match=r"timings cannot be read|its answer is no JSON"):
        answering(monkeypatch, answer).complete(1, 2, 9, seed=0)


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda text: text[:12])
def test_a_context_that_is_garbage_is_an_error(monkeypatch, context) -> None:
    with pytest.raises(ServerError, match=r"no context|its answer is no JSON"):
        _ = answering(monkeypatch, '{"default_generation_settings": {"n_ctx": ' + context + "}}").context


def test_what_a_server_refuses_with_is_one_line_however_long(monkeypatch) -> None:
    said = json.dumps({"error": {"message": "no\n\tsuch token " * 100_000}}).encode()

    def refuse(*_: Any) -> NoReturn:
        raise HTTPError("http://127.0.0.1:1", 400, "", Message(), BytesIO(said))

    monkeypatch.setattr(Server, "_opened", refuse)
    with pytest.raises(ServerError) as refused:
        Server(None, "http://127.0.0.1:1", None).complete(1, 2, 9, seed=0)
    assert (500, True) == (len(str(refused.value)), str(refused.value).startswith("no such token no such"))


def test_a_proxy_hears_nothing_of_the_server_that_is_measured(monkeypatch) -> None:
    class Props(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"default_generation_settings": {"n_ctx": 512}}')

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with HTTPServer(("127.0.0.1", 0), Props) as server:
        Thread(target=server.handle_request, daemon=True).start()
        assert 512 == Server(None, f"http://127.0.0.1:{server.server_port}", None).context


@pytest.mark.parametrize("figure", [".", "1.2.3", "9" * 400], ids=lambda text: text[:5])
def test_a_projectors_line_without_a_figure_says_nothing(figure) -> None:
    line = f"srv load_model: adding {figure} MiB to fit_params_target for device CUDA0"
    with pytest.raises(MoefitError, match="gave no memory figures"):
        read_log([line])


def test_output_is_capped(program) -> None:
    with pytest.raises(MoefitError, match=r"prints more than 4\.0 MiB|prints more than 4 MiB"):
        ask([program("exec yes")], ENVIRONMENT, 20)
    assert MOST == 4 << 20


def test_a_healthy_program_is_not_waited_for_longer_than_it_runs(program) -> None:
    begin = time.monotonic()
    answer = ask([program("echo hello")], ENVIRONMENT, 20)
    assert (0, "hello\n") == (answer.status, answer.out)
    assert time.monotonic() - begin < 2


def alive(mark: str) -> list[str]:
    """The processes that have the mark in their environment two seconds later, and are no zombies."""
    deadline = time.monotonic() + 2
    while (found := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def marked(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (
                mark.encode() in (folder / "environ").read_bytes().split(b"\0")
                and int(folder.name) != os.getpid()
            ):
                found.append(folder.name)
        except OSError:
            continue
    return found


def test_a_log_of_short_lines_without_end_is_given_up(monkeypatch):
    """64 MiB of them are 33 million, each of which is looked at."""
    monkeypatch.setattr(runner, "_MOST_LINES", 1000)
    with session(["yes"], ENVIRONMENT) as process, pytest.raises(DriverError, match="more than 1,000 lines"):
        list(lines(process, 10))
