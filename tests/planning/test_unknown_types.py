"""A file of a later llama.cpp is planned for, and what is not known of its types is said."""

from __future__ import annotations

from dataclasses import replace

from moefit.gguf.quants import QUANTS, QuantType
from moefit.model import Model, build
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from tests.oracle import QUANT_TYPES, header
from tests.search.test_moe_cache import request

FP8 = QuantType(max(QUANTS) + 1, f"type {max(QUANTS) + 1}", 32, 34)


def in_fp8() -> Model:
    """Qwen3-30B-A3B, its experts in a type as large as Q8_0."""
    recorded = header("qwen3-30b-a3b", "Q8_0")
    tensors = (replace(t, quant=FP8) if "_exps" in t.name else t for t in recorded.tensors)
    return build("m.gguf", replace(recorded, tensors=tuple(tensors)))


def in_q8() -> Model:
    return build("m.gguf", header("qwen3-30b-a3b", "Q8_0"))


def test_its_bytes_are_those_of_a_known_type_of_that_size() -> None:
    asked = request("", "24GiB,link=25GB/s")
    later, known = (plan(replace(asked, model=model)) for model in (in_fp8(), in_q8()))
    assert later.fits
    assert [d.use.model for d in known.devices] == [d.use.model for d in later.devices]


def test_a_plan_and_an_estimate_say_what_is_not_known() -> None:
    asked = replace(request("", "24GiB,link=25GB/s"), model=in_fp8())
    for made in (plan(asked), estimate(asked)):
        [said] = [w.message for w in made.warnings if w.code == "unknown-type"]
        assert said.startswith(f"144 tensors of {FP8.name}, which this moefit does not know")


def test_of_known_types_nothing_is_said() -> None:
    assert FP8.name not in QUANT_TYPES
    assert not [w for w in plan(request()).warnings if w.code == "unknown-type"]
