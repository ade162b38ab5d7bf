import pytest

from moefit.model.dimensions import Dimensions
from moefit.model.hyperparameters import Hyperparameters

TOLD = {
    "embedding_length": 64,
    "block_count": 3,
    "attention.head_count": (8, 4, 8),
    "attention.head_count_kv": 2,
    "attention.key_length": 16,
    "attention.key_length_swa": 4,
    "expert_count": 6,
}


def dimensions(**told):
    values = TOLD | {key.replace("__", "."): value for key, value in told.items()}
    return Dimensions(Hyperparameters(values, 3), 1000, "", 2, [False, True, False], [True, False, False])


@pytest.mark.parametrize(
    ("dimension", "layer", "size"),
    [
        ("7", 0, {7}),
        ("n_embd 2 *", 0, {128}),
        ("n_head", 1, {8}),
        ("n_head@", 1, {4}),
        ("head_k n_head *", 1, {32}),
        ("head_k@ n_head@ *", 1, {64}),
        ("head_v", 0, {8}),
        ("head_k n_rot -", 0, {-12}),
        ("n_vocab", 0, {1000}),
        ("n_layer block_count *", 0, {6}),
        ("expert_count 4 -", 0, {2}),
        ("n_ff n_embd or", 0, {64}),
        ("expert_count n_embd or", 0, {6}),
        ("n_ff_exp n_ff | 1 +", 0, {1}),
        ("3 n_embd |", 0, {3, 64}),
        ("64 n_embd 16 / max", 0, {64}),
        ("n_embd n_ff /", 0, set()),
        ("laurel_rank:5", 0, {5}),
        ("missing", 0, {0}),
        ("is_recr@", 1, {1}),
        ("is_swa@ 0 ==", 1, {1}),
        ("is_mla", 0, {0}),
        ("block 1 < expert_count 0 > &&", 0, {1}),
        ("block 1 < expert_count 0 == &&", 0, {0}),
        ("block 1 >= expert_count 0 > ||", 0, {1}),
    ],
)
def test_a_dimension_is_worked_out(dimension, layer, size):
    assert frozenset(size) == dimensions().sizes(dimension, layer)


@pytest.mark.parametrize("dimension", ["?", "? 2 *", "n_embd ? |", "missing~"])
def test_what_nobody_knows_may_be_anything(dimension):
    assert dimensions().sizes(dimension, 0) is None


def test_what_a_loader_makes_of_a_key_is_known_where_the_file_says():
    assert {6} == dimensions().sizes("expert_count~", 0)


def test_a_head_before_compression_has_a_length_of_its_own():
    told = dimensions(attention__key_length_mla=192, attention__value_length_mla=128)

    assert ({192}, {128}, {1}) == tuple(
        told.sizes(word, 0) for word in ("head_k_mla", "head_v_mla", "is_mla")
    )
    assert {4} == dimensions().sizes("head_k_mla", 0)


@pytest.mark.parametrize(
    ("dimension", "keys"),
    [
        ("head_k n_head *", ["attention.key_length", "attention.key_length_swa", "attention.head_count"]),
        ("head_v", ["attention.value_length", "embedding_length", "attention.head_count"]),
        ("missing 2 *", ["missing"]),
        ("block 2 %", []),
        ("block expert_count:8 <", ["expert_count"]),
    ],
)
def test_the_keys_of_a_dimension_are_the_files_and_those_whose_lack_has_them_stand_in(dimension, keys):
    assert keys == dimensions().keys(dimension)


def test_blocks_of_equal_dimensions_are_of_one_kind():
    kinds = [dimensions().kind(layer) for layer in range(3)]

    assert [True, False, True] == [kind == kinds[0] for kind in [kinds[0], kinds[1], kinds[0]]]
    assert 3 == len(set(kinds))
