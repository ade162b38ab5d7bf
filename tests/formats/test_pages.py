"""A page of made-up figures is what it was, to the last character: whoever changes it reads the difference (tests/formats/pages.py)."""

from __future__ import annotations

import pytest

from tests.formats.pages import HERE, pages

SHOWN = dict(pages())


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.iterdir()))
def test_a_page_is_what_it_was(name: str) -> None:
    assert (HERE / name).read_text(encoding="utf-8") == SHOWN[name]()


def test_no_page_is_left_out() -> None:
    assert {path.name for path in HERE.iterdir()} == SHOWN.keys()
