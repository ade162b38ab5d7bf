"""Launches on machines of many kinds, and what they are predicted to take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace
from functools import cache, partial
from typing import Any

from moefit.cost import constants as c
from moefit.cost import op_offload_min_batch, predict
from moefit.cost.least import least
from moefit.cost.work import Work, work_of
from moefit.cost.workload import Workload
from moefit.launch.settings import Settings
from moefit.machine.declared import parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.memory.moe_cache import groups
from moefit.model import Model
from moefit.placement.types import Placement
from tests.oracle import model

GIB = 1 << 30
DESKTOP, SERVER = "AMD Ryzen 9 7950X", "AMD EPYC 9354"
SMALL = "Intel(R) N100"
XEON = "Intel Xeon Processor (SapphireRapids)"
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
) -> list[Any]:
    """What a launch is predicted to take, term by term, at least, and from which batch on copies pay: the first `layers` layers on the CPU, the experts of the last `moved`, too.

    `host` is its processor, cores and bytes a second. All of it is made anew: rates are remembered for the device and the machine that they are of.
    """
    of = _model(name)
    processor, cores, bandwidth = host
    gpus = tuple(replace(gpu, latency=latency) for gpu in parse_gpus(list(cards)))
    ram = replace(Ram(512 * GIB, 512 * GIB, bandwidth), **memory)
    machine = Machine(gpus, ram, Cpu(cores, cores, processor, virtual=processor in {SERVER, XEON}))
    split = [slot * len(gpus) // of.slots if gpus and slot >= layers else CPU for slot in range(of.slots)]
    elsewhere = of.layers[max(0, len(of.layers) - moved) :] if gpus else ()
    placement = Placement(tuple(split), {t.name: CPU for layer in elsewhere for t in layer.experts})
    cached = groups(of, gpus, settings, placement) if settings.moe_cache else ()
    asked, work = Workload(2048, 512), _work(name, _read())
    made = predict(work, machine, gpus, settings, placement, asked, cached=cached)
    rooms = [gpu.free // 4 for gpu in gpus]
    return [
        *([term.phase, term.name, term.place, rounded(term.seconds)] for term in made.terms),
        *map(rounded, (*made.ready, made.prefill_tokens_per_second, made.decode_tokens_per_second)),
        *(map(rounded, astuple(made.hit_rate)) if made.hit_rate else ()),
        rounded(least(work, machine, gpus, settings, asked, rooms)),
        op_offload_min_batch(work, machine, gpus, settings, placement) if gpus else 0,
    ]


def _read() -> str:
    """The constants that a model's work depends on, as they are turned: it is the same whatever the others are."""
    return repr((c.CORE_TIME, c.PLAIN_KERNELS))


@cache
def _work(name: str, _turned: str) -> Work:
    return work_of(_model(name))


def _model(name: str) -> Model:
    """By its name, and after a colon its quantisation where that is not the usual one."""
    of, _, quant = name.partition(":")
    return model(of, quant or ("MXFP4" if "gpt-oss" in of else "Q4_K_M"))


def rounded(value: float) -> float:
    """To what any processor's mathematics agree on."""
    return float(f"{value:.9g}")


def of_backend(backend: str, more: str = ",compute=100T") -> str:
    return f"name={backend},free=64GiB,bandwidth=900GB/s{more}"


QWEN, OSS, NEXT, DENSE = "qwen3-30b-a3b", "gpt-oss-120b", "qwen3-next-80b-a3b", "qwen3-14b"
CARD = "free=64GiB,bandwidth=900GB/s,compute=142T,link=25GB/s"
"""A card without a name: the figures of chips are no part of what it takes."""
Q8_0 = {"cache_type_k": "q8_0", "cache_type_v": "q8_0"}
BACKENDS = ("CUDA", "ROCm", "Vulkan", "MTL", "SYCL", "RPC", "CANN")
WORLDS: tuple[Callable[[], list[Any]], ...] = (
    *(partial(seconds, QWEN, of_backend(f"{name}0"), moved=12) for name in BACKENDS),
    partial(seconds, QWEN, CARD),
    partial(seconds, QWEN, CARD, host=(SERVER, 32, None), settings=MAPPED),
    partial(seconds, QWEN, host=(SERVER, 32, None)),
    partial(seconds, QWEN, host=("AMD EPYC 9554", 8, 400 * 10**9)),
    partial(seconds, QWEN, host=(LAPTOP, 8, None), settings=MAPPED),
    partial(seconds, QWEN, host=(SMALL, 4, None)),
    partial(seconds, QWEN, CARD, available=8 * GIB, settings=MAPPED),
    partial(seconds, QWEN, CARD, host=(DESKTOP, 8, 20 * 10**9), settings=MAPPED),
    partial(seconds, QWEN, CARD, settings=replace(COPYING, threads=16)),
    partial(seconds, QWEN, CARD, bandwidth_by_threads=((1, 20 * 10**9), (8, 55 * 10**9))),
    partial(seconds, QWEN, CARD, bandwidth_by_threads=((1, 9 * 10**9), (8, 55 * 10**9)), settings=MAPPED),
    partial(
        seconds, QWEN, CARD, host=(SERVER, 8, None), bandwidth_by_threads=((1, 9 * 10**9), (8, 55 * 10**9))
    ),
    partial(seconds, QWEN, CARD, settings=replace(COPYING, moe_cache=6 * GIB)),
    partial(seconds, OSS, CARD, settings=replace(COPYING, moe_cache=6 * GIB)),
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
