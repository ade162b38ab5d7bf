from __future__ import annotations

import doctest

import pytest

from moefit.gguf import remote, url


@pytest.mark.parametrize("module", [url, remote], ids=["url", "remote"])
def test_the_examples_in_the_docstrings_hold(module):
    found = doctest.testmod(module)

    assert (0, True) == (found.failed, found.attempted > 0)
