"""What an architecture's caches need beyond the general keys of its header: data, one row an architecture.

Everything that llama.cpp reads alike for every architecture (heads, key and value lengths, MLA, nextn layers) is in
hparams.py. A row here says only what the architecture's own file in src/models adds: which layers have a sliding
window, which are recurrent, which share another layer's cache, which keep an indexer's keys.
An architecture without any of that needs no row, but its name in PLAIN, so that an unknown one can be told apart.

To add one, read its load_arch_hparams (src/models/NAME.cpp) and its case of llama_model::create_memory
(src/llama-model.cpp), and write a row:

    "cohere2": Architecture(window=Window(pattern=4)),
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from moefit.model.hyperparameters import Hyperparameters


@dataclass(frozen=True, slots=True)
class Window:
    """Sliding-window attention: llama_hparams::set_swa_pattern and llama_model_base::load_swa_pattern."""

    pattern: int = 0
    """Every pattern-th layer attends to everything; 0: none does. The file's sliding_window_pattern overrides it."""
    dense_first: bool = False
    """The first layer of a period attends to everything, not the last."""
    default: int | None = None
    """Tokens, when the file says nothing; None: then there is no window."""
    fixed: int | None = None
    """Tokens, whatever the file says, as long as it does not say 0."""
    only_with_layers: int | None = None
    """The window exists only in the variant with that many layers."""
    all_attention: bool = False
    """Every layer that is not recurrent has the window."""


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


@dataclass(frozen=True, slots=True)
class Architecture:
    """What one architecture's caches need."""

    window: Window | None = None
    recurrent: Recurrent | None = None
    interval: int = 4
    """Recurrent.INTERVAL: the default of full_attention_interval."""
    attends_everywhere: bool = False
    """Recurrent layers have attention, and its cache, beside their state (falcon-h1, mamba has none)."""
    state_only: bool = False
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
    looped: bool = False
    """Runs its blocks num_loops times, each time with caches of their own (nanbeige)."""
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


def _every_layer(_hparams: Hyperparameters, _layer: int) -> bool:
    return True


def _as_glm_5_2(hparams: Hyperparameters, layer: int) -> bool:
    """Every layer before GLM-5.2, which has a longer context, and then the first two and every fourth of 78 (src/models/glm-dsa.cpp)."""
    if hparams.whole("context_length") < 1 << 20:
        return True
    return layer < 2 or (layer < 78 and (layer - 2) % 4 == 0)


KDA: Final = Architecture(recurrent=Recurrent.NO_KV_HEADS, nextn_in_main=True)
KDA_ROLLS_BACK: Final = replace(KDA, rolls_back=True)
DELTA_NET: Final = Architecture(recurrent=Recurrent.INTERVAL)
DELTA_NET_ROLLS_BACK: Final = replace(DELTA_NET, rolls_back=True)
SSM: Final = Architecture(recurrent=Recurrent.NO_KV_HEADS, nextn_in_main=True)
ONLY_STATE: Final = Architecture(recurrent=Recurrent.EVERY_LAYER, state_only=True)
NO_CACHE: Final = Architecture(cacheless=True)
HEAD_ANYWAY: Final = r"nextn[.](embed_tokens|shared_head_head|shared_head_norm)[.]"
FFN_ANYWAY: Final = r"ffn_(gate|up|down|gate_up|gate_inp)(_s?h?exps?)?[.]|exp_probs_b"

ARCHITECTURES: Final[dict[str, Architecture]] = {
    # sliding windows
    "afmoe": Architecture(window=Window(pattern=4)),
    "cohere2": Architecture(window=Window(pattern=4)),
    "cohere2moe": Architecture(window=Window(pattern=4, dense_first=True), mtp_anyway=HEAD_ANYWAY),
    "dflash": Architecture(window=Window()),
    "exaone-moe": Architecture(window=Window(pattern=4, default=128), never_loads_mtp=True),
    "exaone4": Architecture(
        window=Window(pattern=4, default=4096, only_with_layers=64), never_loads_mtp=True
    ),
    "gemma-embedding": NO_CACHE,
    "gemma2": Architecture(window=Window(pattern=2, default=4096)),
    "gemma3": Architecture(window=Window(pattern=6)),
    "gemma3n": Architecture(window=Window(pattern=5), kv_layers=20, output_first=True),
    "gemma4": Architecture(window=Window(), shares_kv=True, output_first=True, rope_without_window=True),
    "gemma4-assistant": Architecture(window=Window(), borrows_kv=True, rope_without_window=True),
    "gpt-oss": Architecture(window=Window(pattern=2)),
    "granite_swa": Architecture(window=Window()),
    "laguna": Architecture(window=Window(pattern=4, dense_first=True)),
    "llama4": Architecture(window=Window(pattern=4, default=8192, fixed=8192)),
    "maple": Architecture(window=Window()),
    "mellum": Architecture(window=Window(pattern=4)),
    "mimo2": Architecture(window=Window()),
    "muse-glimmer": Architecture(window=Window(pattern=4)),
    "olmo2": Architecture(window=Window(pattern=4)),
    "plamo3": Architecture(window=Window(pattern=8)),
    "smallthinker": Architecture(window=Window(pattern=4, dense_first=True, fixed=4096)),
    "spark2_5": Architecture(window=Window()),
    "step35": Architecture(
        window=Window(), mtp_anyway=rf"attn_([qk]_norm|gate)[.]|{FFN_ANYWAY}|{HEAD_ANYWAY}"
    ),
    # hybrids of attention and a state
    "bailingmoe3": KDA_ROLLS_BACK,
    "falcon-h1": Architecture(recurrent=Recurrent.EVERY_LAYER, attends_everywhere=True),
    "granitehybrid": SSM,
    "jamba": SSM,
    "kimi-k3": KDA_ROLLS_BACK,
    "kimi-linear": KDA,
    "lfm2": Architecture(
        recurrent=Recurrent.NO_KV_HEADS,
        window=Window(all_attention=True),
        nextn_in_main=True,
        rolls_back=True,
    ),
    "lfm2moe": replace(SSM, rolls_back=True),
    "minimax-01": Architecture(recurrent=Recurrent.INTERVAL, interval=8, linear_attention=True),
    "nemotron_h": Architecture(recurrent=Recurrent.NO_KV_HEADS_NO_FFN, nextn_in_main=True, rolls_back=True),
    "nemotron_h_moe": Architecture(
        recurrent=Recurrent.NO_KV_HEADS_NO_FFN, nextn_in_main=True, rolls_back=True
    ),
    "plamo2": SSM,
    "qwen35": DELTA_NET_ROLLS_BACK,
    "qwen35moe": DELTA_NET_ROLLS_BACK,
    "qwen3next": DELTA_NET,
    # a state alone
    "arwkv7": ONLY_STATE,
    "mamba": ONLY_STATE,
    "mamba2": ONLY_STATE,
    "rwkv6": ONLY_STATE,
    "rwkv6qwen2": ONLY_STATE,
    "rwkv7": ONLY_STATE,
    # sparse attention with an indexer
    "deepseek32": Architecture(indexer=Indexer.EVERY_LAYER, mtp_anyway="exp_probs_b"),
    "deepseek4": Architecture(window=Window(), compressed=True, rolls_back=True, nextn_in_main=True),
    "dots3note": Architecture(window=Window(), indexer=Indexer.FULL, never_loads_mtp=True),
    "glm-dsa": Architecture(indexer=Indexer.FULL, indexer_default=_as_glm_5_2, mtp_anyway="exp_probs_b"),
    "glm5-next": Architecture(
        recurrent=Recurrent.NO_KV_HEADS,
        indexer=Indexer.FULL,
        indexer_default=_every_layer,
        pooled=3,
        rolls_back=True,
    ),
    "hy_v4": Architecture(indexer=Indexer.FULL),
    "minimax-m3": Architecture(indexer=Indexer.SPARSE),
    "qwen4exp": Architecture(
        recurrent=Recurrent.INTERVAL, indexer=Indexer.ATTENTION, pooled=2, rolls_back=True
    ),
    # blocks that run several times
    "nanbeige": Architecture(looped=True),
    # plain caches, but nextn blocks that are never loaded
    "bailingmoe2": Architecture(never_loads_mtp=True),
    "glm4": Architecture(never_loads_mtp=True),
    "hy_v3": Architecture(mtp_anyway=f"{FFN_ANYWAY}|{HEAD_ANYWAY}"),
    # no cache: encoders and diffusion models
    "bert": NO_CACHE,
    "clef": NO_CACHE,
    "dream": NO_CACHE,
    "eurobert": NO_CACHE,
    "jina-bert-v2": NO_CACHE,
    "jina-bert-v3": NO_CACHE,
    "llada": NO_CACHE,
    "llada-moe": NO_CACHE,
    "modern-bert": NO_CACHE,
    "neo-bert": NO_CACHE,
    "nomic-bert": NO_CACHE,
    "nomic-bert-moe": NO_CACHE,
    "rnd1": NO_CACHE,
    "wavtokenizer-dec": NO_CACHE,
}
"""Architectures whose memory is not just one cache for every layer."""

PLAIN_ROW: Final = Architecture()
PLAIN: Final = frozenset(
    {
        "apertus",
        "arcee",
        "arctic",
        "baichuan",
        "bailingmoe",
        "bitnet",
        "bloom",
        "chameleon",
        "chatglm",
        "codeshell",
        "cogvlm",
        "command-r",
        "dbrx",
        "deci",
        "deepseek",
        "deepseek2",
        "deepseek2-ocr",
        "dots1",
        "eagle3",
        "ernie4_5",
        "ernie4_5-moe",
        "exaone",
        "falcon",
        "gemma",
        "glm4moe",
        "gpt2",
        "gptj",
        "gptneox",
        "granite",
        "granitemoe",
        "graniteswitch",
        "grok",
        "grovemoe",
        "hrm_text",
        "hunyuan-dense",
        "hunyuan-moe",
        "hunyuan_vl",
        "internlm2",
        "jais",
        "jais2",
        "llama",
        "llama-embed",
        "maincoder",
        "minicpm",
        "minicpm3",
        "minimax-m2",
        "mistral3",
        "mistral4",
        "mpt",
        "nemotron",
        "olmo",
        "olmoe",
        "openelm",
        "orion",
        "paddleocr",
        "pangu-embedded",
        "phi2",
        "phi3",
        "phimoe",
        "plamo",
        "plm",
        "pockettts",
        "qwen",
        "qwen2",
        "qwen2moe",
        "qwen2vl",
        "qwen3",
        "qwen3moe",
        "qwen3tts",
        "qwen3vl",
        "qwen3vlmoe",
        "refact",
        "seed_oss",
        "smollm3",
        "stablelm",
        "starcoder",
        "starcoder2",
        "t5",
        "t5encoder",
        "talkie",
        "xverse",
    }
)
"""Architectures whose memory is one cache for every layer, as the general keys describe it."""


UNKNOWN: Final = Architecture(
    recurrent=Recurrent.TENSORS,
    attends_everywhere=True,
    indexer=Indexer.EVERY_LAYER,
    by_tensors=True,
    nextn_in_main=True,
)
"""An architecture that is not in the tables: no window, nothing shared, states and indexers where the header hints at
them. Rather too large than too small."""


def architecture(name: str) -> Architecture:
    """The row of an architecture: a plain one for a name without a row, a guess for an unknown name."""
    return ARCHITECTURES.get(name, PLAIN_ROW if name in PLAIN else UNKNOWN)


def is_known(name: str) -> bool:
    """Whether llama.cpp b11434 has an architecture of that name."""
    return name in ARCHITECTURES or name in PLAIN
