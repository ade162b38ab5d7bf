"""`--override-kv`: metadata in place of the file's."""

from dataclasses import replace

import pytest

from moefit.gguf.header import SkippedArray
from moefit.model.overrides import KvOverride, overridden
from tests import oracle

HEADER = oracle.header("qwen3-30b-a3b", "Q4_K_M")


def value(key, *overrides, **metadata):
    header = replace(HEADER, metadata={**HEADER.metadata, **metadata})
    return overridden(header, overrides).metadata.get(key)


def test_a_key_of_the_file_gets_the_lines_value():
    key = "qwen3moe.context_length"
    assert 131072 == value(key, KvOverride(key, 131072))


def test_a_key_that_the_file_lacks_is_there():
    key = "qwen3moe.attention.sliding_window"
    assert 512 == value(key, KvOverride(key, 512))


@pytest.mark.parametrize("key", ["qwen3moe.attention.head_count_kv", "qwen3moe.expert_used_count"])
def test_a_key_that_may_be_a_list_is_asked_of_the_file_first(key):
    there = {k: v for k, v in HEADER.metadata.items() if k != key}
    header = overridden(replace(HEADER, metadata=there), [KvOverride(key, 2)])
    assert (None, 2) == (header.metadata.get(key), value(key, KvOverride(key, 2)))


@pytest.mark.parametrize("wrong", [1.0, True, "8192"])
def test_a_value_of_another_type_is_ignored(wrong):
    key = "qwen3moe.context_length"
    assert 40960 == value(key, KvOverride(key, wrong))


@pytest.mark.parametrize("there", [(4, 4), SkippedArray(2)])
def test_a_list_stays(there):
    assert there == value("a.b", KvOverride("a.b", 1), **{"a.b": there})


def test_the_first_override_of_a_key_counts():
    assert 1 == value("a.b", KvOverride("a.b", 1), KvOverride("a.b", 2))


def test_without_overrides_the_header_is_the_same_object():
    assert overridden(HEADER, ()) is HEADER
