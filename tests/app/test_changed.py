"""What llama.cpp would not load is no model, whatever its tensors are."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from moefit.app.changed import built, check_first
from moefit.errors import InputError
from tests.oracle import header


def test_a_file_of_the_other_byte_order_is_refused() -> None:
    own = header("tiny-olmoe-4l", "Q4_K_M")
    other = replace(own, byte_order="big" if sys.byteorder == "little" else "little")
    assert 4 == len(built("m.gguf", replace(own, byte_order=sys.byteorder), ()).layers)
    with pytest.raises(InputError, match=f"m.gguf: is for {other.byte_order}-endian machines"):
        built("m.gguf", other, ())


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_set_is_loaded_by_its_first_file_alone(number: int) -> None:
    own = header("tiny-olmoe-4l", "Q4_K_M")
    whole = replace(own, shards=own.shards * 3)
    path = f"/models/m-0000{number}-of-00003.gguf"
    if number == 1:
        check_first(path, whole)
        return
    with pytest.raises(InputError) as caught:
        check_first(path, whole)
    assert "write /models/m-00001-of-00003.gguf" == caught.value.hint


def test_a_single_file_may_be_called_a_later_part() -> None:
    check_first("m-00002-of-00003.gguf", header("tiny-olmoe-4l", "Q4_K_M"))


@pytest.mark.parametrize(("said", "title"), [("Tiny", "Tiny"), (" ", "m-q4"), (None, "m-q4")])
def test_a_model_without_a_name_is_called_as_its_file(said: str | None, title: str) -> None:
    own = header("tiny-olmoe-4l", "Q4_K_M")
    metadata = {key: value for key, value in own.metadata.items() if key != "general.name"}
    named = replace(own, metadata=metadata | ({"general.name": said} if said is not None else {}))
    assert title == built("/models/m-q4.gguf", named, ()).title
