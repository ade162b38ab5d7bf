"""The one reader of hyper-parameters: whatever a file says is checked when the model is built, and typed from then on.

source: src/llama-model-loader.cpp, get_key, get_arr and get_key_or_arr
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED, SkippedArray, brief
from moefit.model.architectures import architecture as row_of
from moefit.model.architectures import is_known
from moefit.model.hyperparameters import Hyperparameters
from moefit.model.keys import ARRAY_TYPES, GENERAL, GGUF_TYPES, INT32, KEYS, MAX_LAYERS, Form, Key, Kind
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.header import Header, Value
    from moefit.model.hyperparameters import Number

ANY_INTEGER = Key(most=INT32)


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
    row = row_of(architecture)
    asked = GENERAL | row.keys if is_known(architecture) else KEYS.keys()
    values = {
        name: reader.value(name, key, blocks, blocks - predicting)
        for name, key in KEYS.items()
        if name in asked and reader.has(name)
    }
    return Hyperparameters(values, blocks, row.defaults)


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

    def count(self, name: str, key: Key) -> int:
        """One whole number; 0 where the file does not say."""
        value = self.value(name, key, 0, 0) if self.has(name) else 0
        assert isinstance(value, int)  # as its key says
        return value

    def value(self, name: str, key: Key, blocks: int, main: int) -> Number | tuple[Number, ...]:
        """The key's value, or an error that names file, key and value."""
        value = self.header.metadata[self.prefix + name]
        told = self.header.types.get(self.prefix + name)
        if isinstance(value, tuple | SkippedArray):
            length = value.length if isinstance(value, SkippedArray) else len(value)
            if not _is_length(length, key.form, blocks, main):
                raise self._refused(name, f"{length} values", _lengths(key, blocks, main))
            if isinstance(value, SkippedArray) or not _is_type(told, ARRAY_TYPES[key.kind]):
                raise self._refused(name, f"a list of type {told}", key.kind.value)
            return tuple(self._number(name, key, n, listed=True) for n in value)
        if key.form is Form.LIST:
            raise self._refused(name, brief(value), "a list")
        if not _is_type(told, GGUF_TYPES[key.kind]):
            raise self._refused(name, f"{brief(value)} of type {told}", f"of type {_type(key.kind)}")
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
        case Kind.REAL:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_length(length: int, form: Form, blocks: int, main: int) -> bool:
    match form:
        case Form.ONE:
            return False
        case Form.EACH:
            return length == blocks
        case Form.MAIN:
            return length in (main, blocks)
        case Form.COVERING:
            return blocks <= length <= MAX_LAYERS
        case Form.PREFIX | Form.LIST:
            return length <= MAX_LAYERS
        case Form.FOUR:
            return length == 4


def _lengths(key: Key, blocks: int, main: int) -> str:
    """What may stand there, in words."""
    one = key.kind.value
    match key.form:
        case Form.ONE:
            return one
        case Form.EACH:
            return f"{one} or {blocks} of them"
        case Form.MAIN:
            return f"{one} or {main} of them"
        case Form.COVERING:
            return f"{one} or {blocks} to {MAX_LAYERS} of them"
        case Form.PREFIX | Form.LIST:
            return f"at most {MAX_LAYERS} of them"
        case Form.FOUR:
            return f"{one} or 4 of them"
