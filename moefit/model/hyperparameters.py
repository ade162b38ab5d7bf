"""Hyper-parameters, typed: what later parts read of a file's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from moefit.model.keys import KEYS
from moefit.model.missing import MissingError
from moefit.values import dataclass

Number = int | float


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Hyper-parameters by their key without the architecture's name: finite, in range, and of the right number (llama_hparams)."""

    values: Mapping[str, Number | tuple[Number, ...]]
    blocks: int
    """n_layer_all."""
    defaults: Mapping[str, Number] = field(default_factory=dict)
    """What the architecture takes some keys for where the file does not say."""

    def has(self, key: str) -> bool:
        """Whether the file has the key."""
        return self._of(key) is not None

    def integer(self, key: str, default: int = 0, layer: int = 0) -> int:
        """A whole number; of one for each block, the layer's."""
        return int(self._at(key, default, layer))

    def real(self, key: str, default: float = 0.0, layer: int = 0) -> float:
        """A number; of one for each block, the layer's."""
        return float(self._at(key, default, layer))

    def flag(self, key: str, *, default: bool = False, layer: int = 0) -> bool:
        """Yes or no; of one for each block, the layer's."""
        return bool(self._at(key, default, layer))

    def needed(self, key: str) -> int:
        """A whole number that something is divided by, or that nothing works without.

        Raises:
            MissingError: it is 0, or the file does not say.
        """
        value = self.integer(key)
        if not value:
            raise MissingError(key)
        return value

    def each(self, key: str) -> tuple[int, ...]:
        """A whole number for each block; what a list leaves out is 0."""
        value = self._of(key)
        if not isinstance(value, tuple):
            return (self.integer(key),) * self.blocks
        numbers = tuple(int(n) for n in value[: self.blocks])
        return (*numbers, *(0,) * (self.blocks - len(numbers)))

    def most(self, key: str, default: int = 0) -> int:
        """The largest whole number of any block."""
        value = self._of(key)
        if isinstance(value, tuple):
            return int(max(value, default=default))
        return int(default if value is None else value)

    def listed(self, key: str) -> tuple[int, ...] | None:
        """The file's list, or None where it has one value or nothing."""
        value = self._of(key)
        return tuple(int(n) for n in value) if isinstance(value, tuple) else None

    def embd(self) -> int:
        """n_embd."""
        return self.integer("embedding_length")

    def heads(self, layer: int = 0) -> int:
        """n_head."""
        return self.integer("attention.head_count", 0, layer)

    def kv_heads(self, layer: int = 0) -> int:
        """n_head_kv; as many as heads when the file does not say."""
        return self.integer("attention.head_count_kv", self.heads(layer), layer)

    def head_k(self, *, window: bool = False) -> int:
        """n_embd_head_k of a layer with or without a window (llama_model_base::load_hparams)."""
        return self._head("key", window=window)

    def head_v(self, *, window: bool = False) -> int:
        """n_embd_head_v."""
        return self._head("value", window=window)

    def experts(self) -> int:
        """n_expert."""
        return self.integer("expert_count")

    def experts_used(self, layer: int = 0) -> int:
        """n_expert_used."""
        return self.integer("expert_used_count", 0, layer)

    def _head(self, part: str, *, window: bool) -> int:
        heads = self.heads()
        full = self.integer(f"attention.{part}_length", self.embd() // heads) if heads else 0
        return self.integer(f"attention.{part}_length_swa", full) if window else full

    def _at(self, key: str, default: Number, layer: int) -> Number:
        value = self._of(key)
        if isinstance(value, tuple):
            return value[layer] if layer < len(value) else 0
        return self.defaults.get(key, default) if value is None else value

    def _of(self, key: str) -> Number | tuple[Number, ...] | None:
        assert key in KEYS, key  # a rule that reads a key says so there
        return self.values.get(key)
