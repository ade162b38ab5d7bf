"""Every constant of the prediction moves one: a term that is lost, or a constant that nothing reads, would leave its own without a say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from math import inf

import pytest

from moefit.cost import constants
from moefit.cost.constants import CHIPS, ByBackend, Constant
from moefit.cost.device_rates import DeviceRates, device_rates
from moefit.machine.types import Device
from tests.cost.worlds import COPYING, DENSE, GIB, Q8_0, QWEN, WORLDS, XEON, seconds


def other(value: Constant) -> Constant:
    """Another value of a constant; of none at all, and of no limit, one that counts."""
    return (
        Constant(1e-4 if value == 0 else 1e-3, value.unit, value.source)
        if value in {0.0, inf}
        else value.scaled(1.3)
    )


def turned() -> Iterator[tuple[str, Callable[[pytest.MonkeyPatch], None]]]:
    """Every constant by name, and what gives it another value."""
    for name, found in vars(constants).items():
        if isinstance(found, Constant):
            yield name, partial(pytest.MonkeyPatch.setattr, target=constants, name=name, value=other(found))
        elif isinstance(found, ByBackend):
            usual = other(found.usual)
            yield name, partial(pytest.MonkeyPatch.setattr, target=found, name="usual", value=usual)
            for key, value in found.items():
                turn = partial(pytest.MonkeyPatch.setitem, dic=found, name=key, value=other(value))
                yield f"{name}[{key}]", turn


TURNED = dict(turned())
BATTLEMAGE = "Intel(R) Graphics (BMG G21)"
"""As Mesa calls it."""
EVERY = (
    *WORLDS,
    partial(seconds, "gpt-oss-120b", "rtx-3060", moved=0),
    partial(seconds, "gpt-oss-120b", "rtx-5090"),
    partial(seconds, "gpt-oss-120b", "rx-9070-xt", moved=0),
    partial(seconds, "qwen3-14b", "mi50-32gb", moved=0),
    partial(seconds, "deepseek-v2-lite:Q2_K", "mi50-32gb", moved=0),
    partial(seconds, "qwen3.5-35b-a3b", "h200", moved=0),
    partial(seconds, "gpt-oss-20b", "h200", moved=0),
    partial(seconds, "qwen3.5-35b-a3b", "rtx-3090", moved=0, settings=replace(COPYING, **Q8_0)),
    partial(seconds, "qwen3-14b", "p40", moved=0),
    partial(seconds, "qwen3.5-35b-a3b", "r9700", moved=0),
    partial(seconds, "qwen3-14b", "rtx-3090", moved=0, settings=replace(COPYING, **Q8_0)),
    partial(seconds, "qwen3.5-35b-a3b", "m1-max", moved=0),
    partial(seconds, "qwen3.5-35b-a3b", "arc-b580,name=SYCL0", moved=0, settings=replace(COPYING, **Q8_0)),
    partial(seconds, "qwen3.5-35b-a3b", f"arc-b580,description={BATTLEMAGE}", moved=0),
    *(
        partial(seconds, QWEN, host=(name, 8, None))
        for name in (XEON, "Neoverse-V1", "Neoverse-V2", "Neoverse-N2")
    ),
    partial(seconds, DENSE, host=("Neoverse-V2", 8, None)),
    partial(seconds, DENSE, host=("AMD Ryzen 7 5800X", 8, None)),
)
"""The last are chips whose clocks or tensor cores are known, or whose kernels are, and processors of other kinds."""


@cache
def before(index: int) -> object:
    return EVERY[index]()


@pytest.mark.parametrize("name", TURNED)
def test_every_constant_moves_a_prediction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [before(index) for index in range(len(EVERY))]
    TURNED[name](monkeypatch)
    assert any(world() != told for world, told in zip(EVERY, every, strict=True))


def test_of_all_constants_those_that_are_nothing_are_known() -> None:
    every = {name: found for name, found in vars(constants).items() if isinstance(found, Constant)}
    every |= {
        f"{name}[{key}]": value
        for name, found in vars(constants).items()
        if isinstance(found, ByBackend)
        for key, value in {"": found.usual, **found}.items()
    }
    assert {"MOE_LAYERS[]", "SORT_STEP[]"} == {name for name, value in every.items() if value == 0}


def labelled(found: object) -> Iterator[Constant]:
    """Every constant in a value of the table, however deep."""
    if isinstance(found, ByBackend):
        yield from (found.usual, *found.values())
    elif isinstance(found, Constant):
        yield found
    elif isinstance(found, dict):
        yield from (one for value in found.values() for one in labelled(value))
    elif isinstance(found, tuple):
        yield from (one for value in found for one in labelled(value))


def test_every_constant_says_its_unit_its_source_and_its_year() -> None:
    every = [one for found in vars(constants).values() for one in labelled(found)]
    assert len(every) > 250
    assert [] == [
        one for one in every if not (one.unit and one.source and re.search(r"\b20\d\d\b", one.when))
    ]


def test_figures_of_one_build_say_so_beside_those_of_many() -> None:
    assert {"2026-05, llama.cpp b9039"} == {
        constants.EACH_HEAD["SYCL"].when,
        constants.READ_SHARE["SYCL"].when,
        constants.READ_BY_TYPE[0].types[""].when,
    }


def test_launches_that_nothing_changed_are_predicted_the_same() -> None:
    assert [before(index) for index in range(len(EVERY))] == [world() for world in EVERY]


OF_CHIPS = (
    *(
        "NVIDIA A100",
        "Tesla V100",
        "NVIDIA H200",
        "Quadro RTX 5000",
        "NVIDIA GB10",
        "NVIDIA GeForce RTX 5090",
        "NVIDIA GeForce RTX 5060 Ti",
        "NVIDIA GeForce RTX 5090",
        "NVIDIA RTX PRO 6000 Blackwell",
        "NVIDIA L40S",
    ),
    *(
        "NVIDIA GeForce RTX 4090",
        "NVIDIA GeForce RTX 3090",
        "Tesla P40",
        "AMD Radeon RX 6700 XT",
        "AMD Instinct MI300X",
        "AMD Radeon RX 9070",
        "AMD Radeon RX 9070",
    ),
    *("AMD Radeon RX 7900 XTX", "AMD Radeon RX 7900 XTX", "Radeon 8060S Graphics", "Radeon 8060S Graphics"),
    *(
        "Intel Arc B580",
        "Intel(R) Arc(TM) A770 Graphics",
        "Intel(R) Graphics (MTL)",
        BATTLEMAGE,
        "Intel Arc B580",
    ),
    *("Apple M5", "Apple M2 Ultra", "Apple M3"),
)
"""A card of each family of chips, in the order of the table."""


@pytest.mark.parametrize(
    "index",
    range(len(CHIPS)),
    ids=[f"{card} {chip.backend}".strip() for card, chip in zip(OF_CHIPS, CHIPS, strict=True)],
)
def test_every_figure_of_a_chip_is_its_cards(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{CHIPS[index].backend or 'Vulkan'}0"

    def rates() -> DeviceRates:
        return device_rates(
            Device(name, GIB, GIB, description=OF_CHIPS[index], bandwidth=10**12, compute=1e14)
        )

    usual, chip = rates(), CHIPS[index]
    figures = {name: value for name, value in chip._asdict().items() if isinstance(value, Constant)}
    for name, value in figures.items():
        changed = chip._replace(**{name: other(value)})
        monkeypatch.setattr(constants, "CHIPS", (*CHIPS[:index], changed, *CHIPS[index + 1 :]))
        assert usual != rates(), name
