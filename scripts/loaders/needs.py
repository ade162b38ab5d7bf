"""The tensors that a loader makes of a file and of each block (load_arch_tensors); `/` stands before those of no block."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loaders.keys import end_of, known
from loaders.shapes import Dimensions
from loaders.source import Source, arguments, closing


@dataclass(frozen=True)
class Branch:
    """What is made under a condition, and otherwise."""

    condition: str
    """In postfix, as moefit.model.dimensions works it out; `?` where only the file's tensors could tell."""
    then: tuple[Made, ...]
    other: tuple[Made, ...]


Made = str | Branch
"""A tensor, with a `?` behind it where the file may lack it; or one of two branches."""
STEP = re.compile(
    r"\bif *\(|\bfor *\(|\bwhile \(|\bswitch \(|create_tensor\w*\(|auto (\w+) *= *\[[^\]]*\]\([^)]*\)[^{;]*\{"
)
SKIPPED = re.compile(r"mtp|nextn|decision|= *n_layer|dec_n_layer|posnet|convnext")
"""Of the main model's blocks no part."""
NEXTN = re.compile(r"is_(mtp|nextn) \|\| |\|\| \(?\w+ >= n_layer\)?")
"""Prediction blocks are no matter here."""


def block_of(source: Source, name: str, constant: str) -> tuple[Made, ...]:
    """What is made for each block of the main model."""
    dimensions = Dimensions(source, name)
    fixed = bool(re.search(r"n_layer_dense_lead *=(?!=)", dimensions.loader))
    return _Parser(source, constant, dimensions, fixed).made(dimensions.body, 0)


@dataclass
class _Parser:
    source: Source
    constant: str
    dimensions: Dimensions
    fixed: bool
    """The loader itself says which blocks are dense."""

    def made(self, body: str, start: int) -> tuple[Made, ...]:
        """In their order, each once; `start` is where the body begins in the function's."""
        found: list[Made] = []
        at = 0
        while step := STEP.search(body, at):
            word = step[0]
            at = closing(body, step.end() - 1) + 1
            if word.startswith("create_tensor"):
                found += self._tensor(word[:-1], body[step.end() : at - 1])
            elif word.startswith("auto"):
                if not SKIPPED.search(step[1]):
                    found += self.made(body[step.end() : at - 1], start + step.end())
            else:
                made, at = self._branch(body, step, start)
                found += made
        return tuple(dict.fromkeys(found))

    def _branch(self, body: str, step: re.Match[str], start: int) -> tuple[tuple[Made, ...], int]:
        """What a loop or a condition adds, and where it ends."""
        opens = closing(body, step.end() - 1) + 1
        condition = body[step.end() : opens - 1]
        end = end_of(body, opens)
        inside = self.made(body[opens:end], start + opens)
        if step[0].startswith("for"):
            return () if SKIPPED.search(condition.partition(";")[0]) else inside, end
        if not step[0].startswith("if"):
            return (), end
        other: tuple[Made, ...] = ()
        if otherwise := re.match(r"\}?\s*else\b", body[end:]):
            after = end + otherwise.end()
            if re.match(r"\s*if *\(", body[after:]):
                second = STEP.search(body, after)
                assert second
                other, end = self._branch(body, second, start)
            else:
                end = end_of(body, after)
                other = self.made(body[after:end], start + after)
        elif re.search(r"\b(continue|return);", body[opens:end]):
            other, end = self.made(body[end:], start + end), len(body)
        if known(condition, self.constant):
            return inside, end
        return self._either(condition, start + step.start(), inside, other), end

    def _either(
        self, condition: str, at: int, then: tuple[Made, ...], other: tuple[Made, ...]
    ) -> tuple[Made, ...]:
        both = tuple(made for made in then if made in other)
        then, other = (tuple(made for made in side if made not in both) for side in (then, other))
        if not then and not other:
            return both
        told = self.dimensions.of(NEXTN.sub("", condition.replace(f"arch == {self.constant} && ", "")), at)
        if self.fixed and "leading_dense" in told:
            told = "?"
        return (*both, Branch("?" if "?" in told.split() else told, then, other))

    def _tensor(self, function: str, text: str) -> list[Made]:
        given = arguments(text)
        if re.search(r"SKIP|DUPLICATED|mtp|false", given[-1]) and "DUPLICATED : 0" not in given[-1]:
            return []
        if function == "create_tensor_qkv":
            biases = tuple(f"attn_{part}.bias?" for part in ("q", "k", "v", "qkv"))
            apart = Branch("?", ("attn_q.weight", "attn_k.weight", "attn_v.weight"), ("attn_qkv.weight",))
            return [apart, *biases]
        if function == "create_tensor_gate_up_exps":
            return [Branch("?", ("ffn_gate_exps.weight", "ffn_up_exps.weight"), ("ffn_gate_up_exps.weight",))]
        told = arguments(given[0].partition("(")[2].rstrip(")"))
        name = self.source.tensors.get(told[0], "")
        if not name or name.count("%") > name.startswith("blk.%d.") or "nextn" in name:
            return []
        suffix = re.search(r'"(\w+)"', told[1]) if len(told) > 1 else None
        of_block = name.startswith("blk.%d.")
        made = ("" if of_block else "/") + name.removeprefix("blk.%d.") + (f".{suffix[1]}" if suffix else "")
        return [made + "?" * ("NOT_REQUIRED" in given[-1] or "rope_freqs_flag" in given[-1])]


def written(made: Sequence[Made]) -> str:
    """As text: names, and `( CONDITION : A | B )` for one of two."""
    return " ".join(
        one
        if isinstance(one, str)
        else " ".join(["(", one.condition, ":", written(one.then), "|", written(one.other), ")"])
        for one in made
    )
