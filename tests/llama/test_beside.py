"""Printed lines with a projector, a draft model or an adapter: the real program's buffers are the plan's."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from moefit.app.guest_headers import read_files
from moefit.cost.workload import Workload
from moefit.errors import InputError
from moefit.gguf.split import read_header
from moefit.llama.verify import verify
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.dummy_load import dummy_compute
from moefit.model import build
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.request import Options, Request
from tests.llama.harness import RpcDevices, serve
from tests.planning.worlds import launch

pytestmark = pytest.mark.llama

MIB = 1 << 20
GIB = 1 << 30
WIDTH, INNER, BLOCKS, IMAGE, PATCH = 256, 1024, 2, 448, 14
OPTIONS = Options(Workload(2048, 512), thorough=False)

SIZES = ((150, 120), (90, 200), (4000, 4000))
"""MiB that the two devices have beside their reserve."""
PLACES = (
    (),
    ("-dev", "RPC1,RPC0"),
    ("-dev", "RPC1"),
    ("-ts", "1,3"),
)


@pytest.fixture(scope="session")
def projector(tmp_path_factory) -> Path:
    """A projector of two blocks that llama.cpp loads, after gemma3's."""
    path = tmp_path_factory.mktemp("projector") / "mmproj.gguf"
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_string("general.type", "mmproj")
    writer.add_string("clip.projector_type", "gemma3")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.use_gelu", True)
    for key, number in {
        "image_size": IMAGE,
        "patch_size": PATCH,
        "embedding_length": WIDTH,
        "feed_forward_length": INNER,
        "projection_dim": 512,
        "block_count": BLOCKS,
        "attention.head_count": 4,
    }.items():
        writer.add_uint32(f"clip.vision.{key}", number)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    shapes = {
        "v.patch_embd.weight": (WIDTH, 3, PATCH, PATCH),
        "v.patch_embd.bias": (WIDTH,),
        "v.position_embd.weight": ((IMAGE // PATCH) ** 2, WIDTH),
        "v.post_ln.weight": (WIDTH,),
        "v.post_ln.bias": (WIDTH,),
        "mm.input_projection.weight": (WIDTH, 512),
        "mm.soft_emb_norm.weight": (WIDTH,),
    }
    for i in range(BLOCKS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            shapes |= {f"v.blk.{i}.{name}.weight": (WIDTH, WIDTH), f"v.blk.{i}.{name}.bias": (WIDTH,)}
        for name in ("ln1", "ln2"):
            shapes |= {f"v.blk.{i}.{name}.weight": (WIDTH,), f"v.blk.{i}.{name}.bias": (WIDTH,)}
        shapes |= {
            f"v.blk.{i}.ffn_up.weight": (INNER, WIDTH),
            f"v.blk.{i}.ffn_up.bias": (INNER,),
            f"v.blk.{i}.ffn_down.weight": (WIDTH, INNER),
            f"v.blk.{i}.ffn_down.bias": (WIDTH,),
        }
    for name, shape in shapes.items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    _write(writer)
    return path


@pytest.fixture(scope="session")
def adapter(tmp_path_factory, small_model) -> Path:
    """An adapter of the small model's attention."""
    path = tmp_path_factory.mktemp("adapter") / "adapter.gguf"
    header = read_header(str(small_model))
    writer = gguf.GGUFWriter(path, str(header.metadata["general.architecture"]))
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 16.0)
    for tensor in header.tensors:
        if re.fullmatch(r"blk\.\d+\.attn_(q|output)\.weight", tensor.name):
            inside, outside = tensor.shape
            writer.add_tensor(f"{tensor.name}.lora_a", np.zeros((512, inside), np.float32))
            writer.add_tensor(f"{tensor.name}.lora_b", np.zeros((outside, 512), np.float32))
    _write(writer)
    return path


def _write(writer) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def request(rpc: RpcDevices, sizes, model: Path, *words: str) -> Request:
    """A line on the two devices, with so many MiB beside the reserve of each."""
    gpus = tuple(
        Device(f"RPC{i}", (size + 300) * MIB, 8 * GIB, buffer=buffer, bandwidth=(100 + 300 * i) * 10**9)
        for i, (size, buffer) in enumerate(zip(sizes, rpc.buffers, strict=True))
    )
    line = launch(("llama-server", "-m", str(model), *rpc.option, "-c", "4096", *words))
    wanted = line.constraints
    files = read_files(wanted, wanted.mmproj.path, wanted.draft.path)
    machine = Machine(gpus, Ram(16 * GIB, 16 * GIB, 20 * 10**9), Cpu(2, 2))
    return Request(build(str(model), read_header(str(model))), machine, line, OPTIONS, files)


def told(argv, environment):
    """What the real program says; an RPC server has one client at a time, and may still be busy with the one before."""
    for _ in range(2):
        try:
            return verify(argv, environment=environment)
        except InputError:
            time.sleep(2)
    return verify(argv, environment=environment)


def agrees(ours: int, real: int) -> bool:
    """Within the whole MiB to which llama.cpp cuts its figures."""
    return real <= ours <= real + 2 * MIB


def compared(made, real) -> dict[str, tuple[int, int]]:
    """Device and term -> predicted and real bytes, where they differ by a MiB. The real ones are a dummy load's."""
    found = {}
    devices = [d.device for d in made.devices]
    dummy = dummy_compute(made.model, devices, made.settings, made.placement).devices
    compute = {device.name: use.compute for device, use in zip(devices, dummy, strict=True)}
    for device in real.devices:
        plan_of = next((d for d in made.devices if d.device.name == device.name), None)
        use = replace(plan_of.use, compute=compute[device.name]) if plan_of else device.use.__class__()
        guests = plan_of.budget.guests if plan_of else 0
        for term in ("model", "context", "compute"):
            found[f"{device.name} {term}"] = getattr(use, term), getattr(device.use, term)
        found[f"{device.name} guests"] = guests, real.guests_on(device.name)
    return {name: pair for name, pair in found.items() if not agrees(*pair)}


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["mmproj", "draft", "both"])
def test_a_printed_lines_buffers_are_the_plans(
    kind, sizes, place, rpc: RpcDevices, model, small_model, projector, environment
):
    words = list(place)
    words += ["--mmproj", str(projector)] if kind != "draft" else []
    words += ["-md", str(small_model), "--spec-type", "draft-simple"] if kind != "mmproj" else []
    asked = request(rpc, sizes, model, *words)
    made = plan(asked)
    assert made.fits
    assert {} == compared(made, told(made.argv, environment))


@pytest.mark.parametrize("place", [(), ("-dev", "RPC1"), ("-ngl", "2"), ("-ts", "1,3")], ids=" ".join)
def test_an_adapters_buffers_are_the_plans(
    place, rpc: RpcDevices, small_model, adapter, environment, tmp_path
):
    asked = request(rpc, (4000, 4000), small_model, "--lora", str(adapter), *place)
    made = plan(asked)
    again = estimate(replace(asked, launch=launch(made.argv)))
    with serve(made.argv, tmp_path / "log", environment) as server:
        log = server.log.read_text(errors="replace")
    sizes = {
        buffer: float(size) for buffer, size in re.findall(r"(\S+) LoRA buffer size = +([\d.]+) MiB", log)
    }
    names = dict(zip(rpc.buffers, ("RPC0", "RPC1"), strict=True))
    real = {names.get(buffer, "CPU"): size for buffer, size in sizes.items() if size}
    ours = {guest.device: guest.total / MIB for guest in made.guests}
    assert made.guests == again.guests
    assert ours == pytest.approx(real, abs=1.0)
