"""Into what a prompt is parted: micro-batches, and a server's stops where it saves a slot's memory."""

from __future__ import annotations

from typing import Any

import pytest

from moefit.cost.micro_batches import batches, micro_batches, saving
from moefit.cost.run import Run, run_of
from moefit.cost.work import work_of
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.placement.types import Placement
from tests.oracle import model

MACHINE = Machine(parse_gpus(["h200"]), Ram(64 << 30, 64 << 30, 60_000_000_000), Cpu(8, 16))
DENSE, RECURRENT, WINDOWED = "qwen3-14b:Q4_K_M", "qwen3-next-80b-a3b:Q4_K_M", "gpt-oss-20b:MXFP4"


def run(name: str, **changes: Any) -> Run:
    """All of a model on one card."""
    known = model(*name.split(":"))
    asked = {"context": 65536, "slots": 1, **changes}
    return run_of(work_of(known), MACHINE, MACHINE.gpus, Settings(**asked), Placement((0,) * known.slots, {}))


@pytest.mark.parametrize(
    ("name", "changes", "prompt", "expected"),
    [
        (DENSE, {"ubatch": 8192}, 4096, {2048: 2}),
        (DENSE, {}, 5000, {512: 9, 392: 1}),
        (DENSE, {}, 100, {100: 1}),
        (RECURRENT, {}, 2048, {512: 3, 508: 1, 4: 1}),
        (RECURRENT, {"ubatch": 4096, "batch": 4096}, 4096, {4092: 1, 4: 1}),
        (RECURRENT, {"ubatch": 4096, "batch": 4096}, 16368, {4096: 2, 4080: 1, 4092: 1, 4: 1}),
        (RECURRENT, {}, 3, {3: 1}),
        (RECURRENT, {"program": "llama-bench"}, 2048, {512: 4}),
        (RECURRENT, {"context_checkpoints": 0}, 2048, {512: 4}),
        (WINDOWED, {}, 2048, {512: 3, 508: 1, 4: 1}),
        (WINDOWED, {"swa_full": True}, 2048, {512: 4}),
    ],
)
def test_a_prompt_is_parted_as_the_server_parts_it(
    name: str, changes: dict[str, Any], prompt: int, expected: dict[int, int]
) -> None:
    assert expected == micro_batches(run(name, **changes), prompt)


def test_each_stop_is_a_batch_of_its_own() -> None:
    assert (1, 3) == (batches(run(DENSE), 2048), batches(run(RECURRENT), 2048))


def test_a_stop_saves_the_states_of_one_slot() -> None:
    """75.376 MiB by the server's log (benchmarks/gpu/results/prompts.txt)."""
    asked = run(RECURRENT, ubatch=4096, batch=4096)
    assert saving(asked, 4096) * asked.host.pageable == pytest.approx(75.376 * 2**20, rel=0.01)
