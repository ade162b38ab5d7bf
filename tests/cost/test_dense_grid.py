"""What a rented H200 with 6 GiB free made of Qwen3-14B's two layouts (b11549, benchmarks/gpu/results/grid.jsonl, lease 11), in order and in size."""

from __future__ import annotations

import pytest

from moefit.cost import predict
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

H200 = "name=CUDA0,free=6GiB,bandwidth=4814GB/s,link=54.6GB/s,compute=990T,description=NVIDIA H200"
READ = ((1, 12.3), (2, 23.3), (4, 39.5), (8, 69.1), (16, 95.4), (32, 143.9))
DECODED = ((1, 5.53), (2, 12.2), (4, 38.2), (8, 78.8), (16, 102.1), (32, 151.2))
"""GB/s by threads: a plain read, and what llama-bench decoded less the waits of a MoE layer."""
DENSE = model("qwen3-14b", "Q4_K_M")
WHOLE = 22
"""Layers that are on the CPU with their attention where the others are on the card."""
KEPT = 4
"""Layers whose FFNs stay on the card beside everybody's attention."""
CHAT = Workload(4096, 512)


def rented() -> Machine:
    read, decoded = (
        tuple((threads, int(rate * 1e9)) for threads, rate in known) for known in (READ, DECODED)
    )
    ram = Ram(512 << 30, 512 << 30, read[-1][1], bandwidth_by_threads=read, decoded_by_threads=decoded)
    return Machine(parse_gpus([H200]), ram, Cpu(32, 32, virtual=True))


def layouts() -> dict[str, Placement]:
    whole = (*(CPU,) * WHOLE, *(0,) * (DENSE.slots - WHOLE))
    ffns = {
        f"blk.{layer}.ffn_{which}.weight": CPU
        for layer in range(KEPT, len(DENSE.layers))
        for which in ("gate", "up", "down")
    }
    return {"base-first": Placement(whole), "ffn": Placement((0,) * DENSE.slots, ffns)}


def rates(name: str, asked: Workload) -> tuple[float, float, float]:
    """Prompt and answer in tokens a second, and seconds together."""
    machine, settings = rented(), Settings(16384, slots=1, ubatch=512, load_mode="none")
    made = predict(work_of(DENSE), machine, machine.gpus, settings, layouts()[name], asked)
    prompt, answer = made.prefill_tokens_per_second, made.decode_tokens_per_second
    return prompt, answer, asked.prompt / prompt + asked.generated / answer


@pytest.mark.parametrize(("name", "prompt", "answer"), [("base-first", 2308, 17.8), ("ffn", 2473, 16.9)])
def test_both_layouts_are_as_fast_as_predicted(name: str, prompt: float, answer: float) -> None:
    assert (prompt, answer) == pytest.approx(rates(name, CHAT)[:2], rel=0.1)


def test_whole_layers_are_faster_for_a_chat_and_ffns_once_attention_has_much_to_read() -> None:
    """Measured: 30.5 against 32.0 s, and with the context full 7.7 to 9.7 against 15.7 t/s."""
    assert rates("base-first", CHAT)[2] < rates("ffn", CHAT)[2]
    full = Workload(15872, 512)
    assert rates("base-first", full)[1] < 0.7 * rates("ffn", full)[1]
