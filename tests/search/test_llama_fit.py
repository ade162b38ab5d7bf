"""llama.cpp's fit asks for compute buffers only where weights and caches do not decide."""

import pytest

from moefit.memory.types import Footprint, HostUse, Use
from moefit.search.llama_fit import ContextRange, FitLine, llama_fit
from moefit.search.llama_fit_layers import Assignment

LAYERS = 8


def line(free):
    """Eight layers of 100 bytes, 90 of them experts, on one device with buffers of 50; and what was measured of it."""
    measured = []

    def at_least(_context, where):
        if isinstance(where, Assignment):
            layers = 100 * max(0, where.gpu_layers - 1) - 90 * len(where.moved)
        else:
            layers = 800 if where is None else 80
        return Footprint((Use(model=layers),), HostUse())

    def measure(context, where):
        measured.append(where)
        return Footprint((Use(model=at_least(context, where).devices[0].model, compute=50),), HostUse())

    contexts = ContextRange(4096, 4096, 4096)
    return FitLine((free,), (0,), 0, contexts, LAYERS, True, None, None, at_least, measure), measured


@pytest.mark.parametrize(("free", "whole"), [(849, 7), (300, 1)])
def test_layers_are_whole_as_far_as_buffers_leave_room(free, whole):
    asked, _ = line(free)
    moved = llama_fit(asked).assignment.moved
    assert LAYERS - whole == len({one.layer for one in moved})


def test_a_line_whose_weights_alone_are_too_much_is_not_measured():
    asked, measured = line(700)
    llama_fit(asked)
    assert None not in measured


def test_an_empty_device_is_not_measured_where_all_bases_fit():
    asked, measured = line(700)
    llama_fit(asked)
    assert Assignment(0, ()) not in measured
