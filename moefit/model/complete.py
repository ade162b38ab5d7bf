"""What a file's tensors lack of what the architecture's loader makes, and which hyper-parameters they contradict by it.

source: load_arch_tensors of src/models/*.cpp, as moefit.model.loaders has them; src/llama-model-loader.cpp, check_tensor_dims ("not found")
and done_getting_tensors ("wrong number of tensors")
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED
from moefit.model.loaders import Branch, Made, made
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.model.dimensions import Dimensions


def missing_tensor(
    path: str,
    architecture: str,
    dimensions: Dimensions,
    blocks: Sequence[Collection[str]],
    outside: Collection[str],
) -> str:
    """The first tensor that the file lacks; empty where it lacks none. `blocks` are the names of each block's tensors in it.

    Raises:
        InputError: a block has other tensors than the hyper-parameters say.
    """
    asked = made(architecture)
    first = ""
    seen: set[Hashable] = set()
    for index, names in enumerate(blocks):
        block = _Block(index, frozenset(names), dimensions)
        kind = (block.names, tuple(block.decisions(asked)))
        if kind in seen:
            continue
        seen.add(kind)
        there = frozenset(block.made(asked))
        for condition in block.contradicted(asked, there):
            told = " and ".join(
                f"{architecture}.{dimensions.told(key, index)}" for key in dimensions.keys(condition)
            )
            raise InputError(
                f"{path}: block {index} has other tensors than {told or 'its keys'} say", DAMAGED
            )
        missing = block.missing(asked)
        first = (
            first
            or next((name for name in block.of_file(asked) if name not in outside), "")
            or (missing and f"blk.{index}.{missing}")
        )
    return first


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of the main model."""

    index: int
    names: frozenset[str]
    dimensions: Dimensions

    def holds(self, branch: Branch) -> bool | None:
        """Whether its condition holds of the block; None where nothing says so."""
        worth = self.dimensions.sizes(branch.condition, self.index)
        return None if worth is None or len(worth) != 1 else worth != {0}

    def decisions(self, asked: Iterable[Made]) -> Iterator[bool | None]:
        """Of every branch, in order."""
        for one in asked:
            if isinstance(one, Branch):
                yield self.holds(one)
                yield from self.decisions((*one.first, *one.second))

    def missing(self, asked: Iterable[Made]) -> str:
        """The first tensor that it lacks; empty where it lacks none."""
        for one in asked:
            if isinstance(one, str):
                found = "" if one[0] == "/" or one[-1] == "?" or one in self.names else one
            else:
                sides = self.sides(one)
                found = self.missing(sides[0])
                if found and self.holds(one) is None and not self.missing(sides[1]):
                    found = ""
            if found:
                return found
        return ""

    def sides(self, branch: Branch) -> tuple[tuple[Made, ...], tuple[Made, ...]]:
        """What is made for it, and what is not."""
        return (branch.second, branch.first) if self.holds(branch) is False else (branch.first, branch.second)

    def made(self, asked: Iterable[Made]) -> Iterator[str]:
        """All that the loader may make for it."""
        for one in asked:
            if isinstance(one, str):
                yield one.removesuffix("?")
            else:
                chosen, other = self.sides(one)
                yield from self.made(chosen if self.holds(one) is not None else (*chosen, *other))

    def all_of(self, asked: Iterable[Made]) -> Iterator[str]:
        """All that the loader makes for any block."""
        for one in asked:
            yield from (
                [one.removesuffix("?")] if isinstance(one, str) else self.all_of((*one.first, *one.second))
            )

    def required(self, asked: Iterable[Made]) -> Iterator[str]:
        """What it must have, for all that is known."""
        for one in asked:
            if isinstance(one, Branch):
                yield from self.required(self.sides(one)[0]) if self.holds(one) is not None else ()
            elif one[0] != "/" and one[-1] != "?":
                yield one

    def of_file(self, asked: Iterable[Made]) -> Iterator[str]:
        """What must stand outside of all blocks, for all that is known."""
        for one in asked:
            if isinstance(one, Branch):
                yield from self.of_file(self.sides(one)[0]) if self.holds(one) is not None else ()
            elif one[0] == "/" and one[-1] != "?":
                yield one[1:]

    def contradicted(self, asked: Sequence[Made], there: frozenset[str]) -> Iterator[str]:
        """Conditions under which it should have other tensors than it has."""
        lacks = set(self.required(asked)) - self.names
        for condition, needed, others, unexpected in self.decided(asked, there):
            has_none = len(needed) > 1 and lacks == needed
            has_all = others and others <= self.names
            if has_none or (unexpected and (has_all or not needed <= self.names)):
                yield condition

    def decided(
        self, asked: Iterable[Made], there: frozenset[str]
    ) -> Iterator[tuple[str, set[str], set[str], frozenset[str]]]:
        """Conditions that are known: what is required by them, what otherwise, and what it has that is made otherwise alone."""
        for one in asked:
            if isinstance(one, Branch):
                chosen, other = self.sides(one)
                if self.holds(one) is not None:
                    unexpected = self.names & frozenset(self.all_of(other)) - there
                    yield one.condition, set(self.required(chosen)), set(self.required(other)), unexpected
                yield from self.decided(chosen, there)
