from __future__ import annotations

import pytest

from moefit.errors import UsageError
from moefit.launch.patterns import (
    DENSE,
    EXPERTS,
    Rule,
    cpu_moe,
    first_blocks,
    match,
    parse_overrides,
)
from tests.launch.names import BIASED, CHUNKED, FUSED, SPLIT, tensor_names


def moved(rules: tuple[Rule, ...], names: list[str]) -> dict[str, str]:
    return {name: rule.buffer for name, rule in match(rules, names).items()}


def test_the_first_rule_that_finds_a_name_wins() -> None:
    rules = parse_overrides("blk.1.*up=CUDA0,exps=CPU")
    assert {"blk.1.ffn_up_exps.weight": "CUDA0", "blk.2.ffn_up_exps.weight": "CPU"} == moved(
        rules, ["blk.1.ffn_up_exps.weight", "blk.2.ffn_up_exps.weight", "blk.1.attn_q.weight"]
    )


def test_a_pattern_is_searched_anywhere() -> None:
    names = ["output.weight", "blk.0.attn_output.weight"]
    assert names == list(moved(parse_overrides("output[.]weight=CPU"), names))
    assert names[:1] == list(moved(parse_overrides("^output[.]weight=CPU"), names))


def test_an_override_is_cut_at_commas_then_at_the_first_equals_sign() -> None:
    assert [("a", "CPU"), ("b", "RPC0[10.0.0.2:50052]")] == [
        (r.pattern, r.buffer) for r in parse_overrides("a=CPU,b=RPC0[10.0.0.2:50052]")
    ]


def test_llama_bench_cuts_at_semicolons() -> None:
    assert [("a", "CPU"), ("b", "CPU")] == [
        (r.pattern, r.buffer) for r in parse_overrides("a=CPU;b=CPU", separator=";")
    ]


@pytest.mark.parametrize("value", ["exps", "a{1,2}=CPU", "", "a=CPU,"])
def test_an_override_without_a_buffer_is_an_error(value: str) -> None:
    with pytest.raises(UsageError, match="has no ="):
        parse_overrides(value)


def test_an_override_that_is_no_regular_expression_is_an_error() -> None:
    with pytest.raises(UsageError, match="no regular expression"):
        parse_overrides("(exps=CPU")


@pytest.mark.parametrize("experts", [SPLIT, FUSED, BIASED, CHUNKED])
def test_cpu_moe_takes_every_routed_expert_and_nothing_else(experts: tuple[str, ...]) -> None:
    names = tensor_names(30, *experts, dense=2)
    wanted = [name for name in names if name.split(".", 2)[-1] in experts]
    assert wanted == list(moved((cpu_moe(),), names))


def test_n_cpu_moe_counts_blocks_and_leading_dense_ones_too() -> None:
    names = tensor_names(30, *SPLIT, dense=2)
    taken = moved(first_blocks(12, EXPERTS), names)
    assert {*range(2, 12)} == {int(name.split(".")[1]) for name in taken}
    assert 30 == len(taken)


def test_n_cpu_ffn_takes_dense_tensors_alone() -> None:
    names = tensor_names(30, *SPLIT, dense=20)
    taken = moved(first_blocks(11, DENSE), names)
    assert {f"blk.{i}.ffn_{kind}.weight" for i in range(11) for kind in ("up", "gate", "down")} == set(taken)


def test_n_cpu_moe_of_more_layers_than_there_are_takes_all() -> None:
    names = tensor_names(30, *SPLIT)
    assert moved((cpu_moe(),), names) == moved(first_blocks(999, EXPERTS), names)


def test_n_cpu_moe_0_takes_nothing() -> None:
    assert () == first_blocks(0, EXPERTS)
