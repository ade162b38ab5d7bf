"""Encoders, embedders and diffusion models: most of them without a cache."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import DELTA_NET, Architecture, Logits, Plain, Positions, Window

IN_BATCH: Final = "in_batch.attend"

ROWS: Final[dict[str, Architecture]] = {
    "bert": Architecture(
        graph="encoders.bert",
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "clef": Architecture(
        defaults={"full_attention_interval": 4},
        held=DELTA_NET,
        cacheless=True,
        positions=Positions.FOUR,
        logits=Logits.EMBEDDINGS,
    ),
    "dream": Architecture(graph=Plain(attend=IN_BATCH), cacheless=True),
    "eurobert": Architecture(
        graph=Plain(attend=IN_BATCH),
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "gemma-embedding": Architecture(
        graph=Plain(
            scaled_query=True,
            activation="gelu",
            embed="blocks.embedding_scaled_by_rows",
            attend=IN_BATCH,
        ),
        window=Window(pattern=6),
        cacheless=True,
        logits=Logits.EMBEDDINGS,
    ),
    "gemma-embedding2": Architecture(
        graph="gemma_embedding2.build",
        window=Window(pattern=6),
        cacheless=True,
        logits=Logits.EMBEDDINGS,
    ),
    "jina-bert-v2": Architecture(
        graph="encoders.bert",
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "jina-bert-v3": Architecture(
        graph="encoders.rotated_bert",
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "llada": Architecture(graph=Plain(attend=IN_BATCH), cacheless=True),
    "llada-moe": Architecture(graph=Plain(attend=IN_BATCH, route="routes.softmax"), cacheless=True),
    "llama-embed": Architecture(
        graph=Plain(attend=IN_BATCH, route="routes.softmax_normalised"),
        logits=Logits.EMBEDDINGS,
    ),
    "modern-bert": Architecture(
        graph="encoders.modern_bert",
        window=Window(pattern=3, dense_first=True),
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
        undescribed="attn_norm.bias",  # of a decision head
    ),
    "neo-bert": Architecture(
        graph=Plain(attend=IN_BATCH),
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "nomic-bert": Architecture(
        graph="encoders.rotated_bert",
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "nomic-bert-moe": Architecture(
        graph="encoders.rotated_bert",
        cacheless=True,
        untied=True,
        logits=Logits.EMBEDDINGS,
    ),
    "rnd1": Architecture(graph=Plain(attend=IN_BATCH, route="routes.softmax_normalised"), cacheless=True),
    "t5encoder": Architecture(graph="t5.encoder", grows=True, encodes=True, logits=Logits.EMBEDDINGS),
    "wavtokenizer-dec": Architecture(cacheless=True, logits=Logits.EMBEDDINGS),
}
