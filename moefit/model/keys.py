"""The hyper-parameters that a rule of moefit reads, and what llama.cpp lets a file say under each key.

source: src/llama-model-loader.cpp, get_key, get_arr and get_key_or_arr (types and lengths);
src/llama-model.cpp, load_hparams, and load_arch_hparams of src/models/*.cpp (ranges)
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from moefit.values import dataclass


class Kind(Enum):
    """The type of a value."""

    INTEGER = "a whole number"
    REAL = "a number"
    FLAG = "true or false"
    TEXT = "a text"


class Form(Enum):
    """One value, or how many."""

    ONE = "one value"
    EACH = "one value for all blocks, or one for each"
    MAIN = "one value for all blocks, or one for each that is no prediction block"
    COVERING = "one value for all blocks, or a list that has one for each"
    PREFIX = "one value for all blocks, or a list, of which what is missing is 0"
    LIST = "a list"
    FOUR = "four values"
    FREE = "one value, or a list of any length"


class Sign(Enum):
    """Which real numbers may stand there, in words."""

    ANY = ""
    NOT_NEGATIVE = " from 0"
    POSITIVE = " above 0"


GGUF_TYPES: Final = {
    Kind.INTEGER: frozenset({"u32"}),
    Kind.REAL: frozenset({"f32"}),
    Kind.FLAG: frozenset({"bool"}),
    Kind.TEXT: frozenset({"str"}),
}
"""What get_key takes: a value of another type is refused, whatever it is."""
ARRAY_TYPES: Final = {
    Kind.INTEGER: frozenset({"u32", "i32", "bool"}),
    Kind.REAL: frozenset({"f32"}),
    Kind.FLAG: frozenset({"u32", "i32", "bool"}),
    Kind.TEXT: frozenset({"str"}),
}
"""What get_arr takes for its elements."""

MAX_LAYERS: Final = 512
"""source: src/llama-hparams.h, LLAMA_MAX_LAYERS."""
MAX_EXPERTS: Final = 1024
"""source: src/llama-hparams.h, LLAMA_MAX_EXPERTS."""
UINT32: Final = (1 << 32) - 1
INT32: Final = (1 << 31) - 1
"""llama_model_n_ctx_train and ggml's operation parameters are 32 bits with a sign."""
WIDTH: Final = 1 << 24
"""No vector of a model is longer: a matrix of that width and height would have 2^48 values."""


@dataclass(frozen=True, slots=True)
class Key:
    """What may stand under a key."""

    kind: Kind = Kind.INTEGER
    most: int = WIDTH
    """The largest whole number, this one included."""
    least: int = 0
    form: Form = Form.ONE
    sign: Sign = Sign.ANY
    """Of a real number."""


_COUNT: Final = Key(most=UINT32)
_WIDTH: Final = Key()
_POSITIVE: Final = Key(least=1)
_WIDTHS: Final = Key(form=Form.EACH)
_HEADS: Final = Key(most=(1 << 16) - 1, form=Form.EACH)
_REAL: Final = Key(Kind.REAL)
_REALS: Final = Key(Kind.REAL, form=Form.EACH)
_EPSILON: Final = Key(Kind.REAL, sign=Sign.NOT_NEGATIVE)
"""source: ggml/src/ggml-cpu/ops.cpp, ggml_compute_forward_rms_norm_f32 and its like: GGML_ASSERT(eps >= 0.0f)"""
_FREQUENCY_BASE: Final = Key(Kind.REAL, sign=Sign.POSITIVE)
"""Of another every angle is no number. source: ggml/src/ggml-cpu/ops.cpp, theta_scale = powf(freq_base, -2.0f/n_dims)"""
_FACTOR: Final = Key(Kind.REAL, sign=Sign.NOT_NEGATIVE)
"""0 is none. source: src/llama-model.cpp, load_hparams (ropescale)"""
_FLAG: Final = Key(Kind.FLAG)
_FLAGS: Final = Key(most=UINT32, form=Form.EACH)

KEYS: Final[dict[str, Key]] = {
    "vocab_size": Key(most=INT32),
    "context_length": Key(most=INT32),
    "block_count": Key(least=1, most=MAX_LAYERS),
    "nextn_predict_layers": Key(most=MAX_LAYERS),
    "embedding_length": _POSITIVE,
    "embedding_length_out": _WIDTH,
    "embedding_length_per_layer_input": _WIDTH,
    "feed_forward_length": _WIDTHS,
    "leading_dense_block_count": _COUNT,
    "rescale_every_n_layers": _COUNT,
    "use_parallel_residual": _FLAG,
    "swin_norm": _FLAG,
    "num_loops": Key(least=1, most=MAX_LAYERS),
    "skip_loop_final_norm": _FLAG,
    "hrm.layers_per_stack": Key(least=1, most=MAX_LAYERS),
    "hrm.h_cycles": Key(least=1, most=MAX_LAYERS),
    "hrm.l_cycles": Key(least=1, most=MAX_LAYERS),
    "pooling_type": _COUNT,
    "classifier.pooling_type": _COUNT,
    "n_deepstack_layers": Key(most=MAX_LAYERS),
    "hash_layer_count": _COUNT,
    "full_attention_interval": Key(least=1, most=UINT32),
    "embedding_scale": _REAL,
    "residual_scale": _REAL,
    "logit_scale": _REAL,
    "attn_logit_softcapping": _REAL,
    "final_logit_softcapping": _REAL,
    "swiglu_clamp_exp": _REALS,
    "swiglu_clamp_shexp": _REALS,
    "attn_res.block_size": Key(least=1, most=UINT32),
    "decision.block_count": _COUNT,
    "decision.head_count": _COUNT,
    "attention.causal": _FLAG,
    # experts
    "expert_count": Key(most=MAX_EXPERTS),
    "expert_used_count": Key(most=MAX_EXPERTS, form=Form.EACH),
    "expert_group_count": Key(most=MAX_EXPERTS),
    "expert_group_used_count": Key(most=MAX_EXPERTS),
    "experts_per_group": Key(least=1, most=MAX_EXPERTS),
    "expert_feed_forward_length": _WIDTHS,
    "expert_shared_feed_forward_length": _WIDTH,
    "expert_shared_count": Key(most=MAX_EXPERTS),
    "expert_gating_func": Key(most=4),
    "expert_weights_scale": _REAL,
    "expert_weights_norm": _FLAG,
    # attention
    "attention.group_norm_groups": _COUNT,
    "attention.value_expert_count": Key(most=MAX_EXPERTS),
    "attention.value_expert_used_count": Key(most=MAX_EXPERTS),
    "attention.head_count": _HEADS,
    "attention.head_count_kv": _HEADS,
    "attention.key_length": _WIDTH,
    "attention.value_length": _WIDTH,
    "attention.key_length_swa": _WIDTH,
    "attention.value_length_swa": _WIDTH,
    "attention.key_length_mla": _WIDTH,
    "attention.value_length_mla": _WIDTH,
    "attention.key_length_mla_swa": _WIDTH,
    "attention.value_length_mla_swa": _WIDTH,
    "attention.q_lora_rank": _WIDTH,
    "attention.kv_lora_rank": _POSITIVE,
    "attention.kv_lora_rank_swa": _POSITIVE,
    "attention.output_lora_rank": _POSITIVE,
    "attention.output_group_count": _POSITIVE,
    "attention.sliding_window": Key(most=INT32),
    "attention.sliding_window_pattern": Key(most=UINT32, form=Form.PREFIX),
    "attention.rope_pattern": Key(most=UINT32, form=Form.LIST),
    "attention.shared_kv_layers": Key(most=MAX_LAYERS),
    "attention.recurrent_layers": _FLAGS,
    "attention.compress_ratios": Key(most=UINT32, form=Form.COVERING),
    "attention.temperature_scale": _REAL,
    "attention.value_scale": _REAL,
    "attention.clamp_kqv": _REAL,
    "attention.indexer.head_count": _WIDTH,
    "attention.indexer.key_length": _WIDTH,
    "attention.indexer.top_k": Key(most=INT32),
    "attention.indexer.block_size": Key(least=1, most=INT32),
    "attention.indexer.kpool": Key(most=INT32),
    "attention.indexer.types": Key(most=UINT32, form=Form.MAIN),
    "rope.dimension_count": _WIDTH,
    "rope.dimension_sections": Key(most=INT32, form=Form.FOUR),
    "rope.scaling.original_context_length": _COUNT,
    "rope.scaling.finetuned": _FLAG,
    # no rule reads these, but no model runs with another
    "attention.layer_norm_epsilon": _EPSILON,
    "attention.layer_norm_rms_epsilon": _EPSILON,
    "hyper_connection.epsilon": _EPSILON,
    "rope.freq_base": _FREQUENCY_BASE,
    "rope.freq_base_swa": _FREQUENCY_BASE,
    "attention.compress_rope_freq_base": _FREQUENCY_BASE,
    "rope.scaling.factor": _FACTOR,
    "rope.scale_linear": _FACTOR,
    # states
    "ssm.conv_kernel": _POSITIVE,
    "ssm.inner_size": _POSITIVE,
    "ssm.state_size": _POSITIVE,
    "ssm.time_step_rank": _POSITIVE,
    "ssm.group_count": _WIDTH,
    "kda.head_dim": _POSITIVE,
    "wkv.head_size": _POSITIVE,
    "token_shift_count": _POSITIVE,
    "shortconv.l_cache": _POSITIVE,
    # residual streams and embeddings of n-grams
    "hyper_connection.count": Key(least=1, most=16),
    "hyper_connection.sinkhorn_iterations": Key(least=1, most=64),
    "hyper_connection.low_rank": _POSITIVE,
    "altup.num_inputs": Key(most=64),
    "ple.layers": Key(most=MAX_LAYERS - 1, form=Form.LIST),
    "ple.ngram_size": Key(least=2, most=8),
    "ple.heads_per_ngram": Key(least=1, most=64),
    "ple.conv_kernel": _POSITIVE,
}
"""By the key without the architecture in front."""
