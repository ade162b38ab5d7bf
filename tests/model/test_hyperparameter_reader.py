import math
import re
from dataclasses import replace

import pytest

from moefit.errors import InputError
from moefit.gguf.header import SkippedArray
from moefit.model import MissingError, build, loader_data
from moefit.model.keys import KEYS, Form, Kind, Sign
from tests.model.models import header, model, moe

ANY = "brand-new"
"""An architecture without a row reads every key."""


def with_hparams(**hparams):
    return model(moe(3, ANY, **hparams), "blk.0.a.weight").hparams


def refused(**hparams):
    with pytest.raises(InputError) as caught:
        with_hparams(**hparams)
    return caught.value.message


def test_one_number_holds_for_every_block():
    assert (4, 4, 4) == with_hparams(attention__head_count_kv=4).each("attention.head_count_kv")


def test_a_list_has_a_number_for_each_block():
    told = with_hparams(attention__head_count_kv=(4, 0, 4))

    assert (4, 0, 4) == told.each("attention.head_count_kv")
    assert [4, 0, 4] == [told.kv_heads(layer) for layer in range(3)]


def test_flags_by_block_are_numbers():
    told = with_hparams(attention__sliding_window_pattern=(True, False, True))

    assert (1, 0, 1) == told.each("attention.sliding_window_pattern")


def test_what_a_shorter_list_leaves_out_is_0():
    told = with_hparams(attention__sliding_window_pattern=(1, 1))

    assert (1, 1, 0) == told.each("attention.sliding_window_pattern")


def test_a_missing_key_has_the_default():
    found = with_hparams()

    assert ((0, 0, 0), 5, 0.5, True, None, False) == (
        found.each("feed_forward_length"),
        found.integer("embedding_length_out", 5),
        found.real("logit_scale", 0.5),
        found.flag("expert_weights_norm", default=True),
        found.listed("ple.layers"),
        found.has("logit_scale"),
    )


def test_what_a_graph_needs_and_the_file_lacks_is_an_error_of_its_own():
    with pytest.raises(MissingError, match=r"ssm.conv_kernel"):
        with_hparams().needed("ssm.conv_kernel")


def test_the_most_experts_of_any_block_are_used():
    used = moe(3, ANY, expert_count=8, expert_used_count=(2, 8, 4))

    assert 8 == model(used, "blk.0.a.weight").experts_used


def test_a_key_that_no_rule_is_known_to_read_is_a_slip():
    with pytest.raises(AssertionError):
        with_hparams().integer("head_count")


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("attention.head_count_kv", (1, 2), "2 values, not a whole number or 3 of them (block_count)"),
        ("attention.head_count_kv", "x", "'x', not a whole number"),
        (
            "attention.head_count_kv",
            SkippedArray(5000),
            "5,000 values, not a whole number or 3 of them (block_count)",
        ),
        ("attention.head_count_kv", (1, 2, 1 << 20), "1048576, not a whole number from 0 to 65535"),
        ("attention.head_count", -1, "-1, not a whole number from 0 to 65535"),
        ("embedding_length", 1.5, "1.5, not a whole number"),
        ("embedding_length", True, "True, not a whole number"),
        ("embedding_length", (4,), "1 value, not a whole number"),
        ("embedding_length", 1 << 40, "1099511627776, not a whole number from 1 to 16777216"),
        ("logit_scale", "x", "'x', not a number"),
        ("logit_scale", math.nan, "nan, not a number"),
        ("logit_scale", -math.inf, "-inf, not a number"),
        ("attention.layer_norm_rms_epsilon", -1.0, "-1.0, not a number from 0"),
        ("rope.freq_base", 0.0, "0.0, not a number above 0"),
        ("rope.scaling.factor", -4.0, "-4.0, not a number from 0"),
        ("expert_weights_norm", "x", "'x', not true or false"),
        ("expert_weights_norm", 1, "1, not true or false"),
        ("ple.layers", 1, "1, not a list"),
        ("attention.sliding_window_pattern", SkippedArray(600), "600 values, not at most 512 of them"),
        ("attention.indexer.types", (1,), "1 value, not a whole number or 3 of them (block_count)"),
        (
            "attention.compress_ratios",
            (4, 4),
            "2 values, not a whole number or 3 (block_count) to 512 of them",
        ),
        ("rope.dimension_sections", (1, 2), "2 values, not 4 of them"),
        ("swiglu_clamp_exp", (1.0, math.inf, 1.0), "inf, not a number"),
    ],
)
def test_another_kind_of_value_is_one_clear_error(key, value, shown):
    told = {f"{ANY}.{key}": value}
    with pytest.raises(InputError) as caught:
        model(moe(3, ANY) | told, "blk.0.a.weight")

    assert f"m.gguf: {ANY}.{key} is {shown}" == caught.value.message


@pytest.mark.parametrize(
    ("key", "value", "told", "shown"),
    [
        ("embedding_length", 4, "u64", "4 of type u64, not of type u32"),
        ("logit_scale", 1.0, "f64", "1.0 of type f64, not of type f32"),
        ("attention.head_count", (1, 1, 1), "u64", "a list of type u64, not a whole number"),
    ],
)
def test_a_type_that_llama_cpp_does_not_take_is_named(key, value, told, shown):
    source = header(moe(3, ANY) | {f"{ANY}.{key}": value}, "blk.0.a.weight")
    with pytest.raises(InputError) as caught:
        build("m.gguf", replace(source, types={f"{ANY}.{key}": told}))

    assert f"m.gguf: {ANY}.{key} is {shown}" == caught.value.message


NO_NUMBER = (math.nan, math.inf, "text", SkippedArray(1 << 20))
NO_COUNT = (-1, 1 << 40, 1 << 63)
NO_LIST = ((1,) * 5, ())
OPEN = {Form.PREFIX, Form.LIST, Form.COVERING}
"""Their lists may be of several lengths."""
WRONG = [
    (key, value)
    for key, what in sorted(KEYS.items())
    for value in (
        *NO_NUMBER,
        *(NO_COUNT if what.kind is not Kind.REAL else ()),
        *(NO_LIST if what.form not in OPEN else ()),
        *((-1.0, -1e-9) if what.sign is not Sign.ANY else ()),
        *((0.0,) if what.sign is Sign.POSITIVE else ()),
    )
]


def message(key, value):
    """The error of a value; none where it is taken."""
    try:
        model(moe(3, ANY) | {f"{ANY}.{key}": value}, "blk.0.a.weight")
    except InputError as error:
        return error.message
    return ""


def test_no_key_takes_what_no_file_can_mean():
    said = [(key, value, message(key, value)) for key, value in WRONG]

    assert [] == [row for row in said if not row[2].startswith(f"m.gguf: {ANY}.{row[0]} is ")]


def test_every_norm_and_every_base_of_a_rotation_is_held_to_its_sign():
    read = {name for row in loader_data.READS.values() for name in re.findall(r"([\w.]+)=f32", row)}
    held = {name for name in read if name.endswith("epsilon") or "freq_base" in name}

    assert set() == held - {name for name, key in KEYS.items() if key.sign is not Sign.ANY}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"expert_count": 4, "expert_used_count": 5},
            "expert_used_count is 5, more than the 4 of expert_count",
        ),
        ({"expert_used_count": 1}, "expert_used_count is 1, more than the 0 of expert_count"),
        ({"expert_count": 4, "expert_used_count": 0}, "expert_used_count is 0, of 4 experts"),
        (
            {"expert_count": 4, "expert_used_count": 1, "expert_group_count": 4},
            "expert_group_count is 4, not less than the 4 of expert_count",
        ),
        (
            {"expert_count": 4, "expert_used_count": 1, "expert_group_count": 3},
            "expert_group_count is 3, which does not divide the 4 of expert_count",
        ),
        (
            {
                "expert_count": 4,
                "expert_used_count": 1,
                "expert_group_count": 2,
                "expert_group_used_count": 2,
            },
            "expert_group_used_count is 2, of 2 groups",
        ),
        (
            {"attention__shared_kv_layers": 4},
            "attention.shared_kv_layers is 4, more than the 3 of block_count",
        ),
        ({"num_loops": 200}, "num_loops is 200, which makes more than 512 of 3 blocks"),
        ({"ple__layers": (3,)}, "ple.layers is 3, which is no block of 3"),
    ],
)
def test_hyper_parameters_that_contradict_each_other_are_one_clear_error(told, message):
    assert f"m.gguf: {ANY}.{message}" == refused(**told)


def test_what_the_architectures_loader_does_not_read_is_nothing():
    told = model(moe(1, "llama", ssm__group_count=math.nan), "blk.0.a.weight").hparams

    assert not told.has("ssm.group_count")


def test_what_the_file_does_not_say_is_worth_what_the_architectures_loader_says():
    bare, told = (
        model(moe(1, "gemma2", **said), "blk.0.a.weight").hparams.integer("attention.sliding_window")
        for said in ({}, {"attention__sliding_window": 7})
    )

    assert (4096, 7) == (bare, told)
