"""The figures of three launches and what lies below them, for one model of each architecture: what its layers keep, its parts, its bounds.

python -m tests.memory.terms --write      # after a change that is meant: see what moved, and why, before it is kept
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers
from moefit.memory.graph.context import Homes
from moefit.memory.graph.layers import alike, choose, kinds, largest_of_each_kind
from moefit.memory.hparams import hparams
from moefit.memory.ledger import ledger
from moefit.memory.moe_cache import moe_cache
from moefit.memory.reserve import page_tables, reserve
from moefit.memory.rough import rough_compute
from moefit.memory.tensor_split import tensor_split
from moefit.model import Model
from moefit.model.architectures import architecture
from moefit.placement.types import Placement
from tests import oracle
from tests.memory.built_graphs import graphs, scheduled
from tests.memory.figures import SMALLEST, figures, launches
from tests.memory.other_loads import OTHERS, dummy, modes, projectors

FILE = Path(__file__).parent / "terms.json"
KINDS = ("CUDA", "ROCm", "Vulkan", "MTL", "RPC")
MIB = 1 << 20


def cards(*names: str) -> list[Device]:
    return [Device(name, 80 << 30, 80 << 30) for name in names]


def kept(model: Model) -> dict[str, Any]:
    """What layers keep, runs of equal ones as one with their number."""
    found = {}
    for name, value in asdict(hparams(model)).items():
        if isinstance(value, (tuple, list)):
            found[name] = [
                [len(list(run)), list(one.values()) if isinstance(one, dict) else one]
                for one, run in groupby(value)
            ]
        elif value:
            found[name] = value
    return {name: value for name, value in found.items() if value}


def rough(model: Model) -> list[Any]:
    """The bound of compute buffers under each launch, and with other outputs."""
    every = [rough_compute(model, *launch) for launch in launches(model)]
    devices, settings, placement = next(launches(model))
    others = (
        replace(settings, program="llama-bench"),
        replace(settings, draft_tokens=3, slots=2),
        replace(settings, flash_attention="off", cache_type_k="q8_0", kv_offload=False),
    )
    return [*every, *(rough_compute(model, devices, one, placement) for one in others)]


def parts(model: Model) -> list[Any] | None:
    """Bytes of weights and caches on each device with -sm tensor."""
    found = []
    for names, split in (
        (("CUDA0", "CUDA1"), None),
        (("CUDA0", "ROCm0", "RPC0"), (3.0, 1.0, 2.5)),
        (("CUDA0", "CUDA1"), (1.0, 3.7)),
    ):
        slots = (CPU,) * (model.slots // 3) + (0,) * (model.slots - model.slots // 3)
        for placement in (
            Placement((0,) * model.slots),
            Placement(slots, {t.name: CPU for t in model.layers[-1].tensors[:2]}),
        ):
            one = tensor_split(model, cards(*names), Settings(4096, cache_type_k="q8_0"), placement, split)
            if one is None:
                return None
            found.append([[use.model, use.context, use.compute] for use in one.devices])
    return found  # fmt: skip


def kept_back(model: Model) -> list[Any]:
    """The reserve of a device of each kind, for two launches, and page tables."""
    wide = Settings(32768, ubatch=2048, slots=2, load_mode="none")
    return [
        [[term.name, term.bytes] for term in reserve(model, settings, device)]
        for device in cards(*(f"{kind}0" for kind in KINDS))
        for settings in (Settings(4096), wide, replace(wide, moe_cache=1 << 30))
    ] + [[term.bytes for term in page_tables(37 << 30, device)] for device in cards("CUDA0", "Vulkan0")]


def cached(model: Model) -> list[Any] | None:
    """The groups of expert caches of four sizes, with experts of all layers or of every second in RAM."""
    if not model.experts:
        return None
    found: list[Any] = []
    half = (0,) * (model.slots // 2) + (1,) * (model.slots - model.slots // 2)
    for size in (MIB, 64 * MIB, 4 << 30, 400 << 30):
        for step in (1, 2):
            moved = {t.name: CPU for layer in model.layers[::step] for t in layer.experts}
            settings = Settings(4096, moe_cache=size, tensor_split=(3.0, 1.0) if step == 1 else None)
            one = moe_cache(model, cards("CUDA0", "CUDA1"), settings, Placement(half, moved))
            found.append(
                one and [[[g.device, len(g.layers), g.slots, g.bytes] for g in one.groups], one.host]
            )
    return found


def sizes(model: Model) -> list[Any]:
    """What each slot costs a device, runs of equal ones as one."""
    slots = ledger(model, Settings(4096), cards("CUDA0", "Vulkan0")).slots
    every = [
        [s.base, s.expert_bytes, sum(n for _, n in s.ffn), len(s.matrices), [n for _, n in s.matrices]]
        for s in slots
    ]
    return [[len(list(run)), one] for one, run in groupby(every)]


def chosen(model: Model) -> list[Any]:
    """The layers that stand for all in a graph, and the kinds of all of them."""
    period, n = architecture(model.architecture).period, len(model.layers)
    moved = {t.name: 1 for layer in model.layers[n // 2 :] for t in layer.tensors[:3]}
    every = (
        Homes((0,) * n, 0, {}, 1),
        Homes((*(2,) * (n // 3), *(0,) * (n // 3), *(1,) * (n - 2 * (n // 3))), 1, {}, 2),
        Homes((0,) * n, 0, moved, 1),
        Homes((*(1,) * (n // 2), *(0,) * (n - n // 2)), 0, moved, 1),
    )
    return [
        *([runs(numbers(model, period)) for numbers in (kinds, alike)]),
        *(runs(largest_of_each_kind(model, homes, period)) for homes in every),
        *(
            runs(choose(model, homes, period, every_layer=False, pipelined=i > 1, sized=sized).layers)
            for i, homes in enumerate(every)
            for sized in (True, False)
        ),
    ]


def runs(numbers: Iterable[int]) -> list[int]:
    """Numbers as differences, which repeat."""
    every = list(numbers)
    return [b - a for a, b in zip([0, *every], every, strict=False)]


def buffers(model: Model) -> list[Any]:
    """Compute buffers of one of four launches that the figures do not have."""
    n = model.slots
    half = (*(CPU,) * (n // 2), *(0,) * (n - n // 2))
    experts = {t.name: CPU for layer in model.layers[1::2] for t in layer.experts}
    ends = {t.name: CPU for t in model.output[:1]}
    two = (*(0,) * (n // 2), *(1,) * (n - n // 2))
    every = (
        (("ROCm0", "ROCm1"), Settings(2048, ubatch=128, slots=2, kv_unified=False), Placement(two)),
        (("CUDA0", "CUDA1"), Settings(2048, ubatch=64, kv_offload=False, op_offload_min_batch=16), Placement(two, experts)),
        (("Vulkan0",), Settings(1024, ubatch=48, batch=48, op_offload=False, cache_type_k="q4_0"), Placement(half, ends)),
        (("CUDA0", "RPC0"), Settings(1024, ubatch=1, batch=1, slots=1, flash_attention="on"), Placement(two, experts)),
    )  # fmt: skip
    names, settings, placement = every[
        sum(model.architecture.encode()) % len(every)
    ]  # the same whatever other architectures there are
    one = compute_buffers(model, cards(*names), settings, placement)
    return [*one.devices, one.host, one.copies, *one.beyond_dummy]


QUICK: dict[str, Callable[[Model], Any]] = {
    "layers": kept,
    "sizes": sizes,
    "chosen": chosen,
    "cache": cached,
    "graphs": graphs,
    "scheduled": scheduled,
}
"""Terms that take milliseconds: they find what moved before the others are asked."""
FIGURES: dict[str, Callable[[Model], Any]] = {
    "one card": partial(figures, launch=0),
    "two cards": partial(figures, launch=1),
    "a server": partial(figures, launch=2),
}
SLOW: dict[str, Callable[[Model], Any]] = {
    "buffers": buffers,
    "parts": parts,
    "modes": modes,
    "dummy": dummy,
}
"""Terms that take, with the figures, three quarters of the time of all."""
TERMS: dict[str, Callable[[Model], Any]] = {
    **QUICK,
    "rough": rough,
    "reserve": kept_back,
    **OTHERS,
    **FIGURES,
    **SLOW,
}


def term(architecture: str, name: str) -> Any:
    """One term, as JSON has it."""
    model = SMALLEST[architecture]
    found = TERMS[name](oracle.model(model, min(oracle.models()[model]["types"])))
    return json.loads(json.dumps(found))


def everything() -> Iterator[tuple[str, dict[str, Any]]]:
    """All terms by architecture, and those of projectors, which have none."""
    yield "projectors", projectors()
    for name in sorted(SMALLEST):
        yield name, {what: term(name, what) for what in TERMS}


def main() -> None:
    """Print what moved; keep it with --write."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    found = dict(everything())
    for one, terms in found.items():
        for name, value in terms.items():
            if value != known.get(one, {}).get(name):
                print(one, name, known.get(one, {}).get(name), "->", value)  # noqa: T201 - a program's answer
    if "--write" in sys.argv:
        lines = ",\n".join(
            f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in found.items()
        )
        FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
