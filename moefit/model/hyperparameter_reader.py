"""The one reader of hyper-parameters: whatever a file says is checked when the model is built, and typed from then on.

source: src/llama-model-loader.cpp, get_key, get_arr and get_key_or_arr
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED, SkippedArray, SkippedText, brief
from moefit.model.architectures import architecture as row_of
from moefit.model.hyperparameters import Hyperparameters
from moefit.model.keys import ARRAY_TYPES, GGUF_TYPES, INT32, KEYS, MAX_LAYERS, UINT32, Form, Key, Kind
from moefit.model.loaders import is_read, reads
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.header import Header, Value
    from moefit.model.hyperparameters import Number
    from moefit.model.loaders import KeyRead

ANY_INTEGER = Key(most=INT32)
CHOICES = {"rope.scaling.type": ("none", "linear", "yarn", "longrope")}
"""source: src/llama-model.cpp, LLAMA_ROPE_SCALING_TYPES: load_hparams stops at another."""


def read(path: str, architecture: str, header: Header) -> Hyperparameters:
    """What the header says under the keys that moefit reads, and llama.cpp for that architecture.

    Raises:
        InputError: a value that llama.cpp refuses, or that no model has; more prediction blocks than blocks.
    """
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
    values = {}
    for name, key in keys.items():
        if name in asked and asked[name].required and not asked[name].one:
            reader.hold_to_list(name)
        if reader.has(name) and (value := reader.value(name, key, blocks, blocks - predicting)) is not None:
            values[name] = value
    for name, how in asked.items():
        if how.required and not reader.has(name):
            raise InputError(
                f"{path}: {architecture}.{name} is missing", f"{DAMAGED}, or was made for another llama.cpp"
            )
    return Hyperparameters(values, blocks, row_of(architecture).defaults)


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

    def hold_to_list(self, name: str) -> None:
        """Find one value where only a list is taken (get_arr)."""
        if self.has(name) and not isinstance(
            value := self.header.metadata[self.prefix + name], tuple | SkippedArray
        ):
            raise self._refused(name, brief(value), "a list")

    def count(self, name: str, key: Key) -> int:
        """One whole number; 0 where the file does not say."""
        value = self.value(name, key, 0, 0) if self.has(name) else 0
        assert isinstance(value, int)  # as its key says
        return value

    def value(self, name: str, key: Key, blocks: int, main: int) -> Number | tuple[Number, ...] | None:
        """The key's value, or an error that names file, key and value; None for what is no number, and for what was not read."""
        value = self.header.metadata[self.prefix + name]
        told = self.header.types.get(self.prefix + name)
        if isinstance(value, tuple | SkippedArray):
            length = value.length if isinstance(value, SkippedArray) else len(value)
            if not _is_length(length, key.form, blocks, main):
                raise self._refused(name, f"{length} values", _lengths(key, blocks, main))
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
        Form.EACH: f"{one} or {blocks} of them",
        Form.MAIN: f"{one} or {main} of them",
        Form.COVERING: f"{one} or {blocks} to {MAX_LAYERS} of them",
        Form.PREFIX: f"at most {MAX_LAYERS} of them",
        Form.LIST: f"at most {MAX_LAYERS} of them",
        Form.FOUR: "4 of them",
        Form.FREE: f"{one} or some of them",
    }[key.form]
