"""The strategies for the model and card the project began with, in moefit's own memory terms, as a Markdown table.

python -m benchmarks.strategies
"""

from dataclasses import replace
from pathlib import Path

from moefit.app.request import read_request
from moefit.cost.workload import WORKLOADS
from moefit.machine.detect import MachineOptions
from moefit.planning.core import plan
from moefit.planning.types import LayerPlan, Plan
from moefit.search.request import Options

EXAMPLE = Path(__file__).parents[1] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
MACHINE = MachineOptions(gpus=("rtx-3060",), ram="32GiB", cores=8)
MIB = 1 << 20


def main() -> None:
    request = read_request(str(EXAMPLE), None, MACHINE, Options(WORKLOADS["chat"]))
    print(
        "| strategy | layers with all experts / base alone / on the CPU | output | ubatch | weights + KV + compute on the card | prompt t/s | answer t/s |"
    )
    print("|---|---|---|---|---|---|---|")
    for strategy in ("standard", "two-pass", "base-first"):
        options = replace(request.options, strategy=strategy)
        print(row(plan(replace(request, options=options))))


def row(made: Plan) -> str:
    (device,) = made.devices
    kinds = [kind(layer) for layer in made.layers]
    layers = " / ".join(str(kinds.count(k)) for k in ("whole", "base", "cpu"))
    use = " + ".join(f"{n // MIB:,}" for n in (device.use.model, device.use.context, device.use.compute))
    output = "GPU" if device.output else "CPU"
    p = made.prediction
    rates = f"{p.prefill_tokens_per_second:,.0f} | {p.decode_tokens_per_second:.1f}"
    return f"| {made.strategy} | {layers} | {output} | {made.settings.ubatch} | {use} MiB | {rates} |"


def kind(layer: LayerPlan) -> str:
    if layer.device == "CPU":
        return "cpu"
    return "whole" if layer.experts == layer.device else "base"


if __name__ == "__main__":
    main()
