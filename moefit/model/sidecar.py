"""Files that go beside a model: what they are, and how many bytes their tensors take."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.header import Header


class SidecarKind(Enum):
    """What a GGUF that is no language model holds."""

    MMPROJ = "mmproj"
    ADAPTER = "adapter"
    CONTROL_VECTOR = "control-vector"
    IMATRIX = "imatrix"

    @property
    def description(self) -> str:
        """For `<file> is ...`."""
        return _WORDS[self][0]

    @property
    def hint(self) -> str:
        """Where the file goes instead of -m."""
        return _WORDS[self][1]


_WORDS = {
    SidecarKind.MMPROJ: ("a multimodal projector", "give it with --mmproj, and the model with -m"),
    SidecarKind.ADAPTER: ("a LoRA adapter", "give it with --lora, and the model with -m"),
    SidecarKind.CONTROL_VECTOR: ("a control vector", "give it with --control-vector, and the model with -m"),
    SidecarKind.IMATRIX: ("an importance matrix", "it is for llama-quantize; give the model with -m"),
}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file beside the model."""

    path: str
    kind: SidecarKind
    bytes: int
    """Of all its tensors."""
    truncated: bool = False


def sidecar_kind(header: Header) -> SidecarKind | None:
    """What the header is of, if not a language model.

    source: tools/mtmd/clip.cpp (clip), src/llama-adapter.cpp (adapter), common/common.cpp (controlvector),
    tools/imatrix/imatrix.cpp (imatrix)
    """
    architecture = header.metadata.get("general.architecture")
    kind = header.metadata.get("general.type")
    if architecture == "clip" or kind == "mmproj":
        return SidecarKind.MMPROJ
    if kind == "adapter":
        return SidecarKind.ADAPTER
    if architecture == "controlvector":
        return SidecarKind.CONTROL_VECTOR
    if kind == "imatrix":
        return SidecarKind.IMATRIX
    return None


def sidecar(path: str, header: Header, wanted: SidecarKind) -> Sidecar:
    """The file at `path` as a `wanted` sidecar.

    Raises:
        InputError: it is something else.
    """
    kind = sidecar_kind(header)
    if kind is not wanted:
        found = kind.description if kind else "a language model"
        raise InputError(f"{path}: is {found}, not {wanted.description}")
    return Sidecar(path, kind, sum(tensor.bytes for tensor in header.tensors), header.truncated)
