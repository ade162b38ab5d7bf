from __future__ import annotations

import pytest

from moefit.errors import InputError
from moefit.gguf.header import SkippedArray
from tests.model.models import model, moe


def with_hparams(**hparams):
    return model(moe(3, **hparams), "blk.0.a.weight")


def test_one_number_holds_for_every_block():
    assert (4, 4, 4) == with_hparams(attention__head_count_kv=4).per_layer("attention.head_count_kv", 0)


def test_an_array_has_a_number_for_each_block():
    assert (4, 0, 4) == with_hparams(attention__head_count_kv=(4, 0, 4)).per_layer(
        "attention.head_count_kv", 0
    )


def test_flags_by_block_are_numbers():
    assert (1, 0, 1) == with_hparams(swa=(True, False, True)).per_layer("swa", 0)


def test_a_missing_key_has_the_default():
    found = with_hparams()

    assert ((9, 9, 9), 5, 0.5, True, None) == (
        found.per_layer("k", 9),
        found.integer("k", 5),
        found.real("k", 0.5),
        found.flag("k", default=True),
        found.hparam("k"),
    )


def test_the_most_experts_of_any_block_are_used():
    assert 8 == with_hparams(expert_used_count=(2, 8, 4)).experts_used


@pytest.mark.parametrize(
    ("call", "value", "shown"),
    [
        (lambda m: m.per_layer("k", 0), (1, 2), "2 values, not a whole number or 3 of them"),
        (lambda m: m.per_layer("k", 0), "x", "'x', not a whole number or 3 of them"),
        (lambda m: m.per_layer("k", 0), SkippedArray(5000), "5000 values, not a whole number or 3 of them"),
        (lambda m: m.integer("k", 0), 1.5, "1.5, not a whole number"),
        (lambda m: m.real("k", 0), "x", "'x', not a number"),
        (lambda m: m.flag("k"), "x", "'x', not true or false"),
    ],
)
def test_another_kind_of_value_is_one_clear_error(call, value, shown):
    with pytest.raises(InputError) as caught:
        call(with_hparams(k=value))

    assert f"m.gguf: llama.k is {shown}" == caught.value.message
