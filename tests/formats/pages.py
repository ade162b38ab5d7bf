"""Pages and documents of plans whose every figure is made up, so that no rule of memory or speed moves them: whole, as they are shown.

python -m tests.formats.pages            # say which have changed
python -m tests.formats.pages --write    # keep them as they are now, to be read in the diff
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from moefit.cost import Prediction
from moefit.cost.hits import HitRate
from moefit.cost.types import Duration
from moefit.cost.uncertainty import Doubt
from moefit.cost.workload import Workload
from moefit.errors import Warn
from moefit.formats import (
    bench,
    calibration,
    cards,
    comparison,
    devices,
    doctor,
    explain,
    inspect,
    lacking,
    plan_json,
    speed,
    strip,
    svg,
    table,
    usage,
)
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import builtin
from moefit.launch.precedence import effective
from moefit.machine.calibration import Calibration, Learned, LinkRate, RamRate
from moefit.machine.card import Card
from moefit.machine.cards import CARDS
from moefit.machine.servers import ServerRate
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.types import HostUse, Use
from moefit.placement.budget import Budget, Term
from moefit.planning.core import plan
from moefit.planning.trials import Filled, Hits, Outcome, Peak, Sample, Trial
from moefit.planning.types import Alternative, Help, Plan
from moefit.search.request import Options, Request
from tests import oracle
from tests.formats.kinds_of_plans import (
    FINDINGS,
    MACHINES,
    doubts,
    gains,
    on_shared_memory,
    rates,
    reports,
    with_guests,
)
from tests.formats.side_by_side import compared, comparisons, guessed, helped
from tests.formats.written import texts

HERE = Path(__file__).parent / "pages"
MIB, GIB = 1 << 20, 1 << 30
LINE = "llama-server -m olmoe.gguf -c 8192 -np 1 -ub 512 -b 2048 -lm none -fa on -ngl 99 -ts 3,2 --fit off"
DEVICES = (
    Device(
        "CUDA0", 11 * GIB, 12 * GIB, description="NVIDIA GeForce RTX 3060", bandwidth=360 * 10**9,
        link_bandwidth=25 * 10**9, compute=5e13, overhead=250 * MIB, uuid="GPU-1", source="nvml",
        held=(("firefox", 300 * MIB), ("Xorg", 90 * MIB)), display=True, link_now=6 * 10**9, link_most=25 * 10**9,
    ),
    Device(
        "CUDA1", 23 * GIB, 24 * GIB, description="NVIDIA GeForce RTX 3090", bandwidth=936 * 10**9,
        link_bandwidth=12 * 10**9, compute=7e13, overhead=300 * MIB, uuid="GPU-2", source="nvml",
    ),
)  # fmt: skip
USES = (Use(5000 * MIB, 1500 * MIB, 700 * MIB), Use(9000 * MIB, 2100 * MIB, 800 * MIB))
HOST = HostUse(300 * MIB, 40 * MIB, 120 * MIB, 8192 * MIB, 10 * MIB, 0)
MAPS = 3 * MIB
"""What an expert cache has in RAM."""
RESERVE = (Term("growth", 200 * MIB, "pools that grow"), Term("page tables", 30 * MIB))
PREDICTED = Prediction(
    1234.5678, 56.78912, 2048, 512, 10.68349, "catalogue",
    terms=(
        Duration("prefill", "compute", "CUDA0", 0.9), Duration("prefill", "copies", "CUDA1", 0.76),
        Duration("decode", "weights", "CUDA0", 4.0), Duration("decode", "weights", "CUDA1", 3.0),
        Duration("decode", "hops", "CUDA1", 0.02), Duration("decode", "launches", "CPU", 2.0),
    ),
    doubt=Doubt((0.8, 1.25), (0.9, 1.1)), ready=(4.0456, 31.0789),
)  # fmt: skip


@cache
def planned(words: str, devices: tuple[Device, ...] = DEVICES) -> Plan:
    """A plan of a model of four layers, with its own figures."""
    machine = Machine(devices, Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16, model="AMD Ryzen 7 5700X"))
    command = parse(words.split(), builtin("llama-server", 11549))
    given = effective(command)
    launch = Launch(command, given, constraints(command.name, given))
    return plan(
        Request(oracle.model("tiny-olmoe-4l", "Q4_K_M"), machine, launch, Options(Workload(2048, 512)))
    )


@cache
def made_up(words: str = LINE) -> Plan:
    """The plan with made-up figures."""
    whole = planned(words)
    chosen = tuple(
        replace(one, use=use, budget=replace(one.budget, reserve=RESERVE))
        for one, use in zip(whole.devices, USES, strict=False)
    )
    slow = replace(PREDICTED, seconds=21.5, prefill_tokens_per_second=400.0, decode_tokens_per_second=31.0)
    own, *_ = whole.candidates
    budgets = tuple(replace(budget, reserve=RESERVE) for budget in own.settled.budgets)
    footprint = replace(own.settled.footprint, devices=USES[: len(budgets)], host=HOST)
    own = replace(own, settled=replace(own.settled, budgets=budgets, footprint=footprint))
    candidates = [
        replace(own, strategy=name, prediction=replace(PREDICTED, seconds=seconds), ram_shortfall=short)
        for name, seconds, short in (
            (whole.strategy, 10.68349, 0), ("two-pass", 12.0, 0), ("standard", 30.0, 0), ("cpu-moe", 45.5, 0),
            ("moe-cache", 11.0, 3 * GIB),
        )
    ]  # fmt: skip
    return replace(
        whole,
        devices=chosen,
        host=HOST,
        host_left=50 * GIB,
        prediction=PREDICTED,
        candidates=(*candidates, replace(own, strategy="llama-fit", prediction=slow)),
        warnings=(Warn("slow", "a link is slow", "move the card"), Warn("said", "a note", note=True)),
        helps=(
            Help("ram", "8 GiB more of RAM", "--ram 72GiB", 9.5),
            Help("quant", "a smaller file", "x-Q3_K_M.gguf", 8.0),
        ),
    )


@cache
def kept_on_the_cpu() -> Plan:
    """The same with experts on the CPU, wholly and in part, and an expert cache."""
    made = made_up(f"{LINE} -ot blk[.]1[.]ffn_up_exps=CPU,blk[.](2|3)[.]ffn_.*_exps=CPU --moe-cache-mib 64")
    rate = HitRate(0.5, 0.51234, 0.81234, 0.95678)
    doubt = Doubt((0.5, 1.5), (0.4, 1.2), ("CUDA0", "CPU"))
    return replace(
        made,
        prediction=replace(made.prediction, hit_rate=rate, confidence="guessed", doubt=doubt),
        moe_cache=replace(made.moe_cache, host=MAPS),
    )


@cache
def fitting_nowhere() -> Plan:
    """The same with too little of everything."""
    made = made_up()
    first, second = made.devices
    small = replace(first, budget=Budget(3 * GIB, 250 * MIB, RESERVE))
    change = Alternative("-c 4096", "half the context", made)
    return replace(
        made, fits=False, devices=(small, second), host_left=-3 * GIB, ram_shortfall=3 * GIB, argv=(),
        shortfall=3 * GIB + 4000 * MIB, alternatives=(change,), remedy="take a smaller file",
    )  # fmt: skip


def drawn(write: Callable[[Console], object], width: int, *, colours: bool = False) -> str:
    """What a terminal of that width shows, with its styles or without."""
    terminal = {"force_terminal": True, "color_system": "standard", "no_color": False} if colours else {}
    console = Console(file=StringIO(), width=width, **terminal)  # type: ignore[arg-type]
    write(console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def benched() -> bench.Report:
    """Runs of three lines, one of which failed."""
    made = made_up()
    own, two, *_ = made.candidates
    fit = made.candidates[-1]
    peak = Peak({"CUDA0": 7300 * MIB, "CUDA1": 11_900 * MIB}, 9 * GIB)
    outcomes = (
        Outcome(
            Trial("base-first", made.argv, {}, own),
            (Sample(1200.0, 55.0), Sample(1300.0, 57.0), Sample(1250.0, 56.0)),
            5.5, peak, Filled(8000, Peak({"CUDA0": 7400 * MIB}, 10 * GIB)), Hits(900, 100),
        ),
        Outcome(Trial("two-pass", made.argv, {"GGML_OP_OFFLOAD_MIN_BATCH": "96"}, two), (Sample(900.0, 50.0),), 7.0, peak),
        Outcome(Trial("--fit", made.argv, {}, fit), failure="out of memory"),
    )  # fmt: skip
    return bench.Report(
        made, Workload(2048, 512), outcomes, saved="/home/me/calibration.json", interrupted=True
    )


CALIBRATION = Calibration(
    "12345678", "2026-11-30T01:02:03", (RamRate(1, 10 * 10**9), RamRate(8, 50 * 10**9)),
    (LinkRate("GPU-1", "NVIDIA GeForce RTX 3060", 24 * 10**9, 9 * 10**9),), (Learned("CPU", "memory", 0.72),),
    servers=(ServerRate("10.0.0.2:50052", 118 * 10**6, 0.0012345),), decoded=(RamRate(8, 30 * 10**9),),
)  # fmt: skip


PLANS = {"plan": made_up, "cache": kept_on_the_cpu, "lacking": fitting_nowhere}
TERMINALS: dict[str, Callable[[Console], object]] = {
    "compared": lambda on: comparison.show_comparison(compared(made_up(), fitting_nowhere()), on),
    "benched": lambda on: bench.show_report(benched(), on),
    "machine": lambda on: devices.show_machine(made_up().machine, on),
    "inspected": lambda on: inspect.show_model(made_up().model, on),
}


def some_cards() -> list[Card]:
    """Three cards of the catalogue."""
    return [card for card in CARDS if card.key in {"rtx-3060", "gb10", "rx-7900-xtx"}]


def pages() -> Iterator[tuple[str, Callable[[], str]]]:
    """Every page by name, to be written when it is asked for."""
    for name, plan_of in PLANS.items():
        for width in (44, 80, 120):
            yield f"{name}-{width}.txt", partial(drawn, lambda on, p=plan_of: table.show(p(), on), width)
        yield (
            f"{name}-explained.txt",
            partial(drawn, lambda on, p=plan_of: on.print(explain.explain(p())), 100),
        )
        yield (
            f"{name}-speed.txt",
            partial(drawn, lambda on, p=plan_of: on.print(*speed.speed(p()), sep="\n"), 100),
        )
        yield f"{name}.json", lambda p=plan_of: plan_json.plan_json(p())
        yield f"{name}-estimate.json", lambda p=plan_of: plan_json.estimate_json(p())
    yield "plan.svg", lambda: svg.svg(lambda on: table.show(made_up(), on), 92, "moefit plan olmoe.gguf")
    yield (
        "lacking.txt",
        lambda: f"{lacking.lacking(fitting_nowhere())}\n{lacking.enough(fitting_nowhere())}\n",
    )
    for name, write in TERMINALS.items():
        for width in (60, 120):
            yield f"{name}-{width}.txt", partial(drawn, write, width)
    for name, write in {**TERMINALS, "plan": lambda on: table.show(kept_on_the_cpu(), on)}.items():
        yield f"{name}-coloured.txt", partial(drawn, write, 100, colours=True)
    yield "compared.json", lambda: comparison.comparison_json(compared(made_up(), fitting_nowhere()))
    yield "benched.json", lambda: bench.report_json(benched())
    yield "machine.json", lambda: devices.machine_json(made_up().machine)
    yield "inspected.json", lambda: inspect.model_json(made_up().model)
    yield (
        "calibration.txt",
        partial(drawn, lambda on: calibration.show_calibration(CALIBRATION, "/a/b.json", on), 100),
    )
    yield from texts(PLANS)
    yield from others()
    yield "calibration.json", lambda: calibration.calibration_json(CALIBRATION, "/a/b.json", ["a warning"])
    yield "cards.txt", partial(drawn, lambda on: cards.show_cards(some_cards(), on), 100)
    yield "cards.json", lambda: cards.cards_json(some_cards())


def others() -> Iterator[tuple[str, Callable[[], str]]]:
    """Pages of other kinds of plans, each several under one name."""
    made, cache, benches = made_up(), kept_on_the_cpu(), benched()
    guests, shared = with_guests(cache), on_shared_memory(made)
    yield "guests.txt", partial(drawn, lambda on: table.show(guests, on), 90)
    yield "guests.json", lambda: plan_json.plan_json(guests)
    for name, plan_of in (("made", made), ("lacking", fitting_nowhere())):
        yield (
            f"guessed-{name}.txt",
            partial(drawn, lambda on, p=plan_of: table.show(guessed(p), on), 90),
        )
    yield "shared.txt", partial(drawn, lambda on: table.show(shared, on), 90)
    yield "comparisons.txt", lambda: "".join(map(several, (40, 72, 100)))
    yield (
        "comparisons.json",
        lambda: "".join(map(comparison.comparison_json, comparisons(made, fitting_nowhere()))),
    )
    for width in (50, 90):
        yield (
            f"helped-{width}.txt",
            partial(drawn, lambda on: [table.show(helped(p), on) for p in (made, fitting_nowhere())], width),
        )
    for name, every in (("doubts", doubts(made)), ("gains", gains(cache)), ("rates", rates(made))):
        yield f"{name}.txt", partial(drawn, lambda on, e=every: on.print(*spoken(e), sep="\n"), 200)
    yield "reports.txt", partial(drawn, lambda on: [bench.show_report(r, on) for r in reports(benches)], 150)
    yield "reports.json", lambda: "".join(map(bench.report_json, reports(benches)))
    yield "machines.txt", partial(drawn, lambda on: [devices.show_machine(m, on) for m in MACHINES], 150)
    yield "machines.json", lambda: "".join(map(devices.machine_json, MACHINES))
    for width in (40, 120):
        yield f"findings-{width}.txt", partial(drawn, lambda on: doctor.show_findings(FINDINGS, on), width)
    yield "no-findings.txt", partial(drawn, lambda on: doctor.show_findings((), on), 120)
    yield "findings.json", lambda: doctor.findings_json(FINDINGS)
    yield "strips.txt", lambda: "".join(map(strips, (made, cache, shared)))
    yield "bars.txt", partial(drawn, lambda on: [on.print(bar) for bar in bars(guests)], 80)
    yield "colours.txt", lambda: "".join(map(palette, (svg._DARK, svg._LIGHT)))


def several(width: int) -> str:
    """Several comparisons on pages of that width."""
    every = comparisons(made_up(), fitting_nowhere())
    return "".join(
        drawn(lambda on, r=rows: comparison.show_comparison(r, on), width) + "\n" for rows in every
    )


def spoken(plans: list[Plan]) -> Iterator[object]:
    """What a page says of the speed of each."""
    for one in plans:
        yield from speed.speed(one)
        yield speed.ready_text(*one.prediction.ready)
        yield f"{speed.way(one)}: {dict(speed.seconds_of_others(one))}"


def palette(theme: TerminalTheme) -> str:
    """The colours of a theme, a line each."""
    numbers = (theme.background_color, theme.foreground_color, *(theme.ansi_colors[n] for n in range(16)))
    return "".join(f"{red} {green} {blue}\n" for red, green, blue in numbers) + "\n"


def strips(plan: Plan) -> str:
    """The strip of layers at widths that have room for some, all or none."""
    widths = ((30, 9), (12, 9), (11, 9), (10, 10), (9, 10), (120, 0))
    return "".join(drawn(lambda on, w=w: on.print(*strip.strip(plan, *w), sep=""), 60) for w in widths)


def bars(plan: Plan) -> Iterator[object]:
    """The bars of its memories, long and short."""
    for memory in usage.memories(plan):
        for length in (1, 5, 8, 9, 60):
            yield usage.memory_bar(memory, length)
        yield f"{memory.name} {memory.total} {memory.used} {memory.left}"


def main() -> None:
    """Say what has changed; keep it with --write."""
    found = dict(pages())
    for name, write in found.items():
        path, text = HERE / name, write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            print(name)  # noqa: T201 - a program's answer
            if "--write" in sys.argv:
                path.write_text(text, encoding="utf-8")
    for path in HERE.iterdir():
        if path.name not in found:
            print(f"{path.name} is no page")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
