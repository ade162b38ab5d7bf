"""Dense decoders, some of them with experts in some files."""

from __future__ import annotations

from typing import Final

from moefit.model.architectures.row import (
    Architecture,
    Logits,
    Plain,
    Positions,
    PredictionBlocks,
    Recurrent,
    Window,
)
from moefit.model.repeats import looped, stacked, with_router

ROWS: Final[dict[str, Architecture]] = {
    "apertus": Architecture(graph=Plain()),
    "arcee": Architecture(graph=Plain(activation="relu_sqr")),
    "baichuan": Architecture(graph=Plain(rope="rotations.of_32_layers")),
    "bitnet": Architecture(splits_tensors=False, graph="dense.bitnet", untied=True),
    "bloom": Architecture(graph="dense.bloom"),
    "chameleon": Architecture(graph="dense.chameleon", logits=Logits.COPIED),
    "chatglm": Architecture(graph=Plain()),
    "codeshell": Architecture(graph=Plain(rms=False, activation="gelu")),
    "cogvlm": Architecture(graph="dense.cogvlm", logits=Logits.EVERY),
    "cohere2": Architecture(
        graph=Plain(rms=False, parallel=True, rope="rotations.in_window"),
        window=Window(pattern=4),
    ),
    "command-r": Architecture(
        graph=Plain(rms=False, parallel=True),
    ),
    "deci": Architecture(graph="variants.deci"),
    "ernie4_5": Architecture(
        graph=Plain(),
    ),
    "exaone": Architecture(graph=Plain()),
    "exaone4": Architecture(
        graph="dense.exaone4",
        defaults={"attention.sliding_window": 4096},
        window=Window(pattern=4, if_layers=64),
        never_loads_mtp=True,
    ),
    "falcon": Architecture(graph="dense.falcon"),
    "gemma": Architecture(graph=Plain(scaled_query=True, activation="gelu", embed="blocks.scaled_embedding")),
    "gemma2": Architecture(
        graph=Plain(scaled_query=True, activation="gelu", embed="blocks.scaled_embedding"),
        defaults={
            "attention.sliding_window": 4096,
            "attn_logit_softcapping": 50.0,
            "final_logit_softcapping": 30.0,
        },
        window=Window(pattern=2),
    ),
    "gemma3": Architecture(
        graph=Plain(scaled_query=True, activation="gelu", embed="blocks.embedding_scaled_by_rows"),
        window=Window(pattern=6),
    ),
    "gemma3n": Architecture(
        splits_tensors=False,
        graph="gemma3n.build",
        defaults={"final_logit_softcapping": 30.0},
        window=Window(pattern=5),
        kv_layers=20,
        output_first=True,
    ),
    "glm4": Architecture(graph=Plain(), never_loads_mtp=True, positions=Positions.SECTIONED),
    "gpt2": Architecture(graph="dense.positioned"),
    "gptj": Architecture(),
    "gptneox": Architecture(
        graph="dense.gptneox",
    ),
    "granite": Architecture(
        lists_deepstack=True,
        graph=Plain(route="routes.softmax_normalised", rope="rotations.unless_finetuned"),
    ),
    "granite_swa": Architecture(
        lists_deepstack=True,
        graph=Plain(route="routes.softmax_normalised", rope="rotations.by_pattern"),
        window=Window(),
    ),
    "graniteswitch": Architecture(
        graph="granite_switch.build",
        repeats=with_router,
        prediction=PredictionBlocks.NONE,
    ),
    "hrm_text": Architecture(graph="repeated.hrm_text", grows=True, repeats=stacked),
    "hunyuan-dense": Architecture(graph=Plain(norm_after_rope=True), single_expert=True),
    "hunyuan_vl": Architecture(
        graph=Plain(norm_after_rope=True),
        positions=Positions.SECTIONED,
        single_expert=True,
    ),
    "internlm2": Architecture(graph=Plain()),
    "jais": Architecture(graph=Plain(rms=False, rope="rotations.never")),
    "jais2": Architecture(graph=Plain(rms=False, activation="relu_sqr")),
    "llama": Architecture(graph=Plain(route="routes.softmax_normalised")),
    "maincoder": Architecture(graph=Plain(norm_after_rope=True)),
    "minicpm": Architecture(
        graph=Plain(route="routes.softmax_normalised"),
        defaults={"embedding_scale": 12.0, "residual_scale": 1.0, "logit_scale": 1.0},
    ),
    "minicpm3": Architecture(
        splits_tensors=False,
        graph="variants.minicpm3",
        defaults={"residual_scale": 1.0},
    ),
    "mistral3": Architecture(
        graph=Plain(route="routes.softmax_normalised", rotate="rotations.mistral_tempered"),
    ),
    "mpt": Architecture(
        splits_tensors=False,
        graph="dense.mpt",
    ),
    "muse-glimmer": Architecture(
        graph="dense.muse_glimmer",
        defaults={"final_logit_softcapping": 30.0},
        window=Window(pattern=4),
    ),
    "nanbeige": Architecture(graph="repeated.nanbeige", grows=True, repeats=looped),
    "nemotron": Architecture(graph=Plain(rms=False, activation="relu_sqr")),
    "olmo": Architecture(
        graph="dense.olmo",
    ),
    "olmo2": Architecture(
        splits_tensors=False,
        graph=Plain(),
        window=Window(pattern=4),
    ),
    "openelm": Architecture(graph="dense.openelm"),
    "orion": Architecture(graph=Plain(rms=False)),
    "paddleocr": Architecture(
        graph=Plain(),
        positions=Positions.FOUR,
    ),
    "pangu-embedded": Architecture(graph=Plain()),
    "phi2": Architecture(graph="dense.phi2"),
    "phi3": Architecture(
        graph=Plain(scaled_query=True, residual_first=True, attention_first=True),
    ),
    "plamo": Architecture(graph=Plain(parallel=True)),
    "plamo2": Architecture(
        splits_tensors=False,
        graph=Plain(mix="hybrids.plamo2"),
        held={"ssm.group_count": "0"},
        grows=True,
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "plamo3": Architecture(
        graph=Plain(),
        window=Window(pattern=8),
    ),
    "plm": Architecture(),
    "pockettts": Architecture(graph=Plain(rms=False, activation="gelu")),
    "qwen": Architecture(graph=Plain()),
    "qwen2": Architecture(graph=Plain()),
    "qwen2vl": Architecture(graph=Plain(), positions=Positions.FOUR),
    "qwen3": Architecture(graph=Plain(), ranks_by_softmax=True),
    "qwen3tts": Architecture(graph="dense.qwen3tts", splits_tensors=False, positions=Positions.FOUR),
    "qwen3vl": Architecture(graph=Plain(), positions=Positions.FOUR, ranks_by_softmax=True),
    "refact": Architecture(graph=Plain(rope="rotations.never")),
    "seed_oss": Architecture(graph=Plain()),
    "smollm3": Architecture(graph=Plain(rope="rotations.three_of_four"), period=4),
    "spark2_5": Architecture(graph=Plain(), window=Window()),
    "stablelm": Architecture(graph=Plain(rms=False)),
    "starcoder": Architecture(graph="dense.positioned"),
    "starcoder2": Architecture(graph=Plain(rms=False, activation="gelu")),
    "t5": Architecture(graph="t5.decoder", grows=True, encodes=True, splits_tensors=False),
    "talkie": Architecture(
        graph="dense.talkie",
    ),
    "xverse": Architecture(graph=Plain()),
}
