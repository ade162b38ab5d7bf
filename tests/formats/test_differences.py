from __future__ import annotations

import json

from moefit.formats import differences
from moefit.memory.real import Difference

ROWS = [
    Difference("RPC0", "model", 30, 20),
    Difference("RPC0", "compute", 1, 2),
    Difference("Host", "model", 5, 5),
]


def test_the_json_gives_every_term_by_device():
    document = json.loads(differences.write_json(ROWS, {"RPC0": 7}))

    assert {
        "version": 1,
        "fits": False,
        "devices": [
            {
                "name": "RPC0",
                "lacking": 7,
                "model": {"predicted": 30, "real": 20},
                "compute": {"predicted": 1, "real": 2},
            },
            {"name": "Host", "lacking": 0, "model": {"predicted": 5, "real": 5}},
        ],
    } == document


def test_a_plan_that_lacks_nothing_fits():
    assert json.loads(differences.write_json(ROWS, {}))["fits"]
