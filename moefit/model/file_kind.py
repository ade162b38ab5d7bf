"""GGUF files that are no language model: what they hold, and where they belong on a command line."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from moefit.errors import InputError

if TYPE_CHECKING:
    from moefit.gguf.header import Header


class FileKind(Enum):
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
    FileKind.MMPROJ: ("a multimodal projector", "give it with --mmproj, and the model with -m"),
    FileKind.ADAPTER: ("a LoRA adapter", "give it with --lora, and the model with -m"),
    FileKind.CONTROL_VECTOR: ("a control vector", "give it with --control-vector, and the model with -m"),
    FileKind.IMATRIX: ("an importance matrix", "it is for llama-quantize; give the model with -m"),
}


def file_kind(header: Header) -> FileKind | None:
    """What the header is of; None for a language model.

    source: tools/mtmd/clip.cpp (clip), src/llama-adapter.cpp (adapter), common/common.cpp (controlvector),
    tools/imatrix/imatrix.cpp (imatrix)
    """
    architecture = header.metadata.get("general.architecture")
    kind = header.metadata.get("general.type")
    if architecture == "clip" or kind == "mmproj":
        return FileKind.MMPROJ
    if kind == "adapter":
        return FileKind.ADAPTER
    if architecture == "controlvector":
        return FileKind.CONTROL_VECTOR
    if kind == "imatrix":
        return FileKind.IMATRIX
    return None


def require_kind(path: str, header: Header, wanted: FileKind) -> None:
    """Hold the file at `path` to the kind that its option takes.

    Raises:
        InputError: it is something else.
    """
    kind = file_kind(header)
    if kind is not wanted:
        found = kind.description if kind else "a language model"
        raise InputError(f"{path}: is {found}, not {wanted.description}")
