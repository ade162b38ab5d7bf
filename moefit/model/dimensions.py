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
    vocabulary_of: str
    """The key or tensor that says so."""
    main: int
    """Blocks that are no prediction blocks."""
    recurrent: Sequence[bool]
    """Which blocks keep a state."""
    windowed: Sequence[bool]
    """Which attend to a window."""
    attends_everywhere: bool = False
    """Blocks with a state have attention beside it."""

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

    def attends(self, layer: int) -> bool:
        """Whether a block has attention, for all that its hyper-parameters say."""
        return self.hparams.heads(layer) > 0 and (self.attends_everywhere or not self.recurrent[layer])

    def keys(self, dimension: str) -> list[str]:
        """The keys that it follows from, in order: those of the file, and those whose lack has others stand in for them."""
        found: dict[str, None] = {}
        for word in dimension.split():
            plain = word.partition(":")[0].removesuffix("~")
            named = plain[0].isalpha() and plain not in (*NAMES, *OPERATORS, "if")
            for some in KEYS.get(word.removesuffix("@"), ((plain,),) if named else ()):
                there = [key.rstrip("?") for key in some if key.rstrip("?") in self.hparams.values]
                needed = [key for key in some if not key.endswith("?")]
                found |= dict.fromkeys([*needed, *there])
                if there:
                    break
        if _HEAD_SIZES.intersection(dimension.replace("@", "").split()) and not self.hparams.heads():
            found |= {"attention.head_count": None}
        pattern = "attention.sliding_window_pattern"
        if any(key.endswith("_swa") for key in found) and pattern in self.hparams.values:
            found |= {pattern: None}
        return list(found)

    def told(self, key: str, layer: int) -> str:
        """A key and its value in that block, or that it is missing."""
        value = self.hparams.values.get(key, "(missing)")
        return f"{key} {value[min(layer, len(value) - 1)] if isinstance(value, tuple) else value}"

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
    if operator == "&&" and left == {0}:  # what stands behind it is not asked
        return left
    work = OPERATORS[operator]
    return frozenset(int(work(a, b)) for a in left for b in right if operator not in DIVISIONS or b)


VOCABULARY: Final = "n_vocab"
_HEAD_SIZES: Final = frozenset({"head_k", "head_v", "n_rot"})
"""What is 0 where the first block has no heads (llama_model_base::load_hparams)."""
DIVISIONS: Final = ("/", "%")
OPERATORS: Final[dict[str, Callable[[int, int], int]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
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
    "n_expert_used@": _each("expert_used_count"),
}
"""Those that are no keys; with an `@` a block's own, others are the first block's."""

_SHARED_OUT: Final = ("embedding_length", "attention.head_count")
_KEY: Final = (("attention.key_length", "attention.key_length_swa?"), _SHARED_OUT)
_VALUE: Final = (("attention.value_length", "attention.value_length_swa?"), _SHARED_OUT)
_MLA: Final = ("attention.key_length_mla", "attention.value_length_mla")
KEYS: Final[dict[str, Sequence[Sequence[str]]]] = {
    "n_embd": (("embedding_length",),),
    "n_embd_out": (("embedding_length_out?",), ("embedding_length",)),
    "n_head": (("attention.head_count",),),
    "n_head_kv": (("attention.head_count_kv",), ("attention.head_count",)),
    "head_k": _KEY,
    "head_v": _VALUE,
    "head_k_mla": (_MLA, *_KEY),
    "head_v_mla": (_MLA, *_VALUE),
    "n_ff": (("feed_forward_length",),),
    "n_ff_exp": (("expert_feed_forward_length",),),
    "is_recr": (
        ("attention.recurrent_layers?",),
        ("full_attention_interval?",),
        ("attention.head_count_kv", "feed_forward_length"),
    ),
    "is_swa": (("attention.sliding_window_pattern?", "attention.sliding_window"),),
    "is_indexer_full": (("attention.indexer.types",),),
    "is_mla": (_MLA,),
    "n_rot": (("rope.dimension_count", "rope.dimension_count_swa?"), *_KEY),
    "n_layer": (("block_count", "nextn_predict_layers?"),),
    "n_expert_used": (("expert_used_count",),),
}
"""The keys that each follows from: those of the first of these sets of which the file has any, and of the sets before it. One with a `?` is
not missed."""
