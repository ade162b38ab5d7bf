from __future__ import annotations

import doctest

import pytest

from moefit.model import Role, roles
from moefit.model.roles import role_of


@pytest.mark.parametrize("part", ["gate", "up", "down", "gate_up"])
@pytest.mark.parametrize("kind", ["exps", "chexps"])
@pytest.mark.parametrize("suffix", ["weight", "bias", "scale"])
def test_every_kind_of_routed_expert_is_one(part, kind, suffix):
    assert Role.EXPERT is role_of(f"blk.11.ffn_{part}_{kind}.{suffix}", "llama")


@pytest.mark.parametrize(
    "name",
    [
        "ffn_gate_inp.weight",
        "ffn_gate_inp.bias",
        "ffn_gate_inp_shexp.weight",
        "ffn_gate_shexp.weight",
        "ffn_up_shexp.weight",
        "ffn_down_shexp.weight",
        "ffn_norm_exps.weight",
        "exp_probs_b.bias",
        "ffn_up.weight",
        "attn_output.weight",
        "attn_sinks.weight",
        "nextn.embed_tokens.weight",
        "nextn.shared_head_head.weight",
    ],
)
def test_router_shared_experts_and_the_rest_of_a_block_are_base(name):
    assert Role.BASE is role_of(f"blk.3.{name}", "llama")


@pytest.mark.parametrize(
    "name", ["token_embd.weight", "position_embd.weight", "token_types.weight", "per_layer_token_embd.weight"]
)
def test_embeddings_are_input(name):
    assert Role.INPUT is role_of(name, "gemma4")


@pytest.mark.parametrize(
    "name",
    [
        "output.weight",
        "output.bias",
        "output_norm.weight",
        "output_norm.bias",
        "cls.weight",
        "cls.output.bias",
        "dec.output_norm.weight",
        "altup_unembd_proj.weight",
        "decision.scorer.weight",
    ],
)
def test_what_follows_the_last_block_is_output(name):
    assert Role.OUTPUT is role_of(name, "llama")


@pytest.mark.parametrize(
    "name", ["per_layer_model_proj.weight", "per_layer_proj_norm.weight", "rope_freqs.weight"]
)
def test_what_llama_cpp_makes_with_block_0_is_base(name):
    assert Role.BASE is role_of(name, "gemma3n")


@pytest.mark.parametrize(
    ("architecture", "role"), [("bloom", Role.BASE), ("lfm2", Role.OUTPUT), ("lfm2moe", Role.OUTPUT)]
)
def test_the_norm_of_the_embedding_is_the_output_norm_in_lfm2(architecture, role):
    assert role is role_of("token_embd_norm.weight", architecture)


def test_what_is_never_loaded_has_no_role():
    assert role_of("masked_embd_centroids.weight", "gemma4") is None


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(roles).failed == 0
