"""Every constant of the prediction moves one: a term that is lost, or a constant that nothing reads, would leave its own without a say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from math import inf
from typing import Any

import pytest

from moefit.cost import constants, predict
from moefit.cost.constants import CHIPS, ByBackend, Constant
from moefit.cost.rates import DeviceRates, device_rates
from moefit.cost.work import work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Device, Machine, Ram
from moefit.memory.moe_cache import groups
from moefit.placement.types import Placement
from tests.oracle import model

GIB = 1 << 30
DESKTOP, SERVER = "AMD Ryzen 9 7950X", "AMD EPYC 9354"
SMALL = "Intel(R) N100"
LAPTOP = "Intel(R) Core(TM) i7-1360P"
COPYING = Settings(16384, slots=1, ubatch=2048, load_mode="none")
MAPPED = Settings(16384, slots=1)


def seconds(
    name: str,
    *cards: str,
    host: tuple[str, int, int | None] = (DESKTOP, 8, 60 * 10**9),
    moved: int = 1000,
    layers: int = 0,
    settings: Settings = COPYING,
    latency: float | None = None,
    **memory: Any,
) -> object:
    """What a launch is predicted to take, term by term: the first `layers` layers on the CPU, the experts of the last `moved`, too.

    `host` is its processor, cores and bytes a second. All of it is made anew: rates are remembered for the device and the machine that they are of.
    """
    of = model(name, "MXFP4" if "gpt-oss" in name else "Q4_K_M")
    processor, cores, bandwidth = host
    gpus = tuple(replace(gpu, latency=latency) for gpu in parse_gpus(list(cards)))
    ram = replace(Ram(512 * GIB, 512 * GIB, bandwidth), **memory)
    machine = Machine(gpus, ram, Cpu(cores, cores, processor, virtual=processor == SERVER))
    split = [slot * len(gpus) // of.slots if gpus and slot >= layers else CPU for slot in range(of.slots)]
    elsewhere = of.layers[max(0, len(of.layers) - moved) :] if gpus else ()
    placement = Placement(tuple(split), {t.name: CPU for layer in elsewhere for t in layer.experts})
    cached = groups(of, gpus, settings, placement) if settings.moe_cache else ()
    made = predict(work_of(of), machine, gpus, settings, placement, Workload(2048, 512), cached=cached)
    return made.terms, made.ready, made.hit_rate


def of_backend(backend: str, more: str = ",compute=100T") -> str:
    return f"name={backend},free=64GiB,bandwidth=900GB/s{more}"


QWEN, OSS, NEXT, DENSE = "qwen3-30b-a3b", "gpt-oss-120b", "qwen3-next-80b-a3b", "qwen3-14b"
CARD = "rtx-3090"
Q8_0 = {"cache_type_k": "q8_0", "cache_type_v": "q8_0"}
BACKENDS = ("CUDA", "ROCm", "Vulkan", "MTL", "SYCL", "RPC", "CANN")
WORLDS: tuple[Callable[[], object], ...] = (
    *(partial(seconds, QWEN, of_backend(f"{name}0"), moved=12) for name in BACKENDS),
    partial(seconds, QWEN, CARD),
    partial(seconds, QWEN, "h200", host=(SERVER, 32, None), settings=MAPPED),
    partial(seconds, QWEN, host=(SERVER, 32, None)),
    partial(seconds, QWEN, host=("AMD EPYC 9554", 8, 400 * 10**9)),
    partial(seconds, QWEN, host=(LAPTOP, 8, None), settings=MAPPED),
    partial(seconds, QWEN, host=(SMALL, 4, None)),
    partial(seconds, QWEN, CARD, available=8 * GIB, settings=MAPPED),
    partial(seconds, QWEN, CARD, host=(DESKTOP, 8, 20 * 10**9), settings=MAPPED),
    partial(seconds, QWEN, CARD, settings=replace(COPYING, threads=16)),
    partial(seconds, QWEN, CARD, bandwidth_by_threads=((1, 20 * 10**9), (8, 55 * 10**9))),
    partial(seconds, QWEN, CARD, settings=replace(COPYING, moe_cache=6 * GIB)),
    partial(seconds, OSS, "rtx-5090", settings=replace(COPYING, moe_cache=6 * GIB)),
    partial(seconds, OSS, "rtx-3060", moved=0),
    partial(seconds, OSS, "rx-9070-xt", moved=0),
    partial(seconds, DENSE, "mi50-32gb", moved=0),
    partial(seconds, NEXT, CARD, CARD),
    partial(seconds, DENSE, CARD, layers=20),
    partial(seconds, DENSE, CARD, layers=20, settings=replace(MAPPED, host_buffers=False)),
    partial(seconds, DENSE, of_backend("CUDA0", ""), moved=0),
    partial(seconds, QWEN, of_backend("RPC0"), latency=0.001),
    partial(seconds, "deepseek-v3.1", of_backend("ROCm0"), moved=12),
    partial(seconds, "deepseek-v3.1", CARD, moved=12, settings=replace(COPYING, **Q8_0)),
    partial(seconds, DENSE, CARD, moved=0, settings=replace(COPYING, **Q8_0)),
    *(
        partial(seconds, DENSE, of_backend(f"{name}0"), moved=0, settings=replace(COPYING, **Q8_0))
        for name in ("CUDA", "ROCm", "Vulkan")
    ),
    partial(
        seconds,
        "qwen3.5-9b",
        CARD,
        moved=0,
        settings=replace(MAPPED, mtp=True, draft_tokens=2, model_draft_tokens=2),
    ),
    *(partial(seconds, QWEN, of_backend(f"{name}0"), settings=MAPPED) for name in ("ROCm", "Vulkan", "CANN")),
    *(
        partial(
            seconds,
            DENSE,
            of_backend(f"{name}0"),
            of_backend(f"{name}1"),
            settings=replace(COPYING, split_mode="tensor"),
        )
        for name in ("CUDA", "ROCm", "Vulkan")
    ),
)


def other(value: Constant) -> Constant:
    """Another value of a constant; of none at all, and of no limit, one that counts."""
    return (
        Constant(1e-4 if value == 0 else 1.0, value.unit, value.source)
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


@cache
def before(index: int) -> object:
    return WORLDS[index]()


@pytest.mark.parametrize("name", TURNED)
def test_every_constant_moves_a_prediction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [before(index) for index in range(len(WORLDS))]
    TURNED[name](monkeypatch)
    assert any(world() != told for world, told in zip(WORLDS, every, strict=True))


def test_launches_that_nothing_changed_are_predicted_the_same() -> None:
    assert [before(index) for index in range(len(WORLDS))] == [world() for world in WORLDS]


OF_CHIPS = (
    *(
        "NVIDIA A100",
        "NVIDIA H200",
        "Quadro RTX 5000",
        "NVIDIA GB10",
        "NVIDIA GeForce RTX 5090",
        "NVIDIA L40S",
    ),
    *(
        "NVIDIA GeForce RTX 4090",
        "NVIDIA GeForce RTX 3090",
        "Tesla P40",
        "AMD Instinct MI300X",
        "AMD Radeon RX 9070",
    ),
    *("AMD Radeon RX 7900 XTX", "Radeon 8060S Graphics", "Intel Arc B580", "Apple M5", "Apple M3"),
)
"""A card of each family of chips, in the order of the table."""


@pytest.mark.parametrize("index", range(len(CHIPS)), ids=OF_CHIPS)
def test_every_figure_of_a_chip_is_its_cards(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def rates() -> DeviceRates:
        return device_rates(
            Device("CUDA0", GIB, GIB, description=OF_CHIPS[index], bandwidth=10**12, compute=1e14)
        )

    usual, chip = rates(), CHIPS[index]
    figures = {name: value for name, value in chip._asdict().items() if isinstance(value, Constant)}
    for name, value in figures.items():
        changed = chip._replace(**{name: other(value)})
        monkeypatch.setattr(constants, "CHIPS", (*CHIPS[:index], changed, *CHIPS[index + 1 :]))
        assert usual != rates(), name
