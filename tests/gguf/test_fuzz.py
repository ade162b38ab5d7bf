"""Whatever the bytes, a header or an InputError comes out, soon."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moefit.errors import InputError
from moefit.gguf.scanner import scan
from moefit.gguf.split import read_header
from moefit.model import build
from tests.gguf import raw
from tests.gguf.raw import BytesSource, Raw


def whole(order: str) -> bytes:
    """A header with something of everything."""
    header = Raw(order).text("general.architecture", "llama").pair("llama.block_count", raw.UINT32, "I", 2)
    header.pair("general.alignment", raw.UINT32, "I", 32).pair("llama.f", raw.FLOAT32, "f", 1.0)
    header.array("tokenizer.ggml.tokens", raw.STRING, 3, b"".join(map(header.string, ["a", "bc", ""])))
    header.array("llama.attention.head_count_kv", raw.INT32, 2, header.pack("2i", 4, 0))
    header.tensor("token_embd.weight", (256, 4), raw.Q4_K).tensor(
        "blk.0.ffn_up_exps.weight", (8, 2, 2), offset=576
    )
    return header.file(704)


SEEDS = [whole("<"), whole(">")]


def survive(data: bytes) -> None:
    start = time.perf_counter()
    message = "m.gguf: "
    try:
        build("m.gguf", read_header("m.gguf", lambda _: BytesSource(data)))
    except InputError as error:
        message = error.message
    assert message.startswith("m.gguf: ")
    assert message.isprintable()
    assert len(message) < 400
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "header",
    [
        Raw().text("k\n" * 30_000, "v").text("k\n" * 30_000, "v"),
        Raw().text("general.alignment", "\n" * 1_000_000),
        Raw().text("split.count", "\n" * 1_000_000),
        Raw().text("general.architecture", "\n" * 1_000_000),
        Raw()
        .text("general.architecture", "llama")
        .text("llama.block_count", "\n" * 1_000_000)
        .tensor("t", (8,)),
        Raw().tensor("\n" * 60, (8, 0)),
    ],
    ids=["key", "alignment", "split", "architecture", "blocks", "tensor"],
)
def test_messages_stay_short_and_on_one_line(header):
    survive(header.file(32))


def test_the_seeds_are_good():
    for data in SEEDS:
        assert 2 == len(scan(BytesSource(data)).tensors)


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["<", ">"]))
def test_random_bytes_after_a_good_start_never_crash(data, order):
    survive(Raw(order).file()[:8] + data)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_crash(data):
    survive(data)


@settings(deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=9)), min_size=1, max_size=4),
    st.integers(0, 800),
)
def test_a_mutated_header_never_crashes(seed, edits, cut):
    data = bytearray(seed)
    for at, patch in edits:
        data[at : at + len(patch)] = patch
    survive(bytes(data[: len(data) - cut]))


@settings(deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 600), st.binary(max_size=40), st.integers(0, 40))
def test_a_header_with_bytes_put_in_or_taken_out_never_crashes(seed, at, inserted, removed):
    survive(seed[:at] + inserted + seed[at + removed :])
