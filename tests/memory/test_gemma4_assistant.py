"""Gemma 4's drafting blocks beside it: what the real llama.cpp takes, recorded with q8_0 caches of 131,072 tokens on a device that behaves as CUDA's."""

from dataclasses import replace

import pytest

from moefit.gguf.header import Header, Shard, SkippedArray, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.guests import draft
from moefit.model import build

GIB, MIB = 1 << 30, 1 << 20
CARD = Device("CUDA0", 12 * GIB, 12 * GIB)
LAUNCH = Settings(131072, slots=1, mtp=True, draft_tokens=3, cache_type_k="q8_0", cache_type_v="q8_0")
F32, Q8 = QUANTS[0], QUANTS[8]
NAME = "gemma4-assistant"
METADATA = {
    "general.architecture": NAME,
    f"{NAME}.block_count": 4,
    f"{NAME}.nextn_predict_layers": 4,
    f"{NAME}.context_length": 262144,
    f"{NAME}.embedding_length": 1024,
    f"{NAME}.embedding_length_out": 3840,
    f"{NAME}.feed_forward_length": 2048,
    f"{NAME}.attention.head_count": 16,
    f"{NAME}.attention.head_count_kv": (8, 8, 8, 1),
    f"{NAME}.attention.key_length": 512,
    f"{NAME}.attention.value_length": 512,
    f"{NAME}.attention.key_length_swa": 256,
    f"{NAME}.attention.value_length_swa": 256,
    f"{NAME}.attention.sliding_window": 1024,
    f"{NAME}.attention.sliding_window_pattern": (True, True, True, False),
    f"{NAME}.attention.shared_kv_layers": 4,
    f"{NAME}.attention.layer_norm_rms_epsilon": 1e-6,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": SkippedArray(262144),
}


def block(index):
    head = 512 if index == 3 else 256
    shapes = {
        "attn_norm": (1024,), "attn_q": (1024, 16 * head), "attn_output": (16 * head, 1024), "attn_q_norm": (head,),
        "post_attention_norm": (1024,), "layer_output_scale": (1,), "ffn_norm": (1024,), "ffn_gate": (1024, 2048),
        "ffn_up": (1024, 2048), "ffn_down": (2048, 1024), "post_ffw_norm": (1024,),
    }  # fmt: skip
    return {f"blk.{index}.{name}.weight": shape for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def model():
    shapes = {
        "token_embd.weight": (1024, 262144),
        "output_norm.weight": (1024,),
        "nextn.post_projection.weight": (1024, 3840),
        "rope_freqs.weight": (256,),
        "nextn.pre_projection.weight": (7680, 1024),
    }
    for index in range(4):
        shapes |= block(index)
    tensors = tuple(
        TensorInfo(name, shape, Q8 if len(shape) > 1 else F32, 0) for name, shape in shapes.items()
    )
    return build("mtp.gguf", Header(3, "little", METADATA, tensors, (Shard("mtp.gguf", None, 0),)))


def test_it_borrows_every_cache_and_computes_as_recorded(model):
    device, host = draft(model, [CARD], LAUNCH)
    output = 4 * 262144

    assert (0, 433.8) == (device.context, round(device.compute / MIB, 1))
    assert (0, 145.8) == (host.context, round((host.compute - output) / MIB, 1))


def test_it_reads_the_caches_of_the_model_whatever_its_own_type_would_be(model):
    own = replace(LAUNCH, draft_cache_type_k="q4_0", draft_cache_type_v="q4_0")

    assert draft(model, [CARD], LAUNCH) == draft(model, [CARD], own)


def test_its_figures_are_no_estimate(model):
    assert {""} == {guest.note for guest in draft(model, [CARD], LAUNCH)}
