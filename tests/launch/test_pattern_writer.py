from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moefit.errors import InputError
from moefit.launch.pattern_writer import alternation, layer_pattern, write_rules, write_value
from moefit.launch.patterns import match, parse_overrides
from tests.launch.names import BIASED, CHUNKED, DENSE, FUSED, OUTER, SCALED, SHARED, SPLIT, tensor_names

QWEN = tensor_names(48, *SPLIT)


def value(names: list[str], buffers: dict[str, str]) -> str:
    return write_value(write_rules(names, buffers))


def experts(names: list[str], layers: range, *suffixes: str, to: str = "CPU") -> dict[str, str]:
    return {f"blk.{i}.{s}": to for i in layers for s in suffixes if f"blk.{i}.{s}" in names}


def test_experts_of_the_last_layers() -> None:
    assert "blk[.](2[89]|3[0-9]|4[0-7])[.]ffn_(gate|up|down)_exps=CPU" == value(
        QWEN, experts(QWEN, range(28, 48), *SPLIT)
    )


def test_experts_of_all_layers_need_no_layers() -> None:
    assert "[.]ffn_(gate|up|down)_exps=CPU" == value(QWEN, experts(QWEN, range(48), *SPLIT))


def test_single_tensors_of_one_more_layer_are_a_pattern_of_their_own() -> None:
    moved = experts(QWEN, range(28, 48), *SPLIT) | {"blk.27.ffn_down_exps.weight": "CPU"}
    assert "blk[.]27[.]ffn_down_exps=CPU,blk[.](2[89]|3[0-9]|4[0-7])[.]ffn_(gate|up|down)_exps=CPU" == value(
        QWEN, moved
    )


def test_each_device_has_a_pattern() -> None:
    moved = experts(QWEN, range(10), *SPLIT, to="CUDA1") | experts(QWEN, range(40, 48), *SPLIT)
    assert "blk[.][0-9][.]ffn_(gate|up|down)_exps=CUDA1,blk[.]4[0-7][.]ffn_(gate|up|down)_exps=CPU" == value(
        QWEN, moved
    )


def test_the_output_is_anchored() -> None:
    assert "^output[.]weight=CPU" == value(QWEN, {"output.weight": "CPU"})


def test_a_tied_embedding_which_is_input_and_output_is_named_once() -> None:
    tied = "token_embd.weight"
    assert "^token_embd[.]weight=CPU" == value([tied, *QWEN, tied], {tied: "CPU"})


def test_a_bias_moves_with_its_weight() -> None:
    names = tensor_names(24, *BIASED)
    assert "blk[.]2[0-3][.]ffn_(gate|up|down)_exps=CPU" == value(
        names, experts(names, range(20, 24), *BIASED)
    )


def test_a_weight_can_leave_its_bias_behind() -> None:
    names = tensor_names(24, *BIASED)
    assert "blk[.]3[.]ffn_up_exps[.]weight=CPU" == value(names, {"blk.3.ffn_up_exps.weight": "CPU"})


def test_weights_of_all_layers_that_leave_their_biases_behind_need_no_layers() -> None:
    names = tensor_names(24, *BIASED)
    moved = {name: "CPU" for name in names if name.endswith("_exps.weight")}
    assert "[.]ffn_(gate|up|down)_exps[.]weight=CPU" == value(names, moved)


def test_the_gate_is_not_the_router_and_not_the_fused_gate() -> None:
    names = [*tensor_names(8, *SPLIT, dense=3), "blk.2.ffn_gate_up_exps.weight", "blk.2.ffn_gate_inp.weight"]
    assert "blk[.]2[.]ffn_gate[.]=CPU" == value(names, {"blk.2.ffn_gate.weight": "CPU"})


def test_an_rpc_buffer_keeps_its_name() -> None:
    moved = experts(QWEN, range(5), *SPLIT, to="RPC0[10.0.0.2:50052]")
    assert "blk[.][0-4][.]ffn_(gate|up|down)_exps=RPC0[10.0.0.2:50052]" == value(QWEN, moved)


def test_nothing_to_move_needs_no_value() -> None:
    assert "" == value(QWEN, {})


@pytest.mark.parametrize(
    ("layers", "pattern"),
    [
        (range(20, 36), "(2[0-9]|3[0-5])"),
        ([0], "0"),
        ([0, 1], "[01]"),
        ([5, 15, 25], "(5|[12]5)"),
        (range(7, 123), "([7-9]|[1-9][0-9]|1[01][0-9]|12[0-2])"),
        ([1, 3, 4, 5, 9], "[13-59]"),
    ],
)
def test_layers_are_compressed_to_digit_classes(layers: list[int], pattern: str) -> None:
    assert pattern == layer_pattern(layers)


@given(st.sets(st.integers(0, 199), min_size=1))
def test_a_layer_pattern_finds_exactly_its_layers(layers: set[int]) -> None:
    found = re.compile(layer_pattern(layers))
    assert layers == {i for i in range(200) if found.fullmatch(str(i))}


def test_an_alternation_shares_ends() -> None:
    assert "ffn_(gate|up|down)_exps" == alternation(["ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"])
    assert "(output|output_norm)[.]weight" == alternation(["output.weight", "output_norm.weight"])


KINDS = st.sampled_from([SPLIT, FUSED, BIASED, CHUNKED, SCALED])
BUFFERS = ("CPU", "CUDA0", "CUDA1", "RPC0[127.0.0.1:50052]")


@st.composite
def exceptions(draw: st.DrawFn) -> tuple[list[str], dict[str, str]]:
    """A model, and tensors moved in the shapes planners make: sets of suffixes over sets of layers, and single ones."""
    suffixes = draw(KINDS)
    layers = draw(st.integers(1, 130))
    names = tensor_names(layers, *suffixes, dense=draw(st.integers(0, min(3, layers))))
    everything = (*suffixes, *SHARED, *DENSE, "attn_q.weight", "ffn_gate_inp.weight")
    buffers: dict[str, str] = {}
    for _ in range(draw(st.integers(1, 3))):
        to = draw(st.sampled_from(BUFFERS))
        some = draw(st.lists(st.sampled_from(everything), min_size=1, unique=True))
        for layer in draw(st.sets(st.integers(0, layers - 1))):
            buffers |= {f"blk.{layer}.{s}": to for s in some if f"blk.{layer}.{s}" in names}
    buffers |= dict.fromkeys(
        draw(st.lists(st.sampled_from(names), max_size=3)), draw(st.sampled_from(BUFFERS))
    )
    buffers |= dict.fromkeys(draw(st.lists(st.sampled_from(OUTER), max_size=2)), "CPU")
    return names, buffers


@settings(deadline=None)
@given(exceptions())
def test_patterns_move_exactly_what_they_should(case: tuple[list[str], dict[str, str]]) -> None:
    names, buffers = case
    text = value(names, buffers)
    rules = parse_overrides(text) if text else ()
    assert buffers == {name: rule.buffer for name, rule in match(rules, names).items()}


@settings(deadline=None)
@given(exceptions())
def test_each_pattern_is_exact_whatever_the_order(case: tuple[list[str], dict[str, str]]) -> None:
    names, buffers = case
    for rule in write_rules(names, buffers):
        found = [name for name in names if rule.matches(name)]
        assert {rule.buffer} == {buffers.get(name) for name in found}


@settings(deadline=None)
@given(exceptions())
def test_patterns_survive_shells_and_files(case: tuple[list[str], dict[str, str]]) -> None:
    assert not any(c in rule.pattern for rule in write_rules(*case) for c in "\\,= '\";#%")


def test_a_name_that_no_pattern_can_spell_is_matched_by_a_wildcard() -> None:
    names = ["blk.0.odd,name=x.weight", "blk.0.other.weight"]
    assert {"blk.0.odd,name=x.weight"} == set(match(parse_overrides(value(names, {names[0]: "CPU"})), names))


@pytest.mark.parametrize(
    "name", ["blk.0.ffn_up_exps\x1b[2J", "blk.0.a\nb", "blk.0.ffn\ufffd", "blk.0.größe", "a\u202eb"]
)
def test_a_name_that_no_command_should_hold_is_refused(name: str) -> None:
    names = ["blk.0.ffn_up_exps.weight", name]
    with pytest.raises(
        InputError, match="no -ot value can be written for a model with a tensor called"
    ) as caught:
        write_rules(names, {"blk.0.ffn_up_exps.weight": "CPU"})

    assert caught.value.message.isprintable()


def test_such_a_name_is_no_matter_where_no_rule_is_written() -> None:
    assert () == write_rules(["a\x1bb"], {})
