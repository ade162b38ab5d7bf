"""Runs lines with the real programs and tells what came of it, event by event, so that an interrupted run keeps what it has.

A llama-server line is measured through its own server, at the memory and with the placement it will have; a llama-bench line by
llama-bench, which needs no server but reserves logits for whole micro-batches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from moefit.cost.workload import Workload
from moefit.errors import DriverError
from moefit.launch.options import OptionTable
from moefit.llama.figures import MOST_TOKENS, read_count, read_object, read_seconds
from moefit.llama.runner import ask
from moefit.llama.server import Server, ServerError, served_command, serving
from moefit.machine.types import Device
from moefit.machine.watch import MemoryWatch
from moefit.planning.trials import Event, Failed, Filled, Peak, Ready, Sample, Trial
from moefit.values import dataclass

_WARM_UP: Final = 512
"""Prompt tokens of the request that does not count: it reads mapped weights and makes the graphs."""
_SPARE: Final = 16
"""Tokens of context left for the answer when a prompt fills the rest."""
_LONGEST: Final = 24 * 3600.0
"""Seconds of a whole llama-bench."""
_Row = tuple[int, int, list[float]]
"""Tokens of prompt and of answer, and the seconds of each repetition."""
_SETTLE: Final = 10.0
"""Seconds in which a driver gives memory back after its owner has ended."""


@dataclass(frozen=True, slots=True)
class Bench:
    """How to run."""

    workload: Workload
    runs: int
    vocabulary: int
    """Token ids are below this."""
    devices: tuple[Device, ...]
    """Those to watch."""
    table: OptionTable
    """The options of the program."""
    environment: Mapping[str, str]

    def steps(self, *, fill: bool) -> int:
        """How many steps a trial has: loading, warming up, runs, and filling the context."""
        if self.table.program == "llama-bench":
            return 1
        return 2 + self.runs + (1 if fill else 0)


def run_trial(trial: Trial, bench: Bench, tell: Callable[[str], None], *, fill: bool) -> Iterator[Event]:
    """One trial. `tell` is called at the beginning of every step; `fill` also sends a prompt that fills the context.

    Raises:
        InputError: the program is missing.
    """
    environment = {**bench.environment, **trial.environment}
    with MemoryWatch(bench.devices) as watch:
        try:
            if bench.table.program == "llama-bench":
                yield from _run_llama_bench(trial, bench, environment, tell, watch)
            else:
                yield from _run_server(trial, bench, environment, tell, watch, fill=fill)
        except ServerError as error:
            yield Failed(str(error))
        _wait_given_back(watch)


def _run_server(
    trial: Trial,
    bench: Bench,
    environment: Mapping[str, str],
    tell: Callable[[str], None],
    watch: MemoryWatch,
    *,
    fill: bool,
) -> Iterator[Event]:
    start = time.monotonic()
    with serving(trial.argv, bench.table, environment) as server:
        tell("loading")
        server.wait_ready()
        yield Ready(time.monotonic() - start)
        tell("warming up")
        wanted = bench.workload
        server.complete(min(wanted.prompt, _WARM_UP), 4, bench.vocabulary, seed=0)
        for number in range(1, bench.runs + 1):
            tell(f"run {number} of {bench.runs}")
            timed = server.complete(wanted.prompt, wanted.generated, bench.vocabulary, seed=number)
            yield Sample(timed.prefill, timed.decode)
        yield Peak(watch.taken, server.ram)
        if fill:
            tell("filling the context")
            yield _fill(server, bench, watch)
    if server.hits is not None:
        yield server.hits


def _fill(server: Server, bench: Bench, watch: MemoryWatch) -> Filled:
    tokens = max(1, server.context - _SPARE)
    timed = server.complete(tokens, _SPARE // 2, bench.vocabulary, seed=-1)
    return Filled(timed.prompt, Peak(watch.taken, server.ram))


def _run_llama_bench(
    trial: Trial,
    bench: Bench,
    environment: Mapping[str, str],
    tell: Callable[[str], None],
    watch: MemoryWatch,
) -> Iterator[Event]:
    tell("llama-bench")
    _, words = served_command(trial.argv, bench.table, environment)
    rows = _rows([*words, *_tests(bench)], environment)
    yield from _samples(rows, bench.workload)
    yield Peak(watch.taken)


def _tests(bench: Bench) -> list[str]:
    """The prompt alone, and the prompt with its answer: the answer's time is the difference, at its true depth."""
    wanted = bench.workload
    both = ["-pg", f"{wanted.prompt},{wanted.generated}"] if wanted.prompt and wanted.generated else []
    answer = wanted.generated if not wanted.prompt else 0
    return ["-p", str(wanted.prompt), "-n", str(answer), *both, "-r", str(bench.runs), "-o", "jsonl"]


def _rows(words: Sequence[str], environment: Mapping[str, str]) -> list[_Row]:
    try:
        answer = ask(words, environment, _LONGEST)
    except DriverError as error:
        raise ServerError(error.message) from error
    if answer.status:
        said = next((line for line in answer.err.splitlines() if "error" in line.lower()), "")
        raise ServerError(f"{said} ({answer.how})".strip())
    try:
        return [_row(line) for line in answer.out.splitlines() if line.startswith("{")]
    except ValueError as error:
        raise ServerError(f"its answer cannot be read: {error}") from None


def _row(line: str) -> _Row:
    row = read_object(line)
    times = read_seconds(row, "samples_ns", _LONGEST)
    return read_count(row, "n_prompt", MOST_TOKENS), read_count(row, "n_gen", MOST_TOKENS), times


def _samples(rows: Sequence[_Row], workload: Workload) -> Iterator[Sample]:
    """One sample for each repetition."""
    times = {(prompt, generated): seconds for prompt, generated, seconds in rows}
    prompt = times.get((workload.prompt, 0), [])
    both = times.get((workload.prompt, workload.generated), [])
    if not workload.generated:
        yield from (Sample(workload.prompt / s, float("inf")) for s in prompt)
    elif not workload.prompt:
        yield from (Sample(float("inf"), workload.generated / s) for s in both)
    else:
        for first, total in zip(prompt, both, strict=False):
            yield Sample(workload.prompt / first, workload.generated / max(total - first, 1e-9))


def _wait_given_back(watch: MemoryWatch) -> None:
    """Returns once the memory of the line that ended is free again, for the next one to have it."""
    deadline = time.monotonic() + _SETTLE
    while not watch.given_back and time.monotonic() < deadline:
        time.sleep(0.1)
