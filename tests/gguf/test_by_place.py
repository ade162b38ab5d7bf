"""Types of a later llama.cpp are counted by the room that a file leaves their tensors."""

from __future__ import annotations

import pytest

from moefit.errors import InputError
from moefit.gguf.by_place import is_by_place
from moefit.gguf.quants import QUANTS
from moefit.gguf.scanner import scan
from tests.gguf.raw import F32, BytesSource, Raw

LATER = max(QUANTS) + 1


def header(kind: int, bytes_of_row: int, *, alignment: int = 32) -> Raw:
    """Two matrices of a type whose rows of 512 values take so many bytes, and a norm between them."""
    made, offset = Raw(), 0
    for name, shape, of in (
        ("a", (512, 3), kind),
        ("norm", (512,), F32),
        ("b", (512, 5), kind),
        ("c", (8,), F32),
    ):
        made.tensor(name, shape, of, offset)
        rows = shape[1] if len(shape) > 1 else 1
        size = bytes_of_row * rows if of == kind else 4 * shape[0]
        offset += -(-size // alignment) * alignment
    return made


@pytest.mark.parametrize(
    ("bytes_of_row", "block", "block_bytes"),
    [
        (512, 1, 1),
        (544, 32, 34),
        (1024, 1, 2),
        (272, 32, 17),
        (288, 32, 18),
        (292, 128, 73),
        (210 * 2, 128, 105),
    ],
)
def test_a_later_type_is_sized_by_its_tensors(bytes_of_row: int, block: int, block_bytes: int) -> None:
    a, _, b, _ = scan(BytesSource(header(LATER, bytes_of_row).file())).tensors
    assert (3 * bytes_of_row, 5 * bytes_of_row) == (a.bytes, b.bytes)
    assert (block, block_bytes, f"type {LATER}") == (a.quant.block, a.quant.block_bytes, a.quant.name)
    assert is_by_place(a.quant)


def test_known_types_are_not_sized_by_place() -> None:
    assert not any(map(is_by_place, QUANTS.values()))


def refused(made: Raw) -> str:
    with pytest.raises(InputError) as caught:
        scan(BytesSource(made.file()))
    return caught.value.message


@pytest.mark.parametrize("kind", [4, 5, 31, 33, 36, 256, 1 << 31], ids=str)
def test_types_that_are_gone_or_absurd_are_refused_as_before(kind: int) -> None:
    assert f"tensor 'a' has the unknown type {kind}" in refused(header(kind, 544))


def test_a_tensor_that_nothing_follows_tells_nothing() -> None:
    assert f"the unknown type {LATER}" in refused(Raw().tensor("t", (32,), LATER))


def test_rooms_that_no_size_of_a_block_explains_are_damage() -> None:
    made = (
        Raw().tensor("a", (512, 3), LATER, 0).tensor("b", (512, 3), LATER, 1632).tensor("c", (8,), F32, 9632)
    )
    assert f"the unknown type {LATER}" in refused(made)


def test_what_follows_is_still_checked() -> None:
    made = header(LATER, 544).tensor("a", (8,), F32, 0)
    assert "there twice" in refused(made)
