from __future__ import annotations

import pytest

from moefit.errors import InputError
from moefit.model import FileKind, file_kind
from moefit.model.file_kind import require_kind
from tests.model.models import header, moe


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"general.architecture": "clip"}, FileKind.MMPROJ),
        (moe() | {"general.type": "adapter"}, FileKind.ADAPTER),
        (moe(2, "controlvector"), FileKind.CONTROL_VECTOR),
        (moe() | {"general.type": "imatrix"}, FileKind.IMATRIX),
        (moe(), None),
    ],
    ids=["mmproj", "adapter", "control vector", "imatrix", "language model"],
)
def test_what_a_file_holds_is_read_off_its_header(metadata, kind):
    assert kind == file_kind(header(metadata, "v.blk.0.attn_q.weight"))


def test_another_kind_is_one_clear_error():
    with pytest.raises(InputError, match=r"s.gguf: is a LoRA adapter, not a multimodal projector"):
        require_kind("s.gguf", header(moe() | {"general.type": "adapter"}, "a"), FileKind.MMPROJ)


def test_a_language_model_is_no_adapter():
    with pytest.raises(InputError, match=r"s.gguf: is a language model, not a LoRA adapter"):
        require_kind("s.gguf", header(moe(), "a"), FileKind.ADAPTER)
