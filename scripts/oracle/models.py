"""Hyper-parameters of architectures to record: realistic where the architecture has mixture-of-experts models, small elsewhere.

llama.cpp itself says which tensors such a model has (shapes.cpp). A value is written as GGUF has it: int, float, bool, str or a
list; keys get the architecture's prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

EVERYWHERE: Mapping[str, Any] = {
    "context_length": 131072,
    "attention.layer_norm_epsilon": 1e-5,
    "attention.layer_norm_rms_epsilon": 1e-5,
    "attention.group_norm_epsilon": 1e-5,
    "attention.group_norm_groups": 8,
    "rope.freq_base": 10000.0,
    "logit_scale": 1.0,
    "residual_scale": 1.0,
    "embedding_scale": 1.0,
    "attention.scale": 1.0,
    "use_parallel_residual": False,
    "attention.clamp_kqv": 8.0,
    "attention.max_alibi_bias": 8.0,
    "expert_weights_scale": 1.0,
    "expert_weights_norm": True,
    "expert_gating_func": 2,
    "expert_group_scale": 1.0,
    "experts_per_group": 1,
    "interleave_moe_layer_step": 1,
    "xielu.alpha_n": 1.0,
    "xielu.alpha_p": 1.0,
    "xielu.beta": 1.0,
    "xielu.eps": 1e-6,
}
"""Keys that change no shape; some architecture or other wants each of them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One model to record."""

    name: str
    architecture: str
    vocab: int
    metadata: Mapping[str, Any]
    keep: str = ""
    """Optional tensors that a real file has: a regular expression. Biases and scales are left out otherwise."""
    tied: bool = False
    """A real file has no output.weight."""
    cuts: Mapping[str, str] = field(default_factory=dict)
    """Tensors that a real file lacks: pattern -> why."""
    adds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Tensors that shapes.cpp cannot tell of: name -> shape."""


def attention(
    layers: int, width: int, heads: int, kv_heads: int, head: int = 128, **more: Any
) -> dict[str, Any]:
    """Grouped-query attention."""
    return {
        "block_count": layers,
        "embedding_length": width,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
        "attention.key_length": head,
        "attention.value_length": head,
        "rope.dimension_count": head,
        **_keys(more),
    }


def latent(layers: int, width: int, heads: int, kv_heads: Any = 1, **more: Any) -> dict[str, Any]:
    """Multi-head latent attention with the compressed cache."""
    return {
        "block_count": layers,
        "embedding_length": width,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
        "attention.key_length": 576,
        "attention.value_length": 512,
        "attention.key_length_mla": 192,
        "attention.value_length_mla": 128,
        "attention.kv_lora_rank": 512,
        "attention.q_lora_rank": 1536,
        "rope.dimension_count": 64,
        **_keys(more),
    }


def experts(
    count: int, used: int, length: int, dense: int = 0, leading: int = 0, shared: int = 0
) -> dict[str, Any]:
    """A mixture of experts."""
    return {
        "expert_count": count,
        "expert_used_count": used,
        "expert_feed_forward_length": length,
        "feed_forward_length": dense or length,
        "leading_dense_block_count": leading,
        "expert_shared_count": shared,
        "expert_shared_feed_forward_length": shared * length,
    }


def state_space(inner: int, state: int, rank: int, groups: int = 1, kernel: int = 4) -> dict[str, Any]:
    """Mamba, Mamba-2 and the gated delta net."""
    return {
        "ssm.conv_kernel": kernel,
        "ssm.inner_size": inner,
        "ssm.state_size": state,
        "ssm.time_step_rank": rank,
        "ssm.group_count": groups,
    }


def indexer(heads: int, size: int = 128, top: int = 2048) -> dict[str, Any]:
    """The lightning indexer of sparse attention."""
    return {
        "attention.indexer.head_count": heads,
        "attention.indexer.key_length": size,
        "attention.indexer.top_k": top,
        "attention.indexer.block_size": 128,
        "attention.indexer.local_blocks": 1,
    }


def every(layers: int, period: int, hit: int, miss: int) -> list[int]:
    """`hit` for the last layer of each period, `miss` for the others."""
    return [hit if (i + 1) % period == 0 else miss for i in range(layers)]


def _keys(more: Mapping[str, Any]) -> dict[str, Any]:
    return {key.replace("__", "."): value for key, value in more.items()}


MOE = [
    Recorded(
        "minimax-m2",
        "minimax-m2",
        200064,
        attention(62, 3072, 48, 8, rope__dimension_count=64) | experts(256, 8, 1536),
    ),
    Recorded(
        "kimi-linear-48b-a3b",
        "kimi-linear",
        163840,
        latent(27, 2304, 32, every(27, 4, 1, 0), kda__head_dim=128, ssm__conv_kernel=4)
        | experts(256, 8, 1024, dense=9216, leading=1, shared=1),
    ),
    Recorded(
        "ernie-4.5-21b-a3b",
        "ernie4_5-moe",
        103424,
        attention(28, 2560, 20, 4) | experts(64, 6, 1536, dense=12288, leading=1, shared=2),
        tied=True,
    ),
    Recorded(
        "k2-horizon-36b",
        "k2-horizon",
        163840,
        attention(
            48,
            2560,
            32,
            4,
            attention__group_norm_groups=8,
            attention__value_expert_count=16,
            attention__value_expert_used_count=2,
            expert_weights_norm=True,
            expert_weights_scale=2.5,
        )
        | experts(128, 8, 1024, dense=9216, leading=2, shared=1),
    ),
    Recorded(
        "qwen3-next-mtp",
        "qwen3next",
        151936,
        attention(
            49, 2048, 16, 2, 256, nextn_predict_layers=1, rope__dimension_count=64, full_attention_interval=4
        )
        | experts(512, 10, 512, shared=1)
        | state_space(4096, 128, 32, 16),
    ),
    Recorded(
        "glm-4.7-flash",
        "deepseek2",
        154880,
        latent(
            48,
            2048,
            20,
            attention__key_length_mla=256,
            attention__value_length_mla=256,
            attention__q_lora_rank=768,
            nextn_predict_layers=1,
        )
        | experts(64, 4, 1536, dense=10240, leading=1, shared=1),
    ),
    Recorded(
        "dots1",
        "dots1",
        152064,
        attention(62, 4096, 32, 32) | experts(128, 6, 1408, dense=10944, leading=1, shared=2),
    ),
    Recorded(
        "glm-4.6",
        "glm4moe",
        151552,
        attention(93, 5120, 96, 8, rope__dimension_count=64, nextn_predict_layers=1)
        | experts(160, 8, 1536, dense=12288, leading=3, shared=1),
        keep=r"attn_[qkv]\.bias",
    ),
    Recorded(
        "deepseek-v3.2",
        "deepseek32",
        129280,
        latent(62, 7168, 128, nextn_predict_layers=1)
        | experts(256, 8, 2048, dense=18432, leading=3, shared=1)
        | indexer(64),
        keep="exp_probs_b",
    ),
    Recorded(
        "glm-5",
        "glm-dsa",
        154880,
        latent(
            79,
            6144,
            64,
            nextn_predict_layers=1,
            attention__key_length_mla=256,
            attention__value_length_mla=256,
            attention__q_lora_rank=2048,
        )
        | experts(256, 8, 2048, dense=12288, leading=3, shared=1)
        | indexer(32),
        keep="exp_probs_b",
    ),
    Recorded(
        "step-3.5-flash",
        "step35",
        128896,
        attention(
            48,
            4096,
            [96 if i % 4 else 64 for i in range(48)],
            8,
            attention__sliding_window=512,
            attention__sliding_window_pattern=[int(i % 4 != 0) for i in range(48)],
            nextn_predict_layers=3,
        )
        | experts(288, 8, 1280, dense=11264, leading=3, shared=1),
    ),
    Recorded(
        "mimo-v2-flash",
        "mimo2",
        152576,
        attention(
            51,
            4096,
            64,
            [4 if i % 6 == 5 or i == 0 else 8 for i in range(51)],
            192,
            attention__value_length=128,
            attention__sliding_window=128,
            attention__sliding_window_pattern=[int(not (i % 6 == 5 or i == 0)) for i in range(48)]
            + [1, 1, 1],
            nextn_predict_layers=3,
            rope__dimension_count=64,
        )
        | experts(256, 8, 2048, dense=16384, leading=1),
    ),
    Recorded(
        "smallthinker-21b-a3b",
        "smallthinker",
        151936,
        attention(52, 2560, 28, 4, attention__sliding_window=4096) | experts(64, 6, 768),
    ),
    Recorded("grok-2", "grok", 131072, attention(64, 8192, 64, 8) | experts(8, 2, 16384, dense=32768)),
    Recorded(
        "jamba-mini",
        "jamba",
        65536,
        attention(32, 4096, 32, [8 if i % 8 == 4 else 0 for i in range(32)])
        | experts(16, 2, 14336)
        | state_space(8192, 16, 256, groups=0),
        cuts={
            r"blk\.\d*[02468]\.ffn_(gate_inp|\w+_exps)\.": "experts in odd blocks only",
        },
        adds={
            f"blk.{i}.ffn_{part}.weight": (14336, 4096) if part == "down" else (4096, 14336)
            for i in range(0, 32, 2)
            for part in ("gate", "up", "down")
        },
    ),
    Recorded("phi-3.5-moe", "phimoe", 32064, attention(32, 4096, 32, 8) | experts(16, 2, 6400)),
    Recorded("dbrx", "dbrx", 100352, attention(40, 6144, 48, 8) | experts(16, 4, 10752)),
    Recorded(
        "qwen1.5-moe-a2.7b",
        "qwen2moe",
        151936,
        attention(24, 2048, 16, 16) | experts(60, 4, 1408, dense=5632, shared=4),
    ),
    Recorded(
        "ling-3",
        "bailingmoe3",
        157184,
        latent(
            33,
            4096,
            32,
            [*every(32, 4, 1, 0), 1],
            kda__head_dim=128,
            kda__gate_lower_bound=-5.0,
            ssm__conv_kernel=4,
            nextn_predict_layers=1,
        )
        | experts(256, 8, 1024, dense=9216, leading=1, shared=1),
    ),
    Recorded(
        "kimi-k3",
        "kimi-k3",
        163840,
        latent(
            32,
            4096,
            32,
            every(32, 4, 1, 0),
            kda__head_dim=128,
            ssm__conv_kernel=4,
            expert_latent_length=2048,
            attn_res__block_size=8,
            activation__situ_beta=4.0,
            activation__situ_linear_beta=25.0,
        )
        | experts(256, 8, 2048, dense=12288, leading=1, shared=1),
    ),
    Recorded(
        "minimax-m3",
        "minimax-m3",
        200064,
        attention(60, 4096, 64, 4, rope__dimension_count=64)
        | experts(128, 8, 2048, dense=12288, leading=3, shared=1)
        | indexer(4),
    ),
    Recorded(
        "minimax-text-01",
        "minimax-01",
        200064,
        attention(80, 6144, 64, 8, rope__dimension_count=64, residual_scale=3.5) | experts(32, 2, 9216),
    ),
    Recorded(
        "hunyuan-v3",
        "hy_v3",
        120832,
        attention(49, 4096, 64, 8, nextn_predict_layers=1)
        | experts(192, 8, 1536, dense=13312, leading=1, shared=1),
    ),
    Recorded(
        "hunyuan-v4",
        "hy_v4",
        120832,
        latent(
            40,
            4096,
            32,
            hyper_connection__count=4,
            hyper_connection__epsilon=1e-6,
            hyper_connection__magnitude=2.0,
            swiglu_clamp_exp=10.0,
        )
        | experts(192, 8, 1536, dense=13312, leading=1, shared=1)
        | indexer(32)
        | {"attention.indexer.types": [int(i % 4 == 0) for i in range(40)]},
    ),
    Recorded(
        "qwen4exp",
        "qwen4exp",
        248320,
        attention(
            49,
            2048,
            16,
            2,
            256,
            nextn_predict_layers=1,
            full_attention_interval=4,
            hyper_connection__count=4,
            hyper_connection__low_rank=8,
            hyper_connection__sinkhorn_iterations=2,
            hyper_connection__epsilon=1e-6,
            attention__compress_ratios=[4] * 49,
            rope__dimension_count=64,
            rope__dimension_sections=[11, 11, 10, 0],
        )
        | experts(512, 10, 512, shared=1)
        | state_space(4096, 128, 32, 16)
        | indexer(32, 256),
    ),
    Recorded(
        "exaone-moe",
        "exaone-moe",
        153600,
        attention(49, 6144, 64, 8, attention__sliding_window=128, nextn_predict_layers=1)
        | experts(128, 8, 2048, dense=18432, leading=1, shared=1),
        cuts={r"blk\.48\.(ffn_gate_inp|ffn_\w+_s?h?exps?|exp_probs_b)\.": "a dense nextn block"},
        adds={
            "blk.48.ffn_gate.weight": (6144, 18432),
            "blk.48.ffn_up.weight": (6144, 18432),
            "blk.48.ffn_down.weight": (18432, 6144),
        },
    ),
    Recorded(
        "afmoe",
        "afmoe",
        200192,
        attention(60, 3072, 48, 8, attention__sliding_window=4096)
        | experts(256, 4, 3072, dense=12288, leading=6, shared=1),
    ),
    Recorded(
        "laguna",
        "laguna",
        100352,
        attention(40, 2048, 48, 8, attention__sliding_window=512, rope__dimension_count=64)
        | experts(256, 8, 512, dense=8192, leading=1, shared=1),
    ),
    Recorded(
        "cohere2-moe",
        "cohere2moe",
        262144,
        attention(49, 4096, 64, 8, attention__sliding_window=4096, nextn_predict_layers=1)
        | experts(128, 8, 2048, dense=16384, leading=1, shared=1),
        tied=True,
    ),
    Recorded(
        "mistral-small-4",
        "mistral4",
        131072,
        latent(36, 4096, 32, attention__q_lora_rank=1024)
        | experts(128, 4, 2048, dense=12288, leading=0, shared=1),
    ),
    Recorded(
        "glm5-next",
        "glm5-next",
        154880,
        latent(
            49,
            4096,
            32,
            [*every(48, 4, 1, 0), 1],
            attention__key_length=512,
            rope__dimension_count=0,
            kda__head_dim=128,
            kda__gate_lower_bound=-5.0,
            ssm__conv_kernel=4,
            nextn_predict_layers=1,
            hyper_connection__count=4,
            hyper_connection__sinkhorn_iterations=2,
            hyper_connection__epsilon=1e-6,
            swiglu_clamp_exp=10.0,
            attention__indexer__kpool=4,
        )
        | experts(256, 8, 1536, dense=12288, leading=1, shared=1)
        | indexer(32),
    ),
    Recorded(
        "dots3-note",
        "dots3note",
        152064,
        latent(
            40,
            4096,
            32,
            attention__kv_lora_rank_swa=256,
            attention__key_length_swa=320,
            attention__value_length_swa=256,
            attention__key_length_mla_swa=192,
            attention__value_length_mla_swa=128,
            attention__sliding_window=512,
            attention__sliding_window_pattern=[int(i % 4 != 3) for i in range(40)],
            rope__freq_base_swa=10000.0,
        )
        | experts(128, 8, 1408, dense=10944, leading=1, shared=1)
        | indexer(32)
        | {"attention.indexer.types": [int(i % 4 == 3) for i in range(40)]},
    ),
    Recorded(
        "deepseek-v4",
        "deepseek4",
        129280,
        attention(
            43,
            4096,
            64,
            1,
            512,
            rope__dimension_count=64,
            attention__q_lora_rank=1024,
            attention__sliding_window=128,
            attention__compress_ratios=[0, 0, *(4 if i % 2 else 128 for i in range(41))],
            attention__compress_rope_freq_base=160000.0,
            attention__output_group_count=8,
            attention__output_lora_rank=1024,
            hyper_connection__count=4,
            hyper_connection__sinkhorn_iterations=20,
            hyper_connection__epsilon=1e-6,
            hash_layer_count=3,
            swiglu_clamp_exp=10.0,
            expert_gating_func=4,
        )
        | experts(256, 6, 2048, shared=1)
        | indexer(64, top=512),
    ),
    Recorded(
        "gpt-oss-small",
        "gpt-oss",
        201088,
        attention(12, 2880, 64, 8, 64, attention__sliding_window=128) | experts(16, 4, 2880),
    ),
    Recorded(
        "ling-1", "bailingmoe", 126464, attention(28, 2048, 16, 4) | experts(64, 6, 1408, leading=0, shared=2)
    ),
    Recorded(
        "ling-2-mtp",
        "bailingmoe2",
        157184,
        attention(33, 4096, 32, 8, nextn_predict_layers=1)
        | experts(256, 8, 1024, dense=9216, leading=1, shared=1),
        adds={"blk.32.layer_output_norm.weight": (4096,)},
    ),
    Recorded(
        "deepseek-moe-16b",
        "deepseek",
        102400,
        attention(28, 2048, 16, 16) | experts(64, 6, 1408, dense=10944, leading=1, shared=2),
    ),
    Recorded(
        "deepseek-ocr",
        "deepseek2-ocr",
        129280,
        attention(12, 1280, 10, 10) | experts(64, 6, 896, dense=6848, leading=1, shared=2),
    ),
    Recorded(
        "grovemoe",
        "grovemoe",
        151936,
        attention(48, 2048, 32, 4)
        | experts(128, 8, 768)
        | {"expert_chunk_feed_forward_length": 128, "expert_group_scale": 0.05, "experts_per_group": 2},
    ),
    Recorded("arctic", "arctic", 32000, attention(35, 7168, 56, 8) | experts(128, 2, 4864)),
    Recorded(
        "granite-3-moe", "granitemoe", 49155, attention(32, 1536, 24, 8, 64) | experts(40, 8, 512), tied=True
    ),
    Recorded(
        "qwen3-vl-30b-a3b",
        "qwen3vlmoe",
        151936,
        attention(48, 2048, 32, 4, rope__dimension_sections=[24, 20, 20, 0], n_deepstack_layers=3)
        | experts(128, 8, 768),
    ),
    Recorded(
        "maple",
        "maple",
        131072,
        attention(
            32,
            2048,
            32,
            4,
            attention__sliding_window=512,
            attention__sliding_window_pattern=[int(i % 4 != 3) for i in range(32)],
            swiglu_clamp_exp=7.0,
        )
        | experts(64, 4, 1024, shared=1),
    ),
    Recorded(
        "mellum",
        "mellum",
        98304,
        attention(28, 2304, 32, 4, attention__sliding_window=1024) | experts(64, 8, 896),
    ),
    Recorded(
        "nomic-moe",
        "nomic-bert-moe",
        250048,
        attention(12, 768, 12, 12, 64)
        | experts(8, 2, 3072)
        | {"moe_every_n_layers": 2, "tokenizer.ggml.token_type_count": 2},
    ),
    Recorded(
        "llama-moe-4x8b",
        "llama",
        128256,
        attention(32, 4096, 32, 8) | experts(4, 2, 14336),
        keep="rope_freqs",
    ),
    Recorded(
        "nemotron-3-mtp",
        "nemotron_h_moe",
        131072,
        attention(
            27,
            2688,
            32,
            [2 if i in {5, 12, 19, 26} else 0 for i in range(27)],
            nextn_predict_layers=1,
            attention__sliding_window=0,
        )
        | experts(128, 6, 1856, shared=2)
        | {"feed_forward_length": [1856 if i % 2 == 1 and i not in {5, 12, 19, 26} else 0 for i in range(27)]}
        | state_space(4096, 128, 64, 8),
    ),
]
"""Mixture-of-experts architectures, about their real sizes."""


def _small(name: str, build: Callable[..., dict[str, Any]] = attention, **more: Any) -> Recorded:
    suffix = "-mtp" if "nextn_predict_layers" in more else ""
    shape = {"layers": 8, "width": 1024, "heads": 16, "kv_heads": 4, "head": 64} | more
    return Recorded(f"small-{name}{suffix}", name, 32000, build(**shape) | {"feed_forward_length": 2816})


def _window(name: str, **more: Any) -> Recorded:
    return _small(name, attention__sliding_window=512, **more)


RWKV = {"block_count": 24, "embedding_length": 2048, "feed_forward_length": 7168, "wkv.head_size": 64}
"""RWKV's mix with a Qwen2's blocks."""

DENSE = [
    *map(
        _small,
        [
            "apertus",
            "arcee",
            "baichuan",
            "bitnet",
            "chameleon",
            "codeshell",
            "cogvlm",
            "command-r",
            "exaone",
            "falcon",
            "gemma",
            "glm4",
            "granite",
            "hunyuan-dense",
            "hunyuan_vl",
            "internlm2",
            "jais",
            "jais2",
            "llama",
            "llama-embed",
            "maincoder",
            "minicpm",
            "mistral3",
            "nemotron",
            "olmo",
            "orion",
            "paddleocr",
            "pangu-embedded",
            "phi2",
            "phi3",
            "plamo",
            "qwen",
            "qwen2",
            "qwen3",
            "refact",
            "seed_oss",
            "smollm3",
            "stablelm",
            "starcoder2",
            "talkie",
            "xverse",
            "ernie4_5",
            "gptneox",
            "mpt",
            "bloom",
            "starcoder",
            "gpt2",
        ],
    ),
    *map(_window, ["cohere2", "gemma2", "gemma3", "muse-glimmer", "olmo2", "plamo3", "exaone4"]),
    _window("spark2_5", attention__sliding_window_pattern=[1, 1, 1, 0] * 2),
    _window("granite_swa", attention__sliding_window_pattern=[1, 1, 1, 0] * 2),
    _small("glm4", nextn_predict_layers=1, layers=9),
    _window("exaone4", nextn_predict_layers=1, layers=65),
    _small("qwen2vl", rope__dimension_sections=[8, 12, 12, 0]),
    _small("qwen3vl", rope__dimension_sections=[8, 12, 12, 0]),
    Recorded(
        "gemma-3n-e2b",
        "gemma3n",
        262144,
        attention(
            30,
            2048,
            8,
            2,
            256,
            attention__sliding_window=512,
            embedding_length_per_layer_input=256,
            feed_forward_length=8192,
        ),
        tied=True,
    ),
    Recorded(
        "gemma-4-e2b",
        "gemma4",
        262144,
        attention(
            35,
            1536,
            8,
            1,
            512,
            attention__key_length_swa=256,
            attention__value_length_swa=256,
            attention__sliding_window=512,
            attention__sliding_window_pattern=[int((i + 1) % 5 != 0) for i in range(35)],
            attention__shared_kv_layers=20,
            embedding_length_per_layer_input=256,
            feed_forward_length=6144,
            rope__freq_base_swa=10000.0,
        ),
        tied=True,
        keep="rope_freqs",
    ),
    Recorded(
        "qwen3.5-9b",
        "qwen35",
        248320,
        attention(
            33,
            4096,
            16,
            4,
            256,
            nextn_predict_layers=1,
            rope__dimension_count=64,
            rope__dimension_sections=[11, 11, 10, 0],
            feed_forward_length=12288,
        )
        | state_space(4096, 128, 32, 16),
    ),
    Recorded(
        "falcon-h1-3b",
        "falcon-h1",
        65536,
        attention(32, 2560, 10, 2, feed_forward_length=10240) | state_space(3072, 256, 24, 1),
    ),
    Recorded(
        "nemotron-h-8b",
        "nemotron_h",
        131072,
        attention(26, 4096, 32, [8 if i in {7, 18} else 0 for i in range(26)])
        | {
            "feed_forward_length": [21504 if i % 2 else 0 for i in range(7)]
            + [0]
            + [21504 if i % 2 == 0 else 0 for i in range(8, 18)]
            + [0]
            + [21504 if i % 2 else 0 for i in range(19, 26)]
        }
        | state_space(8192, 128, 128, 8),
    ),
    Recorded(
        "lfm2-1.2b",
        "lfm2",
        65536,
        attention(
            16,
            2048,
            32,
            [8 if i in {2, 5, 8, 10, 12, 14} else 0 for i in range(16)],
            64,
            shortconv__l_cache=3,
            feed_forward_length=8192,
        ),
        tied=True,
    ),
    Recorded(
        "lfm2-window",
        "lfm2",
        65536,
        attention(
            16,
            2048,
            32,
            [8 if i in {2, 5, 8, 10, 12, 14} else 0 for i in range(16)],
            64,
            shortconv__l_cache=3,
            feed_forward_length=8192,
            attention__sliding_window=512,
        ),
        tied=True,
    ),
    Recorded(
        "plamo-2-1b",
        "plamo2",
        100000,
        attention(16, 2048, 16, [1 if i % 2 else 0 for i in range(16)], feed_forward_length=8192)
        | state_space(4096, 64, 32, 0),
        tied=True,
    ),
    Recorded(
        "mamba-1",
        "mamba",
        50280,
        {"block_count": 24, "embedding_length": 2048, "feed_forward_length": 0, "attention.head_count": 0}
        | state_space(4096, 16, 128, 0),
    ),
    Recorded(
        "mamba-2",
        "mamba2",
        50280,
        {"block_count": 24, "embedding_length": 2048, "feed_forward_length": 0, "attention.head_count": 0}
        | state_space(4096, 128, 64, 1),
    ),
    Recorded(
        "rwkv6",
        "rwkv6",
        65536,
        {
            "block_count": 24,
            "embedding_length": 2048,
            "feed_forward_length": 7168,
            "attention.head_count": 0,
            "wkv.head_size": 64,
            "time_mix_extra_dim": 32,
            "time_decay_extra_dim": 64,
            "rescale_every_n_layers": 6,
        },
    ),
    Recorded(
        "rwkv7",
        "rwkv7",
        65536,
        {
            "block_count": 24,
            "embedding_length": 2048,
            "feed_forward_length": 8192,
            "attention.head_count": 0,
            "wkv.head_size": 64,
            "attention.decay_lora_rank": 96,
            "attention.iclr_lora_rank": 96,
            "attention.value_residual_mix_lora_rank": 64,
            "attention.gate_lora_rank": 256,
        },
    ),
    Recorded(
        "minicpm3-4b",
        "minicpm3",
        73448,
        attention(
            16,
            2560,
            40,
            40,
            96,
            attention__value_length=64,
            attention__kv_lora_rank=256,
            attention__q_lora_rank=768,
            rope__dimension_count=32,
            feed_forward_length=6400,
        ),
    ),
    Recorded(
        "deci",
        "deci",
        128256,
        attention(12, 4096, [32, 32, 0, 32, 0, 32] * 2, [8, 4, 0, 8, 0, 1] * 2)
        | {"feed_forward_length": [14336, 0, 7168, 14336, 7168, 14336] * 2},
    ),
    Recorded(
        "openelm",
        "openelm",
        32000,
        attention(8, 1280, [12, 12, 12, 16, 16, 16, 20, 20], [3, 3, 3, 4, 4, 4, 5, 5], 64)
        | {"feed_forward_length": [768, 1024, 1280, 1536, 1792, 2048, 2304, 2560]},
    ),
    Recorded(
        "rwkv6-qwen2",
        "rwkv6qwen2",
        152064,
        RWKV
        | {
            "attention.head_count": 32,
            "attention.head_count_kv": 8,
            "time_mix_extra_dim": 32,
            "time_decay_extra_dim": 64,
            "token_shift_count": 1,
        },
        keep=r"time_mix_(key|value|receptance)\.bias",
        cuts={r"time_mix_first": "it has gated linear attention"},
    ),
    Recorded(
        "arwkv7",
        "arwkv7",
        152064,
        RWKV
        | {
            "attention.head_count": 0,
            "token_shift_count": 1,
            "attention.decay_lora_rank": 96,
            "attention.iclr_lora_rank": 96,
            "attention.value_residual_mix_lora_rank": 64,
            "attention.gate_lora_rank": 256,
        },
        cuts={r"time_mix_ln": "no norm of groups"},
    ),
    _small("nanbeige", num_loops=2),
    _small("pockettts", kv_heads=16),
    _small("qwen3tts", rope__dimension_sections=[8, 12, 12, 0]),
    Recorded(
        "hrm-text",
        "hrm_text",
        65536,
        attention(16, 1536, 12, 12, feed_forward_length=4096)
        | {"hrm.layers_per_stack": 2, "hrm.h_cycles": 2, "hrm.l_cycles": 3},
    ),
    Recorded(
        "granite-switch",
        "graniteswitch",
        49160,
        attention(8, 2048, 16, 8, feed_forward_length=8192)
        | {
            "adapters.count": 3,
            "adapters.lora_rank": 32,
            "adapters.token_ids_activate": [5, 6, 7],
            "adapters.token_ids_substitute": [1, 2, 3],
        },
    ),
    Recorded(
        "chatglm3",
        "chatglm",
        65024,
        attention(28, 4096, 32, 2, rope__dimension_count=64, feed_forward_length=13696),
    ),
]
"""Dense, hybrid and recurrent ones."""

TOKEN_TYPES = {"tokenizer.ggml.token_type_count": 2}
"""Of a tokenizer that tells the first sentence from the second."""
BERT: dict[str, Any] = attention(12, 768, 12, 12, 64, feed_forward_length=3072, context_length=512)
"""BERT's base size."""
HEADS = {r"^cls\.": "a file that ranks has them"}
"""What a file that only embeds lacks."""

ENCODERS = [
    Recorded("bge-base", "bert", 30522, BERT | TOKEN_TYPES, keep=r"(attn|ffn)_.*\.bias", cuts=HEADS),
    Recorded(
        "nomic-embed-1.5",
        "nomic-bert",
        30522,
        BERT | TOKEN_TYPES,
        cuts={r"attn_[qkv]\.": "one matrix"},
        adds={f"blk.{i}.attn_qkv.weight": (768, 2304) for i in range(12)},
    ),
    Recorded(
        "jina-embeddings-2",
        "jina-bert-v2",
        30528,
        BERT | TOKEN_TYPES,
        keep=r"attn_.*\.bias",
        cuts=HEADS | {r"attn_[qk]_norm|attn_norm_2": "the one for code has them"},
    ),
    Recorded(
        "jina-embeddings-2-code",
        "jina-bert-v2",
        61056,
        BERT | TOKEN_TYPES,
        keep=r"(attn|ffn)_.*\.bias",
        cuts=HEADS | {r"ffn_gate": "in the other half of ffn_up"},
        adds={f"blk.{i}.ffn_up.weight": (768, 6144) for i in range(12)}
        | {f"blk.{i}.ffn_up.bias": (6144,) for i in range(12)},
    ),
    Recorded(
        "jina-embeddings-3",
        "jina-bert-v3",
        250002,
        BERT | {"tokenizer.ggml.token_type_count": 1},
        keep=r"(attn|ffn)_.*\.bias",
    ),
    Recorded("neobert", "neo-bert", 30522, BERT, cuts=HEADS),
    Recorded("eurobert", "eurobert", 128256, BERT),
    Recorded(
        "modernbert",
        "modern-bert",
        50368,
        BERT | {"attention.sliding_window": 128},
        cuts=HEADS | {r"blk\.0\.attn_norm": "the first block's is the identity"},
    ),
    Recorded(
        "embeddinggemma",
        "gemma-embedding",
        262144,
        attention(24, 768, 3, 1, 256, attention__sliding_window=512, feed_forward_length=1152),
        tied=True,
    ),
    replace(_small("dream"), keep=r"attn_[qkv]\.bias"),
    _small("llada"),
    Recorded("llada-moe", "llada-moe", 157184, attention(16, 2048, 16, 16) | experts(64, 8, 1024)),
    Recorded("rnd1", "rnd1", 151936, attention(48, 2048, 32, 4) | experts(128, 8, 768)),
    *(
        replace(
            _small(name, kv_heads=16, attention__relative_buckets_count=32, context_length=512),
            cuts={
                r"blk\.[1-9]\d*\.attn_rel_b": "the first block's serves all",
                r"cross_attn_rel_b": "not used",
            },
        )
        for name in ("t5encoder", "t5")
    ),
    Recorded(
        "embeddinggemma-2",
        "gemma-embedding2",
        262144,
        attention(
            24,
            768,
            3,
            1,
            256,
            attention__key_length_swa=256,
            attention__value_length_swa=256,
            attention__sliding_window=512,
            embedding_length_out=512,
            embedding_length_per_layer_input=256,
            feed_forward_length=1152,
        ),
    ),
]
"""Those that attend to a batch alone, and T5."""

MODELS = {model.name: model for model in [*MOE, *DENSE, *ENCODERS]}
