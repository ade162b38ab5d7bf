"""No figure moves unseen: the bytes of every architecture under three launches are those that were kept.

Whether they are right is held by the real llama.cpp's answers (test_compute.py, test_cuda.py, test_footprint.py); here launches that
none of those asked about are seen, too. After a change that is meant: `python -m tests.memory.figures --write`.
"""

from __future__ import annotations

import json

import pytest

from tests.memory.figures import FILE, SMALLEST, figures

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("architecture", sorted(SMALLEST))
def test_every_byte_is_where_it_was(architecture):
    assert KNOWN[architecture] == figures(architecture)
