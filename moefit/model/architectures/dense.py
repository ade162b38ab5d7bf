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

ROWS: Final[dict[str, Architecture]] = {
    "apertus": Architecture(graph=Plain()),
    "arcee": Architecture(graph=Plain(activation="relu_sqr")),
    "baichuan": Architecture(graph=Plain(rope="rotations.of_32_layers")),
    "bitnet": Architecture(splits_tensors=False, graph="dense.bitnet", untied=True),
    "bloom": Architecture(graph="dense.bloom"),
    "chameleon": Architecture(graph="dense.chameleon", reads="swin_norm", logits=Logits.COPIED),
    "chatglm": Architecture(graph=Plain()),
    "codeshell": Architecture(graph=Plain(rms=False, activation="gelu")),
    "cogvlm": Architecture(graph="dense.cogvlm", logits=Logits.EVERY),
    "cohere2": Architecture(
        graph=Plain(rms=False, parallel=True, rope="rotations.in_window"),
        reads="attention.sliding_window attention.sliding_window_pattern logit_scale",
        window=Window(pattern=4),
    ),
    "command-r": Architecture(graph=Plain(rms=False, parallel=True), reads="logit_scale"),
    "deci": Architecture(graph="variants.deci"),
    "ernie4_5": Architecture(
        graph=Plain(),
        reads=(
            "expert_feed_forward_length expert_shared_feed_forward_length leading_dense_block_count "
            "rope.dimension_sections"
        ),
    ),
    "exaone": Architecture(graph=Plain()),
    "exaone4": Architecture(
        graph="dense.exaone4",
        reads="attention.sliding_window_pattern",
        defaults={"attention.sliding_window": 4096},
        window=Window(pattern=4, if_layers=64),
        never_loads_mtp=True,
    ),
    "falcon": Architecture(graph="dense.falcon"),
    "gemma": Architecture(graph=Plain(scaled_query=True, activation="gelu", embed="blocks.scaled_embedding")),
    "gemma2": Architecture(
        graph=Plain(scaled_query=True, activation="gelu", embed="blocks.scaled_embedding"),
        reads="attention.sliding_window_pattern",
        defaults={
            "attention.sliding_window": 4096,
            "attn_logit_softcapping": 50.0,
            "final_logit_softcapping": 30.0,
        },
        window=Window(pattern=2),
    ),
    "gemma3": Architecture(
        graph=Plain(scaled_query=True, activation="gelu", embed="blocks.embedding_scaled_by_rows"),
        reads="attention.sliding_window attention.sliding_window_pattern final_logit_softcapping",
        window=Window(pattern=6),
    ),
    "gemma3n": Architecture(
        splits_tensors=False,
        graph="gemma3n.build",
        reads="attention.sliding_window attention.sliding_window_pattern",
        defaults={"final_logit_softcapping": 30.0},
        window=Window(pattern=5),
        kv_layers=20,
        output_first=True,
    ),
    "glm4": Architecture(
        graph=Plain(), reads="rope.dimension_sections", never_loads_mtp=True, positions=Positions.SECTIONED
    ),
    "gpt2": Architecture(graph="dense.positioned"),
    "gptj": Architecture(),
    "gptneox": Architecture(graph="dense.gptneox", reads="use_parallel_residual"),
    "granite": Architecture(
        graph=Plain(route="routes.softmax_normalised", rope="rotations.unless_finetuned"),
        reads="embedding_scale expert_shared_feed_forward_length logit_scale residual_scale",
    ),
    "granite_swa": Architecture(
        graph=Plain(route="routes.softmax_normalised", rope="rotations.by_pattern"),
        reads=(
            "attention.rope_pattern attention.sliding_window attention.sliding_window_pattern "
            "embedding_scale expert_shared_feed_forward_length logit_scale residual_scale"
        ),
        window=Window(),
    ),
    "graniteswitch": Architecture(
        reads="embedding_scale expert_shared_feed_forward_length logit_scale residual_scale",
        prediction=PredictionBlocks.NONE,
    ),
    "hrm_text": Architecture(reads="embedding_scale"),
    "hunyuan-dense": Architecture(
        graph=Plain(norm_after_rope=True), reads="rope.dimension_sections", single_expert=True
    ),
    "hunyuan_vl": Architecture(
        graph=Plain(norm_after_rope=True),
        reads="rope.dimension_sections",
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
        reads="attention.kv_lora_rank attention.q_lora_rank",
        defaults={"residual_scale": 1.0},
    ),
    "mistral3": Architecture(
        graph=Plain(route="routes.softmax_normalised", rotate="rotations.mistral_tempered"),
        reads="attention.temperature_scale",
    ),
    "mpt": Architecture(splits_tensors=False, graph="dense.mpt", reads="attention.clamp_kqv"),
    "muse-glimmer": Architecture(
        graph="dense.muse_glimmer",
        reads="attention.sliding_window attention.sliding_window_pattern logit_scale",
        defaults={"final_logit_softcapping": 30.0},
        window=Window(pattern=4),
    ),
    "nanbeige": Architecture(graph=Plain(), reads="num_loops", looped=True),
    "nemotron": Architecture(graph=Plain(rms=False, activation="relu_sqr")),
    "olmo": Architecture(graph="dense.olmo", reads="attention.clamp_kqv"),
    "olmo2": Architecture(
        splits_tensors=False,
        graph=Plain(),
        reads="attention.sliding_window attention.sliding_window_pattern",
        window=Window(pattern=4),
    ),
    "openelm": Architecture(graph="dense.openelm"),
    "orion": Architecture(graph=Plain(rms=False)),
    "paddleocr": Architecture(
        graph=Plain(),
        reads=(
            "expert_feed_forward_length expert_shared_feed_forward_length leading_dense_block_count "
            "rope.dimension_sections"
        ),
        positions=Positions.FOUR,
    ),
    "pangu-embedded": Architecture(graph=Plain()),
    "phi2": Architecture(graph="dense.phi2"),
    "phi3": Architecture(
        graph=Plain(scaled_query=True, residual_first=True, attention_first=True),
        reads="attention.sliding_window",
    ),
    "plamo": Architecture(graph=Plain(parallel=True)),
    "plamo2": Architecture(
        splits_tensors=False,
        graph=Plain(mix="hybrids.plamo2"),
        grows=True,
        reads="ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
        recurrent=Recurrent.NO_KV_HEADS,
        nextn_in_main=True,
    ),
    "plamo3": Architecture(
        graph=Plain(),
        reads="attention.sliding_window attention.sliding_window_pattern",
        window=Window(pattern=8),
    ),
    "plm": Architecture(reads="attention.kv_lora_rank"),
    "pockettts": Architecture(),
    "qwen": Architecture(graph=Plain()),
    "qwen2": Architecture(graph=Plain()),
    "qwen2vl": Architecture(graph=Plain(), reads="rope.dimension_sections", positions=Positions.FOUR),
    "qwen3": Architecture(graph=Plain()),
    "qwen3tts": Architecture(
        splits_tensors=False, reads="n_deepstack_layers rope.dimension_sections", positions=Positions.FOUR
    ),
    "qwen3vl": Architecture(
        graph=Plain(), reads="n_deepstack_layers rope.dimension_sections", positions=Positions.FOUR
    ),
    "refact": Architecture(graph=Plain(rope="rotations.never")),
    "seed_oss": Architecture(graph=Plain()),
    "smollm3": Architecture(graph=Plain(rope="rotations.three_of_four"), period=4),
    "spark2_5": Architecture(
        graph=Plain(), reads="attention.sliding_window attention.sliding_window_pattern", window=Window()
    ),
    "stablelm": Architecture(graph=Plain(rms=False)),
    "starcoder": Architecture(graph="dense.positioned"),
    "starcoder2": Architecture(graph=Plain(rms=False, activation="gelu")),
    "t5": Architecture(splits_tensors=False),
    "talkie": Architecture(graph="dense.talkie", reads="logit_scale"),
    "xverse": Architecture(graph=Plain()),
}
