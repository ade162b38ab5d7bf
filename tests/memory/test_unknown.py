"""An architecture that llama.cpp b11434 has and this table has not: the same models under a name of their own."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moefit import memory
from moefit.errors import InputError
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.compute import compute_buffers
from moefit.memory.kv import kv
from moefit.memory.unknown import notes
from moefit.memory.weights import weights
from moefit.model import build
from moefit.placement.types import Placement
from tests import oracle
from tests.each import each

CARD = Device("CUDA0", 80 << 30, 80 << 30)
LAUNCH = Settings(8192)
NAMES = sorted(oracle.models())


def renamed(name):
    """The model as a header of an unknown architecture would describe it."""
    model = oracle.model(name, next(iter(oracle.models()[name]["types"])))
    return model, replace(model, architecture="brand-new")


@each(NAMES)
def test_its_weights_and_caches_are_never_counted_too_low(name):
    known, unknown = renamed(name)
    everything = Placement((0,) * known.slots)

    assert weights(unknown, [CARD], LAUNCH, everything)[0] >= weights(known, [CARD], LAUNCH, everything)[0]
    assert kv(unknown, [CARD], LAUNCH, everything)[0] >= kv(known, [CARD], LAUNCH, everything)[0]


def test_a_note_says_that_it_is_an_estimate():
    _, unknown = renamed("qwen3-30b-a3b")
    assert 1 == len(notes(unknown))
    assert notes(unknown)[0].startswith("brand-new: ")
    assert set(notes(unknown)) <= set(memory.footprint(unknown, [CARD], LAUNCH, Placement((0,) * 49)).notes)


def test_its_compute_buffers_are_a_quarter_more_than_its_tensors_show():
    _, unknown = renamed("qwen3-30b-a3b")
    found = compute_buffers(unknown, [CARD], LAUNCH, Placement((0,) * 49))

    assert tuple(size // 4 for size in found.devices) == found.beyond_dummy


def test_a_known_architecture_needs_no_note():
    known, _ = renamed("qwen3-30b-a3b")
    assert () == notes(known)


@pytest.mark.parametrize(
    "dropped",
    ["attention.head_count", "attention.head_count_kv", "attention.key_length", "embedding_length", ""],
)
def test_a_header_that_leaves_keys_out_crashes_nothing(dropped):
    _, unknown = renamed("qwen3-30b-a3b")
    told = unknown.hparams
    left = {k: v for k, v in told.values.items() if dropped and not k.endswith(dropped)}
    bare = replace(unknown, hparams=replace(told, values=left))

    cached = kv(bare, [CARD], LAUNCH, Placement((0,) * 49))[0][0]
    assert cached >= 8192 * 48 * 2 * 2 * 4 * 128  # attn_k and attn_v say how wide a row is


@settings(deadline=None)
@given(
    st.sampled_from(["brand-new", "qwen3next", "gemma3", "deepseek2", "lfm2", "deepseek4", "kimi-linear"]),
    st.dictionaries(
        st.sampled_from(
            [
                "embedding_length",
                "attention.head_count",
                "attention.head_count_kv",
                "attention.key_length",
                "attention.key_length_mla",
                "attention.sliding_window",
                "attention.sliding_window_pattern",
                "attention.compress_ratios",
                "attention.shared_kv_layers",
                "full_attention_interval",
                "ssm.conv_kernel",
                "ssm.inner_size",
                "feed_forward_length",
                "shortconv.l_cache",
            ]
        ),
        st.one_of(
            st.integers(0, 1 << 16),
            st.lists(st.integers(0, 512), max_size=60).map(tuple),
            st.just("text"),
            st.just(2.5),
            st.booleans(),
        ),
    ),
)
def test_no_header_crashes_it(architecture, keys):
    source = oracle.header("qwen3-30b-a3b", "Q4_K_M")
    metadata = {f"{architecture}.{key}": value for key, value in keys.items()}
    metadata |= {"general.architecture": architecture, f"{architecture}.block_count": 48}
    try:
        odd = build("m.gguf", replace(source, metadata=metadata))
    except InputError:
        return

    assert kv(odd, [CARD], LAUNCH, Placement((0,) * 49))[0][0] >= 0
    assert weights(odd, [CARD], LAUNCH, Placement((0,) * 49))[0][0] > 0
