"""Dimensions of tensors, and conditions, as the loaders write them, worked out from the hyper-parameters of a file.

source: src/llama-model.h, LLAMA_LOAD_LOCALS; src/llama-hparams.cpp
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Final

from moefit.model.hyperparameters import Hyperparameters
from moefit.values import dataclass

Sizes = frozenset[int] | None
"""What a dimension may be; None: anything."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The hyper-parameters of a file, as dimensions name them."""

    hparams: Hyperparameters
    vocabulary: int
    main: int
    """Blocks that are no prediction blocks."""
    recurrent: Sequence[bool]
    """Which blocks keep a state."""
    windowed: Sequence[bool]
    """Which attend to a window."""

    def kind(self, layer: int) -> Hashable:
        """What blocks of equal dimensions have in common."""
        listed = (value for value in self.hparams.values.values() if isinstance(value, tuple))
        told = tuple(value[layer] for value in listed if layer < len(value))
        return (*told, self.recurrent[layer], self.windowed[layer])

    def sizes(self, dimension: str, layer: int) -> Sizes:
        """What one may be in that block."""
        stack: list[Sizes] = []
        for word in dimension.split():
            if word == "if":
                other, then, condition = stack.pop(), stack.pop(), stack.pop()
                stack.append(_chosen(condition, then, other))
            elif word in OPERATORS:
                right, left = stack.pop(), stack.pop()
                stack.append(_applied(word, left, right))
            else:
                stack.append(self._of(word, layer))
        return stack[0]

    def keys(self, dimension: str) -> list[str]:
        """The keys of the file that it follows from, in order."""
        told = self.hparams.values
        found: dict[str, None] = {}
        for word in dimension.split():
            keys: Sequence[Sequence[str]] = KEYS.get(
                word.removesuffix("@"), ((word.partition(":")[0].removesuffix("~"),),)
            )
            there = ([key for key in some if key in told] for some in keys)
            found |= dict.fromkeys(next((some for some in there if some), ()))
        return list(found)

    def shown(self, key: str, layer: int) -> object:
        """A key's value in that block."""
        value = self.hparams.values[key]
        return value[min(layer, len(value) - 1)] if isinstance(value, tuple) else value

    def _of(self, word: str, layer: int) -> Sizes:
        if word == "?":
            return None
        if word.isdigit():
            return frozenset({int(word)})
        if word in NAMES:
            return frozenset(map(int, NAMES[word](self, layer)))
        key, _, default = word.partition(":")
        value = self.hparams.values.get(key.removesuffix("~"))
        if value is None:
            return None if key.endswith("~") else frozenset({int(default or 0)})
        if isinstance(value, tuple):
            return frozenset({int(value[layer]) if layer < len(value) else 0})
        return frozenset({int(value)})


def _chosen(condition: Sizes, then: Sizes, other: Sizes) -> Sizes:
    if condition is not None and len(condition) == 1:
        return other if condition == {0} else then
    return None if then is None or other is None else then | other


def _applied(operator: str, left: Sizes, right: Sizes) -> Sizes:
    """Every pair's result; what cannot be divided is no size."""
    if left is None or right is None:
        return None
    if operator == "|":
        return left | right
    work = OPERATORS[operator]
    return frozenset(int(work(a, b)) for a in left for b in right if operator != "/" or b)


VOCABULARY: Final = "n_vocab"
OPERATORS: Final[dict[str, Callable[[int, int], int]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": lambda a, b: a // b,
    "max": max,
    "or": lambda a, b: a or b,
    "|": max,  # both are kept
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
    "&&": lambda a, b: bool(a and b),
    "||": lambda a, b: bool(a or b),
}


def _heads(d: Dimensions, layer: int) -> set[int]:
    return {d.hparams.heads(layer)}


def _kv_heads(d: Dimensions, layer: int) -> set[int]:
    return {d.hparams.kv_heads(layer)}


def _head_k(d: Dimensions, layer: int) -> set[int]:
    return {d.hparams.head_k(window=d.windowed[layer])}


def _head_v(d: Dimensions, layer: int) -> set[int]:
    return {d.hparams.head_v(window=d.windowed[layer])}


def _is_mla(d: Dimensions, _layer: int) -> set[int]:
    """source: src/llama-hparams.cpp, llama_hparams::is_mla."""
    return {all(d.hparams.integer(f"attention.{part}_length_mla") for part in ("key", "value"))}


def _has_indexer(d: Dimensions, layer: int) -> set[int]:
    """As indexer.types says; without it either may be."""
    types = d.hparams.each("attention.indexer.types")
    return {types[layer] != 0} if d.hparams.has("attention.indexer.types") else {0, 1}


def _mla(part: str, plain: Callable[[Dimensions, int], set[int]]) -> Callable[[Dimensions, int], set[int]]:
    """A head's length before compression, where there is one (llama_hparams::is_mla)."""

    def sizes(d: Dimensions, layer: int) -> set[int]:
        return (
            {d.hparams.integer(f"attention.{part}_length_mla")}
            if _is_mla(d, layer) == {True}
            else plain(d, layer)
        )

    return sizes


def _each(key: str) -> Callable[[Dimensions, int], set[int]]:
    return lambda d, layer: {d.hparams.integer(key, layer=layer)}


def _rotated(d: Dimensions, layer: int) -> set[int]:
    """n_rot."""
    if not d.hparams.heads():
        return {0}
    full = d.hparams.integer("rope.dimension_count", d.hparams.head_k())
    swa = d.hparams.values.get("rope.dimension_count_swa", full) if d.windowed[layer] else full
    assert not isinstance(swa, tuple)
    return {int(swa)}


def _first(sizes: Callable[[Dimensions, int], set[int]]) -> Callable[[Dimensions, int], set[int]]:
    return lambda d, _layer: sizes(d, 0)


NAMES: Final[dict[str, Callable[[Dimensions, int], set[int]]]] = {
    "n_embd": _each("embedding_length"),
    "n_embd_out": lambda d, _layer: {d.hparams.integer("embedding_length_out") or d.hparams.embd()},
    "n_head": _first(_heads),
    "n_head@": _heads,
    "n_head_kv": _first(_kv_heads),
    "n_head_kv@": _kv_heads,
    "head_k": _first(_head_k),
    "head_k@": _head_k,
    "head_v": _first(_head_v),
    "head_v@": _head_v,
    "head_k_mla": _first(_mla("key", _head_k)),
    "head_v_mla": _first(_mla("value", _head_v)),
    "is_mla": _is_mla,
    "is_recr": lambda d, _layer: {d.recurrent[0]},
    "is_recr@": lambda d, layer: {d.recurrent[layer]},
    "is_swa": lambda d, _layer: {d.windowed[0]},
    "is_swa@": lambda d, layer: {d.windowed[layer]},
    "is_indexer_full": _first(_has_indexer),
    "is_indexer_full@": _has_indexer,
    "block": lambda _d, layer: {layer},
    "n_ff": _first(_each("feed_forward_length")),
    "n_ff@": _each("feed_forward_length"),
    "n_ff_exp": _first(_each("expert_feed_forward_length")),
    "n_ff_exp@": _each("expert_feed_forward_length"),
    "n_rot": _first(_rotated),
    "n_rot@": _rotated,
    "n_layer": lambda d, _layer: {d.main},
    VOCABULARY: lambda d, _layer: {d.vocabulary},
    "n_expert_used": _first(_each("expert_used_count")),
}
"""Those that are no keys; with an `@` a block's own, others are the first block's."""

_SHARED_OUT: Final = ("embedding_length", "attention.head_count")
_KEY: Final = (("attention.key_length", "attention.key_length_swa"), _SHARED_OUT)
_VALUE: Final = (("attention.value_length", "attention.value_length_swa"), _SHARED_OUT)
KEYS: Final[dict[str, Sequence[Sequence[str]]]] = {
    "n_embd": (("embedding_length",),),
    "n_embd_out": (("embedding_length_out",), ("embedding_length",)),
    "n_head": (("attention.head_count",),),
    "n_head_kv": (("attention.head_count_kv",), ("attention.head_count",)),
    "head_k": _KEY,
    "head_v": _VALUE,
    "head_k_mla": (("attention.key_length_mla",), *_KEY),
    "head_v_mla": (("attention.value_length_mla",), *_VALUE),
    "n_ff": (("feed_forward_length",),),
    "n_ff_exp": (("expert_feed_forward_length",),),
    "is_recr": (("attention.recurrent_layers",), ("full_attention_interval",), ("attention.head_count_kv",)),
    "is_swa": (("attention.sliding_window_pattern",), ("attention.sliding_window",)),
    "is_indexer_full": (("attention.indexer.types",),),
    "is_mla": (("attention.key_length_mla", "attention.value_length_mla"),),
    "n_rot": (("rope.dimension_count", "rope.dimension_count_swa"), *_KEY),
    "n_layer": (("block_count", "nextn_predict_layers"),),
    "n_expert_used": (("expert_used_count",),),
}
"""The keys that each follows from: the first of these sets of which the file has any."""
