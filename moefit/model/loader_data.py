"""What llama.cpp's loaders ask a file for: written by scripts/generate_loaders.py from src/llama-model.cpp and src/models; do not edit."""

from __future__ import annotations

from typing import Final

READS: Final[dict[str, str]] = {
    "": "attention.causal=bool attention.head_count=u32* attention.head_count_kv=u32* attention.key_length=u32 attention.key_length_swa=u32 attention.value_length=u32 attention.value_length_swa=u32 block_count=u32! classifier.activation=str classifier.output_labels=str[] classifier.pooling_type=u32 context_length=u32! embedding_length=u32! embedding_length_out=u32 expert_count=u32 expert_group_count=u32 expert_group_used_count=u32 expert_used_count=u32* feed_forward_length=u32* nextn_predict_layers=u32 pooling_type=u32 rope.dimension_count=u32 rope.dimension_count_swa=u32 rope.freq_base=f32 rope.scale_linear=f32 rope.scaling.alpha=f32 rope.scaling.attn_factor=f32 rope.scaling.factor=f32 rope.scaling.finetuned=bool rope.scaling.original_context_length=u32 rope.scaling.type=str",
    "afmoe": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.freq_base_swa=f32",
    "apertus": "attention.layer_norm_rms_epsilon=f32!",
    "arcee": "attention.layer_norm_rms_epsilon=f32!",
    "arctic": "attention.layer_norm_rms_epsilon=f32!",
    "arwkv7": "attention.decay_lora_rank=u32! attention.gate_lora_rank=u32 attention.iclr_lora_rank=u32! attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32 attention.value_residual_mix_lora_rank=u32! token_shift_count=u32 wkv.head_size=u32!",
    "baichuan": "attention.layer_norm_rms_epsilon=f32!",
    "bailingmoe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32",
    "bailingmoe2": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32! expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32",
    "bailingmoe3": "attention.key_length_mla=u32! attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32 attention.value_length_mla=u32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32! expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 kda.gate_lower_bound=f32! kda.head_dim=u32! kda.safe_gate=bool leading_dense_block_count=u32! rope.dimension_sections=u32* ssm.conv_kernel=u32! swiglu_clamp_exp=f32* swiglu_clamp_shexp=f32*",
    "bert": "attention.layer_norm_epsilon=f32!",
    "bitnet": "attention.layer_norm_rms_epsilon=f32!",
    "bloom": "attention.layer_norm_epsilon=f32!",
    "chameleon": "attention.layer_norm_rms_epsilon=f32! swin_norm=bool",
    "chatglm": "attention.layer_norm_rms_epsilon=f32!",
    "clef": "attention.layer_norm_epsilon=f32! attention.layer_norm_rms_epsilon=f32! attention.recurrent_layers=u32* decision.block_count=u32! decision.head_count=u32! decision.routing_block_count=u32! full_attention_interval=u32 rope.dimension_sections=u32!* ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "codeshell": "attention.layer_norm_epsilon=f32!",
    "cogvlm": "attention.layer_norm_rms_epsilon=f32!",
    "cohere2": "attention.layer_norm_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* logit_scale=f32! rope.freq_base_swa=f32",
    "cohere2moe": "attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32 attention.sliding_window=u32! attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32! logit_scale=f32! rope.freq_base_swa=f32",
    "command-r": "attention.layer_norm_epsilon=f32! logit_scale=f32",
    "dbrx": "attention.clamp_kqv=f32! attention.layer_norm_epsilon=f32!",
    "deci": "attention.layer_norm_rms_epsilon=f32!",
    "deepseek": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_shared_count=u32! expert_weights_scale=f32 leading_dense_block_count=u32",
    "deepseek2": "attention.key_length_mla=u32 attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32 attention.temperature_length=u32 attention.temperature_scale=f32 attention.value_length_mla=u32 expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.scaling.yarn_log_multiplier=f32 vocab_size=u32",
    "deepseek2-ocr": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32",
    "deepseek32": "attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.top_k=u32! attention.key_length_mla=u32 attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32! attention.value_length_mla=u32 expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.dimension_sections=u32* rope.scaling.yarn_log_multiplier=f32",
    "deepseek4": "attention.compress_ratios=u32![] attention.compress_rope_freq_base=f32! attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.top_k=u32! attention.layer_norm_rms_epsilon=f32! attention.output_group_count=u32! attention.output_lora_rank=u32! attention.q_lora_rank=u32! attention.sliding_window=u32! expert_feed_forward_length=u32!* expert_gating_func=u32! expert_shared_count=u32! expert_weights_norm=bool! expert_weights_scale=f32! hash_layer_count=u32! hyper_connection.count=u32! hyper_connection.epsilon=f32! hyper_connection.sinkhorn_iterations=u32! swiglu_clamp_exp=f32!* swiglu_clamp_shexp=f32*",
    "dflash": "attention.compress_ratios=u32[] attention.layer_norm_rms_epsilon=f32! attention.output_group_count=u32 attention.output_lora_rank=u32 attention.q_lora_rank=u32 attention.scale=f32 attention.sliding_window=u32 attention.sliding_window_pattern=u32[] attention.value_scale=f32 block_size=u32 conv_group_size=u32 conv_kernel_size=u32 embedding_scale=f32 expert_feed_forward_length=u32* expert_gating_func=u32 expert_shared_count=u32 expert_weights_norm=bool expert_weights_scale=f32 final_logit_softcapping=f32 hidden_activation=str hyper_connection.count=u32 hyper_connection.epsilon=f32 hyper_connection.sinkhorn_iterations=u32 logit_scale=f32 rope.dimension_sections=u32* selector_rank=u32 selector_top_k=u32 swiglu_clamp_exp=f32* swiglu_clamp_shexp=f32* target_layers=u32[]",
    "dots1": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32+ expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32",
    "dots3note": "attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.top_k=u32! attention.indexer.types=u32![] attention.key_length_mla=u32! attention.key_length_mla_swa=u32! attention.kv_lora_rank=u32! attention.kv_lora_rank_swa=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32! attention.sliding_window=u32! attention.sliding_window_pattern=u32![] attention.value_length_mla=u32! attention.value_length_mla_swa=u32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32! rope.freq_base_swa=f32!",
    "dream": "attention.layer_norm_rms_epsilon=f32!",
    "eagle3": "attention.layer_norm_rms_epsilon=f32! norm_before_fc=bool norm_before_residual=bool target_hidden_size=u32! target_layers=u32[]",
    "ernie4_5": "attention.layer_norm_rms_epsilon=f32! rope.dimension_sections=u32*",
    "ernie4_5-moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_shared_feed_forward_length=u32 interleave_moe_layer_step=u32! leading_dense_block_count=u32 rope.dimension_sections=u32*",
    "eurobert": "attention.layer_norm_rms_epsilon=f32!",
    "exaone": "attention.layer_norm_rms_epsilon=f32!",
    "exaone-moe": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.freq_base_swa=f32",
    "exaone4": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* rope.freq_base_swa=f32",
    "falcon": "attention.layer_norm_epsilon=f32!",
    "falcon-h1": "attention.layer_norm_rms_epsilon=f32! ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "gemma": "attention.layer_norm_rms_epsilon=f32!",
    "gemma-embedding": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* dense_2_feat_in=u32 dense_2_feat_out=u32 dense_3_feat_in=u32 dense_3_feat_out=u32 rope.freq_base_swa=f32",
    "gemma-embedding2": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* embedding_length_per_layer_input=u32! rope.freq_base_swa=f32",
    "gemma2": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* attn_logit_softcapping=f32 final_logit_softcapping=f32 rope.freq_base_swa=f32",
    "gemma3": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* final_logit_softcapping=f32 rope.freq_base_swa=f32",
    "gemma3n": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* rope.freq_base_swa=f32",
    "gemma4": "attention.key_length_swa=u32! attention.layer_norm_rms_epsilon=f32! attention.shared_kv_layers=u32 attention.sliding_window=u32! attention.sliding_window_pattern=u32![] attention.value_length_swa=u32! embedding_length_per_layer_input=u32! expert_feed_forward_length=u32* final_logit_softcapping=f32 rope.freq_base_swa=f32",
    "gemma4-assistant": "attention.key_length_swa=u32! attention.layer_norm_rms_epsilon=f32! attention.shared_kv_layers=u32 attention.sliding_window=u32! attention.sliding_window_pattern=u32![] attention.value_length_swa=u32! rope.freq_base_swa=f32",
    "glm-dsa": "attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.top_k=u32! attention.indexer.types=u32* attention.key_length_mla=u32 attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32! attention.value_length_mla=u32 expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.dimension_sections=u32*",
    "glm4": "attention.layer_norm_rms_epsilon=f32! rope.dimension_sections=u32*",
    "glm4moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.dimension_sections=u32*",
    "glm5-next": "attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.kpool=u32! attention.indexer.kpool_select_tail=bool attention.indexer.top_k=u32! attention.indexer.types=u32* attention.key_length_mla=u32! attention.kv_lora_rank=u32! attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32! attention.value_length_mla=u32! expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 hyper_connection.count=u32! hyper_connection.epsilon=f32! hyper_connection.sinkhorn_iterations=u32! kda.gate_lower_bound=f32 kda.head_dim=u32! leading_dense_block_count=u32 ssm.conv_kernel=u32! swiglu_clamp_exp=f32* swiglu_clamp_shexp=f32*",
    "gpt-oss": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* rope.freq_base_swa=f32",
    "gpt2": "attention.layer_norm_epsilon=f32!",
    "gptneox": "attention.layer_norm_epsilon=f32! use_parallel_residual=bool!",
    "granite": "attention.layer_norm_rms_epsilon=f32! attention.scale=f32 deepstack_mapping=u32[] embedding_scale=f32 expert_shared_feed_forward_length=u32 logit_scale=f32! residual_scale=f32 rope.scaling.finetuned=bool",
    "granite_swa": "attention.layer_norm_rms_epsilon=f32! attention.rope_pattern=u32[] attention.scale=f32 attention.sliding_window=u32! attention.sliding_window_pattern=u32![] deepstack_mapping=u32[] embedding_scale=f32 expert_count=u32 expert_shared_feed_forward_length=u32 expert_used_count=u32* logit_scale=f32! residual_scale=f32",
    "granitehybrid": "attention.layer_norm_rms_epsilon=f32! attention.scale=f32 embedding_scale=f32 expert_shared_feed_forward_length=u32 logit_scale=f32 residual_scale=f32 rope.scaling.finetuned=bool ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "granitemoe": "attention.layer_norm_rms_epsilon=f32! attention.scale=f32 embedding_scale=f32 expert_shared_feed_forward_length=u32 logit_scale=f32! residual_scale=f32",
    "graniteswitch": "adapters.count=u32! adapters.lora_rank=u32! adapters.router_gain=u32 adapters.token_ids_activate=u32![] adapters.token_ids_substitute=u32![] attention.layer_norm_rms_epsilon=f32! attention.scale=f32 embedding_scale=f32 expert_shared_feed_forward_length=u32 logit_scale=f32! residual_scale=f32 rope.scaling.finetuned=bool",
    "grok": "attention.layer_norm_rms_epsilon=f32! attention.output_scale=f32 attention.temperature_length=u32 attn_logit_softcapping=f32 embedding_scale=f32 expert_feed_forward_length=u32* final_logit_softcapping=f32 logit_scale=f32 rope.scaling.yarn_attn_factor=f32 rope.scaling.yarn_beta_fast=f32 rope.scaling.yarn_beta_slow=f32 rope.scaling.yarn_ext_factor=f32 router_logit_softcapping=f32",
    "grovemoe": "attention.layer_norm_rms_epsilon=f32! expert_chunk_feed_forward_length=u32 expert_feed_forward_length=u32!* expert_group_scale=f32! experts_per_group=u32!",
    "hrm_text": "attention.layer_norm_rms_epsilon=f32! embedding_scale=f32 hrm.h_cycles=u32! hrm.l_cycles=u32! hrm.layers_per_stack=u32! hrm.prefix_lm=bool",
    "hunyuan-dense": "attention.layer_norm_rms_epsilon=f32! rope.dimension_sections=u32*",
    "hunyuan-moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_shared_feed_forward_length=u32",
    "hunyuan_vl": "attention.layer_norm_rms_epsilon=f32! rope.dimension_sections=u32*",
    "hy_v3": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32",
    "hy_v4": "attention.indexer.head_count=u32 attention.indexer.key_length=u32 attention.indexer.top_k=u32 attention.indexer.types=u32* attention.key_length_mla=u32! attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32! attention.value_length_mla=u32! expert_feed_forward_length=u32!* expert_gating_func=u32+ expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 hyper_connection.count=u32! hyper_connection.epsilon=f32! hyper_connection.magnitude=f32! leading_dense_block_count=u32 swiglu_clamp_exp=f32*",
    "internlm2": "attention.layer_norm_rms_epsilon=f32!",
    "jais": "attention.layer_norm_epsilon=f32! attention.max_alibi_bias=f32",
    "jais2": "attention.layer_norm_epsilon=f32!",
    "jamba": "attention.layer_norm_rms_epsilon=f32! ssm.conv_kernel=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "jina-bert-v2": "attention.layer_norm_epsilon=f32!",
    "jina-bert-v3": "attention.layer_norm_epsilon=f32!",
    "k2-horizon": "attention.group_norm_groups=u32 attention.layer_norm_rms_epsilon=f32! attention.value_expert_count=u32 attention.value_expert_used_count=u32 expert_feed_forward_length=u32* expert_gating_func=u32 expert_shared_count=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 moe_every_n_layers=u32 rope.scaling.yarn_beta_fast=f32 rope.scaling.yarn_beta_slow=f32",
    "kimi-k3": "activation.situ_beta=f32! activation.situ_linear_beta=f32! attention.key_length_mla=u32! attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32 attention.value_length_mla=u32! attn_res.block_size=u32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_latent_length=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 kda.gate_lower_bound=f32 kda.head_dim=u32! leading_dense_block_count=u32 ssm.conv_kernel=u32!",
    "kimi-linear": "attention.key_length_mla=u32! attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.value_length_mla=u32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32! expert_weights_scale=f32 kda.head_dim=u32! leading_dense_block_count=u32 ssm.conv_kernel=u32!",
    "laguna": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32! rope.dimension_count_swa=u32 rope.freq_base_swa=f32",
    "lfm2": "attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 decision.block_count=u32 shortconv.l_cache=u32!",
    "lfm2moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ leading_dense_block_count=u32 shortconv.l_cache=u32!",
    "llada": "attention.layer_norm_rms_epsilon=f32!",
    "llada-moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32*",
    "llama": "attention.layer_norm_rms_epsilon=f32! vocab_size=u32",
    "llama-embed": "attention.layer_norm_rms_epsilon=f32! vocab_size=u32",
    "llama4": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* interleave_moe_layer_step=u32! rope.freq_base_swa=f32",
    "maincoder": "attention.layer_norm_rms_epsilon=f32!",
    "mamba": "attention.layer_norm_rms_epsilon=f32! ssm.conv_kernel=u32! ssm.dt_b_c_rms=bool ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "mamba2": "attention.layer_norm_rms_epsilon=f32! ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "maple": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32![] expert_feed_forward_length=u32!* rope.freq_base_swa=f32 swiglu_clamp_exp=f32!*",
    "mellum": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* expert_feed_forward_length=u32!* rope.freq_base_swa=f32",
    "mimo2": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32![] attention.value_scale=f32 expert_feed_forward_length=u32!* rope.freq_base_swa=f32",
    "minicpm": "attention.layer_norm_rms_epsilon=f32! embedding_scale=f32 logit_scale=f32 residual_scale=f32",
    "minicpm3": "attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32!",
    "minimax-01": "attention.layer_norm_rms_epsilon=f32! attention.recurrent_layers=u32* full_attention_interval=u32 residual_scale=f32!",
    "minimax-m2": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32+",
    "minimax-m3": "attention.indexer.block_size=u32! attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.local_blocks=u32! attention.indexer.top_k=u32! attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32!* expert_gating_func=u32!+ expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32",
    "mistral3": "attention.layer_norm_rms_epsilon=f32! attention.temperature_scale=f32 rope.scaling.yarn_beta_fast=f32 rope.scaling.yarn_beta_slow=f32 rope.scaling.yarn_log_multiplier=f32",
    "mistral4": "attention.key_length_mla=u32 attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32! attention.q_lora_rank=u32 attention.temperature_length=u32 attention.temperature_scale=f32 attention.value_length_mla=u32 expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_count=u32! expert_weights_norm=bool expert_weights_scale=f32 leading_dense_block_count=u32 rope.scaling.yarn_log_multiplier=f32 vocab_size=u32",
    "modern-bert": "attention.layer_norm_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* classifier.activation=str decision.block_count=u32 hidden_activation=str rope.freq_base_swa=f32",
    "mpt": "attention.clamp_kqv=f32 attention.layer_norm_epsilon=f32! attention.max_alibi_bias=f32",
    "muse-glimmer": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32* final_logit_softcapping=f32 logit_scale=f32! rope.freq_base_swa=f32",
    "nanbeige": "attention.layer_norm_rms_epsilon=f32! num_loops=u32 skip_loop_final_norm=u32",
    "nemotron": "attention.layer_norm_epsilon=f32!",
    "nemotron_h": "attention.layer_norm_epsilon=f32! attention.layer_norm_rms_epsilon=f32 expert_feed_forward_length=u32* expert_shared_count=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 moe_latent_size=u32 ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "nemotron_h_moe": "attention.layer_norm_epsilon=f32! attention.layer_norm_rms_epsilon=f32 expert_feed_forward_length=u32* expert_shared_count=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 moe_latent_size=u32 ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "neo-bert": "attention.layer_norm_rms_epsilon=f32!",
    "nomic-bert": "attention.layer_norm_epsilon=f32!",
    "nomic-bert-moe": "attention.layer_norm_epsilon=f32! moe_every_n_layers=u32",
    "olmo": "attention.clamp_kqv=f32 attention.layer_norm_epsilon=f32!",
    "olmo2": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* rope.freq_base_swa=f32",
    "olmoe": "attention.layer_norm_rms_epsilon=f32!",
    "openelm": "attention.layer_norm_rms_epsilon=f32!",
    "orion": "attention.layer_norm_epsilon=f32!",
    "paddleocr": "attention.layer_norm_rms_epsilon=f32! rope.dimension_sections=u32*",
    "pangu-embedded": "attention.layer_norm_rms_epsilon=f32!",
    "phi2": "attention.layer_norm_epsilon=f32!",
    "phi3": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32",
    "phimoe": "attention.layer_norm_rms_epsilon=f32!",
    "plamo": "attention.layer_norm_rms_epsilon=f32!",
    "plamo2": "attention.key_length=u32 attention.layer_norm_rms_epsilon=f32! attention.value_length=u32 ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "plamo3": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* rope.freq_base_swa=f32",
    "plm": "attention.kv_lora_rank=u32! attention.layer_norm_rms_epsilon=f32!",
    "pockettts": "attention.layer_norm_epsilon=f32!",
    "qwen": "attention.layer_norm_rms_epsilon=f32!",
    "qwen2": "attention.layer_norm_rms_epsilon=f32!",
    "qwen2moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32* expert_shared_feed_forward_length=u32",
    "qwen2vl": "rope.dimension_sections=u32!*",
    "qwen3": "attention.layer_norm_rms_epsilon=f32!",
    "qwen35": "attention.layer_norm_rms_epsilon=f32! attention.recurrent_layers=u32* full_attention_interval=u32 rope.dimension_sections=u32!* ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "qwen35moe": "attention.layer_norm_rms_epsilon=f32! attention.recurrent_layers=u32* expert_feed_forward_length=u32* expert_shared_feed_forward_length=u32 full_attention_interval=u32 rope.dimension_sections=u32!* ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "qwen3moe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32*",
    "qwen3next": "attention.layer_norm_rms_epsilon=f32! attention.recurrent_layers=u32* expert_feed_forward_length=u32* expert_shared_feed_forward_length=u32 full_attention_interval=u32 ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "qwen3tts": "attention.layer_norm_rms_epsilon=f32! n_deepstack_layers=u32 rope.dimension_sections=u32!*",
    "qwen3vl": "attention.layer_norm_rms_epsilon=f32! n_deepstack_layers=u32 rope.dimension_sections=u32!*",
    "qwen3vlmoe": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32* n_deepstack_layers=u32 rope.dimension_sections=u32!*",
    "qwen4exp": "attention.compress_ratios=u32* attention.indexer.head_count=u32! attention.indexer.key_length=u32! attention.indexer.top_k=u32! attention.layer_norm_rms_epsilon=f32! attention.recurrent_layers=u32* embedding_length_per_layer_input=u32 expert_feed_forward_length=u32* expert_shared_feed_forward_length=u32 full_attention_interval=u32 hyper_connection.count=u32! hyper_connection.low_rank=u32! ple.conv_kernel=u32 ple.eos_token_id=u32 ple.head_offsets=u32[] ple.head_vocab_sizes=u32[] ple.heads_per_ngram=u32 ple.image_token_id=u32 ple.layer_multipliers=u64[] ple.layers=u32[] ple.ngram_size=u32 rope.dimension_sections=u32!* ssm.conv_kernel=u32! ssm.group_count=u32! ssm.inner_size=u32! ssm.state_size=u32! ssm.time_step_rank=u32!",
    "refact": "attention.layer_norm_rms_epsilon=f32!",
    "rnd1": "attention.layer_norm_rms_epsilon=f32! expert_feed_forward_length=u32*",
    "rwkv6": "attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32 rescale_every_n_layers=u32 time_decay_extra_dim=u32! time_mix_extra_dim=u32! token_shift_count=u32 wkv.head_size=u32!",
    "rwkv6qwen2": "attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32 rescale_every_n_layers=u32 time_decay_extra_dim=u32! time_mix_extra_dim=u32! token_shift_count=u32 wkv.head_size=u32!",
    "rwkv7": "attention.decay_lora_rank=u32! attention.gate_lora_rank=u32 attention.iclr_lora_rank=u32! attention.layer_norm_epsilon=f32 attention.layer_norm_rms_epsilon=f32 attention.value_residual_mix_lora_rank=u32! token_shift_count=u32 wkv.head_size=u32!",
    "seed_oss": "attention.layer_norm_rms_epsilon=f32!",
    "smallthinker": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32 attention.sliding_window_pattern=u32* expert_feed_forward_length=u32* expert_gating_func=u32+ rope.freq_base_swa=f32",
    "smollm3": "attention.layer_norm_rms_epsilon=f32!",
    "spark2_5": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32![] rope.freq_base_swa=f32",
    "stablelm": "attention.layer_norm_epsilon=f32!",
    "starcoder": "attention.layer_norm_epsilon=f32!",
    "starcoder2": "attention.layer_norm_epsilon=f32!",
    "step35": "attention.layer_norm_rms_epsilon=f32! attention.sliding_window=u32! attention.sliding_window_pattern=u32![] expert_feed_forward_length=u32!* expert_gating_func=u32 expert_shared_feed_forward_length=u32 expert_weights_norm=bool expert_weights_scale=f32 rope.freq_base_swa=f32 swiglu_clamp_exp=f32* swiglu_clamp_shexp=f32*",
    "t5": "attention.layer_norm_rms_epsilon=f32! attention.relative_buckets_count=u32! decoder_block_count=u32 decoder_start_token_id=u32",
    "t5encoder": "attention.layer_norm_rms_epsilon=f32! attention.relative_buckets_count=u32!",
    "talkie": "attention.layer_norm_rms_epsilon=f32! logit_scale=f32!",
    "xverse": "attention.layer_norm_rms_epsilon=f32!",
}
"""What each architecture reads: key, type, `!` where it is required, `+` where it must not be 0, `*` where it may be a list, `[]` where it must. The first for all."""

BLOCKS: Final[dict[str, str]] = {
    "afmoe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight post_attention_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight attn_gate.weight ffn_norm.weight post_ffw_norm.weight ( block leading_dense_block_count >= : ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_count 0 > : ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ) | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "apertus": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ffn_down.weight ffn_up.weight attn_q_norm.weight attn_q_norm.bias? attn_k_norm.weight attn_k_norm.bias?",
    "arcee": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight /rope_freqs.weight? ffn_down.weight ffn_up.weight",
    "arctic": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate_inp.weight ffn_norm_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "arwkv7": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight time_mix_w0.weight time_mix_w1.weight time_mix_w2.weight time_mix_a0.weight time_mix_a1.weight time_mix_a2.weight time_mix_v0.weight time_mix_v1.weight time_mix_v2.weight time_mix_g1.weight? time_mix_g2.weight? time_mix_lerp_fused.weight time_mix_k_k.weight time_mix_k_a.weight time_mix_r_k.weight time_mix_key.weight time_mix_value.weight time_mix_receptance.weight time_mix_ln.weight? time_mix_ln.bias? time_mix_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "baichuan": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "bailingmoe": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight",
    "bailingmoe2": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight attn_qkv.weight attn_output.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ( block leading_dense_block_count >= : ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ffn_gate.weight ffn_down.weight ffn_up.weight ) ( block n_layer >= : layer_output_norm.weight | )",
    "bailingmoe3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_output.weight ( is_recr@ : ssm_conv1d_q.weight ssm_conv1d_k.weight ssm_conv1d_v.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? ssm_f_a.weight ssm_beta.weight ssm_a ssm_dt.bias ssm_g_a.weight ssm_norm.weight | ( attention.q_lora_rank 0 > : attn_q_a.weight attn_q_a_norm.weight attn_q_b.weight | attn_q.weight ) attn_kv_a_mqa.weight attn_kv_a_norm.weight attn_k_b.weight attn_v_b.weight attn_gate.weight ) ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_up.weight ffn_down.weight | ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_up_exps.weight ffn_down_exps.weight ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight )",
    "bert": "/token_embd.weight /token_types.weight? /position_embd.weight /cls.weight? /cls.bias? /cls.output.weight? /cls.output.bias? /token_embd_norm.weight /token_embd_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? attn_output_norm.weight attn_output_norm.bias ffn_up.weight ffn_up.bias? ffn_down.weight ffn_down.bias? layer_output_norm.weight layer_output_norm.bias",
    "bitnet": "/token_embd.weight /output_norm.weight attn_norm.weight attn_sub_norm.weight attn_q.weight attn_q.scale? attn_k.weight attn_k.scale? attn_v.weight attn_v.scale? attn_output.weight attn_output.scale? ffn_norm.weight ffn_sub_norm.weight ffn_gate.weight ffn_gate.scale? ffn_down.weight ffn_down.scale? ffn_up.weight ffn_up.scale?",
    "bloom": "/token_embd.weight /token_embd_norm.weight /token_embd_norm.bias /output_norm.weight /output_norm.bias /output.weight? attn_norm.weight attn_norm.bias attn_qkv.weight attn_qkv.bias attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_down.bias ffn_up.weight ffn_up.bias",
    "chameleon": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_q_norm.weight attn_k_norm.weight attn_q_norm.bias? attn_k_norm.bias? ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "chatglm": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_up.weight ffn_down.weight",
    "clef": "/token_embd.weight /output_norm.weight /output.weight? /cls.output.weight? /cls.output.bias? attn_norm.weight post_attention_norm.weight ( is_recr@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight | attn_qkv.weight? attn_gate.weight? ssm_conv1d.weight ssm_dt.bias ssm_a ssm_beta.weight ssm_alpha.weight ssm_norm.weight ssm_out.weight ) ffn_gate.weight ffn_down.weight ffn_up.weight /decision.proj_memory.weight /decision.proj_question.weight /decision.proj_option_question.weight /decision.proj_global.weight /decision.proj_option_context.weight /decision.proj_option_lexical.weight /decision.scales /token_types.weight /decision.scorer.weight /decision.scorer.bias /decision.scorer_out.weight /decision.scorer_out.bias",
    "codeshell": "/token_embd.weight? /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_down.bias ffn_up.weight ffn_up.bias",
    "cogvlm": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_qkv.weight attn_output.weight vis_attn_qkv.weight vis_attn_output.weight /rope_freqs.weight? ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight vis_gate.weight vis_down.weight vis_up.weight",
    "cohere2": "/token_embd.weight /output_norm.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "cohere2moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ( expert_shared_count 0 > : ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ) )",
    "command-r": "/token_embd.weight /output_norm.weight attn_norm.weight ( n_layer 64 >= : attn_q_norm.weight attn_k_norm.weight | ) ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "dbrx": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight attn_qkv.weight attn_output.weight attn_output_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "deci": "/token_embd.weight /output_norm.weight /output.weight? ( n_head_kv@ 0 == n_head@ 0 > && : attn_norm.weight attn_output.weight | ( n_head_kv@ 0 > : attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight | ) ) attn_output.bias? ( n_ff@ 0 > : ffn_norm.weight | ) ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( n_ff@ 0 > : ffn_gate.weight ffn_down.weight ffn_up.weight | ) ffn_gate.bias? ffn_down.bias? ffn_up.bias?",
    "deepseek": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "deepseek2": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( attention.q_lora_rank 0 > : attn_q_a_norm.weight | ) attn_kv_a_norm.weight ( attention.q_lora_rank 0 > : attn_q_a.weight attn_q_b.weight | attn_q.weight ) attn_kv_a_mqa.weight ( is_mla : attn_k_b.weight attn_v_b.weight | attn_kv_b.weight ) attn_output.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "deepseek2-ocr": "/token_embd.weight /output_norm.weight /output.weight? ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight attn_norm.weight ( block leading_dense_block_count < : ffn_down.weight ffn_up.weight ffn_gate.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "deepseek32": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_q_a_norm.weight attn_kv_a_norm.weight attn_q_a.weight attn_q_b.weight attn_kv_a_mqa.weight attn_k_b.weight attn_v_b.weight attn_output.weight ffn_norm.weight indexer.k_norm.weight indexer.k_norm.bias indexer.proj.weight indexer.attn_k.weight indexer.attn_q_b.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "deepseek4": "/token_embd.weight /output_norm.weight /output.weight /output_hc_fn.weight /output_hc_base.weight /output_hc_scale.weight attn_norm.weight attn_sinks.weight attn_q_a.weight attn_q_a_norm.weight attn_q_b.weight attn_kv.weight attn_kv_a_norm.weight attn_output_a.weight attn_output_b.weight hc_attn_fn.weight hc_attn_base.weight hc_attn_scale.weight hc_ffn_fn.weight hc_ffn_base.weight hc_ffn_scale.weight ( attention.compress_ratios 0 != : attn_compressor_kv.weight attn_compressor_gate.weight attn_compressor_ape.weight attn_compressor_norm.weight ( attention.compress_ratios 4 == : indexer.proj.weight indexer.attn_q_b.weight indexer_compressor_kv.weight indexer_compressor_gate.weight indexer_compressor_ape.weight indexer_compressor_norm.weight | ) | ) ffn_gate_inp.weight ( block hash_layer_count < : ffn_gate_tid2eid.weight | exp_probs_b.bias ) exp_probs_b_vl.bias? ffn_norm.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight",
    "dflash": "/token_embd.weight? ( ? : /d2t | ) ( ? : /markov_w1.weight /markov_w2.weight /markov_w2.scale? /conf_proj.weight? /conf_proj.bias? | ) ( ? : /selector_predecessor.weight /selector_successor.weight /selector_hidden.weight | ) /fc.weight /fc.scale? /enc.output_norm.weight /output_norm.weight /output.weight? attn_norm.weight ffn_norm.weight ( hyper_connection.count 0 > : /output_hc_fn.weight /output_hc_base.weight /output_hc_scale.weight attn_sinks.weight attn_q_a.weight attn_q_a_norm.weight attn_q_b.weight attn_kv.weight attn_kv_a_norm.weight attn_output_a.weight attn_output_b.weight hc_attn_fn.weight hc_attn_base.weight hc_attn_scale.weight hc_ffn_fn.weight hc_ffn_base.weight hc_ffn_scale.weight ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | attn_q.weight attn_k.weight attn_v.weight? attn_output.weight attn_q_norm.weight attn_k_norm.weight post_attention_norm.weight? post_ffw_norm.weight? layer_output_scale.weight? /rope_freqs.weight? attn_sinks.weight? ffn_gate.weight ffn_down.weight ffn_up.weight ( ? : attn_conv_base attn_conv_proj.weight ffn_conv_base ffn_conv_proj.weight | ) )",
    "dots1": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "dots3note": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_q_a_norm.weight attn_kv_a_norm.weight attn_k_norm.weight attn_q_a.weight attn_q_b.weight attn_kv_a_mqa.weight attn_k_b.weight attn_v_b.weight attn_output.weight attn_gate.weight ffn_norm.weight ( block n_layer >= 0 == is_indexer_full@ && : indexer.k_norm.weight indexer.k_norm.bias indexer.proj.weight indexer.attn_k.weight indexer.attn_q_b.weight | ) ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "dream": "/token_embd.weight /output_norm.weight /output.weight? /output.bias? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "eagle3": "( ? : /d2t | ) /fc.weight ( norm_before_fc : /enc.output_norm.weight | ) /output_norm.weight /output.weight? ( ? : /token_embd.weight | ) attn_norm.weight attn_norm_2.weight attn_q.weight attn_k.weight attn_v.weight attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight /rope_freqs.weight?",
    "ernie4_5": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_feed_forward_length 0 > : ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ) | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "ernie4_5-moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( block leading_dense_block_count >= : ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_feed_forward_length 0 > : ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ) | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "eurobert": "/token_embd.weight /output_norm.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight",
    "exaone": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight /rope_freqs.weight? ffn_gate.weight ffn_down.weight ffn_up.weight",
    "exaone-moe": "/token_embd.weight /output_norm.weight /output.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight /rope_freqs.weight? attn_norm.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "exaone4": "/token_embd.weight /output_norm.weight /output.weight? ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ( block n_layer >= 0 == : /rope_freqs.weight? | ) post_attention_norm.weight attn_q_norm.weight attn_k_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight post_ffw_norm.weight",
    "falcon": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight? attn_norm.weight attn_norm.bias attn_norm_2.weight? attn_norm_2.bias? attn_qkv.weight attn_output.weight ffn_down.weight ffn_up.weight",
    "falcon-h1": "/token_embd.weight /output.weight? /output_norm.weight ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias? ssm_dt.bias ssm_a ssm_d ssm_norm.weight? ssm_out.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? attn_norm.weight ffn_norm /rope_freqs.weight? ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias?",
    "gemma": "/token_embd.weight /output_norm.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight",
    "gemma-embedding": "/token_embd.weight /output_norm.weight /output.weight? /dense_2.weight? /dense_3.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight post_attention_norm.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight",
    "gemma-embedding2": "/token_embd.weight /per_layer_model_proj.weight /per_layer_proj_norm.weight /output_norm.weight /output.weight attn_norm.weight attn_q.weight attn_k.weight attn_v.weight attn_output.weight attn_q_norm.weight attn_k_norm.weight post_attention_norm.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight inp_gate.weight proj.weight post_norm.weight layer_output_scale.weight",
    "gemma2": "/token_embd.weight /output_norm.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight post_attention_norm.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight",
    "gemma3": "/token_embd.weight /output_norm.weight /output.weight? /dense_2.weight? /dense_3.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight post_attention_norm.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight",
    "gemma3n": "/output.weight? /token_embd.weight /altup_proj.weight /altup_unembd_proj.weight /per_layer_token_embd.weight /per_layer_model_proj.weight /per_layer_proj_norm.weight /output_norm.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight post_attention_norm.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight inp_gate.weight proj.weight post_norm.weight altup_correct_coef.weight altup_correct_scale.weight altup_predict_coef.weight altup_router.weight altup_router_norm.weight laurel_l.weight laurel_r.weight laurel_post_norm.weight",
    "gemma4": "/output.weight? /token_embd.weight ( embedding_length_per_layer_input 0 > : /per_layer_token_embd.weight /per_layer_model_proj.weight /per_layer_proj_norm.weight | ) /output_norm.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight? | ) attn_output.weight attn_q_norm.weight attn_k_norm.weight post_attention_norm.weight layer_output_scale.weight? ( is_swa@ 0 == : /rope_freqs.weight? | ) ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight ffn_gate_inp.weight? ( ? : ffn_gate_inp.scale pre_ffw_norm_2.weight post_ffw_norm_1.weight post_ffw_norm_2.weight ffn_gate_up_exps.weight? ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ) ffn_down_exps.weight | ) ( embedding_length_per_layer_input 0 > : inp_gate.weight proj.weight post_norm.weight | )",
    "gemma4-assistant": "/token_embd.weight /output_norm.weight /masked_embd_centroids.weight? /masked_embd_ordering? attn_norm.weight attn_q.weight attn_output.weight attn_q_norm.weight post_attention_norm.weight layer_output_scale.weight ( is_swa@ 0 == : /rope_freqs.weight? | ) ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight",
    "glm-dsa": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_q_a_norm.weight attn_kv_a_norm.weight attn_q_a.weight attn_q_b.weight attn_kv_a_mqa.weight attn_k_b.weight attn_v_b.weight attn_output.weight ffn_norm.weight indexer.k_norm.weight? indexer.k_norm.bias? indexer.proj.weight? indexer.attn_k.weight? indexer.attn_q_b.weight? ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "glm4": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight post_attention_norm.weight ffn_norm.weight ffn_down.weight ffn_up.weight post_ffw_norm.weight",
    "glm4moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight? attn_k_norm.weight? post_attention_norm.weight ( block leading_dense_block_count >= : ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_count 0 > : ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ) | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "glm5-next": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ffn_norm.weight ( block n_layer < : hc_attn_fn.weight hc_attn_base.weight hc_attn_scale.weight hc_ffn_fn.weight hc_ffn_base.weight hc_ffn_scale.weight | ) attn_output.weight ( is_recr@ : ssm_conv1d_q.weight? ssm_conv1d_q.weight ssm_conv1d_k.weight? ssm_conv1d_k.weight ssm_conv1d_v.weight? ssm_conv1d_v.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? ssm_f_a.weight ssm_f_b.weight ssm_beta.weight ssm_a ssm_dt.bias ssm_g_a.weight ssm_g_b.weight ssm_norm.weight | attn_q_a_norm.weight attn_kv_a_norm.weight attn_q_a.weight attn_q_b.weight attn_kv_a_mqa.weight attn_k_b.weight attn_v_b.weight indexer.k_norm.weight indexer.k_norm.bias indexer.proj.weight indexer.attn_k.weight indexer.attn_q_b.weight indexer_compressor_gate.weight indexer_compressor_ape.weight ) ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "gpt-oss": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight post_attention_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_sinks.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight attn_output.bias ffn_gate_inp.bias ffn_gate_exps.bias ffn_down_exps.bias ffn_up_exps.bias",
    "gpt2": "/token_embd.weight /position_embd.weight /output_norm.weight /output_norm.bias /output.weight? attn_norm.weight attn_norm.bias attn_qkv.weight attn_qkv.bias attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_down.bias ffn_up.weight ffn_up.bias",
    "gptneox": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias attn_qkv.weight attn_qkv.bias attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_down.bias ffn_up.weight ffn_up.bias",
    "granite": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_feed_forward_length 0 > : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "granite_swa": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? attn_sinks.weight ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ( expert_shared_feed_forward_length 0 > : ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "granitehybrid": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( is_recr@ : ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias? ssm_dt.bias ssm_a ssm_d ssm_norm.weight ssm_out.weight | ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ) ffn_norm.weight /rope_freqs.weight? ( expert_count 0 > : ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_feed_forward_length 0 > : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) | ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? )",
    "granitemoe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_feed_forward_length 0 > : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "graniteswitch": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_qkv.weight attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight attn_q.lora_a attn_q.lora_b attn_k.lora_a attn_k.lora_b attn_v.lora_a attn_v.lora_b attn_output.lora_a attn_output.lora_b ffn_gate.lora_a ffn_gate.lora_b ffn_up.lora_a ffn_up.lora_b ffn_down.lora_a ffn_down.lora_b",
    "grok": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output_norm.weight ffn_norm.weight ffn_gate.weight? ffn_down.weight? ffn_up.weight? ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight layer_output_norm.weight? ( ? : post_ffw_norm.weight | )",
    "grovemoe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_chexps.weight ffn_down_chexps.weight ffn_up_chexps.weight",
    "hrm_text": "/token_embd.weight /output.weight? /hrm.z_l_init ( 0 0 > 0 0 > 0 hrm.l_cycles < && || : | ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_gate.weight attn_output.weight ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "hunyuan-dense": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "hunyuan-moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight",
    "hunyuan_vl": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "hy_v3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ffn_gate.weight? ffn_down.weight? ffn_up.weight? ffn_gate_inp.weight? exp_probs_b? ffn_down_exps.weight? ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_shexp.weight? ffn_up_shexp.weight? ffn_down_shexp.weight?",
    "hy_v4": "/token_embd.weight /output_norm.weight /output.weight /output_hc_fn.weight /output_hc_base.weight /output_hc_scale.weight attn_norm.weight attn_sinks.weight attn_q_a.weight attn_q_a_norm.weight attn_q_b.weight attn_kv_a_mqa.weight attn_kv_a_norm.weight attn_k_b.weight attn_v_b.weight attn_output.weight attn_gate.weight ( attention.indexer.top_k 0 > is_indexer_full@ && : indexer.attn_q_b.weight indexer.attn_k.weight indexer.k_norm.weight indexer.k_norm.bias indexer.proj.weight | ) hc_attn_fn.weight hc_attn_base.weight hc_attn_scale.weight hc_ffn_fn.weight hc_ffn_base.weight hc_ffn_scale.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight ffn_up_exps.weight ffn_down_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "internlm2": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "jais": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias attn_qkv.weight attn_qkv.bias attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_down.bias ffn_gate.weight ffn_gate.bias ffn_up.weight ffn_up.bias",
    "jais2": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight? attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_up.weight ffn_up.bias ffn_down.weight ffn_down.bias",
    "jamba": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( n_head_kv@ 0 == : ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias ssm_x.weight ssm_dt_norm.weight ssm_dt.weight ssm_dt.bias ssm_b_norm.weight ssm_c_norm.weight ssm_a ssm_d ssm_out.weight | ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ) ffn_norm.weight ffn_gate_inp.weight? ( ? : ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "jina-bert-v2": "/token_embd.weight /token_types.weight /token_embd_norm.weight /token_embd_norm.bias /cls.weight? /cls.bias? ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_q_norm.weight? attn_q_norm.bias? attn_k_norm.weight? attn_k_norm.bias? attn_output.weight attn_output.bias attn_output_norm.weight attn_output_norm.bias attn_norm_2.weight? attn_norm_2.bias? ffn_gate.weight? ffn_up.bias? ffn_down.weight ffn_down.bias layer_output_norm.weight layer_output_norm.bias",
    "jina-bert-v3": "/token_embd.weight /token_types.weight? /token_embd_norm.weight /token_embd_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? attn_output_norm.weight attn_output_norm.bias ffn_up.weight ffn_up.bias? ffn_down.weight ffn_down.bias? layer_output_norm.weight layer_output_norm.bias",
    "k2-horizon": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_q.weight attn_k.weight attn_q_norm.weight? attn_k_norm.weight? ( expert_count 0 > block leading_dense_block_count >= && attention.value_expert_count 0 > && : attn_v_gate.weight attn_v_gate.bias? attn_v_exps.weight | attn_v.weight ) attn_output.weight attn_gate.weight? ffn_norm.weight ( expert_count 0 > block leading_dense_block_count >= && : ffn_gate_inp.weight exp_probs_b.bias? ffn_up_exps.weight ffn_gate_exps.weight ffn_down_exps.weight ( expert_shared_count 0 > : ffn_up_shexp.weight ffn_gate_shexp.weight ffn_down_shexp.weight | ) | ffn_up.weight ffn_gate.weight ffn_down.weight )",
    "kimi-k3": "/token_embd.weight /output_norm.weight /output.weight ( attn_res.block_size 0 > : /output_res_score.weight | ) attn_norm.weight ffn_norm.weight ( attn_res.block_size 0 > : attn_res_score.weight ffn_res_score.weight | ) attn_output.weight ( is_recr@ : ssm_conv1d_q.weight? ssm_conv1d_q.weight ssm_conv1d_k.weight? ssm_conv1d_k.weight ssm_conv1d_v.weight? ssm_conv1d_v.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? ssm_f_a.weight ssm_f_b.weight ssm_beta.weight ssm_a ssm_dt.bias ssm_g.weight ssm_norm.weight | attn_q_a_norm.weight? attn_kv_a_norm.weight ( ? : attn_q_a.weight attn_q_b.weight | attn_q.weight ) attn_kv_a_mqa.weight ( ? : attn_k_b.weight attn_v_b.weight | ) attn_gate.weight? ) ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ( expert_latent_length 0 > : ffn_routed_down.weight ffn_routed_up.weight ffn_routed_norm.weight? | ) ffn_gate_shexp.weight? ffn_down_shexp.weight? ffn_up_shexp.weight? )",
    "kimi-linear": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight attn_output.weight ( is_recr@ : ssm_conv1d_q.weight? ( ? : ssm_conv1d_q.weight | ) ssm_conv1d_k.weight? ( ? : ssm_conv1d_k.weight | ) ssm_conv1d_v.weight? ( ? : ssm_conv1d_v.weight | ) ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? ssm_f_a.weight ssm_f_b.weight ssm_beta.weight ssm_a? ( ? : ssm_a | ) ssm_dt.bias ssm_g_a.weight ssm_g_b.weight ssm_norm.weight | attn_q_a_norm.weight? attn_kv_a_norm.weight ( ? : attn_q_a.weight attn_q_b.weight | attn_q.weight ) attn_kv_a_mqa.weight ( ? : attn_k_b.weight attn_v_b.weight | ) ) ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight? ffn_down_shexp.weight? ffn_up_shexp.weight? exp_probs_b.bias )",
    "laguna": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight attn_gate.weight ffn_norm.weight ( block leading_dense_block_count >= : ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_up_exps.weight ffn_down_exps.weight ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ffn_gate.weight ffn_up.weight ffn_down.weight )",
    "lfm2": "/token_embd.weight /token_embd_norm.weight ( decision.block_count 0 > : /token_types.weight /cls.norm.weight /cls.norm.bias /cls.weight /cls.bias /cls.output.weight /cls.output.bias | /output.weight? ) ffn_norm.weight ( ? : ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight exp_probs_b.bias | ffn_gate.weight ffn_down.weight ffn_up.weight ) attn_norm.weight ( is_recr@ 0 == : attn_q_norm.weight attn_k_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight | shortconv.conv.weight shortconv.in_proj.weight shortconv.out_proj.weight ) /dense_2.weight? /dense_2.bias?",
    "lfm2moe": "/token_embd.weight /token_embd_norm.weight /output.weight? ffn_norm.weight ( block leading_dense_block_count >= : ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight exp_probs_b.bias | ffn_gate.weight ffn_down.weight ffn_up.weight ) attn_norm.weight ( is_recr@ 0 == : attn_q_norm.weight attn_k_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight | shortconv.conv.weight shortconv.in_proj.weight shortconv.out_proj.weight ) /dense_2.weight? /dense_2.bias?",
    "llada": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight /rope_freqs.weight? ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias?",
    "llada-moe": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "llama": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( ? : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "llama-embed": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( ? : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "llama4": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight /rope_freqs.weight? ( interleave_moe_layer_step 0 > block 1 + interleave_moe_layer_step % 0 == && : ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "maincoder": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "mamba": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias ssm_x.weight ssm_dt.weight ssm_dt.bias ssm_a ssm_d ssm_out.weight",
    "mamba2": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias ssm_dt.bias ssm_a ssm_d ssm_norm.weight ssm_out.weight",
    "maple": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "mellum": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "mimo2": "/token_embd.weight /output_norm.weight /output.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_norm.weight attn_sinks.weight? ffn_norm.weight ffn_gate.weight? ffn_down.weight? ffn_up.weight? ffn_gate_inp.weight? ffn_gate_exps.weight? ffn_down_exps.weight? ffn_up_exps.weight? exp_probs_b.bias? ( block n_layer >= : layer_output_norm.weight? | )",
    "minicpm": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( ? : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "minicpm3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_q_a_norm.weight attn_kv_a_norm.weight attn_q_a.weight attn_q_b.weight attn_kv_a_mqa.weight attn_kv_b.weight attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight /rope_factors_long.weight? /rope_factors_short.weight?",
    "minimax-01": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( is_recr@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? | attn_norm_2.weight attn_qkv.weight attn_gate.weight ) attn_output.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight",
    "minimax-m2": "/token_embd.weight /output_norm.weight /output.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_norm.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight exp_probs_b.bias",
    "minimax-m3": "/token_embd.weight /output_norm.weight /output.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_norm.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight indexer.q_proj.weight indexer.k_proj.weight indexer.q_norm.weight indexer.k_norm.weight )",
    "mistral3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( ? : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "mistral4": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( attention.q_lora_rank 0 > : attn_q_a_norm.weight | ) attn_kv_a_norm.weight ( attention.q_lora_rank 0 > : attn_q_a.weight attn_q_b.weight | attn_q.weight ) attn_kv_a_mqa.weight ( is_mla : attn_k_b.weight attn_v_b.weight | attn_kv_b.weight ) attn_output.weight ffn_norm.weight ( block leading_dense_block_count < : ffn_gate.weight ffn_down.weight ffn_up.weight | ffn_gate_inp.weight exp_probs_b.bias? ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight )",
    "modern-bert": "/token_embd.weight /token_embd_norm.weight /output_norm.weight ( block 0 != : attn_norm.weight | attn_norm.weight? ) attn_qkv.weight attn_output.weight ffn_up.weight ffn_down.weight ffn_norm.weight /cls.output.weight? /cls.output.bias? /cls.weight? /cls.norm.weight? ( decision.block_count 0 == : | /token_types.weight /cls.bias /cls.norm.bias )",
    "mpt": "/token_embd.weight /position_embd.weight? /output_norm.weight /output_norm.bias? /output.weight? attn_norm.weight attn_norm.bias? attn_qkv.weight attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ffn_norm.bias? ffn_down.weight ffn_down.bias? ffn_up.weight ffn_up.bias? attn_k_norm.weight? attn_k_norm.bias? ffn.act.scales?",
    "muse-glimmer": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight post_attention_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight attn_gate.weight ffn_norm.weight post_ffw_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "nanbeige": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight /rope_freqs.weight? ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "nemotron": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_up.weight ffn_down.bias? ffn_up.bias?",
    "nemotron_h": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( is_recr@ : ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias? ssm_dt.bias ssm_a ssm_d ssm_norm.weight ssm_out.weight | ( n_ff@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? | ( expert_count 0 != : ffn_gate_inp.weight exp_probs_b.bias ffn_latent_down.weight? ffn_latent_up.weight? ffn_down_exps.weight ffn_up_exps.weight ffn_down_shexp.weight ffn_up_shexp.weight | ffn_down.weight ffn_up.weight ffn_down.bias? ffn_up.bias? ) ) )",
    "nemotron_h_moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( is_recr@ : ssm_in.weight ssm_conv1d.weight ssm_conv1d.bias? ssm_dt.bias ssm_a ssm_d ssm_norm.weight ssm_out.weight | ( n_ff@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? | ( expert_count 0 != : ffn_gate_inp.weight exp_probs_b.bias ffn_latent_down.weight? ffn_latent_up.weight? ffn_down_exps.weight ffn_up_exps.weight ffn_down_shexp.weight ffn_up_shexp.weight | ffn_down.weight ffn_up.weight ffn_down.bias? ffn_up.bias? ) ) )",
    "neo-bert": "/token_embd.weight /cls.weight? /cls.bias? /cls.output.weight? /cls.output.bias? /enc.output_norm.weight attn_norm.weight attn_qkv.weight attn_output.weight ffn_norm.weight ffn_up.weight ffn_down.weight",
    "nomic-bert": "/token_embd.weight /token_types.weight? /token_embd_norm.weight /token_embd_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? attn_output_norm.weight attn_output_norm.bias ffn_up.weight ffn_up.bias? ffn_down.weight ffn_down.bias? ffn_gate.weight layer_output_norm.weight layer_output_norm.bias",
    "nomic-bert-moe": "/token_embd.weight /token_types.weight? /token_embd_norm.weight /token_embd_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? attn_output_norm.weight attn_output_norm.bias ( moe_every_n_layers 0 > block moe_every_n_layers % 1 == && : ffn_up_exps.weight ffn_down_exps.weight ffn_gate_inp.weight | ffn_up.weight ffn_up.bias? ffn_down.weight ffn_down.bias? ) layer_output_norm.weight layer_output_norm.bias",
    "olmo": "/token_embd.weight /output.weight? ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "olmo2": "/token_embd.weight /output_norm.weight /output.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight post_attention_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight post_ffw_norm.weight",
    "olmoe": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "openelm": "/token_embd.weight /output_norm.weight attn_norm.weight attn_qkv.weight attn_q_norm.weight attn_k_norm.weight attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "orion": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_norm.bias ffn_gate.weight ffn_down.weight ffn_up.weight",
    "paddleocr": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : ffn_gate_inp.weight exp_probs_b.bias? ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( expert_shared_feed_forward_length 0 > : ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight | ) | ffn_gate.weight ffn_down.weight ffn_up.weight )",
    "pangu-embedded": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ffn_gate.weight ffn_down.weight ffn_up.weight",
    "phi2": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight /output.bias attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias ffn_down.weight ffn_down.bias ffn_up.weight ffn_up.bias",
    "phi3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_down.weight ffn_up.weight /rope_factors_long.weight? /rope_factors_short.weight?",
    "phimoe": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight /output.bias attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight /rope_factors_long.weight? /rope_factors_short.weight?",
    "plamo": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "plamo2": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( is_recr@ : ssm_in.weight ssm_conv1d.weight ssm_x.weight ssm_dt.weight ssm_dt.bias ssm_a ssm_d ssm_out.weight ssm_dt_norm ssm_b_norm ssm_c_norm | attn_qkv.weight attn_q_norm.weight attn_k_norm.weight attn_output.weight ) post_attention_norm ffn_norm.weight ffn_down.weight ffn_up.weight post_ffw_norm",
    "plamo3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight attn_qkv.weight attn_q_norm.weight attn_k_norm.weight attn_output.weight post_attention_norm ffn_norm.weight post_ffw_norm ffn_up.weight ffn_down.weight",
    "plm": "/token_embd.weight /output_norm.weight attn_norm.weight attn_q.weight attn_kv_a_mqa.weight attn_kv_a_norm.weight attn_kv_b.weight attn_output.weight ffn_norm.weight ffn_down.weight ffn_up.weight",
    "pockettts": "/token_embd.weight /output_norm.weight /output_norm.bias attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_up.weight",
    "qwen": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight attn_qkv.weight attn_qkv.bias attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen2": "/token_embd.weight /output_norm.weight /output.weight? /output.bias? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen2moe": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight ffn_gate_inp_shexp.weight ffn_gate_shexp.weight ffn_down_shexp.weight ffn_up_shexp.weight",
    "qwen2vl": "/token_embd.weight /output_norm.weight /output.weight? /output.bias? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen3": "/token_embd.weight /output_norm.weight /output.weight? /cls.output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen35": "/token_embd.weight /output_norm.weight /output.weight? /cls.output.weight? /cls.output.bias? attn_norm.weight post_attention_norm.weight ( is_recr@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight | attn_qkv.weight? attn_gate.weight? ssm_conv1d.weight ssm_dt.bias ssm_a ssm_beta.weight ssm_alpha.weight ssm_norm.weight ssm_out.weight ) ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen35moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight post_attention_norm.weight ( is_recr@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight | attn_qkv.weight? attn_gate.weight? ssm_conv1d.weight ssm_dt.bias ssm_a ssm_beta.weight ssm_alpha.weight ssm_norm.weight ssm_out.weight ) ffn_gate_inp.weight ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_inp_shexp.weight ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight",
    "qwen3moe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "qwen3next": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight post_attention_norm.weight ( is_recr@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight | ssm_in.weight? attn_qkv.weight? attn_gate.weight? ssm_conv1d.weight ssm_dt.bias ssm_a ssm_ba.weight ssm_norm.weight ssm_out.weight ) ffn_gate_inp.weight ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_inp_shexp.weight ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight",
    "qwen3tts": "/token_embd.weight /output_norm.weight /output.weight? /cls.output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen3vl": "/token_embd.weight /output_norm.weight /output.weight? /cls.output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "qwen3vlmoe": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "qwen4exp": "/token_embd.weight /output_hc_norm.weight /output_hc_down.weight /output_hc_up.weight /output.weight? ( ? : /per_layer_token_embd.weight | ) hc_attn_norm.weight hc_attn_down.weight hc_attn_up.weight hc_attn_inject.weight hc_ffn_norm.weight hc_ffn_down.weight hc_ffn_up.weight hc_ffn_inject.weight ( is_recr@ 0 == : ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight attn_k_norm.weight indexer.q_proj.weight indexer.k_proj.weight indexer.q_norm.weight indexer.k_norm.weight | attn_qkv.weight attn_gate.weight ssm_conv1d.weight ssm_dt.bias ssm_a ssm_beta.weight ssm_alpha.weight ssm_norm.weight ssm_out.weight ) ( ? : ple_key.weight ple_value.weight ple_norm_key.weight ple_norm_query.weight ple_norm_conv.weight ple_conv1d.weight | ) ffn_gate_inp.weight ffn_down_exps.weight ( ? : ffn_gate_exps.weight ffn_up_exps.weight | ffn_gate_up_exps.weight ) ffn_gate_inp_shexp.weight ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight",
    "refact": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias? ffn_norm.weight ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( expert_count 0 == : ffn_gate.weight ffn_down.weight ffn_up.weight ffn_gate.bias? ffn_down.bias? ffn_up.bias? | ffn_gate_inp.weight ffn_gate_exps.weight? ffn_down_exps.weight ffn_up_exps.weight ( ? : ffn_gate_shexp.weight ffn_up_shexp.weight ffn_down_shexp.weight | ) )",
    "rnd1": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_k_norm.weight attn_q_norm.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "rwkv6": "/token_embd.weight /token_embd_norm.weight /token_embd_norm.bias /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias attn_norm_2.weight attn_norm_2.bias time_mix_w1.weight time_mix_w2.weight time_mix_lerp_x.weight time_mix_lerp_w.weight? time_mix_lerp_k.weight? time_mix_lerp_v.weight? time_mix_lerp_r.weight? time_mix_lerp_g.weight? time_mix_lerp_fused.weight? time_mix_first.weight time_mix_decay.weight time_mix_decay_w1.weight time_mix_decay_w2.weight time_mix_key.weight time_mix_value.weight time_mix_receptance.weight time_mix_gate.weight time_mix_ln.weight time_mix_ln.bias time_mix_output.weight channel_mix_lerp_k.weight channel_mix_lerp_r.weight channel_mix_key.weight channel_mix_value.weight channel_mix_receptance.weight",
    "rwkv6qwen2": "/token_embd.weight /output_norm.weight /output_norm.bias? /output.weight attn_norm.weight time_mix_w1.weight time_mix_w2.weight time_mix_lerp_x.weight time_mix_lerp_fused.weight time_mix_first.weight? time_mix_decay.weight time_mix_decay_w1.weight time_mix_decay_w2.weight time_mix_key.weight time_mix_value.weight time_mix_receptance.weight time_mix_gate.weight time_mix_key.bias? time_mix_value.bias? time_mix_receptance.bias? time_mix_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "rwkv7": "/token_embd.weight /token_embd_norm.weight /token_embd_norm.bias /output_norm.weight /output_norm.bias /output.weight attn_norm.weight attn_norm.bias attn_norm_2.weight attn_norm_2.bias time_mix_w0.weight time_mix_w1.weight time_mix_w2.weight time_mix_a0.weight time_mix_a1.weight time_mix_a2.weight time_mix_v0.weight time_mix_v1.weight time_mix_v2.weight time_mix_g1.weight time_mix_g2.weight time_mix_lerp_fused.weight time_mix_k_k.weight time_mix_k_a.weight time_mix_r_k.weight time_mix_key.weight time_mix_value.weight time_mix_receptance.weight time_mix_ln.weight time_mix_ln.bias time_mix_output.weight channel_mix_lerp_k.weight channel_mix_key.weight channel_mix_value.weight",
    "seed_oss": "/token_embd.weight /output_norm.weight /output.weight? ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_norm.weight post_attention_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight",
    "smallthinker": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate_inp.weight ffn_gate_exps.weight ffn_down_exps.weight ffn_up_exps.weight",
    "smollm3": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
    "spark2_5": "/token_embd.weight /output_norm.weight /output.weight? attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_gate.weight attn_output.weight ffn_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight",
    "stablelm": "/token_embd.weight /output_norm.bias /output_norm.weight /output.weight attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight? attn_k_norm.weight? ffn_norm.weight? ffn_norm.bias? ffn_gate.weight ffn_down.weight ffn_up.weight",
    "starcoder": "/token_embd.weight /position_embd.weight /output_norm.weight /output_norm.bias /output.weight? attn_norm.weight attn_norm.bias attn_qkv.weight attn_qkv.bias attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_down.bias ffn_up.weight ffn_up.bias",
    "starcoder2": "/token_embd.weight /output_norm.weight /output_norm.bias /output.weight? attn_norm.weight attn_norm.bias ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_output.bias ffn_norm.weight ffn_norm.bias ffn_down.weight ffn_up.weight ffn_down.bias ffn_up.bias",
    "step35": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight attn_q_norm.weight? attn_k_norm.weight? ( ? : /rope_factors_long.weight? /rope_factors_short.weight? | /rope_freqs.weight? ) ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_gate.weight? ffn_norm.weight ffn_gate.weight? ffn_down.weight? ffn_up.weight? ffn_gate_inp.weight? ffn_gate_exps.weight? ffn_down_exps.weight? ffn_up_exps.weight? exp_probs_b.bias? ffn_gate_shexp.weight? ffn_up_shexp.weight? ffn_down_shexp.weight?",
    "t5": "/token_embd.weight /enc.output_norm.weight /dec.output_norm.weight /output.weight?",
    "t5encoder": "/token_embd.weight /enc.output_norm.weight /output.weight?",
    "talkie": "/token_embd.weight /output.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight attn_q_norm.weight ffn_gate.weight ffn_up.weight ffn_down.weight layer_output_scale.weight",
    "xverse": "/token_embd.weight /output_norm.weight /output.weight attn_norm.weight ( ? : attn_q.weight attn_k.weight attn_v.weight | attn_qkv.weight ) attn_q.bias? attn_k.bias? attn_v.bias? attn_qkv.bias? attn_output.weight ffn_norm.weight ffn_gate.weight ffn_down.weight ffn_up.weight",
}
"""Tensors that each block of the main model needs, and the file (after a `/`); `( A | B )` is one of two."""

SHAPES: Final[dict[str, str]] = {
    "afmoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_gate.weight n_embd, head_k n_head *
ffn_norm.weight n_embd
post_ffw_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "apertus": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
attn_q_norm.weight head_k
attn_q_norm.bias head_k
attn_k_norm.weight head_k
attn_k_norm.bias head_k
""",
    "arcee": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
rope_freqs.weight n_rot 2 /
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "arctic": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_embd
ffn_down.weight n_embd, n_embd
ffn_up.weight n_embd, n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_norm_exps.weight n_embd
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
""",
    "arwkv7": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
time_mix_w0.weight n_embd
time_mix_w1.weight n_embd, attention.decay_lora_rank
time_mix_w2.weight attention.decay_lora_rank, n_embd
time_mix_a0.weight n_embd
time_mix_a1.weight n_embd, attention.iclr_lora_rank
time_mix_a2.weight attention.iclr_lora_rank, n_embd
time_mix_v0.weight n_embd
time_mix_v1.weight n_embd, attention.iclr_lora_rank
time_mix_v2.weight attention.iclr_lora_rank, n_embd
time_mix_v1.weight n_embd, attention.value_residual_mix_lora_rank
time_mix_v2.weight attention.value_residual_mix_lora_rank, n_embd
time_mix_g1.weight n_embd, attention.gate_lora_rank
time_mix_g2.weight attention.gate_lora_rank, n_embd
time_mix_lerp_fused.weight n_embd, 1, 1, 6
time_mix_lerp_fused.weight n_embd, 1, 1, 5
time_mix_k_k.weight n_embd
time_mix_k_a.weight n_embd
time_mix_r_k.weight n_embd
time_mix_key.weight n_embd, n_embd
time_mix_value.weight n_embd, n_embd
time_mix_receptance.weight n_embd, n_embd
time_mix_ln.weight n_embd
time_mix_ln.bias n_embd
time_mix_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "baichuan": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "bailingmoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_head n_rot * n_head_kv n_rot * + n_head_kv n_rot * +
attn_qkv.bias n_head n_rot * n_head_kv n_rot * + n_head_kv n_rot * +
attn_q.weight n_embd, n_head n_rot *
attn_q.bias n_head n_rot *
attn_k.weight n_embd, n_head_kv n_rot *
attn_k.bias n_head_kv n_rot *
attn_v.weight n_embd, n_head_kv n_rot *
attn_v.bias n_head_kv n_rot *
attn_output.weight n_head n_rot *, n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "bailingmoe2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp or expert_shared_count *
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff_exp or expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp or expert_shared_count *
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
layer_output_norm.weight n_embd
""",
    "bailingmoe3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
attn_qkv.weight n_embd, kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_qkv.bias kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_q.weight n_embd, kda.head_dim n_head *
attn_q.bias kda.head_dim n_head *
attn_k.weight n_embd, kda.head_dim n_head *
attn_k.bias kda.head_dim n_head *
attn_v.weight n_embd, kda.head_dim n_head *
attn_v.bias kda.head_dim n_head *
ssm_f_a.weight n_embd, kda.head_dim n_head *
ssm_beta.weight n_embd, n_head
ssm_a 1, n_head
ssm_dt.bias kda.head_dim n_head *
ssm_g_a.weight n_embd, kda.head_dim n_head *
ssm_norm.weight kda.head_dim
attn_output.weight kda.head_dim n_head *, n_embd
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_a_norm.weight attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_q.weight n_embd, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_kv_a_norm.weight attention.kv_lora_rank
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_gate.weight n_embd, n_head
attn_output.weight n_head head_v_mla *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length~
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length~
ffn_down_shexp.weight expert_shared_feed_forward_length~, n_embd
layer_output_norm.weight n_embd
""",
    "bert": """
token_embd.weight n_embd, n_vocab
position_embd.weight n_embd, context_length
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
attn_output_norm.weight n_embd
attn_output_norm.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
layer_output_norm.weight n_embd
layer_output_norm.bias n_embd
""",
    "bitnet": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_sub_norm.weight n_embd
attn_q.weight n_embd, n_embd
attn_q.scale 1
attn_k.weight n_embd, head_v n_head_kv *
attn_k.scale 1
attn_v.weight n_embd, head_v n_head_kv *
attn_v.scale 1
attn_output.weight n_embd, n_embd
attn_output.scale 1
ffn_norm.weight n_embd
ffn_sub_norm.weight n_ff
ffn_gate.weight n_embd, n_ff
ffn_gate.scale 1
ffn_down.weight n_ff, n_embd
ffn_down.scale 1
ffn_up.weight n_embd, n_ff
ffn_up.scale 1
""",
    "bloom": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_qkv.bias n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "chameleon": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_norm.weight head_k, n_head
attn_k_norm.weight head_k, n_head_kv
attn_q_norm.bias head_k, n_head
attn_k_norm.bias head_k, n_head_kv
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "chatglm": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_up.weight n_embd, n_ff 2 *
ffn_down.weight n_ff, n_embd
""",
    "clef": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head * 2 *
attn_q.bias head_k n_head * 2 *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_qkv.weight n_embd, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
attn_gate.weight n_embd, ssm.state_size ssm.time_step_rank *
ssm_conv1d.weight ssm.conv_kernel, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
ssm_dt.bias ssm.time_step_rank
ssm_a ssm.time_step_rank
ssm_beta.weight n_embd, ssm.time_step_rank
ssm_alpha.weight n_embd, ssm.time_step_rank
ssm_norm.weight ssm.state_size
ssm_out.weight ssm.state_size ssm.time_step_rank *, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
decision.proj_memory.weight n_embd, ?
decision.proj_question.weight n_embd, ?
decision.proj_option_question.weight n_embd, ?
decision.proj_global.weight n_embd, ?
decision.proj_option_context.weight n_embd, ?
decision.proj_option_lexical.weight n_embd, ?
decision.scales 3
decision.scorer_out.weight ?, 1
decision.scorer_out.bias 1
""",
    "codeshell": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "cogvlm": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * 3 *
attn_output.weight head_k n_head *, n_embd
vis_attn_qkv.weight n_embd, head_k n_head * 3 *
vis_attn_output.weight head_k n_head *, n_embd
rope_freqs.weight n_rot 2 /
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
vis_gate.weight n_embd, n_ff
vis_down.weight n_ff, n_embd
vis_up.weight n_embd, n_ff
""",
    "cohere2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "cohere2moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_down_exps.weight n_ff_exp n_ff or, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp n_ff or 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff or, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff or, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp n_ff or expert_shared_count * or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff_exp n_ff or expert_shared_count * or, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp n_ff or expert_shared_count * or
""",
    "command-r": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_q_norm.weight head_k, n_head
attn_k_norm.weight head_k, n_head_kv
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "dbrx": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
""",
    "deci": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_output.weight n_embd, n_embd
attn_qkv.weight n_embd, head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight head_k n_head@ *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff@
ffn_down.weight n_ff@, n_embd
ffn_up.weight n_embd, n_ff@
ffn_gate.bias n_ff@
ffn_down.bias n_embd
ffn_up.bias n_ff@
""",
    "deepseek": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "deepseek2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_q.weight n_embd, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_kv_b.weight attention.kv_lora_rank, n_head head_k_mla n_rot - head_v_mla + *
attn_output.weight n_head head_v_mla *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "deepseek2-ocr": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, n_embd n_embd + n_embd +
attn_qkv.bias n_embd n_embd + n_embd +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, n_embd
attn_k.bias n_embd
attn_v.weight n_embd, n_embd
attn_v.bias n_embd
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
attn_norm.weight n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "deepseek32": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_output.weight n_head head_v_mla *, n_embd
ffn_norm.weight n_embd
indexer.k_norm.weight attention.indexer.key_length
indexer.k_norm.bias attention.indexer.key_length
indexer.proj.weight n_embd, attention.indexer.head_count
indexer.attn_k.weight n_embd, attention.indexer.key_length
indexer.attn_q_b.weight attention.q_lora_rank, attention.indexer.head_count attention.indexer.key_length *
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "deepseek4": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
output_hc_fn.weight hyper_connection.count n_embd *, hyper_connection.count
output_hc_base.weight hyper_connection.count
output_hc_scale.weight 1
attn_norm.weight n_embd
attn_sinks.weight n_head
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_a_norm.weight attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k *
attn_kv.weight n_embd, head_k
attn_kv_a_norm.weight head_k
~attn_output_a.weight n_head head_k * attention.output_group_count /, attention.output_lora_rank, attention.output_group_count
attn_output_b.weight attention.output_group_count attention.output_lora_rank *, n_embd
hc_attn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count + hyper_connection.count *
hc_attn_base.weight 2 hyper_connection.count + hyper_connection.count *
hc_attn_scale.weight 3
hc_ffn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count + hyper_connection.count *
hc_ffn_base.weight 2 hyper_connection.count + hyper_connection.count *
hc_ffn_scale.weight 3
attn_compressor_kv.weight n_embd, attention.compress_ratios 4 == 2 1 if head_k *
attn_compressor_gate.weight n_embd, attention.compress_ratios 4 == 2 1 if head_k *
attn_compressor_ape.weight attention.compress_ratios 4 == 2 1 if head_k *, attention.compress_ratios
attn_compressor_norm.weight head_k
indexer.proj.weight n_embd, attention.indexer.head_count
indexer.attn_q_b.weight attention.q_lora_rank, attention.indexer.head_count attention.indexer.key_length *
indexer_compressor_kv.weight n_embd, 2 attention.indexer.key_length *
indexer_compressor_gate.weight n_embd, 2 attention.indexer.key_length *
indexer_compressor_ape.weight 2 attention.indexer.key_length *, attention.compress_ratios
indexer_compressor_norm.weight attention.indexer.key_length
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_tid2eid.weight n_expert_used, n_vocab
exp_probs_b.bias expert_count
exp_probs_b_vl.bias expert_count
ffn_norm.weight n_embd
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "dflash": """
token_embd.weight n_embd, n_vocab
markov_w1.weight ?, n_vocab
markov_w2.scale 1
selector_predecessor.weight ?, n_vocab
selector_successor.weight ?, n_vocab
selector_hidden.weight n_embd, ?
fc.weight ?, n_embd
fc.scale 1
output_norm.weight n_embd
output.weight n_embd, ?
token_embd.weight n_embd, ?
output_hc_fn.weight hyper_connection.count n_embd *, hyper_connection.count
output_hc_base.weight hyper_connection.count
output_hc_scale.weight 1
attn_norm.weight n_embd
attn_sinks.weight n_head
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_a_norm.weight attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k *
attn_kv.weight n_embd, head_k
attn_kv_a_norm.weight head_k
~attn_output_a.weight n_head head_k * attention.output_group_count /, attention.output_lora_rank, attention.output_group_count
attn_output_b.weight attention.output_group_count attention.output_lora_rank *, n_embd
hc_attn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count + hyper_connection.count *
hc_attn_base.weight 2 hyper_connection.count + hyper_connection.count *
hc_attn_scale.weight 3
hc_ffn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count + hyper_connection.count *
hc_ffn_base.weight 2 hyper_connection.count + hyper_connection.count *
hc_ffn_scale.weight 3
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_norm.weight n_embd
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
attn_q.weight n_embd, head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
post_attention_norm.weight n_embd
post_ffw_norm.weight n_embd
layer_output_scale.weight 1
rope_freqs.weight head_k 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
attn_conv_base n_embd, ?, 2
attn_conv_proj.weight n_embd, ?
ffn_conv_base n_embd, ?, 2
ffn_conv_proj.weight n_embd, ?
""",
    "dots1": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head * + head_k n_head * +
attn_qkv.bias head_k n_head * head_k n_head * + head_k n_head * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head *
attn_k.bias head_k n_head *
attn_v.weight n_embd, head_k n_head *
attn_v.bias head_k n_head *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "dots3note": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight block n_layer >= is_swa@ || attention.kv_lora_rank_swa attention.kv_lora_rank if
attn_k_norm.weight n_rot
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head@ block n_layer >= is_swa@ || attention.key_length_mla_swa head_k_mla if *
attn_kv_a_mqa.weight n_embd, block n_layer >= is_swa@ || attention.kv_lora_rank_swa attention.kv_lora_rank if n_rot +
attn_k_b.weight block n_layer >= is_swa@ || attention.key_length_mla_swa head_k_mla if n_rot -, block n_layer >= is_swa@ || attention.kv_lora_rank_swa attention.kv_lora_rank if, n_head@
attn_v_b.weight block n_layer >= is_swa@ || attention.kv_lora_rank_swa attention.kv_lora_rank if, block n_layer >= is_swa@ || attention.value_length_mla_swa head_v_mla if, n_head@
attn_output.weight n_head@ block n_layer >= is_swa@ || attention.value_length_mla_swa head_v_mla if *, n_embd
attn_gate.weight n_embd, n_head@
ffn_norm.weight n_embd
indexer.k_norm.weight attention.indexer.key_length
indexer.k_norm.bias attention.indexer.key_length
indexer.proj.weight n_embd, attention.indexer.head_count
indexer.attn_k.weight n_embd, attention.indexer.key_length
indexer.attn_q_b.weight attention.q_lora_rank, attention.indexer.head_count attention.indexer.key_length *
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "dream": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
output.bias n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "eagle3": """
fc.weight ?, n_embd
output_norm.weight n_embd
output.weight n_embd, ?
token_embd.weight n_embd, ?
attn_norm.weight n_embd
attn_norm_2.weight n_embd
attn_q.weight 2 n_embd *, head_k n_head *
attn_k.weight 2 n_embd *, head_k n_head_kv *
attn_v.weight 2 n_embd *, head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
rope_freqs.weight n_rot 2 /
""",
    "ernie4_5": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "ernie4_5-moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "eurobert": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
""",
    "exaone": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "exaone-moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, n_head head_k * n_head_kv head_k * + n_head_kv head_k * +
attn_qkv.bias n_head head_k * n_head_kv head_k * + n_head_kv head_k * +
attn_q.weight n_embd, n_head head_k *
attn_q.bias n_head head_k *
attn_k.weight n_embd, n_head_kv head_k *
attn_k.bias n_head_kv head_k *
attn_v.weight n_embd, n_head_kv head_k *
attn_v.bias n_head_kv head_k *
attn_output.weight n_head head_k *, n_embd
rope_freqs.weight n_rot 2 /
attn_norm.weight n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff_exp or, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp or
""",
    "exaone4": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
rope_freqs.weight n_rot 2 /
post_attention_norm.weight n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
post_ffw_norm.weight n_embd
""",
    "falcon": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_norm_2.weight n_embd
attn_norm_2.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "falcon-h1": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
output_norm.weight n_embd
ssm_in.weight n_embd, ssm.inner_size ssm.inner_size 2 ssm.group_count * ssm.state_size * + + ssm.time_step_rank +
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_conv1d.bias ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_dt.bias ssm.time_step_rank
ssm_a 1, ssm.time_step_rank
ssm_d 1, ssm.time_step_rank
ssm_norm.weight ssm.inner_size ssm.group_count /, ssm.group_count
ssm_out.weight ssm.inner_size, n_embd
attn_qkv.weight n_embd, head_k n_head * n_head_kv head_k * + n_head_kv head_v * +
attn_qkv.bias head_k n_head * n_head_kv head_k * + n_head_kv head_v * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, n_head_kv head_k *
attn_k.bias n_head_kv head_k *
attn_v.weight n_embd, n_head_kv head_v *
attn_v.bias n_head_kv head_v *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
attn_norm.weight n_embd
ffn_norm n_embd
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
""",
    "gemma": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
""",
    "gemma-embedding": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
post_attention_norm.weight n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
post_ffw_norm.weight n_embd
""",
    "gemma-embedding2": """
token_embd.weight n_embd, n_vocab
per_layer_model_proj.weight n_embd, embedding_length_per_layer_input n_layer *
per_layer_proj_norm.weight embedding_length_per_layer_input
output_norm.weight n_embd
output.weight n_embd, n_embd_out
attn_norm.weight n_embd
attn_q.weight n_embd, head_k@ n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_output.weight head_k@ n_head@ *, n_embd
attn_q_norm.weight head_k@
attn_k_norm.weight head_k@
post_attention_norm.weight n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
post_ffw_norm.weight n_embd
inp_gate.weight n_embd, embedding_length_per_layer_input
proj.weight embedding_length_per_layer_input, n_embd
post_norm.weight n_embd
layer_output_scale.weight 1
""",
    "gemma2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
post_attention_norm.weight n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
post_ffw_norm.weight n_embd
""",
    "gemma3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
post_attention_norm.weight n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
post_ffw_norm.weight n_embd
""",
    "gemma3n": """
output.weight n_embd, n_vocab
token_embd.weight n_embd, n_vocab
altup_proj.weight n_embd, n_embd, 4 1 -
altup_unembd_proj.weight n_embd, n_embd, 4 1 -
per_layer_token_embd.weight 256 n_layer *, n_vocab
per_layer_model_proj.weight n_embd, 256 n_layer *
per_layer_proj_norm.weight 256
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
post_attention_norm.weight n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
post_ffw_norm.weight n_embd
inp_gate.weight n_embd, 256
proj.weight 256, n_embd
post_norm.weight n_embd
altup_correct_coef.weight 4, 4
altup_correct_scale.weight n_embd
altup_predict_coef.weight 4, 4 4 *
altup_router.weight n_embd, 4
altup_router_norm.weight n_embd
laurel_l.weight n_embd, 64
laurel_r.weight 64, n_embd
laurel_post_norm.weight n_embd
""",
    "gemma4": """
output.weight n_embd, n_vocab
token_embd.weight n_embd, n_vocab
per_layer_token_embd.weight embedding_length_per_layer_input n_layer *, n_vocab
per_layer_model_proj.weight n_embd, embedding_length_per_layer_input n_layer *
per_layer_proj_norm.weight embedding_length_per_layer_input
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k@ n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k@ n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_output.weight head_k@ n_head@ *, n_embd
attn_q_norm.weight head_k@
attn_k_norm.weight head_k@
post_attention_norm.weight n_embd
layer_output_scale.weight 1
rope_freqs.weight head_k@ 2 /
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff@
ffn_up.weight n_embd, n_ff@
ffn_down.weight n_ff@, n_embd
post_ffw_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_inp.scale n_embd
pre_ffw_norm_2.weight n_embd
post_ffw_norm_1.weight n_embd
post_ffw_norm_2.weight n_embd
ffn_gate_up_exps.weight n_embd, n_ff_exp 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
inp_gate.weight n_embd, embedding_length_per_layer_input
proj.weight embedding_length_per_layer_input, n_embd
post_norm.weight n_embd
""",
    "gemma4-assistant": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_q.weight n_embd, head_k@ n_head@ *
attn_output.weight head_k@ n_head@ *, n_embd
attn_q_norm.weight head_k@
post_attention_norm.weight n_embd
layer_output_scale.weight 1
rope_freqs.weight head_k@ 2 /
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff@
ffn_up.weight n_embd, n_ff@
ffn_down.weight n_ff@, n_embd
post_ffw_norm.weight n_embd
""",
    "glm-dsa": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_output.weight n_head head_v_mla *, n_embd
ffn_norm.weight n_embd
indexer.k_norm.weight attention.indexer.key_length
indexer.k_norm.bias attention.indexer.key_length
indexer.proj.weight n_embd, attention.indexer.head_count
indexer.attn_k.weight n_embd, attention.indexer.key_length
indexer.attn_q_b.weight attention.q_lora_rank, attention.indexer.head_count attention.indexer.key_length *
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "glm4": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
post_attention_norm.weight n_embd
ffn_norm.weight n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff 2 *
post_ffw_norm.weight n_embd
""",
    "glm4moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
post_attention_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp n_ff n_expert_used / or expert_shared_count *
ffn_down_shexp.weight n_ff_exp n_ff n_expert_used / or expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp n_ff n_expert_used / or expert_shared_count *
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "glm5-next": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ffn_norm.weight n_embd
hc_attn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count + hyper_connection.count *
hc_attn_base.weight 2 hyper_connection.count + hyper_connection.count *
hc_attn_scale.weight 3
hc_ffn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count + hyper_connection.count *
hc_ffn_base.weight 2 hyper_connection.count + hyper_connection.count *
hc_ffn_scale.weight 3
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *
attn_qkv.weight n_embd, kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_qkv.bias kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_q.weight n_embd, kda.head_dim n_head *
attn_q.bias kda.head_dim n_head *
attn_k.weight n_embd, kda.head_dim n_head *
attn_k.bias kda.head_dim n_head *
attn_v.weight n_embd, kda.head_dim n_head *
attn_v.bias kda.head_dim n_head *
ssm_f_a.weight n_embd, kda.head_dim
ssm_f_b.weight kda.head_dim, kda.head_dim n_head *
ssm_beta.weight n_embd, n_head
ssm_a n_head
ssm_dt.bias kda.head_dim n_head *
ssm_g_a.weight n_embd, kda.head_dim
ssm_g_b.weight kda.head_dim, kda.head_dim n_head *
ssm_norm.weight kda.head_dim
attn_output.weight kda.head_dim n_head *, n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_output.weight n_head head_v_mla *, n_embd
indexer.k_norm.weight attention.indexer.key_length
indexer.k_norm.bias attention.indexer.key_length
indexer.proj.weight n_embd, attention.indexer.head_count
indexer.attn_k.weight n_embd, attention.indexer.key_length
indexer.attn_q_b.weight attention.q_lora_rank, attention.indexer.head_count attention.indexer.key_length *
indexer_compressor_gate.weight n_embd, attention.indexer.key_length
indexer_compressor_ape.weight attention.indexer.key_length, attention.indexer.kpool
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp@, expert_count
ffn_down_exps.weight n_ff_exp@, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp@, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp@ expert_shared_count *
ffn_down_shexp.weight n_ff_exp@ expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp@ expert_shared_count *
""",
    "gpt-oss": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, n_head n_rot * n_head_kv n_rot * + n_head_kv n_rot * +
attn_qkv.bias n_head n_rot * n_head_kv n_rot * + n_head_kv n_rot * +
attn_q.weight n_embd, n_head n_rot *
attn_q.bias n_head n_rot *
attn_k.weight n_embd, n_head_kv n_rot *
attn_k.bias n_head_kv n_rot *
attn_v.weight n_embd, n_head_kv n_rot *
attn_v.bias n_head_kv n_rot *
attn_output.weight n_head n_rot *, n_embd
attn_sinks.weight n_head
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
attn_output.bias n_embd
ffn_gate_inp.bias expert_count
ffn_gate_exps.bias n_ff_exp, expert_count
ffn_down_exps.bias n_embd, expert_count
ffn_up_exps.bias n_ff_exp, expert_count
""",
    "gpt2": """
token_embd.weight n_embd, n_vocab
position_embd.weight n_embd, context_length
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_qkv.bias n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "gptneox": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_qkv.bias n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "granite": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
""",
    "granite_swa": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
attn_sinks.weight n_head
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_up_shexp.weight n_embd, 2 expert_shared_feed_forward_length *
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
""",
    "granitehybrid": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, 2 ssm.inner_size * 2 ssm.group_count * ssm.state_size * + ssm.time_step_rank +
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_conv1d.bias ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_dt.bias ssm.time_step_rank
ssm_a 1, ssm.time_step_rank
ssm_d 1, ssm.time_step_rank
ssm_norm.weight ssm.inner_size ssm.group_count /, ssm.group_count
ssm_out.weight ssm.inner_size, n_embd
attn_qkv.weight n_embd, head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight head_k n_head@ *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_freqs.weight n_rot 2 /
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
""",
    "granitemoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
""",
    "graniteswitch": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * 2 head_k n_head_kv * * +
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
attn_q.lora_a n_embd, ?, ?
attn_q.lora_b ?, head_k n_head *, ?
attn_k.lora_a n_embd, ?, ?
attn_k.lora_b ?, head_k n_head_kv *, ?
attn_v.lora_a n_embd, ?, ?
attn_v.lora_b ?, head_k n_head_kv *, ?
attn_output.lora_a head_k n_head *, ?, ?
attn_output.lora_b ?, n_embd, ?
ffn_gate.lora_a n_embd, ?, ?
ffn_gate.lora_b ?, n_ff, ?
ffn_up.lora_a n_embd, ?, ?
ffn_up.lora_b ?, n_ff, ?
ffn_down.lora_a n_ff, ?, ?
ffn_down.lora_b ?, n_embd, ?
""",
    "grok": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output_norm.weight n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff or, expert_count
ffn_down_exps.weight n_ff_exp n_ff or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff or, expert_count
layer_output_norm.weight n_embd
post_ffw_norm.weight n_embd
""",
    "grovemoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_gate_chexps.weight n_embd, expert_chunk_feed_forward_length head_k or, expert_count experts_per_group /
ffn_down_chexps.weight expert_chunk_feed_forward_length head_k or, n_embd, expert_count experts_per_group /
ffn_up_chexps.weight n_embd, expert_chunk_feed_forward_length head_k or, expert_count experts_per_group /
""",
    "hrm_text": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
hrm.z_l_init n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_gate.weight n_embd, head_k n_head *
attn_output.weight head_k n_head *, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "hunyuan-dense": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "hunyuan-moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff@ or
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff@ or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff@ or, n_embd
""",
    "hunyuan_vl": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "hy_v3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used 1 or / or, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used 1 or / or 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used 1 or / or, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used 1 or / or, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp n_ff n_expert_used 1 or / or or
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp n_ff n_expert_used 1 or / or or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff_exp n_ff n_expert_used 1 or / or or, n_embd
""",
    "hy_v4": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
output_hc_fn.weight hyper_connection.count n_embd *, hyper_connection.count
output_hc_base.weight hyper_connection.count
output_hc_scale.weight 1
attn_norm.weight n_embd
attn_sinks.weight n_head
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_a_norm.weight attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_kv_a_norm.weight attention.kv_lora_rank
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_output.weight n_head head_v_mla *, n_embd
attn_gate.weight n_embd, n_head head_v_mla *
indexer.attn_q_b.weight attention.q_lora_rank, attention.indexer.head_count attention.indexer.key_length *
indexer.attn_k.weight n_embd, attention.indexer.key_length
indexer.k_norm.weight attention.indexer.key_length
indexer.k_norm.bias attention.indexer.key_length
indexer.proj.weight n_embd, attention.indexer.head_count
hc_attn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count *
hc_attn_base.weight 2 hyper_connection.count *
hc_attn_scale.weight 2
hc_ffn_fn.weight hyper_connection.count n_embd *, 2 hyper_connection.count *
hc_ffn_base.weight 2 hyper_connection.count *
hc_ffn_scale.weight 2
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "internlm2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "jais": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_qkv.bias n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_gate.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "jais2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
""",
    "jamba": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, 2 ssm.inner_size *
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size
ssm_conv1d.bias ssm.inner_size
ssm_x.weight ssm.inner_size, ssm.time_step_rank 2 ssm.state_size * +
ssm_dt_norm.weight ssm.time_step_rank
ssm_dt.weight ssm.time_step_rank, ssm.inner_size
ssm_dt.bias ssm.inner_size
ssm_b_norm.weight ssm.state_size
ssm_c_norm.weight ssm.state_size
ssm_a ssm.state_size, ssm.inner_size
ssm_d ssm.inner_size
ssm_out.weight ssm.inner_size, n_embd
attn_qkv.weight n_embd, n_embd head_v@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias n_embd head_v@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v@ n_head_kv@ *
attn_k.bias head_v@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "jina-bert-v2": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_q_norm.weight n_embd
attn_q_norm.bias n_embd
attn_k_norm.weight n_embd
attn_k_norm.bias n_embd
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
attn_output_norm.weight n_embd
attn_output_norm.bias n_embd
attn_norm_2.weight n_embd
attn_norm_2.bias n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
layer_output_norm.weight n_embd
layer_output_norm.bias n_embd
""",
    "jina-bert-v3": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
attn_output_norm.weight n_embd
attn_output_norm.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
layer_output_norm.weight n_embd
layer_output_norm.bias n_embd
""",
    "k2-horizon": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q.weight n_embd, head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
~attn_q_norm.weight head_k, n_head
~attn_k_norm.weight head_k, n_head_kv
attn_v_gate.weight n_embd, attention.value_expert_count
attn_v_gate.bias attention.value_expert_count
attn_v_exps.weight n_embd, head_v n_head_kv *, attention.value_expert_count
attn_v.weight n_embd, head_v n_head_kv *
attn_output.weight head_v n_head *, n_embd
attn_gate.weight n_embd, head_v n_head *
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_up_exps.weight n_embd, n_ff_exp@, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp@, expert_count
ffn_down_exps.weight n_ff_exp@, n_embd, expert_count
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp@ expert_shared_count * or
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff_exp@ expert_shared_count * or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff_exp@ expert_shared_count * or, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
""",
    "kimi-k3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
output_res_score.weight n_embd
attn_norm.weight n_embd
ffn_norm.weight n_embd
attn_res_score.weight n_embd
ffn_res_score.weight n_embd
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *
attn_qkv.weight n_embd, kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_qkv.bias kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_q.weight n_embd, kda.head_dim n_head *
attn_q.bias kda.head_dim n_head *
attn_k.weight n_embd, kda.head_dim n_head *
attn_k.bias kda.head_dim n_head *
attn_v.weight n_embd, kda.head_dim n_head *
attn_v.bias kda.head_dim n_head *
ssm_f_a.weight n_embd, kda.head_dim
ssm_f_b.weight kda.head_dim, kda.head_dim n_head *
ssm_beta.weight n_embd, n_head
ssm_a n_head
ssm_dt.bias kda.head_dim n_head *
ssm_g.weight n_embd, kda.head_dim n_head *
ssm_norm.weight kda.head_dim
attn_output.weight kda.head_dim n_head *, n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_q.weight n_embd, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_kv_b.weight attention.kv_lora_rank, n_head head_k_mla n_rot - head_v_mla + *
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_gate.weight n_embd, n_head head_v_mla *
attn_output.weight n_head head_v_mla *, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight expert_latent_length n_embd or, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, expert_latent_length n_embd or, expert_count
ffn_up_exps.weight expert_latent_length n_embd or, n_ff_exp, expert_count
ffn_routed_down.weight n_embd, expert_latent_length n_embd or
ffn_routed_up.weight expert_latent_length n_embd or, n_embd
ffn_routed_norm.weight expert_latent_length n_embd or
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count 1 or *
ffn_down_shexp.weight n_ff_exp expert_shared_count 1 or *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count 1 or *
""",
    "kimi-linear": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_q.weight ssm.conv_kernel, 1, kda.head_dim n_head *
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_k.weight ssm.conv_kernel, 1, kda.head_dim n_head *
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *, 1
ssm_conv1d_v.weight ssm.conv_kernel, 1, kda.head_dim n_head *
attn_qkv.weight n_embd, kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_qkv.bias kda.head_dim n_head * kda.head_dim n_head * + kda.head_dim n_head * +
attn_q.weight n_embd, kda.head_dim n_head *
attn_q.bias kda.head_dim n_head *
attn_k.weight n_embd, kda.head_dim n_head *
attn_k.bias kda.head_dim n_head *
attn_v.weight n_embd, kda.head_dim n_head *
attn_v.bias kda.head_dim n_head *
ssm_f_a.weight n_embd, kda.head_dim
ssm_f_b.weight kda.head_dim, kda.head_dim n_head *
ssm_beta.weight n_embd, n_head
ssm_a 1, n_head, 1, 1
ssm_a 1, n_head
ssm_dt.bias kda.head_dim n_head *
ssm_g_a.weight n_embd, kda.head_dim
ssm_g_b.weight kda.head_dim, kda.head_dim n_head *
ssm_norm.weight kda.head_dim
attn_output.weight kda.head_dim n_head *, n_embd
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, ?
attn_q_b.weight ?, n_head head_k_mla *
attn_q.weight n_embd, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_kv_b.weight attention.kv_lora_rank, n_head head_k_mla n_rot - head_v_mla + *
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_output.weight n_head head_v_mla *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count 1 or *
ffn_down_shexp.weight n_ff_exp expert_shared_count 1 or *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count 1 or *
exp_probs_b.bias expert_count
""",
    "laguna": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head@ * head_k n_head_kv@ * + head_v n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k n_head_kv@ * + head_v n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k n_head_kv@ *
attn_k.bias head_k n_head_kv@ *
attn_v.weight n_embd, head_v n_head_kv@ *
attn_v.bias head_v n_head_kv@ *
attn_output.weight head_k n_head@ *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_gate.weight n_embd, ?
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length~
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length~
ffn_down_shexp.weight expert_shared_feed_forward_length~, n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
""",
    "lfm2": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
output.weight n_embd, n_vocab
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
exp_probs_b.bias expert_count
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
attn_norm.weight n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_qkv.weight n_embd, n_embd head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias n_embd head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight n_embd, n_embd
shortconv.conv.weight shortconv.l_cache, n_embd
shortconv.in_proj.weight n_embd, 3 n_embd *
shortconv.out_proj.weight n_embd, n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, 3 n_embd *
attn_qkv.bias 3 n_embd *
attn_output.bias n_embd
ffn_norm.bias n_embd
ffn_up.weight n_embd, n_ff@
ffn_up.bias n_ff@
ffn_down.weight n_ff@, n_embd
ffn_down.bias n_embd
""",
    "lfm2moe": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
output.weight n_embd, n_vocab
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
exp_probs_b.bias expert_count
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
attn_norm.weight n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_qkv.weight n_embd, n_embd head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias n_embd head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight n_embd, n_embd
shortconv.conv.weight shortconv.l_cache, n_embd
shortconv.in_proj.weight n_embd, 3 n_embd *
shortconv.out_proj.weight n_embd, n_embd
""",
    "llada": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
""",
    "llada-moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
""",
    "llama": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, ?
ffn_up_shexp.weight n_embd, ?
ffn_down_shexp.weight ?, n_embd
""",
    "llama-embed": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, ?
ffn_up_shexp.weight n_embd, ?
ffn_down_shexp.weight ?, n_embd
""",
    "llama4": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
rope_freqs.weight n_rot 2 /
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp
ffn_down_shexp.weight n_ff_exp, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "maincoder": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "mamba": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, 2 ssm.inner_size *
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size
ssm_conv1d.bias ssm.inner_size
ssm_x.weight ssm.inner_size, ssm.time_step_rank 2 ssm.state_size * +
ssm_dt.weight ssm.time_step_rank, ssm.inner_size
ssm_dt.bias ssm.inner_size
ssm_a ssm.state_size, ssm.inner_size
ssm_d ssm.inner_size
ssm_out.weight ssm.inner_size, n_embd
""",
    "mamba2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, ssm.inner_size ssm.inner_size 2 ssm.group_count * ssm.state_size * + + ssm.time_step_rank +
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_conv1d.bias ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_dt.bias ssm.time_step_rank
ssm_a 1, ssm.time_step_rank
ssm_d 1, ssm.time_step_rank
ssm_norm.weight ssm.inner_size ssm.group_count /, ssm.group_count
ssm_out.weight ssm.inner_size, n_embd
""",
    "maple": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_head head_k * n_head_kv head_k * + n_head_kv head_k * +
attn_qkv.bias n_head head_k * n_head_kv head_k * + n_head_kv head_k * +
attn_q.weight n_embd, n_head head_k *
attn_q.bias n_head head_k *
attn_k.weight n_embd, n_head_kv head_k *
attn_k.bias n_head_kv head_k *
attn_v.weight n_embd, n_head_kv head_k *
attn_v.bias n_head_kv head_k *
attn_output.weight n_head head_k *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
""",
    "mellum": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
""",
    "mimo2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight head_v n_head@ *, n_embd
attn_norm.weight n_embd
attn_sinks.weight n_head@
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
exp_probs_b.bias expert_count
layer_output_norm.weight n_embd
""",
    "minicpm": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, ?
ffn_up_shexp.weight n_embd, ?
ffn_down_shexp.weight ?, n_embd
""",
    "minicpm3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_kv_b.weight attention.kv_lora_rank, n_head head_k n_rot - head_v + *
attn_output.weight n_head head_v *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
""",
    "minimax-01": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_norm_2.weight head_k n_head *
attn_qkv.weight n_embd, 3 head_k * n_head *
attn_gate.weight n_embd, head_k n_head *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
""",
    "minimax-m2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_norm.weight n_embd
attn_q_norm.weight head_k n_head *
attn_k_norm.weight head_k n_head_kv *
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
exp_probs_b.bias expert_count
""",
    "minimax-m3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_norm.weight n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
indexer.q_proj.weight n_embd, attention.indexer.head_count attention.indexer.key_length *
indexer.k_proj.weight n_embd, attention.indexer.key_length
indexer.q_norm.weight attention.indexer.key_length
indexer.k_norm.weight attention.indexer.key_length
""",
    "mistral3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, ?
ffn_up_shexp.weight n_embd, ?
ffn_down_shexp.weight ?, n_embd
""",
    "mistral4": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_a_norm.weight attention.q_lora_rank
attn_kv_a_norm.weight attention.kv_lora_rank
attn_q_a.weight n_embd, attention.q_lora_rank
attn_q_b.weight attention.q_lora_rank, n_head head_k_mla *
attn_q.weight n_embd, n_head head_k_mla *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_k_b.weight head_k_mla n_rot -, attention.kv_lora_rank, n_head
attn_v_b.weight attention.kv_lora_rank, head_v_mla, n_head
attn_kv_b.weight attention.kv_lora_rank, n_head head_k_mla n_rot - head_v_mla + *
attn_output.weight n_head head_v_mla *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, n_ff_exp expert_shared_count *
ffn_down_shexp.weight n_ff_exp expert_shared_count *, n_embd
ffn_up_shexp.weight n_embd, n_ff_exp expert_shared_count *
""",
    "modern-bert": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, 3 n_embd *
attn_output.weight n_embd, n_embd
ffn_up.weight n_embd, 2 n_ff *
ffn_down.weight n_ff, n_embd
ffn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.bias 3 n_embd *
attn_output.bias n_embd
ffn_norm.bias n_embd
ffn_up.weight n_embd, n_ff@
ffn_up.bias n_ff@
ffn_down.weight n_ff@, n_embd
ffn_down.bias n_embd
""",
    "mpt": """
token_embd.weight n_embd, n_vocab
position_embd.weight n_embd, context_length
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_qkv.bias n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
attn_q_norm.weight n_embd
attn_q_norm.bias n_embd
attn_k_norm.weight n_embd
attn_k_norm.bias n_embd
ffn.act.scales n_ff
""",
    "muse-glimmer": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_gate.weight n_embd, head_k n_head *
ffn_norm.weight n_embd
post_ffw_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "nanbeige": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
rope_freqs.weight n_rot 2 /
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "nemotron": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
""",
    "nemotron_h": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, 2 ssm.inner_size * 2 ssm.group_count * ssm.state_size * + ssm.time_step_rank +
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_conv1d.bias ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_dt.bias ssm.time_step_rank
ssm_a 1, ssm.time_step_rank
ssm_d 1, ssm.time_step_rank
ssm_norm.weight ssm.inner_size ssm.group_count /, ssm.group_count
ssm_out.weight ssm.inner_size, n_embd
attn_qkv.weight n_embd, head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight head_k n_head@ *, n_embd
attn_output.bias n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_latent_down.weight n_embd, moe_latent_size n_embd or
ffn_latent_up.weight moe_latent_size n_embd or, n_embd
ffn_down_exps.weight n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if, moe_latent_size n_embd or, expert_count
ffn_up_exps.weight moe_latent_size n_embd or, n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if, expert_count
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down.weight n_ff@, n_embd
ffn_up.weight n_embd, n_ff@
ffn_down.bias n_embd
ffn_up.bias n_ff@
post_attention_norm.weight n_embd
ffn_down_exps.weight n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if n_ff_exp@ n_ff n_expert_used@ / or |, moe_latent_size n_embd or, expert_count
ffn_up_exps.weight moe_latent_size n_embd or, n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if n_ff_exp@ n_ff n_expert_used@ / or |, expert_count
""",
    "nemotron_h_moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, 2 ssm.inner_size * 2 ssm.group_count * ssm.state_size * + ssm.time_step_rank +
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_conv1d.bias ssm.inner_size 2 ssm.group_count * ssm.state_size * +
ssm_dt.bias ssm.time_step_rank
ssm_a 1, ssm.time_step_rank
ssm_d 1, ssm.time_step_rank
ssm_norm.weight ssm.inner_size ssm.group_count /, ssm.group_count
ssm_out.weight ssm.inner_size, n_embd
attn_qkv.weight n_embd, head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight head_k n_head@ *, n_embd
attn_output.bias n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_latent_down.weight n_embd, moe_latent_size n_embd or
ffn_latent_up.weight moe_latent_size n_embd or, n_embd
ffn_down_exps.weight n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if, moe_latent_size n_embd or, expert_count
ffn_up_exps.weight moe_latent_size n_embd or, n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if, expert_count
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down.weight n_ff@, n_embd
ffn_up.weight n_embd, n_ff@
ffn_down.bias n_embd
ffn_up.bias n_ff@
post_attention_norm.weight n_embd
ffn_down_exps.weight n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if n_ff_exp@ n_ff n_expert_used@ / or |, moe_latent_size n_embd or, expert_count
ffn_up_exps.weight moe_latent_size n_embd or, n_ff_exp@ n_ff_exp@ n_ff@ n_expert_used@ / if n_ff_exp@ n_ff n_expert_used@ / or |, expert_count
""",
    "neo-bert": """
token_embd.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_up.weight n_embd, n_ff 2 *
ffn_down.weight n_ff, n_embd
""",
    "nomic-bert": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
attn_output_norm.weight n_embd
attn_output_norm.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_gate.weight n_embd, n_ff
layer_output_norm.weight n_embd
layer_output_norm.bias n_embd
""",
    "nomic-bert-moe": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
attn_output_norm.weight n_embd
attn_output_norm.bias n_embd
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_gate_inp.weight n_embd, expert_count
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
layer_output_norm.weight n_embd
layer_output_norm.bias n_embd
""",
    "olmo": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "olmo2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_q_norm.weight n_embd
attn_k_norm.weight n_head_kv n_embd n_head / *
post_attention_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
post_ffw_norm.weight n_embd
""",
    "olmoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_q_norm.weight n_embd
attn_k_norm.weight n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
""",
    "openelm": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_qkv.weight n_embd, 2 n_head_kv@ * n_head@ + head_k *
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_output.weight n_head@ head_k *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff@
ffn_down.weight n_ff@, n_embd
ffn_up.weight n_embd, n_ff@
""",
    "orion": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "paddleocr": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
exp_probs_b.bias expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "pangu-embedded": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "phi2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
output.bias n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "phi3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, 2 n_ff *
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
""",
    "phimoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
output.bias n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
rope_factors_long.weight n_embd n_head / 2 /
rope_factors_short.weight n_embd n_head / 2 /
""",
    "plamo": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "plamo2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
ssm_in.weight n_embd, 2 ssm.inner_size *
ssm_conv1d.weight ssm.conv_kernel, ssm.inner_size
ssm_x.weight ssm.inner_size, 64 n_embd 16 / max 2 ssm.state_size * +
ssm_dt.weight 64 n_embd 16 / max, ssm.time_step_rank
ssm_dt.bias ssm.time_step_rank
ssm_a ssm.time_step_rank
ssm_d ssm.time_step_rank
ssm_out.weight ssm.inner_size, n_embd
ssm_dt_norm 64 n_embd 16 / max
ssm_b_norm ssm.state_size
ssm_c_norm ssm.state_size
attn_qkv.weight n_embd, n_head@ head_k * n_head_kv@ head_k * + n_head_kv@ head_v * +
attn_q_norm.weight head_k, n_head@
attn_k_norm.weight head_k, n_head_kv@
attn_output.weight n_head@ head_v *, n_embd
post_attention_norm n_embd
ffn_norm.weight n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff 2 *
post_ffw_norm n_embd
""",
    "plamo3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_head@ head_k * n_head_kv@ head_k * + n_head_kv@ head_v * +
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_output.weight n_head@ head_v *, n_embd
post_attention_norm n_embd
ffn_norm.weight n_embd
post_ffw_norm n_embd
ffn_up.weight n_embd, n_ff@ 2 *
ffn_down.weight n_ff@, n_embd
""",
    "plm": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
attn_norm.weight n_embd
attn_q.weight n_embd, head_k n_head *
attn_kv_a_mqa.weight n_embd, attention.kv_lora_rank n_rot +
attn_kv_a_norm.weight attention.kv_lora_rank
attn_kv_b.weight attention.kv_lora_rank, n_head head_k n_rot - head_v + *
attn_output.weight n_head head_v *, n_embd
ffn_norm.weight n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "pockettts": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd 3 *
attn_qkv.bias n_embd 3 *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff 2 /
ffn_down.weight n_ff 2 /, n_embd
ffn_up.weight n_embd, n_ff 2 /
""",
    "qwen2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
output.bias n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen2moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_gate_inp_shexp.weight n_embd
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff or, n_embd
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff or
""",
    "qwen2vl": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
output.bias n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen35": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head * 2 *
attn_q.bias head_k n_head * 2 *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_qkv.weight n_embd, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
attn_gate.weight n_embd, ssm.state_size ssm.time_step_rank *
ssm_conv1d.weight ssm.conv_kernel, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
ssm_dt.bias ssm.time_step_rank
ssm_a ssm.time_step_rank
ssm_beta.weight n_embd, ssm.time_step_rank
ssm_alpha.weight n_embd, ssm.time_step_rank
ssm_norm.weight ssm.state_size
ssm_out.weight ssm.state_size ssm.time_step_rank *, n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen35moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head * 2 *
attn_q.bias head_k n_head * 2 *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
attn_qkv.weight n_embd, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
attn_gate.weight n_embd, ssm.state_size ssm.time_step_rank *
ssm_conv1d.weight ssm.conv_kernel, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
ssm_dt.bias ssm.time_step_rank
ssm_a ssm.time_step_rank
ssm_beta.weight n_embd, ssm.time_step_rank
ssm_alpha.weight n_embd, ssm.time_step_rank
ssm_norm.weight ssm.state_size
ssm_out.weight ssm.state_size ssm.time_step_rank *, n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_gate_inp_shexp.weight n_embd
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff or
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff or, n_embd
""",
    "qwen3moe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
""",
    "qwen3next": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
post_attention_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head * 2 *
attn_q.bias head_k n_head * 2 *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
ssm_in.weight n_embd, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * 2 * +
attn_qkv.weight n_embd, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
attn_gate.weight n_embd, ssm.state_size ssm.time_step_rank *
ssm_conv1d.weight ssm.conv_kernel, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
ssm_dt.bias ssm.time_step_rank
ssm_a ssm.time_step_rank
ssm_ba.weight n_embd, ssm.time_step_rank 2 *
ssm_norm.weight ssm.state_size
ssm_out.weight ssm.state_size ssm.time_step_rank *, n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_gate_inp_shexp.weight n_embd
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff@ or
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff@ or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff@ or, n_embd
""",
    "qwen3tts": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab 3072 |
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen3vl": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab 3072 |
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "qwen3vlmoe": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
""",
    "qwen4exp": """
token_embd.weight n_embd, n_vocab
~output_hc_norm.weight n_embd, hyper_connection.count
output_hc_down.weight hyper_connection.count n_embd *, hyper_connection.low_rank
output_hc_up.weight hyper_connection.low_rank, hyper_connection.count n_embd *
output.weight n_embd, n_vocab
~hc_attn_norm.weight n_embd, hyper_connection.count
hc_attn_down.weight hyper_connection.count n_embd *, hyper_connection.low_rank
hc_attn_up.weight hyper_connection.low_rank, hyper_connection.count n_embd *
hc_attn_inject.weight hyper_connection.count n_embd *, hyper_connection.count
~hc_ffn_norm.weight n_embd, hyper_connection.count
hc_ffn_down.weight hyper_connection.count n_embd *, hyper_connection.low_rank
hc_ffn_up.weight hyper_connection.low_rank, hyper_connection.count n_embd *
hc_ffn_inject.weight hyper_connection.count n_embd *, hyper_connection.count
attn_qkv.weight n_embd, head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * 2 * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head * 2 *
attn_q.bias head_k n_head * 2 *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
indexer.q_proj.weight n_embd, attention.indexer.head_count attention.indexer.key_length *
indexer.k_proj.weight n_embd, attention.indexer.key_length
indexer.q_norm.weight attention.indexer.key_length
indexer.k_norm.weight attention.indexer.key_length
attn_qkv.weight n_embd, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
attn_gate.weight n_embd, ssm.state_size ssm.time_step_rank *
ssm_conv1d.weight ssm.conv_kernel, ssm.state_size ssm.group_count * 2 * ssm.state_size ssm.time_step_rank * +
ssm_dt.bias ssm.time_step_rank
ssm_a ssm.time_step_rank
ssm_beta.weight n_embd, ssm.time_step_rank
ssm_alpha.weight n_embd, ssm.time_step_rank
ssm_norm.weight ssm.state_size
ssm_out.weight ssm.state_size ssm.time_step_rank *, n_embd
ple_key.weight n_embd, hyper_connection.count n_embd *
ple_value.weight n_embd, n_embd
~ple_norm_key.weight n_embd, hyper_connection.count
~ple_norm_query.weight n_embd, hyper_connection.count
~ple_norm_conv.weight n_embd, hyper_connection.count
ple_conv1d.weight ple.conv_kernel, hyper_connection.count n_embd *
ffn_gate_inp.weight n_embd, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_gate_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or 2 *, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_gate_inp_shexp.weight n_embd
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length n_ff or
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length n_ff or
ffn_down_shexp.weight expert_shared_feed_forward_length n_ff or, n_embd
""",
    "refact": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
rope_factors_long.weight n_rot 2 /
rope_factors_short.weight n_rot 2 /
rope_freqs.weight n_rot 2 /
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate.bias n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff, expert_count
ffn_down_exps.weight n_ff, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff, expert_count
ffn_gate_shexp.weight n_embd, ?
ffn_up_shexp.weight n_embd, ?
ffn_down_shexp.weight ?, n_embd
""",
    "rnd1": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_k_norm.weight head_k
attn_q_norm.weight head_k
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
ffn_down_exps.weight n_ff_exp n_ff n_expert_used / or, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp n_ff n_expert_used / or, expert_count
""",
    "rwkv6": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_norm_2.weight n_embd
attn_norm_2.bias n_embd
time_mix_w1.weight n_embd, time_mix_extra_dim 5 *
time_mix_w2.weight time_mix_extra_dim, n_embd, 5
time_mix_lerp_x.weight n_embd, 1, 1
time_mix_lerp_w.weight n_embd, 1, 1
time_mix_lerp_k.weight n_embd, 1, 1
time_mix_lerp_v.weight n_embd, 1, 1
time_mix_lerp_r.weight n_embd, 1, 1
time_mix_lerp_g.weight n_embd, 1, 1
time_mix_lerp_fused.weight n_embd, 1, 1, 5
time_mix_first.weight wkv.head_size, n_embd wkv.head_size /
time_mix_decay.weight n_embd
time_mix_decay_w1.weight n_embd, time_decay_extra_dim
time_mix_decay_w2.weight time_decay_extra_dim, n_embd
time_mix_key.weight n_embd, n_embd
time_mix_value.weight n_embd, n_embd
time_mix_receptance.weight n_embd, n_embd
time_mix_gate.weight n_embd, n_embd
time_mix_ln.weight n_embd
time_mix_ln.bias n_embd
time_mix_output.weight n_embd, n_embd
channel_mix_lerp_k.weight n_embd, 1, 1
channel_mix_lerp_r.weight n_embd, 1, 1
channel_mix_key.weight n_embd, n_ff
channel_mix_value.weight n_ff, n_embd
channel_mix_receptance.weight n_embd, n_embd
""",
    "rwkv6qwen2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
time_mix_w1.weight n_embd, time_mix_extra_dim 5 *
time_mix_w2.weight time_mix_extra_dim, n_embd, 5
time_mix_lerp_x.weight n_embd, 1, 1
time_mix_lerp_fused.weight n_embd, 1, 1, 5
time_mix_first.weight wkv.head_size, n_embd wkv.head_size /
time_mix_decay.weight n_embd
time_mix_decay_w1.weight n_embd, time_decay_extra_dim
time_mix_decay_w2.weight time_decay_extra_dim, n_embd
time_mix_key.weight n_embd, n_embd n_head_kv wkv.head_size * |
time_mix_value.weight n_embd, n_embd n_head_kv wkv.head_size * |
time_mix_receptance.weight n_embd, n_embd
time_mix_gate.weight n_embd, n_embd
time_mix_key.bias n_embd n_head_kv wkv.head_size * |
time_mix_value.bias n_embd n_head_kv wkv.head_size * |
time_mix_receptance.bias n_embd
time_mix_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "rwkv7": """
token_embd.weight n_embd, n_vocab
token_embd_norm.weight n_embd
token_embd_norm.bias n_embd
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_norm_2.weight n_embd
attn_norm_2.bias n_embd
time_mix_w0.weight n_embd
time_mix_w1.weight n_embd, attention.decay_lora_rank
time_mix_w2.weight attention.decay_lora_rank, n_embd
time_mix_a0.weight n_embd
time_mix_a1.weight n_embd, attention.iclr_lora_rank
time_mix_a2.weight attention.iclr_lora_rank, n_embd
time_mix_v0.weight n_embd
time_mix_v1.weight n_embd, attention.iclr_lora_rank
time_mix_v2.weight attention.iclr_lora_rank, n_embd
time_mix_v1.weight n_embd, attention.value_residual_mix_lora_rank
time_mix_v2.weight attention.value_residual_mix_lora_rank, n_embd
time_mix_g1.weight n_embd, attention.gate_lora_rank
time_mix_g2.weight attention.gate_lora_rank, n_embd
time_mix_lerp_fused.weight n_embd, 1, 1, 6
time_mix_k_k.weight n_embd
time_mix_k_a.weight n_embd
time_mix_r_k.weight n_embd
time_mix_key.weight n_embd, n_embd
time_mix_value.weight n_embd, n_embd
time_mix_receptance.weight n_embd, n_embd
time_mix_ln.weight n_embd
time_mix_ln.bias n_embd
time_mix_output.weight n_embd, n_embd
channel_mix_lerp_k.weight n_embd, 1, 1
channel_mix_key.weight n_embd, n_ff
channel_mix_value.weight n_ff, n_embd
""",
    "seed_oss": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, n_head head_k * n_head_kv head_k * + n_head_kv head_k * +
attn_qkv.bias n_head head_k * n_head_kv head_k * + n_head_kv head_k * +
attn_q.weight n_embd, n_head head_k *
attn_q.bias n_head head_k *
attn_k.weight n_embd, n_head_kv head_k *
attn_k.bias n_head_kv head_k *
attn_v.weight n_embd, n_head_kv head_k *
attn_v.bias n_head_kv head_k *
attn_output.weight n_head head_k *, n_embd
attn_norm.weight n_embd
post_attention_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
""",
    "smallthinker": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
""",
    "smollm3": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_k n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_k n_head_kv *
attn_k.bias head_k n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "spark2_5": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, head_k@ n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k@ n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k@ n_head@ *
attn_q.bias head_k@ n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_gate.weight n_embd, n_head@
attn_output.weight head_k@ n_head@ *, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
""",
    "stablelm": """
token_embd.weight n_embd, n_vocab
output_norm.bias n_embd
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_q_norm.weight head_k, n_head
attn_k_norm.weight head_k, n_head_kv
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
    "starcoder": """
token_embd.weight n_embd, n_vocab
position_embd.weight n_embd, context_length
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd 2 head_v n_head_kv * * +
attn_qkv.bias n_embd 2 head_v n_head_kv * * +
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_down.bias n_embd
ffn_up.weight n_embd, n_ff
ffn_up.bias n_ff
""",
    "starcoder2": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output_norm.bias n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_norm.bias n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
attn_output.bias n_embd
ffn_norm.weight n_embd
ffn_norm.bias n_embd
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_down.bias n_embd
ffn_up.bias n_ff
""",
    "step35": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_q_norm.weight head_k
attn_k_norm.weight head_k
rope_factors_long.weight 0 0 n_rot@ max | n_rot | 2 /
rope_factors_short.weight 0 0 n_rot@ max | n_rot | 2 /
rope_freqs.weight 0 0 n_rot@ max | n_rot | 2 /
attn_qkv.weight n_embd, head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_qkv.bias head_k n_head@ * head_k@ n_head_kv@ * + head_v@ n_head_kv@ * +
attn_q.weight n_embd, head_k n_head@ *
attn_q.bias head_k n_head@ *
attn_k.weight n_embd, head_k@ n_head_kv@ *
attn_k.bias head_k@ n_head_kv@ *
attn_v.weight n_embd, head_v@ n_head_kv@ *
attn_v.bias head_v@ n_head_kv@ *
attn_output.weight head_v n_head@ *, n_embd
attn_gate.weight n_embd, n_head@
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
ffn_gate_inp.weight n_embd, expert_count
ffn_gate_exps.weight n_embd, n_ff_exp, expert_count
ffn_down_exps.weight n_ff_exp, n_embd, expert_count
ffn_up_exps.weight n_embd, n_ff_exp, expert_count
exp_probs_b.bias expert_count
ffn_gate_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_up_shexp.weight n_embd, expert_shared_feed_forward_length
ffn_down_shexp.weight expert_shared_feed_forward_length, n_embd
""",
    "t5": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
""",
    "t5encoder": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
""",
    "talkie": """
token_embd.weight n_embd, n_vocab
output.weight n_embd, n_vocab
attn_qkv.weight n_embd, head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias head_k n_head * head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, head_k n_head *
attn_q.bias head_k n_head *
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight head_k n_head *, n_embd
attn_q_norm.weight 1, n_head
ffn_gate.weight n_embd, n_ff
ffn_up.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
layer_output_scale.weight 1
""",
    "xverse": """
token_embd.weight n_embd, n_vocab
output_norm.weight n_embd
output.weight n_embd, n_vocab
attn_norm.weight n_embd
attn_qkv.weight n_embd, n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_qkv.bias n_embd head_v n_head_kv * + head_v n_head_kv * +
attn_q.weight n_embd, n_embd
attn_q.bias n_embd
attn_k.weight n_embd, head_v n_head_kv *
attn_k.bias head_v n_head_kv *
attn_v.weight n_embd, head_v n_head_kv *
attn_v.bias head_v n_head_kv *
attn_output.weight n_embd, n_embd
ffn_norm.weight n_embd
ffn_gate.weight n_embd, n_ff
ffn_down.weight n_ff, n_embd
ffn_up.weight n_embd, n_ff
""",
}
"""What each tensor measures: dimensions in postfix, as scripts/loaders/shapes.py says."""

ALIKE: Final[dict[str, str]] = {
    "afmoe": "head_k head_v",
    "apertus": "head_k head_v n_rot",
    "arcee": "head_k head_v n_rot",
    "arctic": "head_k head_v n_rot",
    "baichuan": "head_k head_v n_rot",
    "bailingmoe2": "head_k head_v",
    "bert": "head_k head_v",
    "bitnet": "head_k head_v",
    "bloom": "head_k head_v",
    "chameleon": "head_k head_v n_rot",
    "chatglm": "head_k head_v",
    "clef": "head_k head_v",
    "codeshell": "head_k head_v n_rot",
    "cogvlm": "head_k head_v n_rot",
    "cohere2": "head_k head_v",
    "cohere2moe": "head_k head_v n_rot",
    "command-r": "head_k head_v",
    "dbrx": "head_k head_v n_rot",
    "deci": "head_k head_v n_rot",
    "deepseek": "head_k head_v n_rot",
    "dflash": "head_k head_v",
    "dots1": "head_k head_v n_rot",
    "dream": "head_k head_v n_rot",
    "eagle3": "head_k head_v",
    "ernie4_5": "head_k head_v n_rot",
    "ernie4_5-moe": "head_k head_v n_rot",
    "eurobert": "head_k head_v",
    "exaone": "head_k head_v n_rot",
    "exaone-moe": "head_k head_v n_rot",
    "exaone4": "head_k head_v n_rot",
    "falcon": "head_k head_v n_rot",
    "gemma4": "head_k@ head_v@",
    "glm4": "head_k head_v",
    "glm4moe": "head_k head_v",
    "gpt2": "head_k head_v",
    "gptneox": "head_k head_v",
    "granite": "head_k head_v n_rot",
    "granite_swa": "head_k head_v n_rot",
    "granitehybrid": "head_k head_v",
    "granitemoe": "head_k head_v n_rot",
    "graniteswitch": "head_k head_v n_rot",
    "grok": "head_k head_v n_rot",
    "grovemoe": "head_k head_v n_rot",
    "hunyuan-dense": "head_k head_v n_rot",
    "hunyuan-moe": "head_k head_v n_rot",
    "hunyuan_vl": "head_k head_v n_rot",
    "hy_v3": "head_k head_v n_rot",
    "internlm2": "head_k head_v n_rot",
    "jais": "head_k head_v",
    "jais2": "head_k head_v n_rot",
    "jina-bert-v2": "head_k head_v",
    "jina-bert-v3": "head_k head_v",
    "k2-horizon": "head_k head_v",
    "laguna": "head_k head_v",
    "llada": "head_k head_v n_rot",
    "llada-moe": "head_k head_v n_rot",
    "llama": "head_k head_v n_rot",
    "llama-embed": "head_k head_v n_rot",
    "llama4": "head_k head_v n_rot",
    "maincoder": "head_k head_v n_rot",
    "maple": "head_k head_v",
    "mellum": "head_k head_v n_rot",
    "minicpm": "head_k head_v n_rot",
    "minimax-01": "head_k head_v",
    "minimax-m2": "head_k head_v",
    "minimax-m3": "head_k head_v",
    "mistral3": "head_k head_v n_rot",
    "modern-bert": "head_k head_v",
    "mpt": "head_k head_v",
    "muse-glimmer": "head_k head_v",
    "nanbeige": "head_k head_v",
    "nemotron": "head_k head_v",
    "nemotron_h": "head_k head_v",
    "nemotron_h_moe": "head_k head_v",
    "neo-bert": "head_k head_v",
    "nomic-bert": "head_k head_v",
    "nomic-bert-moe": "head_k head_v",
    "olmo": "head_k head_v n_rot",
    "olmo2": "head_k head_v n_rot",
    "olmoe": "head_k head_v n_rot",
    "openelm": "head_k head_v",
    "orion": "head_k head_v n_rot",
    "paddleocr": "head_k head_v n_rot",
    "pangu-embedded": "head_k head_v n_rot",
    "phi2": "head_k head_v",
    "phi3": "head_k head_v",
    "phimoe": "head_k head_v",
    "plamo": "head_k head_v n_rot",
    "pockettts": "head_k head_v n_rot",
    "qwen": "head_k head_v",
    "qwen2": "head_k head_v n_rot",
    "qwen2moe": "head_k head_v n_rot",
    "qwen2vl": "head_k head_v n_rot",
    "qwen3": "head_k head_v n_rot",
    "qwen35": "head_k head_v",
    "qwen35moe": "head_k head_v",
    "qwen3moe": "head_k head_v n_rot",
    "qwen3next": "head_k head_v",
    "qwen3tts": "head_k head_v n_rot",
    "qwen3vl": "head_k head_v n_rot",
    "qwen3vlmoe": "head_k head_v n_rot",
    "qwen4exp": "head_k head_v",
    "refact": "head_k head_v",
    "rnd1": "head_k head_v n_rot",
    "seed_oss": "head_k head_v n_rot",
    "smallthinker": "head_k head_v n_rot",
    "smollm3": "head_k head_v n_rot",
    "spark2_5": "head_k head_v",
    "stablelm": "head_k head_v",
    "starcoder": "head_k head_v",
    "starcoder2": "head_k head_v n_rot",
    "t5": "head_k head_v",
    "t5encoder": "head_k head_v",
    "talkie": "head_k head_v n_rot",
    "xverse": "head_k head_v n_rot",
}
"""Dimensions of a head that have to be equal."""
