"""Encoders, embedders and diffusion models: most of them without a cache."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import DELTA_NET, Architecture, Logits, Positions

ROWS: Final[dict[str, Architecture]] = {
    "bert": Architecture(cacheless=True, untied=True, logits=Logits.EMBEDDINGS),
    "clef": Architecture(
        defaults={"full_attention_interval": 4},
        held=DELTA_NET,
        cacheless=True,
        positions=Positions.FOUR,
        logits=Logits.EMBEDDINGS,
    ),
    "dream": Architecture(cacheless=True),
    "eurobert": Architecture(cacheless=True, untied=True, logits=Logits.EMBEDDINGS),
    "gemma-embedding": Architecture(
        cacheless=True,
        logits=Logits.EMBEDDINGS,
    ),
    "jina-bert-v2": Architecture(cacheless=True, untied=True, logits=Logits.EMBEDDINGS),
    "jina-bert-v3": Architecture(cacheless=True, untied=True, logits=Logits.EMBEDDINGS),
    "llada": Architecture(cacheless=True),
    "llada-moe": Architecture(cacheless=True),
    "llama-embed": Architecture(graph="encoders.llama_embed", logits=Logits.EMBEDDINGS),
    "modern-bert": Architecture(
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "neo-bert": Architecture(cacheless=True, untied=True, logits=Logits.EMBEDDINGS),
    "nomic-bert": Architecture(cacheless=True, untied=True, logits=Logits.EMBEDDINGS),
    "nomic-bert-moe": Architecture(
        graph="encoders.nomic_bert_moe", cacheless=True, untied=True, logits=Logits.EMBEDDINGS
    ),
    "rnd1": Architecture(cacheless=True),
    "t5encoder": Architecture(logits=Logits.EMBEDDINGS),
    "wavtokenizer-dec": Architecture(cacheless=True, logits=Logits.EMBEDDINGS),
}
