"""The search alone: a 94-layer model (Qwen3-235B-A22B Q4_K_M) planned for one device and for four unequal ones.

    python -m benchmarks.search [--runs 7]

Header and machine are read before the clock starts, and it counts processor time, which a busy machine stretches less. `first`
is a process's first plan of the model, when nothing is remembered yet; `later` the median of the plans after it, each with other
amounts of free memory. `quick` is what args, run and unit do, `thorough` what plan does to list every candidate. Exit status 1 if a
quick first plan takes longer than it may.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from dataclasses import replace

from moefit.cost.workload import WORKLOADS
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.search.request import Options, Request
from moefit.sizes import GIB, MIB
from tests.oracle import model as recorded

MODEL, QUANT = "qwen3-235b-a22b", "Q4_K_M"
CARDS = ("rtx-3090", "rtx-4090", "rtx-3060", "rtx-4070")
LINE = ("llama-server", "-m", "model.gguf", "-c", "32768")
LIMITS = {1: 0.050, 4: 0.200}
"""Seconds that a plan may take, by devices."""


def machine(devices: int, run: int) -> Machine:
    """Unequal cards, of which every run finds a little less free."""
    gpus = (replace(gpu, free=gpu.free - run * 137 * MIB) for gpu in parse_gpus(CARDS[:devices]))
    return Machine(tuple(gpus), Ram(256 * GIB, 240 * GIB), Cpu(16, 32))


def times(task: tuple[int, bool, int]) -> list[float]:
    """Seconds of each plan of a fresh process."""
    devices, thorough, runs = task
    model = recorded(MODEL, QUANT)
    command = parse(LINE)
    given = effective(command)
    launch = Launch(command, given, constraints(command.name, given))
    options = Options(WORKLOADS["chat"], thorough=thorough)
    found = []
    for run in range(runs):
        began = time.process_time()
        plan(Request(model, machine(devices, run), launch, options))
        found.append(time.process_time() - began)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    late = False
    print(f"{'devices':<9}{'search':<10}{'first':>9}{'later':>9}{'allowed':>9}")
    for devices, limit in LIMITS.items():
        for thorough in (False, True):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                [found] = pool.map(times, [(devices, thorough, runs)])
            allowed = "" if thorough else f"{limit * 1000:.0f} ms"
            name = "thorough" if thorough else "quick"
            later = statistics.median(found[1:] or found)
            print(f"{devices:<9}{name:<10}{found[0] * 1000:>6.0f} ms{later * 1000:>6.0f} ms{allowed:>9}")
            late = late or (not thorough and found[0] > limit)
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
