"""How far moefit's choice is from the best of a grid: micro-batch x load mode x layers whose experts are on the CPU.

    python -m benchmarks.regret                                   # a set of models, machines and workloads, by the cost model
    python -m benchmarks.regret MODEL.gguf --gpu rtx-3060 --ram 32GiB --cores 8 --workload rag
    python -m benchmarks.regret MODEL.gguf --measure [--runs 3]   # with the real llama-server, on this machine

The grid is what a patient user would try by hand: every micro-batch, both load modes, and every number of layers with their
experts on the CPU, the first ones (`-ncmoe`) or the last ones (`-ot`), each line taken as it stands (`moefit estimate`). `regret` is
by how much more time moefit's own line takes than the best line of the grid that fits. Exit status 1 if it is above 5%.
With `--measure` the grid is walked as a patient user would, one knob after the other.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from moefit.app.line import read_launch
from moefit.app.request import read_model
from moefit.cost.workload import WORKLOADS, Workload, parse_workload
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.llama.bench import Bench, run_trial
from moefit.machine.declared import parse_gpus
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.types import Cpu, Machine, Ram
from moefit.model import Model
from moefit.planning.as_given import as_given
from moefit.planning.core import plan
from moefit.planning.trials import Outcome, Trial, seconds
from moefit.planning.types import Plan
from moefit.search.candidate import Candidate
from moefit.search.request import Options, Request
from moefit.sizes import GIB
from tests.oracle import model as recorded

ALLOWED = 0.05
UBATCHES = (256, 512, 1024, 2048, 4096, 8192)
LOAD_MODES = ("mmap", "none")
CASES = (
    ("qwen3-30b-a3b", "Q4_K_M", "rtx-3060", 32, 8, 50),
    ("qwen3-30b-a3b", "Q4_K_M", "h100,free=11700MiB", 120, 16, 95),
    ("qwen3-30b-a3b", "Q8_0", "rtx-4060", 64, 6, 60),
    ("gpt-oss-120b", "MXFP4", "rtx-4090", 96, 16, 70),
    ("gpt-oss-20b", "MXFP4", "rtx-3060,free=7GiB", 32, 8, 45),
    ("glm-4.5-air", "Q4_K_M", "rtx-3090", 128, 16, 60),
    ("qwen3-next-80b-a3b", "Q4_K_M", "rtx-4070", 96, 12, 75),
    ("qwen3-235b-a22b", "Q4_K_M", "rtx-5090", 256, 32, 200),
    ("mixtral-8x7b", "Q4_K_M", "rtx-3080", 64, 8, 50),
)
"""Model, quantisation, card, GiB of RAM, cores, GB/s of RAM."""


@dataclass(frozen=True)
class Point:
    """One line of the grid."""

    words: tuple[str, ...]
    made: Candidate


def launch(words: Sequence[str]) -> Launch:
    """A line, without files and variables."""
    command = parse(words)
    given = effective(command)
    return Launch(command, given, constraints(command.name, given))


def lines(model: Model, base: Sequence[str]) -> Iterator[tuple[tuple[str, int, str], tuple[str, ...]]]:
    """(which layers, how many, and a name for micro-batch and load mode) and the line."""
    with_experts = [layer.index for layer in model.layers if layer.experts]
    for ubatch, mode in product(UBATCHES, LOAD_MODES):
        words = (*base, "-ngl", "all", "-ub", str(ubatch), "-b", str(max(2048, ubatch)), "-lm", mode)
        for number in range(len(with_experts) + 1):
            if number:
                first = with_experts[number - 1] + 1
                yield ("first", number, f"{ubatch} {mode}"), (*words, "-ncmoe", str(first))
            last = "|".join(map(str, with_experts[len(with_experts) - number :]))
            moved = ("-ot", f"blk[.]({last})[.]ffn_.*_exps=CPU") if number else ()
            yield ("last", number, f"{ubatch} {mode}"), (*words, *moved)


def grid(
    model: Model, machine: Machine, base: Sequence[str], options: Options
) -> dict[tuple[str, int, str], Point]:
    """Every line of the grid that fits."""
    found = {}
    for key, words in lines(model, base):
        made = as_given(Request(model, machine, launch(words), options), model.trained_context)
        if made.fits:
            found[key] = Point(words, made)
    return found


def regret(
    model: Model, machine: Machine, base: Sequence[str], options: Options
) -> tuple[float, Plan, Point]:
    """By how much more time moefit's line takes than the best of the grid, as a share; negative where the grid has none as good."""
    chosen = plan(Request(model, machine, launch(base), options))
    points = grid(model, machine, base, options)
    best = min(points.values(), key=lambda point: point.made.prediction.seconds)
    return chosen.prediction.seconds / best.made.prediction.seconds - 1.0, chosen, best


def report(name: str, workload: Workload, share: float, chosen: Plan, best: Point) -> None:
    """One row."""
    at = best.made.settings
    ours = f"ub {chosen.settings.ubatch} {chosen.settings.load_mode} {chosen.prediction.seconds:.1f} s"
    theirs = f"ub {at.ubatch} {at.load_mode} {best.made.prediction.seconds:.1f} s"
    print(
        f"{name:<44}{workload.prompt:>6}:{workload.generated:<5}{ours:<22}{theirs:<22}{share:>+7.1%}",
        flush=True,
    )


def computed(
    cases: Sequence[tuple[str, Model, Machine]], workloads: Sequence[Workload], context: int
) -> float:
    """Print a row for each case and workload; the largest regret."""
    print(f"{'':<44}{'workload':<12}{'moefit':<22}{'best of the grid':<22}{'regret':>7}")
    worst = -1.0
    for (name, model, machine), workload in product(cases, workloads):
        base = (
            "llama-server",
            "-m",
            "model.gguf",
            "-c",
            str(max(context, workload.prompt + workload.generated)),
            "-cram",
            "0",
        )
        share, chosen, best = regret(model, machine, base, Options(workload))
        report(name, workload, share, chosen, best)
        worst = max(worst, share)
    print(f"\nlargest regret {worst:+.1%}, allowed {ALLOWED:.0%}")
    return worst


def measured(path: str, machine: Machine, workload: Workload, context: int, runs: int) -> float:
    """Run moefit's line against the grid for real; the regret.

    As a patient user would: with the fewest layers on the CPU that fit, every micro-batch with pinned experts; the best of them
    mapped as well; then two and six layers more. moefit's line and the best line then take turns, each time a fresh server.
    """
    base = ("llama-server", "-m", path, "-c", str(context), "-cram", "0")
    given = read_launch(None, base)
    model = read_model(given.constraints)
    options = Options(workload)
    chosen = plan(Request(model, machine, given, options))
    how = Bench(workload, 1, model.vocabulary, machine.gpus, given.command.table, os.environ)
    points = grid(model, machine, base, options)
    candidate = chosen.candidates[0]

    def at(ubatch: int, mode: str, more: int) -> Trial | None:
        numbers = [n for where, n, at in points if (where, at) == ("last", f"{ubatch} {mode}")]
        key = ("last", min(numbers, default=0) + more, f"{ubatch} {mode}")
        if key not in points:
            return None
        return Trial(f"{key[2]}, {key[1]} layers", (*points[key].words, "--fit", "off"), {}, candidate)

    def of(wanted: Iterator[tuple[int, str, int]]) -> dict[tuple[int, str, int], tuple[float, Trial]]:
        made = {key: trial for key in wanted if (trial := at(*key))}
        return {key: (outcome(trial, how), trial) for key, trial in made.items()}

    found = of((ubatch, "none", 0) for ubatch in UBATCHES)
    ubatch = min(found, key=lambda key: found[key][0])[0]
    found |= of(iter([(ubatch, "mmap", 0), (ubatch, "none", 2), (ubatch, "none", 6)]))
    _, best = min(found.values(), key=lambda pair: pair[0])
    ours = Trial("moefit", chosen.argv, chosen.environment, candidate)
    turns = [(outcome(ours, how), outcome(best, how)) for _ in range(runs)]
    mine, theirs = (statistics.median(column) for column in zip(*turns, strict=True))
    share = mine / theirs - 1.0
    print(f"\nmoefit {mine:.2f} s, best of the grid {theirs:.2f} s ({best.name}): regret {share:+.1%}")
    return share


def outcome(trial: Trial, how: Bench) -> float:
    """Seconds that the workload takes with a line, the median of its runs; infinite where it fails."""
    result = Outcome(trial)
    for event in run_trial(trial, how, lambda _label: None, fill=False):
        result = result.after(event)
    taken = float("inf") if result.median is None else seconds(result.median, how.workload)
    print(f"{trial.name:<30}{taken:>9.2f} s  {result.failure or ''}", flush=True)
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?")
    parser.add_argument("--gpu")
    parser.add_argument("--ram")
    parser.add_argument("--ram-bandwidth")
    parser.add_argument("--cores", type=int)
    parser.add_argument("--workload", default=None)
    parser.add_argument("--context", type=int, default=16384)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    a = parser.parse_args()
    workloads = [parse_workload(a.workload)] if a.workload else list(WORKLOADS.values())
    if a.model is None:
        cases = [
            (f"{name} {quant}, {gpu}", recorded(name, quant), declared(gpu, ram, cores, bandwidth))
            for name, quant, gpu, ram, cores, bandwidth in CASES
        ]
        return int(computed(cases, workloads, a.context) > ALLOWED)
    gpus = (a.gpu,) if a.gpu else ()
    machine = detect(MachineOptions(gpus, a.ram, a.ram_bandwidth, a.cores), os.environ)
    if a.measure:
        return int(max(measured(a.model, machine, w, a.context, a.runs) for w in workloads) > ALLOWED)
    model = read_model(read_launch(a.model, None).constraints)
    return int(computed([(model.name, model, machine)], workloads, a.context) > ALLOWED)


def declared(gpu: str, ram: int, cores: int, bandwidth: int) -> Machine:
    """A machine of the set."""
    return Machine(parse_gpus([gpu]), Ram(ram * GIB, ram * GIB, bandwidth * 10**9), Cpu(cores, 2 * cores))


if __name__ == "__main__":
    sys.exit(main())
