"""Where the probe of flash attention is left out, it would have said the same."""

import random
from copy import copy
from dataclasses import replace

import pytest

from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers
from moefit.memory.graph import peaks
from moefit.placement.types import Placement
from tests import oracle
from tests.drawn import SEED, several

MODELS = (
    ("qwen3-30b-a3b", "Q4_K_M"),
    ("gpt-oss-20b", "MXFP4"),
    ("deepseek-v2-lite", "Q4_K_M"),
    ("small-command-r", "Q4_K_M"),
    ("small-plamo", "Q4_K_M"),
    ("qwen3-next-80b-a3b", "Q4_K_M"),
    ("jamba-mini", "Q4_K_M"),
    ("nemotron-3-nano-30b-a3b", "Q4_K_M"),
    ("lfm2-8b-a1b", "Q4_K_M"),
)


def launches(model, count):
    """Random launches: layers on the CPU or on two devices, feed-forward tensors elsewhere, few slots or many."""
    draw = random.Random(f"{SEED} {model.name}")
    devices = (Device("CUDA0", 1 << 40, 1 << 40), Device("CUDA1", 1 << 40, 1 << 40))
    for _ in range(count):
        on_cpu, on_first = sorted(draw.randrange(model.slots + 1) for _ in range(2))
        on_cpu *= draw.choice((0, 1))
        slots = (CPU,) * on_cpu + (0,) * (on_first - on_cpu) + (1,) * (model.slots - on_first)
        ffn = [t.name for layer in model.layers for t in layer.tensors if ".ffn_" in t.name]
        moved = {
            name: draw.choice((CPU, CPU, 0, 1))
            for name in draw.sample(ffn, draw.choice((0, 0, 1, len(ffn) // 2)))
        }
        settings = Settings(
            context=8192,
            slots=draw.choice((1, 4, 32, 64)),
            kv_unified=True,
            op_offload_min_batch=draw.choice((2, 32)),
        )
        yield devices, settings, Placement(slots, moved)


@pytest.mark.parametrize(("name", "quant"), MODELS)
def test_a_graph_without_the_probe_is_the_one_with_it(name, quant, monkeypatch):
    model = oracle.model(name, quant)
    cases = list(launches(model, several(5, 200)))
    shortcut = [compute_buffers(copy(model), *case) for case in cases]
    monkeypatch.setattr(peaks, "_is_plain", lambda *_: False)
    assert [compute_buffers(copy(model), *case) for case in cases] == shortcut, f"seed {SEED}"


def test_a_layer_on_the_cpu_loses_flash_attention_to_a_device_that_takes_the_probe_over():
    model = oracle.model("qwen3-30b-a3b", "Q4_K_M")
    device = (Device("CUDA0", 1 << 40, 1 << 40),)
    half = Placement((CPU,) * 29 + (0,) * 20)
    many = Settings(context=32768, slots=32, kv_unified=True)
    [few_bytes] = compute_buffers(model, device, replace(many, slots=4), half).devices
    [many_bytes] = compute_buffers(model, device, many, half).devices
    assert many_bytes > 4 * few_bytes


@pytest.mark.parametrize(
    ("slots", "device", "host"), [(1, 290.00, 48.02), (32, 217.50, 18.02)], ids=["kept", "lost"]
)
def test_an_h100_kept_or_lost_flash_attention_with_these_buffers(slots, device, host):
    """MiB of llama-server's log, `-c 32768 -ngl 20 -np SLOTS`; with 32 it said that flash attention is not supported."""
    card = Device("CUDA0", 1 << 40, 1 << 40, description="NVIDIA H100 80GB HBM3")
    settings = Settings(context=32768, slots=slots, kv_unified=False)
    model = oracle.model("qwen3-30b-a3b", "Q4_K_M")
    found = compute_buffers(model, (card,), settings, Placement((CPU,) * 29 + (0,) * 20))
    mib = [round(size / 2**20, 2) for size in (*found.devices, found.host)]
    assert mib == [device, host]


def without_a_kernel():
    """A model whose windowed layers have values of 5 elements, which no kernel of ggml-cuda takes."""
    model = oracle.model("cohere2-moe", "Q4_K_M")
    values = {**model.hparams.values, "attention.value_length_swa": 5}
    return replace(model, hparams=replace(model.hparams, values=values))


def test_what_was_seen_of_a_devices_kernels_changes_no_answer():
    model = without_a_kernel()
    cases = list(launches(model, several(4, 100)))
    known = copy(model)
    assert [compute_buffers(copy(model), *case) for case in cases] == [
        compute_buffers(known, *case) for case in cases
    ], f"seed {SEED}"


def test_attention_that_no_kernel_takes_is_built_once(monkeypatch):
    model, built, old = without_a_kernel(), [], peaks.kept_graph

    def build(model, homes, batch, layers):
        built.append(batch.flash)
        return old(model, homes, batch, layers)

    monkeypatch.setattr(peaks, "kept_graph", build)
    devices = (Device("CUDA0", 1 << 40, 1 << 40),)
    for context in (4096, 8192, 16384):
        compute_buffers(model, devices, Settings(context=context), Placement((0,) * model.slots, {}))
    assert [True, False, False, False] == built
