import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.launch.settings import Settings
from moefit.memory.cells import cells_of


def test_a_unified_cache_is_one_run_of_cells_for_all_slots():
    c = cells_of(Settings(5000, slots=4, kv_unified=True))
    assert (5120, 5120, 1) == (c.total, c.sequence, c.streams)


def test_separate_caches_share_the_context_and_are_padded_each():
    c = cells_of(Settings(5000, slots=3, kv_unified=False))
    assert (3 * 1792, 1792, 3) == (c.total, c.sequence, c.streams)


def test_the_batch_is_capped_by_the_context_as_asked_for():
    c = cells_of(Settings(300, batch=2048, ubatch=512))
    assert (512, 300, 300) == (c.total, c.batch, c.ubatch)


@pytest.mark.parametrize(
    ("slots", "unified", "cells"),
    [(1, False, 768), (4, False, 768), (4, True, 1024)],
    ids=["one", "separate", "unified"],
)
def test_a_window_needs_a_micro_batch_more_and_once_a_slot_when_unified(slots, unified, cells):
    c = cells_of(Settings(32768, slots=slots, kv_unified=unified, ubatch=512))
    assert cells == c.window_cells(128)


@given(st.integers(1, 1 << 20), st.integers(1, 16), st.booleans())
def test_cells_are_never_fewer_than_asked_for(asked, slots, unified):
    c = cells_of(Settings(asked, slots=slots, kv_unified=unified))

    assert c.total >= asked - asked % slots
    assert c.sequence % 256 == 0
    assert c.sequence * c.streams == c.total
