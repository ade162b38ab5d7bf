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
from moefit.model.dimensions import VOCABULARY, Sizes
from moefit.model.loaders import LoadedShape, equal_dimensions, shapes

if TYPE_CHECKING:
    from moefit.model.dimensions import Dimensions

_PARTS: Final = ("values a row", "rows", "matrices", "cubes")
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
        for name, shape in tensors.items():
            if name in rules:
                _check(path, architecture, f"blk.{layer}.{name}", shape, rules[name], dimensions, layer)


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
        sizes = [dimensions.sizes(word, 0) for word in (first, other)]
        if sizes[0] != sizes[1]:
            keys = dict.fromkeys((*dimensions.keys(other), *dimensions.keys(first)))
            told = " and ".join(f"{architecture}.{key} {dimensions.shown(key, 0)}" for key in keys)
            raise InputError(
                f"{path}: {told} give heads of {_one(sizes[1])} and {_one(sizes[0])} values", DAMAGED
            )


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
    axis, size, dimension = max((w for w in wrong if w), key=lambda w: w[0])
    told = [f"{architecture}.{key} {dimensions.shown(key, layers[0])}" for key in dimensions.keys(dimension)]
    if VOCABULARY in dimension:
        told.append(f"its vocabulary of {dimensions.vocabulary} tokens")
    said = f"{' and '.join(told)} say" if told else "llama.cpp makes it"
    raise InputError(f"{path}: {name} has {size} {_PARTS[axis]}, not as {said}", DAMAGED)


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
