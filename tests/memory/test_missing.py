"""A file that lacks a tensor of its model: refused, or an estimate that says which; never exact figures of another model."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import replace

import pytest

from moefit.errors import InputError
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.footprint import footprint
from moefit.memory.graph.context import UNEVEN
from moefit.memory.rough import rough_compute
from moefit.model import build
from moefit.placement.types import Placement
from tests import oracle
from tests.drawn import SEED, several

CARD = Device("CUDA0", 80 << 30, 80 << 30)
LAUNCH = Settings(8192)
SMALLEST = {
    m["architecture"]: m["name"] for m in sorted(oracle.models().values(), key=lambda m: -len(m["tensors"]))
}
OUTSIDE = ("token_embd.weight", "output_norm.weight")
"""Tensors that every model has; an output of its own may be left out."""
OTHER_PARTS = re.compile(r"nextn|vis_|scales|post_norm|time_mix_lerp|indexer[.][kq]_(proj|norm)")
"""Of parts that a text's prompt does not run, or that stand for each other."""

UNUSED = {"gemma4": r"attn_k", "mpt": r"attn_k_norm", "t5": r"ffn_gate"}
"""What graphs leave alone: keys of layers that attend to another layer's cache, norms of keys where no query has one, the gates of an encoder beside its
decoder. So they do dense matrices beside experts, which some recorded headers have."""


def header(architecture):
    name = SMALLEST[architecture]
    return oracle.header(name, next(iter(oracle.models()[name]["types"])))


def notes(source):
    model = build("m.gguf", source)
    half = len(model.layers) // 2
    return footprint(model, [CARD], LAUNCH, Placement((*(CPU,) * half, *(0,) * (model.slots - half)))).notes


def is_compared(architecture, short):
    unused = UNUSED.get(architecture)
    left_alone = OTHER_PARTS.search(short) or (unused and re.match(unused, short))
    return not left_alone and short.removesuffix(".weight") not in UNEVEN


def repeated(source):
    """For each kind of tensor that several layers of the main model have, the one of the middle layer of these."""
    layers = {layer.index for layer in build("m.gguf", source).layers if not layer.mtp}
    routed = {t.name.split(".")[1] for t in source.tensors if ".ffn_gate_inp." in t.name}
    found = defaultdict(list)
    for tensor in source.tensors:
        match = re.match(r"(?:enc\.|dec\.)?blk\.(\d+)\.(.+)", tensor.name)
        if match is None or int(match[1]) not in layers:
            continue
        beside_experts = match[1] in routed and re.match(r"ffn_(gate|down|up)[.]weight", match[2])
        if not beside_experts and is_compared(source.metadata["general.architecture"], match[2]):
            found[tensor.name.replace(f"blk.{match[1]}.", "")].append(tensor.name)
    return [names[len(names) // 2] for names in found.values() if len(names) > 2]


def without(source, name):
    return replace(source, tensors=tuple(t for t in source.tensors if t.name != name))


def is_told(source, name):
    """Whether a file without that tensor is refused, or its estimate names it, or another that it is needed for."""
    try:
        return bool(notes(without(source, name)))
    except InputError:
        return True


@pytest.mark.parametrize(
    "architecture", random.Random(SEED).sample(sorted(SMALLEST), several(3, len(SMALLEST)))
)
def test_one_layer_without_what_the_others_have_makes_an_estimate(architecture):
    source = header(architecture)
    every = repeated(source)
    some = random.Random(SEED).sample(every, min(several(10, 1000), len(every)))

    assert [] == [name for name in some if not is_told(source, name)]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("architecture", ["qwen3moe", "gemma3", "qwen3next"])
def test_a_model_without_embeddings_or_its_last_norm_makes_an_estimate_that_names_them(architecture, name):
    why = f"{architecture}: the file lacks {name}: compute buffers are an estimate from its tensors"

    assert (why,) == notes(without(header(architecture), name))


def test_a_graph_that_cannot_be_built_leaves_the_rough_bound_and_a_note_that_says_so():
    """A value that a loader may not ask for: of a model as it is once it was loaded."""
    known = oracle.model("qwen3-30b-a3b", "Q4_K_M")
    left = {key: value for key, value in known.hparams.values.items() if key != "expert_used_count"}
    model = replace(known, hparams=replace(known.hparams, values=left))
    everything = Placement((0,) * model.slots)
    used = footprint(model, [CARD], LAUNCH, everything)

    assert rough_compute(model, [CARD], LAUNCH, everything) == ((used.devices[0].compute,), used.host.compute)
    assert ("qwen3moe: the file lacks expert_used_count: compute buffers are a rough bound",) == used.notes


def test_layers_that_differ_in_kind_are_no_estimate():
    """Dense layers before those with experts; layers without values of their own; an indexer in every fourth layer."""
    assert [(), (), ()] == [
        notes(header(architecture)) for architecture in ("deepseek2", "gemma4", "deepseek4")
    ]


def test_norms_without_weights_are_no_estimate():
    assert () == notes(header("olmo"))


def test_a_block_that_runs_more_than_once_may_lack_a_tensor_too():
    why = "hrm_text: the file lacks blk.1.ffn_up.weight: compute buffers are an estimate from its tensors"

    assert (why,) == notes(without(header("hrm_text"), "blk.1.ffn_up.weight"))
