"""What the processor reads of quantised experts by threads, as llama-bench decodes a model that is made on the spot."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from moefit.cost.constants import MOE_NODES, NODES
from moefit.cost.host_rates import barrier
from moefit.errors import DriverError, InputError
from moefit.llama.decode_model import read_bytes, total_bytes, write_model
from moefit.llama.executables import find_program
from moefit.llama.figures import read_count, read_object, read_seconds
from moefit.llama.runner import Answer, ask
from moefit.machine.calibration import RamRate
from moefit.progress import Tell
from moefit.sizes import format_bandwidth, format_size

_PROGRAM: Final = "llama-bench"
_TOKENS: Final = 16
_RUNS: Final = 3
_LIMIT: Final = 35.0
"""Seconds for all of it; a minute is left for the rest of a calibration."""

_FALL: Final = 0.6
_MOST_THREADS: Final = 1 << 16


def measure_decode(
    threads: Sequence[int], environment: Mapping[str, str], progress: Tell
) -> tuple[tuple[RamRate, ...], tuple[str, ...]]:
    """Bytes of Q4_K per second of each number of threads, and what could not be measured: then plain reads of memory count.

    Experts are read as those beside a GPU are, not rearranged; the best of a few runs counts, as others were interrupted. What threads wait for each
    other is no reading of memory.
    """
    program = find_program(_PROGRAM, environment)
    if program is None:
        return (), (
            f"decode is not measured: no {_PROGRAM} on the PATH; what threads read of plain memory counts in its place",
        )
    progress(f"decode, by {_PROGRAM}", 0.0)
    try:
        with tempfile.TemporaryDirectory(prefix="moefit-") as folder:
            model = Path(folder) / "decode.gguf"
            write_model(model)
            answer = ask(_words(program, model, threads, environment), environment, _LIMIT)
        rates = tuple(_rates(answer))
        return rates, tuple(_disturbed(rates))
    except OSError as error:
        why = f"{format_size(total_bytes())} for a file are not to be had: {error.strerror}"
    except (InputError, DriverError) as error:
        why = error.message
    return (), (f"decode is not measured: {why}",)


def _disturbed(rates: Sequence[RamRate]) -> Iterator[str]:
    """A fall that no memory explains: threads wait for each other, and for whatever else has their cores."""
    for fewer, more in pairwise(rates):
        if more.bandwidth < _FALL * fewer.bandwidth:
            yield (
                f"{more.threads} threads decode at {format_bandwidth(more.bandwidth)}, {fewer.threads} at "
                f"{format_bandwidth(fewer.bandwidth)}: if other programs had the processor, calibrate again when it rests"
            )
            return


def _words(program: str, model: Path, threads: Sequence[int], environment: Mapping[str, str]) -> list[str]:
    page = ask([program, "--help"], environment, _LIMIT).out
    tests = ["-p", "0", "-n", str(_TOKENS), "-r", str(_RUNS), "-t", ",".join(map(str, threads))]
    plain = ["--repack", "0"] if "--repack" in page else []
    return [program, "-m", str(model), "-ngl", "0", "-dev", "none", *plain, *tests, "-o", "jsonl"]


def _rates(answer: Answer) -> Iterator[RamRate]:
    """Raises: DriverError: it failed, or says something else."""
    if answer.status:
        raise DriverError(f"{_PROGRAM} failed ({answer.how})")
    try:
        rows = [read_object(line) for line in answer.out.splitlines() if line.startswith("{")]
        found = [_row(row) for row in rows]
    except ValueError as error:
        raise DriverError(f"{_PROGRAM}'s answer cannot be read: {error}") from None
    for threads, took in sorted(found):
        waiting = (NODES + MOE_NODES) * barrier(threads)
        yield RamRate(threads, int(read_bytes() / max(took - waiting, took / 2.0)))


def _row(row: Mapping[str, Any]) -> tuple[int, float]:
    """Threads, and the seconds of a token.

    Raises:
        ValueError: it says something else.
    """
    return read_count(row, "n_threads", _MOST_THREADS, least=1), min(
        read_seconds(row, "samples_ns", _LIMIT * _TOKENS)
    ) / _TOKENS
