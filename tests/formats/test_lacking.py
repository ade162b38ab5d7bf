"""What is missing is told of each place, and each byte once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from moefit.formats.lacking import enough, lacking, shortfalls
from moefit.machine.declared import parse_gpus
from moefit.planning.types import Enough


def device(name, left):
    return SimpleNamespace(device=SimpleNamespace(name=name), left=left)


@pytest.mark.parametrize(
    ("devices", "shortfall", "ram", "expected"),
    [
        ([device("CUDA0", -5)], 5, 0, {"CUDA0": 5}),
        ([device("CUDA0", -5)], 9, 4, {"CUDA0": 5, "RAM": 4}),
        ([device("CUDA0", -5)], 12, 4, {"CUDA0": 8, "RAM": 4}),
        ([device("CUDA0", 7)], 3, 0, {"CUDA0": 3}),
        ([device("CUDA0", -5), device("CUDA1", 2)], 12, 4, {"CUDA0": 5, "devices": 3, "RAM": 4}),
        ([device("CUDA0", 1), device("CUDA1", -2)], 2, 0, {"CUDA1": 2}),
        ([device("CUDA0", 0), device("CUDA1", -1)], 1, 0, {"CUDA1": 1}),
    ],
)
def test_what_is_missing_is_told_where_it_is_missing(devices, shortfall, ram, expected):
    plan = SimpleNamespace(devices=devices, shortfall=shortfall, ram_shortfall=ram)

    assert expected == shortfalls(plan)


def test_one_device_lacks_and_several_lack():
    plan = SimpleNamespace(
        devices=[device("npu0", -5 << 20), device("gpu0", 2)], shortfall=12 << 20, ram_shortfall=4 << 20
    )

    assert "npu0 lacks 5 MiB, devices lack 3 MiB, RAM lacks 4 MiB" == lacking(plan)


@pytest.mark.parametrize(
    ("gpu", "left", "would", "expected"),
    [
        ("rtx-3060", 900, Enough(0, None, {"CUDA0": 900 << 20}), "900 MiB more on CUDA0"),
        ("rtx-3060", 900, Enough(0, None, {"CUDA0": 700 << 20}, 64), "700 MiB more on CUDA0 and -ub 64"),
        ("rtx-3060", 900, Enough(0, 4096, {"CUDA0": 700 << 20}), "700 MiB more on CUDA0 and -c 4096"),
        ("rtx-3060", 900, Enough(0, None, {"CUDA0": 700 << 20}), "700 MiB more on CUDA0, placed otherwise"),
        ("rtx-3060", 900, None, "900 MiB more on CUDA0"),
        ("rtx-3060-laptop", 900, Enough(0, None, {"CUDA0": 900 << 20}), ""),
        ("rtx-3060-laptop", 0, Enough(900 << 20, None), "900 MiB more RAM, placed otherwise"),
    ],
)
def test_what_would_do_says_what_else_it_needs_and_is_nothing_that_cannot_be_had(gpu, left, would, expected):
    [card] = parse_gpus([gpu])
    plan = SimpleNamespace(
        devices=[SimpleNamespace(device=card, left=-left << 20)],
        shortfall=left << 20,
        ram_shortfall=0,
        enough=would,
        largest_file=0,
    )

    assert expected == enough(plan)
