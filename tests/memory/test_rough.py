"""The bound on compute buffers: what it counts, and that it is rarely below a recorded one."""

import pytest

from moefit.memory.cells import Cells
from moefit.memory.rough import _stages, rough_compute
from moefit.model.hyperparameters import Hyperparameters
from tests import oracle
from tests.oracle.launches import launch

ROWS = [row for row in (*oracle.rows(), *oracle.extra_rows())[::5] if row.gpus]


def bound_and_recorded():
    for row in ROWS:
        told = launch(row)
        on, _ = rough_compute(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
        for index, size in enumerate(on):
            if row.device(index).compute:
                yield size, row.device(index).compute


def test_an_encoder_counts_neither_logits_nor_a_cache():
    rows = [row for row in ROWS if row.gpus and row.model == "nomic-moe"]
    assert rows
    for row in rows:
        told = launch(row)
        on, _ = rough_compute(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
        assert all(row.device(i).compute <= size <= 5 * row.device(i).compute for i, size in enumerate(on))


def test_the_bound_is_rarely_too_low_and_never_absurd():
    ratios = sorted(size / real for size, real in bound_and_recorded())
    too_low = sum(ratio < 1 for ratio in ratios)

    assert too_low < len(ratios) / 60
    assert ratios[len(ratios) // 2] < 2.5
    assert ratios[len(ratios) * 9 // 10] < 5


KEYS = {"embedding_length": 100, "attention.head_count": 4, "attention.key_length": 30}
CELLS = Cells(total=2000, sequence=1000, streams=2, sequences=2, batch=512, ubatch=512)
EXPERTS, FFN, ATTENTION, LATENT, STATE = range(5)
PLAIN = {EXPERTS: 600, FFN: 600, ATTENTION: 600 + 6 * 4 * 30, LATENT: 600 + 4 * 4 * 30, STATE: 600}
SCORES = 2 * 4 * 1000


@pytest.mark.parametrize(
    ("keys", "flash", "more"),
    [
        ({}, True, {}),
        ({}, False, {ATTENTION: SCORES, LATENT: SCORES}),
        ({"attention.value_length": 20}, True, {ATTENTION: SCORES, LATENT: SCORES}),
        ({"attention.value_length": 20, "attention.key_length_mla": 1}, True, {}),
        ({"feed_forward_length": 70}, True, {FFN: 3 * 70}),
        ({"expert_used_count": 2, "expert_feed_forward_length": 50}, True, {EXPERTS: 3 * 2 * 50 + 2 * 2 * 100}),
        ({"expert_used_count": 2, "feed_forward_length": 70}, True, {EXPERTS: 3 * 2 * 70 + 2 * 2 * 100, FFN: 3 * 70}),
        ({"expert_shared_count": 3, "expert_feed_forward_length": 50}, True, {EXPERTS: 3 * 3 * 50}),
        ({"expert_shared_feed_forward_length": 40}, True, {EXPERTS: 3 * 40}),
        ({"attention.kv_lora_rank": 11}, True, {LATENT: 4 * 4 * 11}),
        ({"attention.indexer.head_count": 5, "attention.indexer.key_length": 7}, True, {LATENT: 2 * 35 + 3 * 1000}),
        ({"ssm.inner_size": 9, "ssm.group_count": 2, "ssm.state_size": 3}, True, {STATE: 24 * 9 + 8 * (9 + 2 * 2 * 3)}),
        ({"kda.head_dim": 6}, True, {STATE: 32 * 4 * 6}),
        ({"wkv.head_size": 8}, True, {STATE: 32 * 100}),
    ],
)  # fmt: skip
def test_each_stage_of_a_block_counts_what_it_keeps_of_a_token(keys, flash, more):
    found = _stages(Hyperparameters({**KEYS, **keys}, blocks=1), CELLS, 1, flash_attention=flash)

    assert [PLAIN[stage] + more.get(stage, 0) for stage in range(5)] == [*found]


def test_streams_that_stand_side_by_side_are_each_as_wide():
    keys = {**KEYS, "attention.value_length": 30}
    found = _stages(Hyperparameters(keys, blocks=1), CELLS, 3, flash_attention=True)

    assert [1800, 1800, 1800 + 6 * 4 * 75, 1800 + 4 * 4 * 75, 1800] == [*found]
