from __future__ import annotations

import pytest

from moefit.errors import InputError
from moefit.model import SidecarKind, sidecar
from tests.model.models import header, moe


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"general.architecture": "clip"}, SidecarKind.MMPROJ),
        (moe() | {"general.type": "adapter"}, SidecarKind.ADAPTER),
        (moe(2, "controlvector"), SidecarKind.CONTROL_VECTOR),
    ],
    ids=["mmproj", "adapter", "control vector"],
)
def test_the_bytes_of_a_sidecars_tensors_are_told(metadata, kind):
    found = sidecar("s.gguf", header(metadata, "v.blk.0.attn_q.weight", "mm.0.weight"), kind)

    assert (kind, 320, False) == (found.kind, found.bytes, found.truncated)


def test_another_kind_is_one_clear_error():
    with pytest.raises(InputError, match=r"s.gguf: is a LoRA adapter, not a multimodal projector"):
        sidecar("s.gguf", header(moe() | {"general.type": "adapter"}, "a"), SidecarKind.MMPROJ)


def test_a_language_model_is_no_sidecar():
    with pytest.raises(InputError, match=r"s.gguf: is a language model, not a LoRA adapter"):
        sidecar("s.gguf", header(moe(), "a"), SidecarKind.ADAPTER)
