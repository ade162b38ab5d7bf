"""A model as a planner sees it: layers, and every tensor's role.

Roles follow llama.cpp's own split: LLM_FFN_EXPS_REGEX (common/common.h) says which tensors `--cpu-moe` moves,
llm_tensor_layer (src/llama-arch.cpp) which are input, repeating or output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from moefit.gguf.header import Header, Value
from moefit.gguf.quants import QuantType


class Role(Enum):
    """What a tensor is for, which decides where llama.cpp lets it live."""

    INPUT = "input"
    """Token embeddings and their like: always on the host."""
    BASE = "base"
    """Of a layer, and not a routed expert: attention, norms, router, shared experts, dense FFN."""
    EXPERT = "expert"
    """Routed experts, with their biases and scales."""
    OUTPUT = "output"
    """Output norm and matrix: they follow the last slot."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of the model."""

    name: str
    shape: tuple[int, ...]
    """ne[0] first."""
    quant: QuantType
    role: Role
    layer: int | None
    """Block index; None for input and output."""
    bytes: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One block."""

    index: int
    tensors: tuple[Tensor, ...]
    mtp: bool = False
    """A multi-token-prediction (nextn) block: counts as a slot, but is loaded only when asked for."""

    @property
    def experts(self) -> tuple[Tensor, ...]:
        """Its routed-expert tensors."""
        return tuple(t for t in self.tensors if t.role is Role.EXPERT)

    @property
    def base_bytes(self) -> int:
        """Bytes of everything but routed experts."""
        return sum(t.bytes for t in self.tensors if t.role is not Role.EXPERT)

    @property
    def expert_bytes(self) -> int:
        """Bytes of routed experts."""
        return sum(t.bytes for t in self.tensors if t.role is Role.EXPERT)


@dataclass(frozen=True, slots=True)
class Model:
    """A model file, as its header describes it."""

    path: str
    architecture: str
    name: str
    metadata: Mapping[str, Value]
    """Keys as in the file, architecture prefix included."""
    input: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    output: tuple[Tensor, ...]
    """With tied embeddings this holds the second copy of token_embd.weight that llama.cpp makes."""
    tied: bool
    """The output matrix is the token embedding again (no output.weight in the file)."""
    truncated: bool = False
    shards: tuple[str, ...] = ()

    @property
    def slots(self) -> int:
        """Layer slots as -ngl and -ts count them: every block (MTP included) and the output."""
        return len(self.layers) + 1


def build(path: str, header: Header) -> Model:
    """The model that a header describes.

    Raises:
        InputError: the header is no language model (no architecture, no blocks).
    """
    raise NotImplementedError
