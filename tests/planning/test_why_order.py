"""The reason for devices in another order than they are listed."""

from __future__ import annotations

import pytest

from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement
from moefit.planning.why_order import why_order

SLOW = Device("CUDA0", 8, 8, bandwidth=300, link_bandwidth=10, compute=50.0)
FAST = Device("CUDA1", 8, 8, bandwidth=900, link_bandwidth=20, compute=90.0)
READER = Device("CUDA1", 8, 8, bandwidth=900, link_bandwidth=5, compute=40.0)
ON_CARDS = Placement((0, 1, 1), {})
SPILT = Placement((0, 1, 1), {"blk.0.ffn_up_exps.weight": CPU})


@pytest.mark.parametrize("used", [(SLOW, FAST), (SLOW,), (FAST,), ()])
def test_the_order_that_is_listed_needs_no_reason(used):
    assert why_order(used, (SLOW, FAST), ON_CARDS) is None


def test_the_first_is_where_weights_are_copied_to():
    why = why_order((FAST, SLOW), (SLOW, FAST), SPILT)
    assert "not as listed: CUDA1 is first, where weights from RAM are copied to" in (why or "")
    assert "last" not in (why or "")


def test_the_last_has_the_output_and_the_fastest_memory():
    other = Device("CUDA2", 8, 8, bandwidth=300, link_bandwidth=10, compute=50.0)
    assert "not as listed: CUDA1 is last, with the output: its memory is the fastest" == why_order(
        (other, READER), (READER, other), ON_CARDS
    )


def test_else_it_is_the_fastest_that_was_tried():
    assert "not as listed: the fastest of the orders that were tried" == why_order(
        (READER, SLOW), (SLOW, READER), ON_CARDS
    )
