"""Six kinds of model in small: hyper-parameters and the tensors of a block, as llama.cpp's loaders ask for them.

source: src/models/{llama,qwen3moe,olmoe,openai-moe,dots1,granite-hybrid}.cpp, load_arch_hparams and load_arch_tensors
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gguf

if TYPE_CHECKING:
    from collections.abc import Iterator

Quant = gguf.GGMLQuantizationType
Tensor = tuple[str, tuple[int, ...], Quant]
"""Name, shape with the row length first, type."""

ARCHITECTURES = ("qwen3moe", "olmoe", "gpt-oss", "llama", "dots1", "granitehybrid")
"""gpt-oss has a sliding window, llama is dense, dots1 has a leading dense block and shared experts, granitehybrid recurrent blocks."""
CONVOLUTION, STATE, SSM_HEAD = 4, 64, 64
"""Of a recurrent block: cells of its convolution, of its state, and values of a head."""
ATTENTION_EVERY = 4
"""Of a hybrid's blocks, the second of so many attends; the others are recurrent."""


@dataclass(frozen=True)
class Size:
    """Dimensions of a model."""

    layers: int
    embedding: int
    heads: int
    kv_heads: int
    head: int
    experts: int
    used: int
    expert_ffn: int
    vocabulary: int

    @property
    def inner(self) -> int:
        """Values of a recurrent block: Granite's are twice the embedding."""
        return 2 * self.embedding

    @property
    def convolved(self) -> int:
        """Those and the two of the state that it convolves."""
        return self.inner + 2 * STATE


def metadata(architecture: str, s: Size) -> dict[str, Any]:
    """Hyper-parameters, keys with the architecture in front."""
    keys: dict[str, Any] = {
        "block_count": s.layers,
        "context_length": 32768,
        "embedding_length": s.embedding,
        "feed_forward_length": s.expert_ffn,
        "attention.head_count": s.heads,
        "attention.head_count_kv": s.kv_heads,
        "attention.key_length": s.head,
        "attention.value_length": s.head,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.freq_base": 10000.0,
        "rope.dimension_count": s.head,
        "vocab_size": s.vocabulary,
        **_own(architecture, s),
    }
    if architecture != "llama":
        keys |= {"expert_count": s.experts, "expert_used_count": s.used}
    if architecture not in {"llama", "olmoe", "granitehybrid"}:
        keys["expert_feed_forward_length"] = s.expert_ffn
    return {f"{architecture}.{key}": value for key, value in keys.items()}


def _own(architecture: str, s: Size) -> dict[str, Any]:
    """What only one architecture has."""
    if architecture == "gpt-oss":
        return {"attention.sliding_window": 128}
    if architecture == "dots1":
        return {
            "leading_dense_block_count": 1,
            "expert_shared_count": 1,
            "expert_gating_func": 2,
            "expert_weights_scale": 1.0,
        }
    if architecture == "granitehybrid":
        heads = [s.kv_heads if _attends(layer) else 0 for layer in range(s.layers)]
        return {
            "attention.head_count_kv": heads,
            "expert_shared_feed_forward_length": s.expert_ffn,
            "ssm.conv_kernel": CONVOLUTION,
            "ssm.inner_size": s.inner,
            "ssm.state_size": STATE,
            "ssm.time_step_rank": s.inner // SSM_HEAD,
            "ssm.group_count": 1,
        }
    return {}


def _attends(layer: int) -> bool:
    return layer % ATTENTION_EVERY == 1


def block(architecture: str, s: Size, layer: int) -> Iterator[Tensor]:
    """The tensors of one block."""
    yield "attn_norm.weight", (s.embedding,), Quant.F32
    if architecture == "granitehybrid" and not _attends(layer):
        yield from _recurrence(s)
    else:
        yield from _attention(architecture, s)
    name = "post_attention_norm" if architecture == "gpt-oss" else "ffn_norm"
    yield f"{name}.weight", (s.embedding,), Quant.F32
    if architecture == "llama" or (architecture == "dots1" and layer == 0):
        yield from _dense(s, "")
    else:
        yield from _experts(architecture, s)
        if architecture in {"dots1", "granitehybrid"}:
            yield from _dense(s, "_shexp")


def _attention(architecture: str, s: Size) -> Iterator[Tensor]:
    q, kv = s.heads * s.head, s.kv_heads * s.head
    yield "attn_q.weight", (s.embedding, q), Quant.Q8_0
    yield "attn_k.weight", (s.embedding, kv), Quant.Q8_0
    yield "attn_v.weight", (s.embedding, kv), Quant.Q8_0
    yield "attn_output.weight", (q, s.embedding), Quant.Q8_0
    if architecture == "gpt-oss":
        yield "attn_sinks.weight", (s.heads,), Quant.F32
        for name, length in (("attn_q", q), ("attn_k", kv), ("attn_v", kv), ("attn_output", s.embedding)):
            yield f"{name}.bias", (length,), Quant.F32
    elif architecture in {"qwen3moe", "olmoe", "dots1"}:
        whole = architecture == "olmoe"
        yield "attn_q_norm.weight", (q if whole else s.head,), Quant.F32
        yield "attn_k_norm.weight", (q if whole else s.head,), Quant.F32


def _recurrence(s: Size) -> Iterator[Tensor]:
    heads = s.inner // SSM_HEAD
    yield "ssm_in.weight", (s.embedding, s.inner + s.convolved + heads), Quant.Q8_0
    yield "ssm_conv1d.weight", (CONVOLUTION, s.convolved), Quant.F32
    yield "ssm_conv1d.bias", (s.convolved,), Quant.F32
    yield "ssm_dt.bias", (heads,), Quant.F32
    yield "ssm_a", (1, heads), Quant.F32
    yield "ssm_d", (1, heads), Quant.F32
    yield "ssm_norm.weight", (s.inner, 1), Quant.F32
    yield "ssm_out.weight", (s.inner, s.embedding), Quant.Q8_0


def _dense(s: Size, kind: str) -> Iterator[Tensor]:
    yield f"ffn_gate{kind}.weight", (s.embedding, s.expert_ffn), Quant.Q4_K
    yield f"ffn_up{kind}.weight", (s.embedding, s.expert_ffn), Quant.Q4_K
    yield f"ffn_down{kind}.weight", (s.expert_ffn, s.embedding), Quant.Q6_K


def _experts(architecture: str, s: Size) -> Iterator[Tensor]:
    up, down = (Quant.MXFP4, Quant.MXFP4) if architecture == "gpt-oss" else (Quant.Q4_K, Quant.Q6_K)
    yield "ffn_gate_inp.weight", (s.embedding, s.experts), Quant.F32
    yield "ffn_gate_exps.weight", (s.embedding, s.expert_ffn, s.experts), up
    yield "ffn_up_exps.weight", (s.embedding, s.expert_ffn, s.experts), up
    yield "ffn_down_exps.weight", (s.expert_ffn, s.embedding, s.experts), down
    if architecture == "gpt-oss":
        yield "ffn_gate_inp.bias", (s.experts,), Quant.F32
        for name, length in (("gate", s.expert_ffn), ("up", s.expert_ffn), ("down", s.embedding)):
            yield f"ffn_{name}_exps.bias", (length, s.experts), Quant.F32
