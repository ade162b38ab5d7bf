"""The one reader of hyper-parameters: whatever a file says is checked when the model is built, and typed from then on.

source: src/llama-model-loader.cpp, get_key, get_arr and get_key_or_arr
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED, SkippedArray, SkippedText, brief
from moefit.model.architectures import architecture as row_of
from moefit.model.hyperparameters import Hyperparameters
from moefit.model.keys import ARRAY_TYPES, GGUF_TYPES, INT32, KEYS, MAX_LAYERS, UINT32, Form, Key, Kind, Sign
from moefit.model.loaders import is_read, reads
from moefit.sizes import counted
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.header import Header, Value
    from moefit.model.hyperparameters import Number
    from moefit.model.loaders import KeyRead

ANY_INTEGER = Key(most=INT32)
GENERAL = {"general.name": Key(Kind.TEXT), "general.file_type": Key(most=UINT32)}
"""Read of every file (llama_model_loader, load_hparams)."""
CHOICES = {
    "rope.scaling.type": ("none", "linear", "yarn", "longrope"),
    "classifier.activation": ("gelu", "silu", "tanh"),
}
"""source: src/llama-model.cpp, LLAMA_ROPE_SCALING_TYPES and LLM_CLS_ACT_TYPES_FROM_STRING: load_hparams stops at another."""
OF_HEADS = frozenset({"attention.key_length", "attention.value_length", "rope.dimension_count"})
"""Read only where the first block has heads (llama_model_base::load_hparams); `attention.head_count` stands before them."""


def read(path: str, architecture: str, header: Header) -> Hyperparameters:
    """What the header says under the keys that moefit reads, and llama.cpp for that architecture.

    Raises:
        InputError: a value that llama.cpp refuses, or that no model has; more prediction blocks than blocks.
    """
    for name, key in GENERAL.items():
        _Reader(path, "", header).check(name, key)
    reader = _Reader(path, f"{architecture}.", header)
    blocks = reader.count("block_count", KEYS["block_count"])
    if not blocks:
        raise InputError(f"{path}: {architecture}.block_count is missing", DAMAGED)
    predicting = reader.count("nextn_predict_layers", KEYS["nextn_predict_layers"])
    if predicting > blocks:
        raise InputError(f"{path}: has {predicting} MTP blocks of {blocks}", DAMAGED)
    asked = reads(architecture)
    keys = {name: KEYS.get(name) or _key(how) for name, how in asked.items()}
    if not is_read(architecture):
        keys = KEYS | keys
    values: dict[str, Number | tuple[Number, ...]] = {}
    for name, key in keys.items():
        if not reader.has(name):
            continue
        if name in asked and not asked[name].one and not reader.is_list(name):
            if asked[name].required:
                raise reader.no_list(name)
            continue  # as if it were not there (get_arr)
        free = name in OF_HEADS and is_read(architecture) and not _heads(values)
        with suppress(InputError) if free else nullcontext():
            value = reader.value(name, key, blocks, blocks - predicting)
            if value is not None:
                values[name] = value
    reader.hold_to_required(asked, values)
    return Hyperparameters(values, blocks, row_of(architecture).defaults)


def _heads(values: Mapping[str, Number | tuple[Number, ...]]) -> Number:
    """Of the first block."""
    heads = values.get("attention.head_count", 0)
    return heads[0] if isinstance(heads, tuple) else heads


def _key(how: KeyRead) -> Key:
    """What may stand under a key that no rule reads: anything of the type that llama.cpp takes."""
    kind = {"u32": Kind.INTEGER, "u64": Kind.INTEGER, "f32": Kind.REAL, "bool": Kind.FLAG, "str": Kind.TEXT}[
        how.type
    ]
    alone = Form.ONE if not how.list else Form.FREE
    return Key(kind, most=UINT32, form=Form.LIST if how.required and not how.one else alone)


def integer(path: str, header: Header, name: str, key: Key = ANY_INTEGER) -> int:
    """One whole number of a header that describes no language model; 0 where it does not say.

    Raises:
        InputError: it is another kind of value, or out of range.
    """
    return _Reader(path, "", header).count(name, key)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A header's values, each checked when it is taken."""

    path: str
    prefix: str
    header: Header

    def has(self, key: str) -> bool:
        """Whether the file has the key."""
        return self.prefix + key in self.header.metadata

    def is_list(self, name: str) -> bool:
        """Whether the file has a list there."""
        return isinstance(self.header.metadata[self.prefix + name], tuple | SkippedArray)

    def no_list(self, name: str) -> InputError:
        """One value stands where only a list is taken (get_arr)."""
        return self._refused(name, brief(self.header.metadata[self.prefix + name]), "a list")

    def hold_to_required(
        self, asked: Mapping[str, KeyRead], values: Mapping[str, Number | tuple[Number, ...]]
    ) -> None:
        """Find what must be there, and is not, or is 0.

        Raises:
            InputError: a key is missing, or is 0.
        """
        for name, how in asked.items():
            needed = how.required or (how.nonzero and values.get("expert_count"))
            if needed and not self.has(name):
                raise InputError(
                    f"{self.path}: {self.prefix}{name} is missing",
                    f"{DAMAGED}, or was made for another llama.cpp",
                )
            if how.nonzero and values.get("expert_count") and values.get(name) == 0:
                raise self._refused(name, "0", "a whole number from 1")

    def count(self, name: str, key: Key) -> int:
        """One whole number; 0 where the file does not say."""
        value = self.value(name, key, 0, 0) if self.has(name) else 0
        assert isinstance(value, int)  # as its key says
        return value

    def check(self, name: str, key: Key) -> None:
        """Hold a key that nothing reads here to what it may be, where it is there."""
        if self.has(name):
            self.value(name, key, 0, 0)

    def value(self, name: str, key: Key, blocks: int, main: int) -> Number | tuple[Number, ...] | None:
        """The key's value, or an error that names file, key and value; None for what is no number, and for what was not read."""
        value = self.header.metadata[self.prefix + name]
        told = self.header.types.get(self.prefix + name)
        if isinstance(value, tuple | SkippedArray):
            length = value.length if isinstance(value, SkippedArray) else len(value)
            if not _is_length(length, key.form, blocks, main):
                raise self._refused(name, counted(length, "value"), _lengths(key, blocks, main))
            if key.form is Form.FREE and (isinstance(value, SkippedArray) or key.kind is not Kind.REAL):
                return None
            if isinstance(value, SkippedArray) or not _is_type(told, ARRAY_TYPES[key.kind]):
                raise self._refused(name, f"a list of type {told}", key.kind.value)
            return tuple(self._number(name, key, n, listed=True) for n in value)
        if key.form in (Form.LIST, Form.FOUR):
            raise self._refused(name, brief(value), "a list")
        if not _is_type(told, GGUF_TYPES[key.kind]):
            raise self._refused(name, f"{brief(value)} of type {told}", f"of type {_type(key.kind)}")
        if key.kind is Kind.TEXT:
            if not isinstance(value, str | SkippedText):
                raise self._refused(name, brief(value), key.kind.value)
            if name in CHOICES and value not in CHOICES[name]:
                raise self._refused(name, brief(value), f"one of {', '.join(CHOICES[name])}")
            return None
        return self._number(name, key, value, listed=False)

    def _number(self, name: str, key: Key, value: Value, *, listed: bool) -> Number:
        if not _is_kind(value, key.kind, listed=listed):
            raise self._refused(name, brief(value), key.kind.value)
        assert isinstance(value, int | float)
        if key.kind is Kind.INTEGER and not key.least <= value <= key.most:
            raise self._refused(name, brief(value), f"{key.kind.value} from {key.least} to {key.most}")
        if not _has_sign(value, key.sign):
            raise self._refused(name, brief(value), key.kind.value + key.sign.value)
        return value

    def _refused(self, name: str, found: str, wanted: str) -> InputError:
        return InputError(f"{self.path}: {self.prefix}{name} is {found}, not {wanted}", DAMAGED)


def _is_type(told: str | None, taken: frozenset[str]) -> bool:
    """Whether llama.cpp reads a value of that type there; headers made by hand have none."""
    return told is None or told in taken


def _type(kind: Kind) -> str:
    return next(iter(GGUF_TYPES[kind]))


def _is_kind(value: Value, kind: Kind, *, listed: bool) -> bool:
    """Whether a value is of that kind. In lists truth may be a number, and a number truth."""
    match kind:
        case Kind.INTEGER:
            return isinstance(value, int) and (listed or not isinstance(value, bool))
        case Kind.FLAG:
            return isinstance(value, bool) or (listed and isinstance(value, int))
        case Kind.TEXT:
            return isinstance(value, str | SkippedText)
        case Kind.REAL:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _has_sign(value: Number, sign: Sign) -> bool:
    """Whether a number is as large as the key wants it."""
    return sign is Sign.ANY or value > 0 or (value == 0 and sign is Sign.NOT_NEGATIVE)


def _is_length(length: int, form: Form, blocks: int, main: int) -> bool:
    """Whether a list there may be so long."""
    match form:
        case Form.EACH | Form.MAIN:
            return length == blocks or (form is Form.MAIN and length == main)
        case Form.COVERING:
            return blocks <= length <= MAX_LAYERS
        case Form.PREFIX | Form.LIST:
            return length <= MAX_LAYERS
        case Form.FOUR:
            return length == 4
        case Form.ONE | Form.FREE:
            return form is Form.FREE


def _lengths(key: Key, blocks: int, main: int) -> str:
    """What may stand there, in words."""
    one = key.kind.value
    return {
        Form.ONE: one,
        Form.EACH: f"{one} or {blocks} of them (block_count)",
        Form.MAIN: f"{one} or {main} of them (block_count)",
        Form.COVERING: f"{one} or {blocks} (block_count) to {MAX_LAYERS} of them",
        Form.PREFIX: f"at most {MAX_LAYERS} of them",
        Form.LIST: f"at most {MAX_LAYERS} of them",
        Form.FOUR: "4 of them",
        Form.FREE: f"{one} or some of them",
    }[key.form]
