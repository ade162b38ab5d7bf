"""Layers, tensors and hyper-parameters of a model."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from moefit.gguf.quants import QuantType
from moefit.model.hyperparameters import Hyperparameters
from moefit.shown import visible
from moefit.values import dataclass


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
    replicated: bool = False
    """Rope factors: counted in block 0, but every buffer that holds a layer gets its own copy."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One block."""

    index: int
    tensors: tuple[Tensor, ...]
    mtp: bool = False
    """A multi-token-prediction (nextn) block: counts as a slot, but is loaded only when asked for."""
    block: int | None = None
    """The block whose tensors it computes with, where that is another (moefit.model.repeats)."""

    experts: tuple[Tensor, ...] = field(init=False, repr=False, compare=False)
    """Its routed-expert tensors."""
    expert_bytes: int = field(init=False, repr=False, compare=False)
    """Bytes of routed experts."""
    base_bytes: int = field(init=False, repr=False, compare=False)
    """Bytes of everything but routed experts."""

    def __post_init__(self) -> None:
        experts = tuple(t for t in self.tensors if t.role is Role.EXPERT)
        expert_bytes = sum(t.bytes for t in experts)
        object.__setattr__(self, "experts", experts)
        object.__setattr__(self, "expert_bytes", expert_bytes)
        object.__setattr__(self, "base_bytes", sum(t.bytes for t in self.tensors) - expert_bytes)

    @property
    def bytes(self) -> int:
        """Bytes of everything."""
        return self.base_bytes + self.expert_bytes


@dataclass(frozen=True, slots=True)
class Model:
    """A model file, as its header describes it."""

    path: str
    architecture: str
    name: str
    hparams: Hyperparameters
    """What the file says, checked."""
    vocabulary: int
    """Tokens (llama_vocab::n_tokens)."""
    input: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    output: tuple[Tensor, ...]
    """With tied embeddings this holds the second copy of token_embd.weight that llama.cpp makes."""
    tied: bool
    """The output matrix is the token embedding again (no output.weight in the file)."""
    lacks: str = ""
    """A tensor that the architecture's loader needs and the file has not; empty where it has all."""
    truncated: bool = False
    """The file, or a shard, is shorter than its header says."""
    shards: tuple[str, ...] = ()
    """Names of the files, the first shard first."""
    repository: str = ""
    """user/repo of Hugging Face that has this file and others of the model, where its header says so."""

    @property
    def title(self) -> str:
        """What a person calls it: the name that the file says, or the file's own."""
        own = self.path.rpartition("/")[2].removesuffix(".gguf")
        return self.name.strip() or visible(own)

    @property
    def slots(self) -> int:
        """Layer slots as -ngl and -ts count them: every block (MTP included) and the output."""
        return len(self.layers) + 1

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Every tensor llama.cpp may load: input, layers, output (a tied embedding stands in input and output)."""
        return (*self.input, *(t for layer in self.layers for t in layer.tensors), *self.output)

    @property
    def bytes(self) -> int:
        """Bytes of all tensors; a tied embedding counts once, as in the file."""
        twice = sum(t.bytes for t in self.output if t.name == "token_embd.weight") if self.tied else 0
        return sum(t.bytes for t in self.tensors) - twice

    @property
    def fingerprint(self) -> str:
        """What files of the same weights share, whatever they are called: architecture, number of tensors, bytes."""
        return f"{self.architecture}-{len(self.tensors)}-{self.bytes}"

    @property
    def expert_bytes(self) -> int:
        """Bytes of all routed experts."""
        return sum(layer.expert_bytes for layer in self.layers)

    @property
    def experts(self) -> int:
        """Routed experts of a layer; 0 for a dense model."""
        return self.hparams.experts()

    @property
    def experts_used(self) -> int:
        """Routed experts that one token uses: the most of any layer; 0 for a dense model."""
        return self.hparams.most("expert_used_count")

    @property
    def embedding(self) -> int:
        """Length of a hidden state (n_embd)."""
        return self.hparams.embd()

    @property
    def trained_context(self) -> int:
        """Tokens of context the model was trained for; 0 if the file does not say."""
        return self.hparams.integer("context_length")
