"""Plans of other kinds than the made-up one, other machines, findings and reports of benchmarks: to be kept as pages."""

from __future__ import annotations

from dataclasses import replace

from moefit.cost.hits import HitRate
from moefit.cost.uncertainty import Doubt
from moefit.formats.bench import Report
from moefit.machine.calibration import Learned
from moefit.machine.finding import A_LITTLE, MANY_TIMES, NOTHING_RUNS, PERCENTS, Finding
from moefit.machine.modules import Modules
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.guest import Guest
from moefit.planning.learn import Lesson
from moefit.planning.types import Plan
from moefit.search.baselines import CPU_MOE, LLAMA_FIT

MIB, GIB = 1 << 20, 1 << 30
APU = Device(
    "Vulkan0", 40 * GIB, 64 * GIB, description="AMD Radeon 890M", integrated=True, source="llama-server",
    held=(), uncapped=50 * GIB,
)  # fmt: skip
SERVER = Device(
    "RPC0", 7 * GIB, 8 * GIB, "RPC0[10.0.0.2:50052]", bandwidth=200 * 10**9, link_bandwidth=118 * 10**6,
    latency=0.0002, overhead=0, source="declared",
)  # fmt: skip
OLD = Device(
    "ROCm0", 15 * GIB, 16 * GIB, description="AMD Instinct", bandwidth=1024 * 10**9, link_bandwidth=9_940_000_000,
    overhead=600 * MIB, source="sysfs", link_now=8 * 10**9, link_most=int("8000000000"),
)  # fmt: skip
HELD = Device(
    "CUDA0", 10 * GIB, 12 * GIB, bandwidth=10**10, link_bandwidth=999_999_999, source="nvml", uuid="GPU-9",
    held=(("a", 900 * MIB), ("b", 300 * MIB), ("c", 200 * MIB), ("d", 100 * MIB)),
)  # fmt: skip
FREE = Device("CUDA1", 12 * GIB - 600 * MIB, 12 * GIB, bandwidth=0, source="nvml", display=True)
TAKEN = Device("CUDA2", 12 * GIB - 601 * MIB, 12 * GIB, bandwidth=9_999_999_999, source="llama-server")
CAPPED = Device("CUDA3", 2 * GIB, 12 * GIB, source="catalogue", uncapped=11 * GIB)

MODULES = Modules("DDR5", 5600, 2)
MACHINES = (
    Machine((APU, SERVER, OLD), Ram(64 * GIB, 60 * GIB, 80 * 10**9, source="measured"), Cpu(12, 24)),
    Machine(
        (HELD, FREE, TAKEN, CAPPED), Ram(64 * GIB, 9 * GIB), Cpu(1, 1, model="x"), ("a warning",), calibration="ab12",
        host="h", excluded=("CUDA4", "CUDA5"), duplicates=(("Vulkan0", "CUDA0"), ("Vulkan1", "CUDA1"), ("Vulkan7", "CUDA0")),
    ),
    Machine((), Ram(GIB, GIB, None, modules=MODULES, source="udev"), Cpu(4, 4)),
)  # fmt: skip
FINDINGS = tuple(
    Finding(f"code-{cost}", cost, what, f"do {what}", sure)
    for cost, what, sure in (
        (NOTHING_RUNS, "no driver", "sure"), (MANY_TIMES, "a build for the CPU " * 9, "likely"),
        (PERCENTS, "one module of RAM", "perhaps"), (A_LITTLE, "a link that sleeps", "sure"),
    )
)  # fmt: skip


def with_doubt(
    plan: Plan, kind: str, *assumed: str, host: str = "h", calibration: str = "", **of_machine: object
) -> Plan:
    """A plan whose figures come from somewhere else."""
    machine = replace(plan.machine, host=host, calibration=calibration, **of_machine)  # type: ignore[arg-type]
    doubt = Doubt((0.05, 1.25), (0.9, 1.1), assumed)
    return replace(plan, machine=machine, prediction=replace(plan.prediction, confidence=kind, doubt=doubt))


def doubts(plan: Plan) -> list[Plan]:
    """The same plan with every origin of its figures."""
    unknown = Cpu(8, 16)
    return [
        with_doubt(plan, "measured", calibration="ab12"),
        with_doubt(plan, "measured", host=""),
        with_doubt(plan, "calibrated", calibration="ab12"),
        with_doubt(plan, "catalogue"),
        with_doubt(plan, "catalogue", host=""),
        with_doubt(plan, "catalogue", calibration="ab12"),
        with_doubt(plan, "guessed", "CPU"),
        with_doubt(plan, "guessed", "CPU", host=""),
        with_doubt(plan, "guessed", "CPU", host="", cpu=unknown),
        with_doubt(plan, "guessed", "CUDA0", host=""),
        with_doubt(plan, "guessed", "CUDA0", "CPU", host="", calibration="ab12"),
        with_doubt(plan, "guessed", "CUDA0", "CUDA1", "CPU"),
        with_doubt(plan, "guessed", "CPU", host="", gpus=(APU,)),
        with_doubt(plan, "guessed", "CPU", gpus=(APU,), calibration="ab12"),
    ]


def gains(plan: Plan) -> list[Plan]:
    """The same plan beside slower, equal and faster ways of llama.cpp's own, and without any."""
    own, last = plan.candidates[0], plan.candidates[-1]
    found = [replace(plan, candidates=()), replace(plan, candidates=(), strategy=LLAMA_FIT)]
    for seconds in (5.0, 10.47, 10.48, 10.68, 10.89, 10.9, 100.0):
        fit = replace(last, prediction=replace(last.prediction, seconds=seconds))
        bare = replace(fit, strategy=CPU_MOE, settled=replace(own.settled, devices=()))
        found.append(
            replace(
                plan, candidates=(own, fit, bare, replace(own, strategy="a"), replace(own, strategy="zz"))
            )
        )
    return found  # fmt: skip


def rates(plan: Plan) -> list[Plan]:
    """The same plan at other speeds, ready sooner or later."""
    return [
        replace(
            plan,
            prediction=replace(
                plan.prediction, prefill_tokens_per_second=prefill, decode_tokens_per_second=decode, ready=ready
            ),
        )
        for prefill, decode, ready in (
            (99.94, 99.96, (1.0, 1.2)), (100.0, 9.0, (1.0, 1.21)), (12345.6, 0.04, (30.0, 300.0)), (9.1, 10.0, (0.2, 0.2)),
            (8.4, 9.5, (10.0, 12.01)), (8.0, 9.09, (10.0, 12.0)),
        )
    ]  # fmt: skip


def with_guests(plan: Plan) -> Plan:
    """The same plan with a projector, a draft model and an adapter, on a card and on the CPU."""
    guests = (
        Guest("mmproj", "CUDA0", 800 * MIB, 0, 300 * MIB, "its graph is not described"),
        Guest("draft", "CUDA0", 500 * MIB, 200 * MIB, 90 * MIB),
        Guest("lora", "CPU", 60 * MIB),
        Guest("draft", "CUDA1", 100 * MIB, 20 * MIB, 10 * MIB),
    )
    devices = tuple(
        replace(
            on,
            guests=tuple(guest for guest in guests if guest.device == on.device.name),
            budget=replace(on.budget, guests=sum(g.total for g in guests if g.device == on.device.name)),
        )
        for on in plan.devices
    )
    return replace(plan, guests=guests, devices=devices)


def on_shared_memory(plan: Plan) -> Plan:
    """The same plan with its first device in the host's memory and the second capped."""
    first, second = plan.devices
    shared = replace(first.device, integrated=True)
    capped = replace(second.device, uncapped=second.device.free, free=20 * GIB)
    devices = (replace(first, device=shared), replace(second, device=capped))
    return replace(plan, devices=devices, machine=replace(plan.machine, gpus=(shared, capped)))


def reports(report: Report) -> list[Report]:
    """A report with lessons of every kind, and one of nothing."""
    learned = (Learned("GPU-1", "memory", 1.2), Learned("CPU", "pinned", 0.5), Learned("CUDA9", "odd", 0.9))
    lessons = [
        Lesson(learned, (("GPU-2", "compute"), ("CPU", "pageable")), misses)
        for misses in (0.0, 0.5, 1.0, 1.25, 2.5)
    ]
    hits = [None, HitRate(0.5, 0.5, 0.81, 0.95)]
    first = report.outcomes[0]
    rated = [
        replace(first, trial=replace(first.trial, candidate=replace(first.trial.candidate, prediction=replace(first.trial.candidate.prediction, hit_rate=rate))))
        for rate in hits
    ]  # fmt: skip
    return [
        *(replace(report, lesson=lesson, saved="", interrupted=False) for lesson in lessons),
        *(replace(report, outcomes=(one,)) for one in rated),
        replace(report, outcomes=()),
        replace(report, outcomes=(replace(first, samples=(), failure=None),)),
    ]
