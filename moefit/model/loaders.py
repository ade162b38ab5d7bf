"""What llama.cpp's loader of an architecture asks a file for: keys, and the tensors of blocks.

source: src/llama-model.cpp, llama_model_base::load_hparams; load_arch_hparams and load_arch_tensors of src/models/*.cpp, of which
scripts/generate_loaders.py makes the tables of loader_data.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from moefit.model.loader_data import ALIKE, BLOCKS, READS, SHAPES
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class KeyRead:
    """How a key is read (llama_model_loader::get_key, get_arr and get_key_or_arr)."""

    type: str
    """Of GGUF: u32, f32, bool or str; of a list's elements."""
    required: bool
    one: bool
    """One value may stand there."""
    list: bool
    """A list may."""
    nonzero: bool = False
    """Nothing runs where it is 0, and that is its worth where the file does not say."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One of two sets of tensors."""

    condition: str
    """Says which, as moefit.model.dimensions works it out: the first where it is not 0. `?`: the file may have either."""
    first: tuple[Made, ...]
    second: tuple[Made, ...]


Made = str | Branch
"""A tensor, with a `?` behind it where the file may lack it; or one of two branches."""


def is_read(architecture: str) -> bool:
    """Whether a llama.cpp that was read loads that architecture."""
    return architecture in READS


@cache
def reads(architecture: str) -> Mapping[str, KeyRead]:
    """The keys that a loader reads, those of every architecture among them; these alone for an unknown one."""
    words = f"{READS['']} {READS.get(architecture, '')}".split()
    return {key: _read(how) for key, _, how in (word.partition("=") for word in words)}


def _read(how: str) -> KeyRead:
    kind = how.rstrip("!+*[]")
    marks = how[len(kind) :]
    return KeyRead(kind, "!" in marks, "[]" not in marks, "*" in marks or "[]" in marks, "+" in marks)


@cache
def made(architecture: str) -> tuple[Made, ...]:
    """The tensors that are made for each block, without `blk.N.`, and for the file, after a `/`; none for an unknown one."""
    return tuple(_made(iter(BLOCKS.get(architecture, "").split())))


def _made(words: Iterator[str]) -> Iterator[Made]:
    """Until the end, or the bracket or bar that closes them."""
    for word in words:
        if word in ("|", ")"):
            return
        if word == "(":
            condition = " ".join(iter(lambda: next(words), ":"))
            yield Branch(condition, tuple(_made(words)), tuple(_made(words)))
        else:
            yield word


@dataclass(frozen=True, slots=True)
class LoadedShape:
    """What a loader makes a tensor of."""

    sizes: tuple[str, ...]
    """Dimensions, as moefit.model.dimensions works them out."""
    reshaped: bool
    """Only the number of values counts (TENSOR_ALLOW_RESHAPE)."""


@cache
def shapes(architecture: str) -> Mapping[str, Sequence[LoadedShape]]:
    """Those of each tensor: several where the loader makes it in several ways."""
    found: dict[str, list[LoadedShape]] = {}
    for line in SHAPES.get(architecture, "").splitlines():
        name, _, sizes = line.partition(" ")
        if name:
            made = LoadedShape(tuple(sizes.split(", ")), name.startswith("~"))
            found.setdefault(name.removeprefix("~"), []).append(made)
    return found


def equal_dimensions(architecture: str) -> tuple[str, ...]:
    """Dimensions of a head that have to be equal."""
    return tuple(ALIKE.get(architecture, "").split())
