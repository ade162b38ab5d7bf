"""The scanner against the package `gguf`, which wrote these files and reads them its own way."""

from __future__ import annotations

from pathlib import Path

import gguf
import make_header
import numpy as np
import pytest

from moefit.gguf.header import SkippedArray
from moefit.gguf.split import read_header

LITTLE, BIG = gguf.GGUFEndian.LITTLE, gguf.GGUFEndian.BIG


def check_equal(path: str) -> None:
    """Every field and every tensor of one file."""
    theirs = gguf.GGUFReader(path)
    ours = read_header(path)
    fields = {key: field for key, field in theirs.fields.items() if not key.startswith("GGUF.")}
    assert list(fields) == list(ours.metadata)
    for key, field in fields.items():
        mine = ours.metadata[key]
        expected = field.contents()
        if isinstance(mine, SkippedArray):
            assert len(expected) == mine.length
        elif isinstance(mine, tuple):
            assert expected == list(mine)
        else:
            assert expected == mine
            assert type(expected) is type(mine)
    start = ours.shards[0].expected - max((t.offset + t.bytes for t in ours.tensors), default=0)
    assert [
        (t.name, t.tensor_type.name.lower(), tuple(t.shape.tolist()), int(t.n_bytes), t.data_offset)
        for t in theirs.tensors
    ] == [(t.name, t.quant.name.lower(), t.shape, t.bytes, start + t.offset) for t in ours.tensors]


@pytest.fixture(params=[LITTLE, BIG], ids=["little", "big"])
def everything(request, tmp_path):
    """A file with each value type, arrays, an alignment of its own and tensors of many types."""
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=request.param)
    writer.add_custom_alignment(64)
    for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
        getattr(writer, f"add_{name}")(f"k.{name}", 100)
    writer.add_int64("k.negative", -5)
    writer.add_float32("k.float32", 1e-6)
    writer.add_float64("k.float64", 1e-6)
    writer.add_bool("k.true", val=True)
    writer.add_bool("k.false", val=False)
    writer.add_string("k.string", "日本語 {{ template }}\n")
    writer.add_array("k.strings", ["a", "", "long" * 100])
    writer.add_array("k.ints", [1, -2, 3])
    writer.add_array("k.floats", [0.5, 2.0])
    writer.add_array("k.bools", [True, False, True])
    writer.add_array("k.long", list(range(4097)))
    for number, (quant, (_, size)) in enumerate(gguf.GGML_QUANT_SIZES.items()):
        rows = number % 3 + 1
        if quant in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16):
            continue
        data = np.zeros((rows, 2 * size), np.uint8)
        writer.add_tensor(f"t.{quant.name}", data, raw_dtype=quant)
    writer.add_tensor("t.f32", np.zeros((2, 3, 5), np.float32))
    writer.add_tensor("t.f16", np.zeros(7, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(path)


def test_every_field_and_tensor_equals_the_readers(everything):
    check_equal(everything)


def test_a_whole_file_is_not_truncated(everything):
    assert not read_header(everything).truncated


@pytest.mark.parametrize("order", [LITTLE, BIG], ids=["little", "big"])
@pytest.mark.parametrize(
    ("name", "quant"),
    [
        ("tiny-gptoss-2l", "MXFP4"),
        ("olmoe-1b-7b", "Q4_K_M"),
        ("gemma4-26b-a4b", None),
        ("deepseek-v3.1", None),
    ],
)
def test_headers_of_real_models_equal_the_readers(name, quant, order, tmp_path):
    model = make_header.models()[name]
    (path,) = make_header.write_header(
        tmp_path / "m.gguf", model, quant or next(iter(model["types"])), whole=True, byte_order=order
    )

    check_equal(str(path))


@pytest.mark.parametrize("order", [LITTLE, BIG], ids=["little", "big"])
def test_a_header_with_a_vocabulary_equals_the_readers(order, tmp_path):
    model = make_header.models()["tiny-olmoe-4l"] | {"vocab": 4200}
    (path,) = make_header.write_header(
        tmp_path / "m.gguf", model, "Q4_K_M", vocab=True, whole=True, byte_order=order
    )

    check_equal(str(path))


def test_every_shard_equals_the_readers_and_together_they_are_the_whole(tmp_path):
    model = make_header.models()["olmoe-1b-7b"]
    (whole,) = make_header.write_header(tmp_path / "whole.gguf", model, "Q4_K_M", whole=True)
    shards = make_header.write_header(tmp_path / "m.gguf", model, "Q4_K_M", whole=True, shards=3)
    header = read_header(str(shards[1]))

    assert [(t.name, t.shape, t.quant) for t in read_header(str(whole)).tensors] == [
        (t.name, t.shape, t.quant) for t in header.tensors
    ]
    for number, shard in enumerate(shards):
        assert [(t.name, t.offset) for t in header.tensors if t.shard == number] == [
            (t.name, t.data_offset - gguf.GGUFReader(shard).data_offset)
            for t in gguf.GGUFReader(shard).tensors
        ]
        assert shard.stat().st_size == header.shards[number].size
    assert not header.truncated


def test_version_2_equals_the_readers(everything):
    """Versions 2 and 3 have the same layout; the version is the number after the magic."""
    with Path(everything).open("r+b") as file:
        file.seek(4)
        number = file.read(4)
        file.seek(4)
        file.write(number.replace(b"\3", b"\2"))

    assert 2 == read_header(everything).version
    check_equal(everything)
