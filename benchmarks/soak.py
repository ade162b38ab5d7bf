"""Ten thousand random models, machines and commands, each plan held to what must be true of every plan (`benchmarks/held.py`).

    python -m benchmarks.soak [--draws 10000] [--seed 1] [--jobs N] [--output soak.jsonl] [--seconds 400]
    python -m benchmarks.soak --draws 10000 --start 2500 --output part2.jsonl    # a part of them, on another machine
    python -m benchmarks.soak --report part1.jsonl part2.jsonl                   # what several parts came to

The models are all recorded headers, read once and shared by every process. With --output each draw is a line of that file as soon as it
is done, and what the file has already is not drawn again, so that a run can be ended (--seconds, a signal) and gone on with. Every fault
is printed with the number that repeats it (`--only N`), and is the exit status. Memory that stays unused on devices while experts wait
on the CPU is told as median and 90%, and the worst cases with their numbers.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.draws import draw
from benchmarks.held import MUCH, Outcome, hold
from benchmarks.unused import NO_GAIN
from tests import oracle


def try_number(seed: int, until: float, number: int) -> Outcome | None:
    """One draw; None once the time, of `time.monotonic`, is over."""
    return None if time.monotonic() > until else hold(draw(seed, number))


def soak(seed: int, numbers: Iterable[int], jobs: int, seconds: float) -> Iterator[Outcome]:
    """The outcomes as they come."""
    oracle.models()  # before the processes part, so that they share it
    gc.freeze()
    gc.set_threshold(
        1_000_000, 2, 10
    )  # a plan of the command line's knows no collector: it took two thirds of a draw's time
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        work = partial(try_number, seed, time.monotonic() + seconds)
        yield from filter(None, pool.imap_unordered(work, numbers, chunksize=2))


def kept(path: Path, seed: int) -> list[Outcome]:
    """What a file of results has of a seed; a line that was cut off is none."""
    found = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(text)
        except ValueError:
            continue
        if row.pop("seed") == seed:
            found[row["number"]] = Outcome(**row)
    return list(found.values())


def written(path: Path, seed: int, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes, each written before it is passed on."""
    cut_off = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" if cut_off else "")
        for outcome in outcomes:
            file.write(json.dumps({"seed": seed, **asdict(outcome)}) + "\n")
            file.flush()
            yield outcome


def report(outcomes: Sequence[Outcome]) -> int:
    """Print what came of it; the exit status."""
    kinds = Counter(outcome.kind for outcome in outcomes)
    models = {outcome.model for outcome in outcomes}
    print(
        f"{len(outcomes)} draws over {len(models)} headers: {kinds['plan']} plans, {kinds['nothing fits']} where nothing fits, "
        f"{kinds['refused']} refused in one line"
    )
    _report_unused([outcome for outcome in outcomes if outcome.unused is not None])
    slow = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:5]
    print(
        f"{sum(outcome.seconds for outcome in outcomes):.0f} s of CPU; slowest: "
        + ", ".join(f"{one.seconds:.1f} s ({one.model}, draw {one.number})" for one in slow)
    )
    faults = [(outcome, fault) for outcome in outcomes for fault in outcome.faults]
    print(f"{len(faults)} faults in {len({outcome.number for outcome, _ in faults})} draws")
    for outcome, fault in faults[:200]:
        print(f"  {outcome.number}: {fault}")
    return bool(faults)


def _report_unused(waiting: Sequence[Outcome]) -> None:
    """Median and 90% of what is unused, also without plans that are no faster if they use it; then each that leaves much."""
    much = sorted(
        (one for one in waiting if (one.unused or 0.0) > MUCH), key=lambda one: -(one.unused or 0.0)
    )
    chosen = [one for one in waiting if not one.why.startswith(NO_GAIN)]
    reasons = Counter(one.why.partition(":")[0] for one in much)
    for outcomes, which in ((waiting, "plans"), (chosen, f"without those that are {NO_GAIN}")):
        if len(outcomes) > 1:
            shares = [one.unused or 0.0 for one in outcomes]
            middle, most = statistics.median(shares), statistics.quantiles(shares, n=10)[-1]
            print(
                f"unused while experts wait on the CPU, {len(shares)} {which}: median {middle:.2%}, 90% {most:.2%}"
            )
    print(f"more than {MUCH:.0%}: {', '.join(f'{n} {why}' for why, n in reasons.most_common()) or 'none'}")
    for one in much:
        print(f"  {one.unused:.1%} in draw {one.number} ({one.model}): {one.why}")


def main() -> None:
    """Draw, try, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="the first draw's number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no draw after so many")
    parser.add_argument("--output", type=Path, help="a file of results, gone on with where it has some")
    parser.add_argument("--only", type=int, help="one draw, shown")
    parser.add_argument(
        "--report", type=Path, nargs="+", metavar="FILE", help="of such files, without drawing"
    )
    asked = parser.parse_args()
    if asked.report:
        sys.exit(report([outcome for path in asked.report for outcome in kept(path, asked.seed)]))
    gc.set_threshold(1_000_000, 2, 10)  # a command has no collector: it took two thirds of a slow draw's time
    if asked.only is not None:
        world = draw(asked.seed, asked.only)
        print(world.name, world.quant, world.machine, " ".join(world.line), sep="\n")
        sys.exit(report([hold(world)]))
    done = kept(asked.output, asked.seed) if asked.output else []
    numbers = sorted(set(range(asked.start, asked.start + asked.draws)) - {one.number for one in done})
    found = soak(asked.seed, numbers, asked.jobs, asked.seconds)
    done += written(asked.output, asked.seed, found) if asked.output else found
    wanted = range(asked.start, asked.start + asked.draws)
    status = report([outcome for outcome in done if outcome.number in wanted])
    missing = len(set(wanted) - {one.number for one in done})
    if missing:
        print(f"{missing} draws are still to be done: the same command goes on with them")
    sys.exit(status or (2 if missing else 0))


if __name__ == "__main__":
    main()
