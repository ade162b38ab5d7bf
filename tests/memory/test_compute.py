"""Compute buffers against every recorded row of llama.cpp's own, and what a launch without a recording gets."""

import random
from dataclasses import replace

import pytest

from moefit.gguf.header import Header
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.compute import compute_buffers
from moefit.memory.footprint import footprint
from moefit.memory.graph import decoder
from moefit.model import build
from moefit.placement.types import Placement
from tests import oracle
from tests.drawn import SEED, several
from tests.each import in_groups
from tests.memory.recorded import all_rows, buffers_off

ROWS = sorted(
    (row for row in all_rows() if row.devices),
    key=lambda row: (row.quant, row.outputs, row.flags),
)
"""Those whose graphs are alike are neighbours, so that one that was built serves the next."""


MODELS = sorted({row.model for row in ROWS})


def drawn(name):
    """A sixth of a model's rows, the same for every change; all of them with `make thorough`."""
    rows = [row for row in ROWS if row.model == name]
    kept = set(
        random.Random(f"{SEED} {name}").sample(range(len(rows)), several(-(-len(rows) // 6), len(rows)))
    )
    return [row for number, row in enumerate(rows) if number in kept]


@in_groups(MODELS)
def test_every_recorded_buffer_is_predicted_to_the_byte(name):
    assert [] == buffers_off(drawn(name))


def test_both_modes_and_the_models_of_the_issue_are_compared():
    modes = {row.mode for row in ROWS}
    assert {"rpc", "cuda-like"} == modes
    assert {row.model for row in oracle.rows()} <= set(MODELS)


def small():
    """A model, a device like those of RPC, and the launch with everything on it."""
    model = oracle.model("qwen3-30b-a3b", "Q4_K_M")
    devices = (Device("RPC0", 1 << 40, 1 << 40),)
    return model, devices, Settings(context=8192), Placement((0,) * model.slots)


def test_pipelining_holds_every_input_four_times_and_overrides_end_it():
    model, devices, settings, _ = small()
    devices = (*devices, Device("RPC1", 1 << 40, 1 << 40))
    slots = (0,) * 24 + (1,) * (model.slots - 24)
    piped = compute_buffers(model, devices, settings, Placement(slots))
    moved = compute_buffers(model, devices, settings, Placement(slots, {"blk.0.ffn_up_exps.weight": CPU}))

    assert (4, 1) == (piped.copies, moved.copies)
    assert piped.host > moved.host


@pytest.mark.parametrize("ubatch", [512, 2048])
def test_a_real_load_keeps_up_to_two_hidden_states_more_on_the_device_of_a_layer_without_its_experts(ubatch):
    """Norms that a dummy load places elsewhere."""
    model, devices, settings, _ = small()
    settings = replace(settings, ubatch=ubatch)
    devices = (*devices, Device("RPC1", 1 << 40, 1 << 40))
    slots = (0,) * 24 + (1,) * (model.slots - 24)
    placement = Placement(slots, {t.name: CPU for t in model.layers[30].experts})
    first, second = compute_buffers(model, devices, settings, placement).beyond_dummy

    assert 0 == first
    assert 1 <= second / (4 * model.embedding * ubatch) <= 2


def test_a_batch_of_many_slots_may_need_less_for_the_prompt_than_for_generation():
    model, devices, settings, placement = small()
    settings = replace(settings, slots=64, ubatch=64, context=1 << 16)
    of_many = compute_buffers(model, devices, settings, placement)
    of_one = compute_buffers(model, devices, replace(settings, slots=1), placement)

    assert of_many.devices[0] > 2 * of_one.devices[0]


def renamed(architecture_name):
    """The same model under another architecture's name."""
    was = oracle.header("qwen3-30b-a3b", "Q4_K_M")
    metadata = {key.replace("qwen3moe", architecture_name): value for key, value in was.metadata.items()}
    metadata["general.architecture"] = architecture_name
    return build("new.gguf", Header(3, "little", metadata, was.tensors, was.shards))


def test_an_unknown_architecture_gets_an_estimate_that_is_said_to_be_one():
    _, devices, settings, placement = small()
    model = renamed("newcomer")
    known = compute_buffers(*small())
    said = compute_buffers(model, devices, settings, placement)

    assert said.devices[0] + said.beyond_dummy[0] > known.devices[0]
    assert ["newcomer: its graph is not described: compute buffers are an estimate from its tensors"] == list(
        said.notes
    )


def test_a_layer_that_lacks_a_tensor_is_estimated_with_a_note():
    _, devices, settings, placement = small()
    header = oracle.header("qwen3-30b-a3b", "Q4_K_M")
    kept = tuple(t for t in header.tensors if t.name != "blk.20.attn_k.weight")
    model = build("cut.gguf", replace(header, tensors=kept))
    said = compute_buffers(model, devices, settings, placement)

    assert compute_buffers(*small()).devices[0] <= said.devices[0]
    assert [
        "qwen3moe: the file lacks blk.20.attn_k.weight: compute buffers are an estimate from its tensors"
    ] == list(said.notes)


@pytest.mark.parametrize("flash", ["on", "off", "auto"])
@pytest.mark.parametrize("batch", [16, 256, 8192])
def test_a_few_layers_give_what_the_whole_graph_gives(monkeypatch, flash, batch):
    from moefit.memory.graph import peaks

    model, devices, settings, _ = small()
    moved = {t.name: CPU for layer in model.layers[5:17] for t in layer.experts}
    cases = [Placement((0,) * model.slots, moved), Placement((CPU,) * 10 + (0,) * (model.slots - 10))]
    settings = replace(settings, flash_attention=flash, ubatch=batch, batch=max(2048, batch), context=16384)
    few = [compute_buffers(model, devices, settings, case).devices for case in cases]
    choose = peaks._choose
    monkeypatch.setattr(peaks, "_choose", lambda *args, **_: choose(*args, every_layer=True, pipelined=True))
    peaks._known(model).clear()
    every = [compute_buffers(model, devices, settings, case).devices for case in cases]

    assert every == few


def test_a_slip_in_a_block_is_no_estimate(monkeypatch):
    def slip(*_):
        raise KeyError("blk.0.attn_q")

    _, devices, settings, placement = small()
    model = build("m.gguf", oracle.header("qwen3-30b-a3b", "Q4_K_M"))
    monkeypatch.setattr(decoder, "build", slip)

    with pytest.raises(KeyError):
        footprint(model, devices, settings, placement)


def test_what_the_file_lacks_is_named_where_the_figures_are_an_estimate():
    _, devices, settings, placement = small()
    source = oracle.header("qwen3-30b-a3b", "Q4_K_M")
    tensors = tuple(t for t in source.tensors if t.name != "blk.3.attn_output.weight")
    model = build("m.gguf", replace(source, tensors=tensors))
    notes = footprint(model, devices, settings, placement).notes

    assert 1 == len(notes)
    assert notes[0].startswith(
        "qwen3moe: the file lacks blk.3.attn_output.weight: compute buffers are an estimate"
    )
