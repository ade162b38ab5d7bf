from __future__ import annotations

import sys
from enum import IntEnum
from types import ModuleType

import gguf.constants
import pytest

from moefit.errors import InputError
from moefit.gguf.newer import newer
from moefit.gguf.quants import QUANTS, QuantType
from moefit.gguf.scanner import scan
from tests.gguf.raw import BytesSource, Raw


class Newer(IntEnum):
    """Types of a package that is not out yet."""

    Q3_0 = 98
    Q9_K = 99


@pytest.fixture
def newer_package(monkeypatch):
    table = {**gguf.constants.GGML_QUANT_SIZES, Newer.Q3_0: (64, 26), Newer.Q9_K: (256, 300)}
    monkeypatch.setattr(gguf.constants, "GGML_QUANT_SIZES", table)


@pytest.mark.usefixtures("newer_package")
def test_a_type_that_only_a_newer_package_knows_is_read():
    (tensor,) = scan(BytesSource(Raw().tensor("t", (512, 3), 99).file())).tensors

    assert (QuantType(99, "q9_K", 256, 300), 3 * 2 * 300) == (tensor.quant, tensor.bytes)


@pytest.mark.usefixtures("newer_package")
def test_rows_of_such_a_type_must_be_whole_blocks_too():
    with pytest.raises(InputError, match=r"rows of 63 values, which is no multiple of 64 \(q3_0\)"):
        scan(BytesSource(Raw().tensor("t", (63,), 98).file()))


def test_where_the_package_does_not_know_it_either_the_hint_says_to_upgrade_it():
    with pytest.raises(InputError) as caught:
        scan(BytesSource(Raw().tensor("t", (32,), 99).file()))

    assert "m.gguf: tensor 't' has the unknown type 99" == caught.value.message
    assert caught.value.hint.startswith("upgrade the package gguf (pip install -U gguf)")


@pytest.mark.parametrize("broken", [None, ModuleType("gguf.constants")], ids=["no package", "no table"])
def test_a_package_that_cannot_be_asked_knows_no_type(broken, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf.constants", broken)

    assert newer(99) is None


def test_package_and_table_agree_on_every_type_that_both_know():
    assert {number: newer(number) or QUANTS[number] for number in QUANTS} == QUANTS
