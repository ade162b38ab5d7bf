import pytest

from moefit.errors import InputError
from moefit.gguf.header import Header, Shard, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.model import build
from tests import oracle
from tests.each import each

F32 = QUANTS[0]


def changed(name, **keys):
    """The recorded model with other hyper-parameters; `__` for the dot, None for one that is missing."""
    source = oracle.header(name, next(iter(oracle.models()[name]["types"])))
    architecture = source.metadata["general.architecture"]
    told = {f"{architecture}.{key.replace('__', '.')}": value for key, value in keys.items()}
    metadata = {k: v for k, v in {**source.metadata, **told}.items() if v is not None}
    return build("m.gguf", Header(3, "little", metadata, source.tensors, source.shards))


@each(sorted(oracle.models()))
def test_every_recorded_model_agrees_with_its_tensors(name):
    changed(name)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "attention__head_count",
            65535,
            "blk.0.attn_q.weight has 4096 rows, not as qwen3moe.attention.key_length 128 and qwen3moe.attention.head_count 65535",
        ),
        (
            "attention__head_count",
            0,
            "blk.0.attn_q.weight has 4096 rows, not as qwen3moe.attention.key_length 128 and qwen3moe.attention.head_count 0 say",
        ),
        (
            "attention__head_count_kv",
            0,
            "blk.0.attn_k.weight has 512 rows, not as qwen3moe.attention.value_length 128 and qwen3moe.attention.head_count_kv 0 say",
        ),
        (
            "attention__key_length",
            7,
            "blk.0.attn_q.weight has 4096 rows, not as qwen3moe.attention.key_length 7 and qwen3moe.attention.head_count 32 say",
        ),
        (
            "embedding_length",
            4096,
            "blk.0.attn_norm.weight has 2048 values a row, not as qwen3moe.embedding_length 4096 say",
        ),
        (
            "expert_count",
            1024,
            "blk.0.ffn_gate_inp.weight has 128 rows, not as qwen3moe.expert_count 1024 say",
        ),
        ("block_count", 49, "qwen3moe.block_count is 49, but no tensor is of block 48"),
    ],
)
def test_a_hyper_parameter_that_the_tensors_contradict_is_one_clear_error(key, value, said):
    with pytest.raises(InputError) as caught:
        changed("qwen3-30b-a3b", **{key: value})

    assert caught.value.message.startswith(f"m.gguf: {said}")


@pytest.mark.parametrize(
    ("name", "key", "value", "said"),
    [
        ("small-gemma3", "feed_forward_length", None, "gemma3.feed_forward_length (missing) say"),
        ("small-gemma3", "attention__head_count_kv", (4,) * 7 + (5,), "attention.head_count_kv 5 say"),
        ("lfm2-1.2b", "attention__head_count", None, "lfm2.attention.head_count (missing)"),
        ("lfm2-1.2b", "attention__head_count", 16, "lfm2.attention.head_count 16"),
        ("gpt-oss-20b", "attention__value_length", 1, "gpt-oss.attention.value_length 1"),
        ("jamba-mini", "attention__key_length", 256, "jamba.attention.key_length 256"),
        ("nomic-moe", "attention__key_length", 128, "nomic-bert-moe.attention.key_length 128"),
        ("gemma4-26b-a4b", "attention__value_length", 1, "gemma4.attention.value_length 1"),
        ("deepseek-v2-lite", "attention__head_count_kv", 16, "attention.head_count_kv 16 is not 1, as"),
        ("deepseek-v2-lite", "attention__value_length_mla", None, "attention.value_length_mla (missing)"),
        ("minicpm3-4b", "attention__head_count_kv", 1, "attention.head_count_kv 1 is not 40, as"),
        ("qwen3-next-80b-a3b", "ssm__group_count", 15, "ssm.state_size 128 and qwen3next.ssm.group_count 15"),
        ("qwen3.5-35b-a3b", "ssm__group_count", 65535, "qwen35moe.ssm.group_count 65535"),
        ("mamba-2", "ssm__group_count", 3, "mamba2.ssm.group_count 3"),
        ("qwen3.5-9b", "ssm__inner_size", 2048, "qwen35.ssm.inner_size 2048 is not 4096, as"),
        ("plamo-2-1b", "ssm__group_count", 1, "plamo2.ssm.group_count 1 is not 0"),
        ("rwkv6", "attention__head_count", 7, "rwkv6.attention.head_count 7 is not 32, as"),
        (
            "rwkv7",
            "wkv__head_size",
            65,
            "embedding_length 2048 is not 2015, as rwkv7.embedding_length 2048 and rwkv7.wkv.head_size 65",
        ),
        ("deepseek-v2-lite", "attention__head_count", None, "deepseek2.attention.head_count (missing)"),
        ("rwkv7", "attention__value_residual_mix_lora_rank", 3, "attention.value_residual_mix_lora_rank 3"),
        ("nemotron-3-nano-30b-a3b", "expert_feed_forward_length", 928, "expert_feed_forward_length 928"),
        ("nemotron-3-nano-30b-a3b", "feed_forward_length", None, "feed_forward_length (missing) say"),
        (
            "deci",
            "attention__head_count",
            32,
            "deci.attention.head_count_kv 0 and deci.attention.head_count 32",
        ),
        ("llama4-scout", "interleave_moe_layer_step", 2, "llama4.interleave_moe_layer_step 2 say"),
        ("nomic-moe", "moe_every_n_layers", 1, "nomic-bert-moe.moe_every_n_layers 1 say"),
        ("glm-4.5-air", "leading_dense_block_count", None, "leading_dense_block_count (missing) say"),
        ("glm-4.7-flash", "nextn_predict_layers", None, "deepseek2.nextn_predict_layers is missing, but"),
        ("gemma-4-e2b", "attention__shared_kv_layers", 21, "gemma4.attention.shared_kv_layers 21"),
        (
            "gemma4-26b-a4b",
            "attention__sliding_window",
            0,
            "attention.sliding_window is 0, not a whole number",
        ),
        (
            "gemma-3n-e2b",
            "attention__sliding_window_pattern",
            3,
            "block 20 has no cache and attends to everything, unlike block 19",
        ),
        (
            "small-exaone4-mtp",
            "attention__sliding_window_pattern",
            (),
            "exaone4.attention.sliding_window_pattern",
        ),
        ("llama4-scout", "expert_used_count", (1,) * 47 + (2,), "expert_used_count is 2, more than the 1 of"),
        ("smallthinker-21b-a3b", "expert_gating_func", None, "smallthinker.expert_gating_func is missing"),
        (
            "lfm2-8b-a1b",
            "expert_gating_func",
            0,
            "lfm2moe.expert_gating_func is 0, not a whole number from 1",
        ),
        ("small-llama", "classifier__activation", "x", "llama.classifier.activation is 'x', not one of gelu"),
    ],
)
def test_what_llama_cpp_stops_at_is_one_line_that_names_key_and_value(name, key, value, said):
    with pytest.raises(InputError) as caught:
        changed(name, **{key: value})

    assert said in caught.value.message


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("mamba-2", "attention__key_length", "x"),  # read where there are heads
        ("small-llama", "features_length", "x"),  # by another architecture
        ("small-llama", "classifier__output_labels", 1),  # where it is a list
        ("afmoe", "expert_gating_func", 0),  # another stands in
        ("nemotron-3-nano-30b-a3b", "expert_used_count", (6,) * 51 + (7,)),  # by each block
    ],
)
def test_what_llama_cpp_takes_is_taken(name, key, value):
    assert "" == changed(name, **{key: value}).lacks


def test_a_compressed_row_is_as_long_as_the_cache_is_wide():
    said = r"deepseek2.attention.key_length is 65535, not the 576 of attention.kv_lora_rank 512 and rope.dimension_count 64"
    with pytest.raises(InputError, match=said):
        changed("deepseek-v3.1", attention__key_length=65535)


def test_an_architecture_that_nobody_knows_is_not_measured_by_those_that_are():
    metadata = {
        "general.architecture": "brand-new",
        "brand-new.block_count": 1,
        "brand-new.embedding_length": 8,
        "brand-new.context_length": 8,
    }
    tensors = (TensorInfo("blk.0.attn_norm.weight", (4,), F32, 0),)

    assert 1 == len(build("m.gguf", Header(3, "little", metadata, tensors, (Shard("m", None, 0),))).layers)
