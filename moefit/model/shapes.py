"""What the shapes of a file's tensors say of its hyper-parameters: llama.cpp makes each tensor as the latter say, and stops where the file has another.

source: src/llama-model-loader.cpp, llama_model_loader::check_tensor_dims; load_arch_tensors of src/models/*.cpp, as moefit.model.loaders has them
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import zip_longest
from math import prod
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED
from moefit.model.attention_shapes import LATENT, LATENT_HEADS, read_as
from moefit.model.dimensions import VOCABULARY, Sizes
from moefit.model.loaders import LoadedShape, equal_dimensions, shapes
from moefit.sizes import counted

if TYPE_CHECKING:
    from moefit.model.dimensions import Dimensions

_PARTS: Final = (("value a row", "values a row"), ("row", "rows"), ("matrix", "matrices"), ("cube", "cubes"))
"""Of each dimension: one, and several."""
Found = tuple[int, ...]
"""A tensor's dimensions, the length of a row first."""


def fit(path: str, architecture: str, dimensions: Dimensions, blocks: Sequence[Mapping[str, Found]]) -> None:
    """Find a hyper-parameter that a tensor contradicts: `blocks` are the shapes of each block's by their name in it.

    Raises:
        InputError: one does; it names the tensor, the keys and their values, and the file.
    """
    rules = shapes(architecture)
    seen: set[Hashable] = set()
    for layer, tensors in enumerate(blocks):
        kind = (dimensions.kind(layer), tuple(tensors.items()))
        if kind in seen:
            continue
        seen.add(kind)
        if LATENT in tensors and dimensions.attends(layer):
            _hold(path, architecture, dimensions, *LATENT_HEADS, layer)
        as_read = read_as(tensors, attends=dimensions.attends(layer))
        plain = sorted(
            tensors, key=lambda name: len(rules.get(name, ()))
        )  # what is made in one way says more
        for name in plain:
            for asked in (rules.get(name, ()), [as_read[name]] if name in as_read else ()):
                _check(path, architecture, f"blk.{layer}.{name}", tensors[name], asked, dimensions, layer)


def fit_outside(path: str, architecture: str, dimensions: Dimensions, tensors: Mapping[str, Found]) -> None:
    """The same of tensors that are of no block, though they may be made with any."""
    rules = shapes(architecture)
    for name, found in tensors.items():
        if name in rules:
            of_block = any("@" in size for rule in rules[name] for size in rule.sizes)
            _check(
                path,
                architecture,
                name,
                found,
                rules[name],
                dimensions,
                *range(dimensions.main if of_block else 1),
            )


def hold_alike(path: str, architecture: str, dimensions: Dimensions) -> None:
    """Find dimensions of a head that differ where the loader or the graph wants them equal.

    Raises:
        InputError: two do; it names the keys and their values, and the file.
    """
    first, *others = equal_dimensions(architecture) or ("",)
    for other in others:
        for layer in range(dimensions.main if "@" in other else 1):
            sizes = [dimensions.sizes(word, layer) for word in (first, other)]
            if sizes[0] != sizes[1]:
                keys = dict.fromkeys((*dimensions.keys(other), *dimensions.keys(first)))
                told = " and ".join(f"{architecture}.{dimensions.told(key, layer)}" for key in keys)
                raise InputError(
                    f"{path}: {told} give heads of {_one(sizes[1])} and {_one(sizes[0])} values", DAMAGED
                )


def hold_equal(path: str, architecture: str, dimensions: Dimensions, held: Mapping[str, str]) -> None:
    """Find a key that is not the dimension that the graph takes it for.

    Raises:
        InputError: one is; it names the keys and their values, and the file.
    """
    for key, dimension in held.items():
        _hold(path, architecture, dimensions, key, dimension, 0)


def _hold(path: str, architecture: str, dimensions: Dimensions, key: str, dimension: str, layer: int) -> None:
    found, wanted = (dimensions.sizes(word, layer) for word in (key, dimension))
    if found == wanted or wanted is None:
        return
    told, by = (
        " and ".join(f"{architecture}.{dimensions.told(one, layer)}" for one in dimensions.keys(word))
        for word in (key, dimension)
    )
    raise InputError(f"{path}: {told} is not {_one(wanted)}{by and f', as {by} say'}", DAMAGED)


def _one(sizes: Sizes) -> int:
    return max(sizes or (0,))


def _check(
    path: str,
    architecture: str,
    name: str,
    found: Found,
    rules: Sequence[LoadedShape],
    dimensions: Dimensions,
    *layers: int,
) -> None:
    """One tensor: it has one of the shapes that the loader makes, of one of these blocks."""
    wrong = [_wrong(found, rule, dimensions, layer) for rule in rules for layer in layers]
    if None in wrong or not wrong:
        return
    axis, size, _ = max((w for w in wrong if w), key=lambda w: w[0])
    nearest = dict.fromkeys(w[2] for w in wrong if w and w[0] == axis)
    ways = dict.fromkeys(_told(architecture, dimensions, one, layers[0]) for one in nearest)
    said = f"{', or '.join(filter(None, ways))} say" if any(ways) else "llama.cpp makes it"
    raise InputError(f"{path}: {name} has {size} {_PARTS[axis][size != 1]}, not as {said}", DAMAGED)


def _told(architecture: str, dimensions: Dimensions, dimension: str, layer: int) -> str:
    """The keys that a dimension follows from, and their values."""
    told = [f"{architecture}.{dimensions.told(key, layer)}" for key in dimensions.keys(dimension)]
    if VOCABULARY in dimension:
        told.append(
            f"its vocabulary of {counted(dimensions.vocabulary, 'token')} ({dimensions.vocabulary_of})"
        )
    return " and ".join(told)


def _wrong(
    found: Found, rule: LoadedShape, dimensions: Dimensions, layer: int
) -> tuple[int, int, str] | None:
    """The first axis that is not as it should be, its size, and the dimension; None where all are."""
    sizes = rule.sizes
    if rule.reshaped:
        found, sizes = (prod(found),), (" ".join(sizes) + " *" * (len(sizes) - 1),)
    for axis, (size, dimension) in enumerate(zip_longest(found, sizes)):
        wanted = dimensions.sizes(dimension or "1", layer)
        if wanted is not None and (size or 1) not in wanted:
            return axis, size or 1, dimension or "1"
    return None
