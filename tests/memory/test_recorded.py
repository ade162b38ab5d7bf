"""Weights and context of every recorded row, to the byte."""

import pytest

from moefit.memory.kv import kv
from moefit.memory.weights import weights
from tests import oracle
from tests.oracle.launches import launch

MODELS = sorted({row.model for row in oracle.rows()})


def offenders(name, term, predict):
    found = []
    for row in oracle.rows():
        if row.model != name:
            continue
        told = launch(row)
        predicted = predict(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
        recorded = (
            tuple(getattr(row.device(i), term) for i in range(row.gpus)),
            getattr(row.host, term),
        )
        if predicted != recorded:
            found.append((row.name, predicted, recorded))
    return found


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_exact_on_every_device_and_on_the_host(name):
    assert [] == offenders(name, "model", weights)


@pytest.mark.parametrize("name", MODELS)
def test_caches_and_states_are_exact_on_every_device_and_on_the_host(name):
    assert [] == offenders(name, "context", kv)


def test_every_row_is_compared():
    assert len(oracle.rows()) >= 1924
