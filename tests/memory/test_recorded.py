"""Weights and context of every recorded row, to the byte."""

from moefit.memory.kv import kv
from moefit.memory.weights import weights
from tests import oracle
from tests.each import in_groups
from tests.oracle.launches import launch

ROWS = (*oracle.rows(), *oracle.extra_rows())
MODELS = sorted({row.model for row in ROWS})


def recorded(row, term):
    """What the row says, a context for multi-token prediction included: the two share their weights."""
    extra = row.mtp if term == "context" else {}
    devices = [
        getattr(row.device(i), term) + getattr(extra.get(f"RPC{i}", oracle.Bytes()), term)
        for i in range(row.gpus)
    ]
    host = sum(getattr(extra.get(name, oracle.Bytes()), term) for name in ("Host", "CPU"))
    return tuple(devices), getattr(row.host, term) + host


def lacks_its_mtp_context(row):
    """Some architectures cannot make the context for multi-token prediction: such a server does not start."""
    return "draft-mtp" in row.flags and not row.mtp


@in_groups(MODELS)
def test_weights_and_caches_are_exact_on_every_device_and_on_the_host(name):
    offenders = []
    for row in ROWS:
        if row.model != name or lacks_its_mtp_context(row):
            continue
        told = launch(row)
        model = oracle.model(row.model, row.quant)
        for term, predict in (("model", weights), ("context", kv)):
            predicted = predict(model, told.devices, told.settings, told.placement)
            if predicted != recorded(row, term):
                offenders.append((row.name, term, predicted, recorded(row, term)))

    assert [] == offenders


def test_a_thousand_rows_of_a_hundred_architectures_are_compared():
    assert len(oracle.rows()) >= 1924
    assert len({oracle.models()[name]["architecture"] for name in MODELS}) >= 100
