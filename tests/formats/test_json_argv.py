from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.formats import json_argv
from tests.formats.argvs import WORDS


def is_text(argv: list[str]) -> bool:
    return not any("\ud800" <= char <= "\udfff" for word in argv for char in word)


@given(st.lists(WORDS))
def test_words_come_back_unless_they_are_no_text(argv: list[str]) -> None:
    if not is_text(argv):
        with pytest.raises(UsageError, match="bytes are no UTF-8"):
            json_argv.write(argv)
        return
    text = json_argv.write(argv)
    assert argv == json.loads(text.encode())
    assert "\n" not in text


@pytest.mark.parametrize("half", ["\ud800", "\udc80", "\udfff"])  # noqa: PT014 - to ruff all halves are one
def test_a_file_name_that_is_no_text_is_refused(half: str) -> None:
    with pytest.raises(UsageError, match="no UTF-8"):
        json_argv.write([f"a{half}.gguf"])


def test_what_stands_beside_the_halves_of_characters_is_text() -> None:
    assert '["\ud7ff\ue000"]' == json_argv.write(["\ud7ff\ue000"])
