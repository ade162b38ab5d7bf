"""How often a token goes from place to place is what the real llama.cpp splits its graph into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from moefit.cost.ways import ways
from moefit.cost.work import work_of
from moefit.gguf.split import read_header
from moefit.machine.types import CPU
from moefit.model import build
from moefit.placement.types import Placement
from tests.llama.conftest import make_model
from tests.llama.harness import RpcDevices, free_port, rpc_server, serve

KINDS = ("qwen3moe", "gpt-oss", "dots1", "granitehybrid", "llama")
THIRDS = (0, 0, 0, 1, 1, 1, 2, 2, 2)
LAYOUTS = {
    "whole layers": (THIRDS, {}),
    "layers on the CPU": ((CPU, CPU, CPU, 0, 0, 1, 1, 2, 2), {}),
    "experts on the CPU, at the ends of runs too": (THIRDS, {"blk.[1256].ffn_.*_exps": CPU}),
    "experts on another device": (THIRDS, {"blk.5.ffn_.*_exps": 0, "blk.[12].ffn_(up|gate)_exps": CPU}),
    "the next device's": (THIRDS, {"blk.[25].ffn_down_exps": 2}),
    "biases left behind": (THIRDS, {"blk.[124].ffn_.*_exps[.]weight": CPU}),
}
"""Slots, and patterns with where they put what they match."""


@pytest.fixture(scope="module")
def three(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpcDevices]:
    """Three GPU-like devices."""
    logs = tmp_path_factory.mktemp("three")
    with ExitStack() as stack:
        started = (rpc_server(llama / "ggml-rpc-server", free_port(), logs / f"{n}.log") for n in range(3))
        yield RpcDevices(tuple(map(stack.enter_context, started)))


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of eight layers of every kind."""
    path = tmp_path_factory.mktemp("kind") / f"{request.param}.gguf"
    make_model(path, "--size", "tiny", "--layers", "8", "--architecture", request.param)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_way_is_a_split_of_the_graph(
    layout: str, kind: Path, three: RpcDevices, llama: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    slots, moved = LAYOUTS[layout]
    model = build(str(kind), read_header(str(kind)))
    patterns = [(re.compile(pattern), place) for pattern, place in moved.items()]
    found = ((t.name, next((p for r, p in patterns if r.search(t.name)), None)) for t in model.tensors)
    placement = Placement(slots, {name: place for name, place in found if place is not None})

    split = ",".join(str(slots.count(device)) for device in range(3))
    offloaded = len(slots) - slots.count(CPU)
    where = {CPU: "CPU", **dict(enumerate(three.buffers))}
    overrides = ",".join(f"{pattern}={where[place]}" for pattern, place in moved.items())
    words = ["-ngl", str(offloaded), "-ts", split, *(["-ot", overrides] if overrides else [])]
    line = [llama / "llama-server", "-m", kind, *three.option, "-c", "2048", "-np", "1", "--fit", "off"]
    log = tmp_path / "log"
    with serve([*line, "-t", "1", *words], log, environment):
        said = re.search(r"graph: .*splits = (\d+)", log.read_text(errors="replace"))

    assert said is not None
    assert int(said[1]) == ways(work_of(model), placement).splits(slots[0])
