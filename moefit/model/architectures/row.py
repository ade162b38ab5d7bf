"""What one architecture is to moefit: one row, with everything that its own file in llama.cpp's src/models adds.

Whatever llama.cpp does alike for every architecture is read from the general keys and from the tensors. A row says the rest:
its caches, its graph, the roles of its tensors, its peculiarities. Which keys and tensors the architecture's loader asks for is not
written by hand: moefit.model.loaders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Final

from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.model.hyperparameters import Hyperparameters
    from moefit.model.repeats import Repeated


@dataclass(frozen=True, slots=True)
class Window:
    """Sliding-window attention: llama_hparams::set_swa_pattern and llama_model_base::load_swa_pattern."""

    pattern: int = 0
    """Every pattern-th layer attends to everything; 0: none does. The file's sliding_window_pattern overrides it."""
    dense_first: bool = False
    """The first layer of a period attends to everything, not the last."""
    fixed: int | None = None
    """Tokens, whatever the file says, as long as it does not say 0."""
    if_layers: int | None = None
    """The window exists only in the variant with that many layers."""
    all_attention: bool = False
    """Every layer that is not recurrent has the window."""


SIGMOID: Final = 2
"""LLAMA_EXPERT_GATING_FUNC_TYPE_SIGMOID."""
SQRT_SOFTPLUS: Final = 4
"""LLAMA_EXPERT_GATING_FUNC_TYPE_SQRT_SOFTPLUS."""
DELTA_NET: Final = {"ssm.inner_size": "ssm.state_size ssm.time_step_rank *"}
"""Its loader makes tensors for heads as wide as the state, its graph divides the inner size by their number (build_layer_attn_linear)."""
WHOLE_HEADS: Final = {"n_embd": "n_embd wkv.head_size / wkv.head_size *"}
"""Its graph cuts a token's vector into heads (build_rwkv7_time_mix)."""
HEAD_ANYWAY: Final = r"nextn[.](embed_tokens|shared_head_head|shared_head_norm)[.]"
FFN_ANYWAY: Final = r"ffn_(gate|up|down|gate_up|gate_inp)(_s?h?exps?)?[.]|exp_probs_b"


class Recurrent(Enum):
    """Which layers of a hybrid keep a state."""

    NO_KV_HEADS = "head_count_kv is 0"
    NO_KV_HEADS_NO_FFN = "head_count_kv and feed_forward_length are 0"
    INTERVAL = "all but every full_attention_interval-th, or as recurrent_layers lists them"
    EVERY_LAYER = "every layer"
    TENSORS = "those with the tensors of a state-space model, a short convolution or a linear attention"


class Indexer(Enum):
    """Which layers keep the keys of a sparse-attention indexer."""

    EVERY_LAYER = "every layer"
    FULL = "those that indexer.types calls full"
    SPARSE = "those after the leading dense blocks"
    ATTENTION = "those that are not recurrent"


class Positions(Enum):
    """When a token has a position on four axes (llama_model_rope_type: MROPE, IMROPE)."""

    ONE = "never"
    FOUR = "always"
    SECTIONED = "where the file has rope sections (llama_hparams::use_mrope)"


class PredictionBlocks(Enum):
    """Which blocks at the end are loaded for multi-token prediction only."""

    TOLD = "as many as nextn_predict_layers"
    WITH_PROJECTION = "those, where the first has the projection of a prediction block"
    NONE = "none: nextn_predict_layers counts something else"


class Logits(Enum):
    """What a graph ends in."""

    WANTED = "the logits of wanted tokens"
    EVERY = "the logits of every token"
    COPIED = "the logits of wanted tokens, of which some are overwritten in a copy"
    EMBEDDINGS = "no logits"


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain decoder: what distinguishes its graph from others'. Functions are named as `module.function` of moefit.memory.graph."""

    rms: bool = True
    """Root-mean-square norms; False: layer norms."""
    activation: str = "silu"
    outputs: str = "last layer"
    """Where rows without wanted logits are dropped: inside the "last layer", after it while the "hidden" state is an output
    (t_h_nextn), or after the norm, whose result is that output ("normed")."""
    parallel: bool = False
    """The feed-forward block reads what attention reads, and both are added to the residual."""
    residual_first: bool = False
    """The residual is the first term of each sum, and so the first in the graph."""
    attention_first: bool = False
    """Attention still comes before the residual in its own sum, although residual_first."""
    early_norm: bool = False
    """The first norm is put in the graph before the rest of the layer."""
    norm_after_rope: bool = False
    """Queries and keys are normed after their rotation, with or without weights."""
    scaled_query: bool = False
    embed: str = "blocks.embedding"
    """The first state."""
    route: str = "routes.as_told"
    """How a layer's experts are chosen."""
    rope: str = "rotations.always"
    """Whether a layer rotates queries and keys."""
    rotate: str = "rotations.rotated"
    """How it does."""
    mix: str = "decoder.self_attention"
    """Attention, or what some layers have instead."""
    attend: str = "attention.attend"
    """What its attention reads: a cache, or the batch alone ("in_batch.attend")."""
    feed: str = "decoder.feed_forward"
    """The feed-forward block."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture."""

    graph: str | Plain | None = None
    """A plain decoder, or the function or the steps that build another graph, `module.name` of moefit.memory.graph; None: not described."""
    defaults: Mapping[str, float] = field(default_factory=dict)
    """What these keys are worth where the file does not say, other than 0."""

    # caches (llama_model::create_memory)
    window: Window | None = None
    recurrent: Recurrent | None = None
    attends_everywhere: bool = False
    """Recurrent layers have attention, and its cache, beside their state (falcon-h1, mamba has none)."""
    attention_free: bool = False
    """No attention at all: only a state (llm_arch_is_recurrent)."""
    kv_layers: int | None = None
    """Only the first so many layers have a cache; later ones reuse theirs."""
    shares_kv: bool = False
    """The last shared_kv_layers layers reuse another layer's cache."""
    indexer: Indexer | None = None
    indexer_default: Callable[[Hyperparameters, int], bool] = lambda _hparams, _layer: False
    """Without indexer.types, whether a layer is full."""
    pooled: int = 0
    """Slots of indexer_head_size in a cached row of a pooling indexer; 0: one, unless it pools."""
    compressed: bool = False
    """DeepSeek-V4: a windowed raw cache and compressed ones (llama-kv-cache-dsv4.cpp)."""
    cacheless: bool = False
    """No memory module at all: encoders and diffusion models."""
    borrows_kv: bool = False
    """Uses the caches of the model it drafts for (gemma4-assistant)."""
    nextn_in_main: bool = False
    """The hybrid's own layer filter lets nextn blocks have a cache even in the main context."""
    never_loads_mtp: bool = False
    """Its nextn blocks are skipped even when multi-token prediction is asked for."""
    mtp_anyway: str = ""
    """Tensors of a nextn block that are loaded even when it is not asked for: a regular expression on what follows blk.N."""
    repeats: Callable[[Hyperparameters], Repeated] | None = None
    """Its layers, where they are not its blocks."""
    by_tensors: bool = False
    """Unknown: a block's cache is at least as wide as its attn_k and attn_v, and every block's MTP counts."""
    rolls_back: bool = False
    """Speculation keeps a copy of the state for every drafted token (llm_arch_supports_rs_rollback)."""
    output_first: bool = False
    """A tied output is made before the embedding, so that both are loaded even into one buffer."""
    rope_without_window: bool = False
    """Only layers without a window ask for rope factors."""
    linear_attention: bool = False
    """The state is one matrix of head_size x head_size for each head (MiniMax-Text-01's lightning attention)."""

    speculation: str = ""
    """The kind of speculation that its files are for, where llama.cpp sees that by itself."""

    encodes: bool = False
    """It has an encoder, after which every token may be an output (llama_model_has_encoder)."""

    head: bool = False
    """Its files draft for another model, of which they may lack the embedding and the output."""

    # roles
    untied: bool = False
    """Makes no second copy of the token embedding: an encoder without an output matrix, or another tensor in its place."""
    norm_as_output: bool = False
    """Its output norm is called token_embd_norm (LLM_TENSOR_OUTPUT_NORM_LFM2)."""
    prediction: PredictionBlocks = PredictionBlocks.TOLD

    # peculiarities
    positions: Positions = Positions.ONE
    logits: Logits = Logits.WANTED
    period: int = 1
    """After how many layers it repeats, where layers differ by their number and not by their tensors."""
    grows: bool = False
    """No few layers stand for all: each leaves something allocated (a leaf that is no input), or finds other free blocks than the one before."""
    fused_streams: bool = False
    """It has fused operations of hyper-connections, which may be switched off."""
    fused_clamp: bool = False
    """Gate and up of dense blocks are bounded in one operation (build_ffn, ggml_swiglu_clamp)."""
    precise_experts: bool = False
    """Activations can leave the range of f16 before the experts' last matrix (build_moe_ffn)."""
    unturned_indexer: bool = False
    """The indexer leaves queries and keys as they are, without a Hadamard rotation."""
    no_flash_attention: bool = False
    """It is switched off (llama_init_from_model)."""
    splits_tensors: bool = True
    """It can run with -sm tensor (llm_arch_supports_sm_tensor)."""
    all_streams_out: bool = False
    """Embeddings that leave are those of all residual streams (n_embd_out)."""
    ranks_by_softmax: bool = False
    """Its ranks are probabilities (build_pooling)."""
    single_expert: bool = False
    """Its files may speak of one expert, which is none (llama_model_base::load_hparams)."""
    experts_by_layer: bool = False
    """Its graph chooses experts by each block's own number of them (llama_hparams::n_expert_used)."""
    gating: int | None = None
    """The only expert_gating_func that its loader takes."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Keys that its graph takes for another dimension, and that dimension, as moefit.model.dimensions works it out."""
    lists_deepstack: bool = False
    """How wide it is with deepstack is a list's, and no number of layers' (llama_model_granite::load_arch_hparams)."""
    evenness: float | None = None
    """How alike the popularities of its experts are, where that was published: the shape of their gamma distribution (cost.work)."""
    undescribed: str = ""
    """Part of the name of a block's tensor whose part of the graph is not described."""
