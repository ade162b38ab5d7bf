import pytest

from moefit.errors import InputError
from moefit.gguf.header import Header, Shard, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.model import build
from tests import oracle

F32 = QUANTS[0]


def changed(name, **keys):
    """The recorded model with other hyper-parameters; `__` for the dot."""
    source = oracle.header(name, next(iter(oracle.models()[name]["types"])))
    architecture = source.metadata["general.architecture"]
    told = {f"{architecture}.{key.replace('__', '.')}": value for key, value in keys.items()}
    metadata = {**source.metadata, **told}
    return build("m.gguf", Header(3, "little", metadata, source.tensors, source.shards))


@pytest.mark.parametrize("name", sorted(oracle.models()))
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


def test_a_compressed_row_is_as_long_as_the_cache_is_wide():
    said = r"deepseek2.attention.key_length is 65535, not the 576 of attention.kv_lora_rank and rope.dimension_count"
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
