"""A real CUDA card's own answers: weights, context and compute buffers to the byte for every real model."""

import random
from copy import copy

import pytest

from moefit.memory.compute import compute_buffers
from moefit.memory.graph import peaks
from moefit.memory.kv import kv
from moefit.memory.weights import weights
from tests import oracle
from tests.drawn import SEED, several
from tests.each import in_groups
from tests.oracle.exceptions import FEW_LAYERS_DIFFER, ON_THE_HOST
from tests.oracle.launches import launch

EACH = several(6, 1000)
"""Rows of a model that a change is held to; all 8947, as with `make thorough`, take minutes."""
REAL = sorted({row.model for row in oracle.rows()})
FURTHER = sorted({row.model for row in oracle.cuda_rows()} - set(REAL))


def sample(name, count):
    """Some of the rows of a model, drawn by the seed that a failure names."""
    rows = [
        row
        for row in oracle.cuda_rows()
        if row.model == name and row.devices and (name, row.flags) not in FEW_LAYERS_DIFFER
    ]
    return random.Random(f"{SEED} {name}").sample(rows, min(count, len(rows)))


def predicted(row):
    """Weights, context and compute of the card, and compute on the host; without the weights of a model that has some elsewhere."""
    asked = launch(row)
    given = (oracle.model(row.model, row.quant), asked.devices, asked.settings, asked.placement)
    buffers = compute_buffers(*given)
    held = None if row.model in ON_THE_HOST else weights(*given)[0][0]
    return row.name, held, kv(*given)[0][0], buffers.devices[0], buffers.host


def told(row):
    card = row.device(0)
    held = None if row.model in ON_THE_HOST else card.model
    return row.name, held, card.context, card.compute, row.host.compute


@pytest.mark.parametrize("name", REAL)
def test_a_real_card_reserves_what_is_predicted(name):
    rows = sample(name, EACH)
    assert [told(row) for row in rows] == [predicted(row) for row in rows], f"seed {SEED}"


@in_groups(FURTHER)
def test_so_it_does_for_further_architectures(name):
    rows = sample(name, EACH // 3)
    assert [told(row) for row in rows] == [predicted(row) for row in rows], f"seed {SEED}"


def compute(row):
    asked = launch(row)
    made = compute_buffers(
        copy(oracle.model(row.model, row.quant)), asked.devices, asked.settings, asked.placement
    )
    return made.devices[0], made.host


def test_where_few_layers_do_not_stand_for_all_every_layer_does(monkeypatch):
    rows = [row for row in oracle.cuda_rows() if (row.model, row.flags) in FEW_LAYERS_DIFFER]
    few = {(row.model, row.flags) for row in rows if compute(row) != told(row)[-2:]}
    choose = peaks._choose
    monkeypatch.setattr(peaks, "_choose", lambda *args, **_: choose(*args, every_layer=True, pipelined=True))
    assert few == FEW_LAYERS_DIFFER
    assert [told(row)[-2:] for row in rows] == [compute(row) for row in rows]


@pytest.mark.parametrize("name", ON_THE_HOST)
def test_where_the_card_cannot_do_their_operation_a_few_weights_are_on_the_host(name):
    row = next(row for row in oracle.cuda_rows() if row.model == name)
    asked = launch(row)
    held = weights(oracle.model(name, row.quant), asked.devices, asked.settings, asked.placement)[0][0]
    assert 0 < held - row.device(0).model <= 8192


def test_the_card_was_asked_about_every_real_model_and_123_further_ones_thousands_of_times():
    assert len(oracle.cuda_rows()) > 8000
    assert {row.model for row in oracle.cuda_rows()} >= set(REAL)
    assert 123 == len(FURTHER)
