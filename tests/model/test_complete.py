import pytest

from moefit.errors import InputError
from moefit.gguf.header import Header
from moefit.model import build
from tests import oracle
from tests.each import each


def without(name, *dropped, **keys):
    """The recorded model without tensors of that name, in one block or all, and with other hyper-parameters; `__` for the dot."""
    source = oracle.header(name, next(iter(oracle.models()[name]["types"])))
    architecture = source.metadata["general.architecture"]
    told = {f"{architecture}.{key.replace('__', '.')}": value for key, value in keys.items()}
    tensors = tuple(t for t in source.tensors if not f".{t.name}".endswith(tuple(f".{d}" for d in dropped)))
    return build("m.gguf", Header(3, "little", {**source.metadata, **told}, tensors, source.shards))


@each(sorted(oracle.models()))
def test_a_recorded_model_lacks_nothing(name):
    assert "" == without(name).lacks


@pytest.mark.parametrize(
    ("name", "dropped", "lacks"),
    [
        ("qwen3-30b-a3b", "attn_norm.weight", "blk.0.attn_norm.weight"),
        ("qwen3-30b-a3b", "attn_v.weight", "blk.0.attn_v.weight"),
        ("qwen3-30b-a3b", "blk.7.ffn_gate_exps.weight", "blk.7.ffn_gate_exps.weight"),
        ("gpt-oss-20b", "attn_sinks.weight", "blk.0.attn_sinks.weight"),
        ("gpt-oss-20b", "output.weight", "output.weight"),
        ("deepseek-v3.1", "ffn_norm.weight", "blk.0.ffn_norm.weight"),
        ("deepseek-v3.1", "attn_k_b.weight", "blk.0.attn_k_b.weight"),
        ("qwen3-next-80b-a3b", "ssm_ba.weight", "blk.0.ssm_ba.weight"),
        ("llama-3.1-8b", "output_norm.weight", "output_norm.weight"),
        ("glm-4.5-air", "blk.46.nextn.eh_proj.weight", ""),
        ("qwen3-30b-a3b", "output.weight", ""),
    ],
)
def test_a_tensor_that_the_loader_needs_is_named(name, dropped, lacks):
    assert lacks == without(name, dropped).lacks


def test_a_decision_head_needs_its_tensors_outside_of_blocks():
    made = without("lfm2-1.2b", decision__block_count=2, attention__causal=False)
    assert "token_types.weight" == made.lacks


@pytest.mark.parametrize(
    ("name", "key", "value", "said"),
    [
        (
            "deepseek-v3.1",
            "leading_dense_block_count",
            4,
            "block 3 has other tensors than deepseek2.leading_dense_block_count 4 say",
        ),
        (
            "deepseek-v3.1",
            "leading_dense_block_count",
            0,
            "block 0 has other tensors than deepseek2.leading_dense_block_count 0 say",
        ),
        (
            "deepseek-v3.1",
            "leading_dense_block_count",
            65535,
            "block 3 has other tensors than deepseek2.leading_dense_block_count 65535 say",
        ),
        (
            "qwen3-next-80b-a3b",
            "full_attention_interval",
            2,
            "block 1 has other tensors than qwen3next.full_attention_interval 2 say",
        ),
        (
            "jamba-mini",
            "attention__head_count_kv",
            8,
            "block 0 has other tensors than jamba.attention.head_count_kv 8 say",
        ),
        (
            "deepseek-v4",
            "hash_layer_count",
            0,
            "block 0 has other tensors than deepseek4.hash_layer_count 0 say",
        ),
        (
            "cohere2-moe",
            "expert_shared_count",
            0,
            "block 1 has other tensors than cohere2moe.expert_shared_count 0 say",
        ),
    ],
)
def test_a_block_of_another_kind_than_the_file_says_is_one_clear_error(name, key, value, said):
    with pytest.raises(InputError) as caught:
        without(name, **{key: value})

    assert f"m.gguf: {said}" == caught.value.message


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        (
            "glm-4.5-air",
            {"block_count": 48},
            "glm4moe.block_count is 48 and glm4moe.nextn_predict_layers 1, but block 46 is a prediction block",
        ),
        (
            "glm-4.5-air",
            {"nextn_predict_layers": 3},
            "glm4moe.block_count is 47 and glm4moe.nextn_predict_layers 3, but block 44 is no prediction block",
        ),
        (
            "glm-4.5-air",
            {"nextn_predict_layers": 0},
            "glm4moe.block_count is 47 and glm4moe.nextn_predict_layers 0, but block 46 is a prediction block",
        ),
        (
            "qwen3-14b",
            {"nextn_predict_layers": 1},
            "qwen3.block_count is 40 and qwen3.nextn_predict_layers 1, but block 39 is no prediction block",
        ),
        ("mamba-1", {"block_count": 30}, "mamba.block_count is 30, but no tensor is of block 24"),
        (
            "lfm2-1.2b",
            {"decision__block_count": 16, "attention__causal": False},
            "lfm2.decision.block_count is 16, not less than the 16 of block_count",
        ),
        (
            "lfm2-1.2b",
            {"decision__block_count": 2},
            "lfm2.decision.block_count is 2, of a model with causal attention",
        ),
    ],
)
def test_blocks_that_the_file_has_not_are_one_clear_error(name, keys, said):
    with pytest.raises(InputError) as caught:
        without(name, **keys)

    assert f"m.gguf: {said}" == caught.value.message
