from __future__ import annotations

import struct
import time

import pytest

from moefit.errors import InputError
from moefit.gguf.header import SkippedArray
from moefit.gguf.reader import MAX_WALKED
from moefit.gguf.scanner import scan
from tests.gguf import raw
from tests.gguf.raw import BytesSource, Raw


def scanned(header: Raw, data: int = 0):
    return scan(BytesSource(header.file(data)))


def complaint(data: bytes, size: int | None = -1) -> str:
    with pytest.raises(InputError) as caught:
        scan(BytesSource(data, size))
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("version", [2, 3])
def test_every_scalar_type_is_read_in_both_orders_and_versions(order, version):
    header = Raw(order, version)
    for kind, layout, value in [
        (raw.UINT8, "B", 200),
        (raw.INT8, "b", -3),
        (raw.UINT16, "H", 60000),
        (raw.INT16, "h", -300),
        (raw.UINT32, "I", 4_000_000_000),
        (raw.INT32, "i", -70000),
        (raw.FLOAT32, "f", 0.5),
        (raw.UINT64, "Q", 1 << 60),
        (raw.INT64, "q", -(1 << 60)),
        (raw.FLOAT64, "d", 1e-6),
    ]:
        header.pair(f"k{kind}", kind, layout, value)
    header.pair("yes", raw.BOOL, "b", 1).pair("no", raw.BOOL, "b", 0).text("text", "grüße")

    found = scanned(header)

    assert version == found.version
    assert {"<": "little", ">": "big"}[order] == found.byte_order
    assert {
        "k0": 200,
        "k1": -3,
        "k2": 60000,
        "k3": -300,
        "k4": 4_000_000_000,
        "k5": -70000,
        "k6": 0.5,
        "k10": 1 << 60,
        "k11": -(1 << 60),
        "k12": 1e-6,
        "yes": True,
        "no": False,
        "text": "grüße",
    } == found.metadata
    assert found.metadata["yes"] is True


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_array_by_layer_is_read(order):
    header = Raw(order)
    header.array("a", raw.INT32, 3, header.pack("3i", 4, 0, -4)).array("b", raw.BOOL, 2, b"\0\1")

    assert {"a": (4, 0, -4), "b": (False, True)} == scanned(header).metadata


def test_an_array_by_token_is_skipped():
    header = Raw().array("scores", raw.FLOAT32, 5000, bytes(20000)).pair("after", raw.UINT8, "B", 7)

    assert {"scores": SkippedArray(5000), "after": 7} == scanned(header).metadata


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 6400, 6401, 20000])
def test_an_array_of_strings_is_skipped_whatever_their_lengths(order, count):
    header = Raw(order)
    lengths = [n * 7 % 40 + (300 if n % 97 == 0 else 0) + (70_000 if n == 6000 else 0) for n in range(count)]
    header.array("tokens", raw.STRING, count, b"".join(header.string(b"x" * n) for n in lengths))
    header.pair("after", raw.UINT8, "B", 7)

    assert {"tokens": SkippedArray(count), "after": 7} == scanned(header).metadata


def test_strings_that_lie_across_fetched_chunks_are_skipped():
    header = Raw()
    strings = [b"x" * (n % 31) for n in range(150_000)]
    header.array("tokens", raw.STRING, len(strings), b"".join(map(header.string, strings)))
    header.pair("after", raw.UINT8, "B", 7)

    assert len(header.file()) > 3 << 20
    assert scanned(header).metadata["after"] == 7


def test_a_long_string_is_passed_over_without_being_fetched():
    header = Raw().array("tokens", raw.STRING, 1, struct.pack("<Q", 50 << 20) + bytes(50 << 20))
    source = BytesSource(header.file())

    scan(source)

    assert source.fetched < 3 << 20


def test_tensors_have_shape_type_offset_and_bytes():
    header = Raw().tensor("a.weight", (256, 3), raw.Q4_K).tensor("b.weight", (5,), raw.F32, 448)

    a, b = scanned(header).tensors

    assert ("a.weight", (256, 3), "q4_K", 0, 432) == (a.name, a.shape, a.quant.name, a.offset, a.bytes)
    assert ("b.weight", (5,), "f32", 448, 20) == (b.name, b.shape, b.quant.name, b.offset, b.bytes)


def test_a_tensor_without_dimensions_is_one_number():
    (tensor,) = scanned(Raw().tensor("scale", ())).tensors

    assert (1,) == tensor.shape


def test_the_alignment_of_the_file_moves_data_and_offsets():
    header = (
        Raw()
        .pair("general.alignment", raw.UINT32, "I", 1024)
        .tensor("a", (1,))
        .tensor("b", (1,), offset=1024)
    )

    found = scanned(header)

    assert 1024 == found.data_offset
    assert 1024 + 1024 + 4 == found.expected


def test_a_file_shorter_than_its_header_says_is_no_error():
    found = scanned(Raw().tensor("a", (1024,)))

    assert found.data_offset + 4096 == found.expected


def test_a_header_without_tensors_needs_no_padding():
    data = Raw().text("k", "v").header()

    assert len(data) == scan(BytesSource(data)).expected


def test_names_that_are_no_utf8_can_be_shown():
    assert {"k": "a�b"} == scanned(Raw().text("k", b"a\xffb")).metadata


@pytest.mark.parametrize("size", [-1, None], ids=["size known", "size unknown"])
def test_a_header_cut_off_anywhere_says_so(size):
    header = (
        Raw().text("general.name", "x" * 30).array("t", raw.STRING, 2, bytes(16)).tensor("a.weight", (4, 4))
    )
    header.array("n", raw.INT32, 2, bytes(8))
    data = header.header()

    for length in range(len(data)):
        assert complaint(data[:length], size) == "m.gguf: the header ends early"


BAD = {
    "another format": (b"PK\3\4" + bytes(60), "not a GGUF file: it starts with b'PK\\x03\\x04'"),
    "version 1": (Raw(version=1).file(64), "GGUF version 1 is not supported"),
    "version 0": (Raw(version=0).file(64), "GGUF version 0 is not supported"),
    "version 4": (Raw(version=4).file(64), "GGUF version 4 is not supported"),
    "version 1, big endian": (Raw(">", 1).file(64), "GGUF version 1 is not supported"),
    "tensor count": (Raw(tensor_count=1 << 62).file(64), f"a header with {1 << 62} tensors is absurd"),
    "pair count": (
        Raw(pair_count=(1 << 64) - 1).file(64),
        f"a header with {(1 << 64) - 1} key-value pairs is absurd",
    ),
    "key length": (Raw(pairs=[struct.pack("<Q", 1 << 40)]).file(64), f"a key of {1 << 40} bytes is absurd"),
    "value length": (
        Raw(pairs=[Raw().string("k") + struct.pack("<IQ", 8, (1 << 64) - 1)]).file(64),
        f"the value of 'k' of {(1 << 64) - 1} bytes is absurd",
    ),
    "empty key": (Raw().text("", "v").file(), "a key is empty"),
    "key twice": (Raw().text("k", "v").text("k", "w").file(), "key 'k' is there twice"),
    "value type": (Raw().pair("k", 13, "Q", 0).file(64), "key 'k' has the unknown type 13"),
    "array type": (Raw().array("k", 99, 1).file(64), "key 'k' is an array of the unknown type 99"),
    "array of arrays": (Raw().array("k", raw.ARRAY, 1).file(64), "key 'k' is an array of arrays"),
    "strings beyond the file": (Raw().array("k", raw.STRING, 1 << 20).file(64), "the header ends early"),
    "string count": (
        Raw().array("k", raw.STRING, MAX_WALKED + 1).file(64),
        f"an array of {MAX_WALKED + 1} strings is absurd",
    ),
    "number count": (Raw().array("k", raw.UINT64, 1 << 62).file(64), "the header ends early"),
    "alignment 0": (
        Raw().pair("general.alignment", raw.UINT32, "I", 0).file(),
        "general.alignment 0 is no power of two",
    ),
    "alignment 48": (
        Raw().pair("general.alignment", raw.UINT32, "I", 48).file(),
        "general.alignment 48 is no power of two",
    ),
    "alignment of another type": (
        Raw().pair("general.alignment", raw.UINT64, "Q", 32).file(),
        "general.alignment 32 is no power of two",
    ),
    "tensor type": (Raw().tensor("t", (32,), 99).file(), "tensor 't' has the unknown type 99"),
    "type that is gone": (Raw().tensor("t", (32,), 4).file(), "tensor 't' has the unknown type 4"),
    "tensor twice": (
        Raw().tensor("t", (8,)).tensor("t", (8,), offset=32).file(),
        "tensor 't' is there twice",
    ),
    "tensor name": (Raw().tensor("t" * 64, (8,)).file(), "a tensor's name of 64 bytes is absurd"),
    "empty row": (Raw().tensor("t", (0, 8)).file(), "tensor 't' is empty: [0, 8]"),
    "no rows": (Raw().tensor("t", (8, 0)).file(), "tensor 't' is empty: [8, 0]"),
    "part of a block": (
        Raw().tensor("t", (255, 8), raw.Q4_K).file(),
        "tensor 't' has rows of 255 values, which is no multiple of 256 (q4_K)",
    ),
    "five dimensions": (Raw().tensor("t", (1, 1, 1, 1, 1)).file(), "tensor 't' has 5 dimensions"),
    "dimension": (
        Raw().tensor("t", (1 << 62, 1 << 62)).file(),
        f"tensor 't' of shape [{1 << 62}, {1 << 62}] is absurd",
    ),
    "offset": (Raw().tensor("t", (8,), offset=64).file(), "tensor 't' is at byte 64 of the data, not 0"),
    "empty file": (b"", "the header ends early"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_a_bad_header_is_one_clear_error(data, message):
    assert f"m.gguf: {message}" == complaint(data)


def test_the_hint_of_version_1_says_what_to_do():
    with pytest.raises(InputError) as caught:
        scan(BytesSource(Raw(version=1).file()))

    assert caught.value.hint == "convert the model again: llama.cpp dropped version 1"


def test_a_hole_of_any_size_takes_bounded_time_and_fetches():
    """A sparse file of zeros after a promise of many long strings, as an attacker would write it."""

    class Hole(BytesSource):
        def read(self, offset, size):
            start = self.data[offset : offset + size]
            self.fetched += size
            return start + struct.pack("<Q", 2 << 20) * ((size - len(start)) // 8)

    hole = Hole(Raw().array("k", raw.STRING, MAX_WALKED).header(), 1 << 60)
    start = time.perf_counter()

    with pytest.raises(InputError, match="a header of more than 256 MiB is absurd"):
        scan(hole)

    assert hole.fetched < 260 << 20
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "page of a web site"),
        (b"lmgg" + bytes(60), "format of 2023"),
        (bytes(64), "the download is not complete"),
        (b"PK\3\4" + bytes(60), "convert_hf_to_gguf.py"),
    ],
    ids=["git-lfs", "html", "ggml", "zeros", "zip"],
)
def test_a_file_that_is_something_else_is_told_what_to_do(data, hint):
    with pytest.raises(InputError) as error:
        scan(BytesSource(data))
    assert hint in (error.value.hint or "")
