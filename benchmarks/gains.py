"""What moefit's line gains over llama.cpp's own --fit, predicted for real models on usual desktops: README's table.

python -m benchmarks.gains
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product

from moefit.cost.workload import WORKLOADS
from moefit.formats.speed import is_all_on_devices, seconds_of_others
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import builtin
from moefit.launch.precedence import effective
from moefit.machine.declared import declare_host, parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.model import Model
from moefit.planning.core import plan
from moefit.planning.types import Plan
from moefit.search.request import Options, Request
from tests.oracle import model as recorded

MODELS = {
    ("qwen3-30b-a3b", "Q4_K_M"): "64GiB",
    ("qwen3.5-35b-a3b", "Q4_K_M"): "64GiB",
    ("qwen3-next-80b-a3b", "Q4_K_M"): "96GiB",
    ("glm-4.5-air", "Q4_K_M"): "96GiB",
    ("gpt-oss-120b", "MXFP4"): "96GiB",
    ("qwen3-235b-a22b", "Q4_K_M"): "192GiB",
}
"""With RAM that holds them."""
DESKTOPS = {
    "rtx-3060": "ddr4-3200x2",
    "rtx-4060-ti-16gb": "ddr5-5600x2",
    "rtx-3090": "ddr4-3200x2",
    "rtx-4090": "ddr5-5600x2",
    "rtx-5090": "ddr5-6000x2",
    "rx-7900-xtx": "ddr5-5600x2",
}
"""Cards with the memory modules of their time."""
BUILDS = (11434, 11549)
"""Without and with an expert cache."""


def main() -> None:
    gains: dict[tuple[str, str, int, str], list[float]] = defaultdict(list)
    for (name, ram), (card, modules) in product(MODELS.items(), DESKTOPS.items()):
        for workload, build in product(("chat", "agent"), BUILDS):
            made = planned(recorded(*name), machine(card, ram, modules), workload, build)
            fit = seconds_of_others(made).get("--fit")
            if made.fits and fit is not None:
                case = "all on the GPU" if is_all_on_devices(made) else "experts in RAM"
                gains[case, workload, build, card].append(fit / made.prediction.seconds)
    print("| case | workload | llama.cpp | card | least | most |\n|---|---|---|---|---|---|")
    for (case, workload, build, card), found in sorted(gains.items()):
        print(f"| {case} | {workload} | b{build} | {card} | {min(found):.2f}x | {max(found):.2f}x |")


def machine(card: str, ram: str, modules: str) -> Machine:
    """A desktop of eight cores."""
    memory, cpu = declare_host(Ram(0, 0), Cpu(8, 8), ram, modules, 8)
    return Machine(parse_gpus([card]), memory, cpu)


def planned(model: Model, desktop: Machine, workload: str, build: int) -> Plan:
    """The plan of a bare line."""
    command = parse(["llama-server", "-m", "m.gguf"], builtin("llama-server", build))
    given = effective(command, [], {})
    launch = Launch(command, given, constraints(command.name, given))
    return plan(Request(model, desktop, launch, Options(WORKLOADS[workload])))


if __name__ == "__main__":
    main()
