"""Tensors of types that came after every llama.cpp that was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from moefit.errors import Warn
from moefit.gguf.by_place import is_by_place
from moefit.model import Model
from moefit.sizes import counted


def unknown_types(model: Model) -> Iterator[Warn]:
    """What is counted by place, said once for each type."""
    later = Counter(t.quant.name for t in model.tensors if is_by_place(t.quant))
    for name, tensors in sorted(later.items()):
        yield Warn(
            "unknown-type",
            f"{counted(tensors, 'tensor')} of {name}, which this moefit does not know: counted by the room the file leaves, "
            "and with the speed of four bits",
            "`pip install -U gguf` may bring it; `moefit verify` asks llama.cpp",
        )
