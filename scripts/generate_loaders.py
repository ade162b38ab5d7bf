"""Write moefit/model/loader_data.py from llama.cpp's source: the keys and tensors that each architecture's loader asks for.

usage: generate_loaders.py SOURCE_OF_ONE_BUILD [SOURCE_OF_ANOTHER ...]

What every build that knows an architecture requires is required. A key or a tensor under a condition is not, but for one thing: of two
branches a block needs what one of them requires.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from loaders.alike import alike
from loaders.keys import keys_of, merged_keys, word
from loaders.needs import block_of, written
from loaders.shapes import shapes
from loaders.source import Source

TARGET = Path(__file__).resolve().parent.parent / "moefit" / "model" / "loader_data.py"
UNUSED = re.compile(
    r"nextn|^~?(cls|dense_\d|enc|dec|token_types|posnet|convnext|conv1d|markov|selector|conf_proj)\b"
)
"""Tensors that no plan depends on."""
HEAD = '''"""What llama.cpp's loaders ask a file for: written by scripts/generate_loaders.py from src/llama-model.cpp and src/models; do not edit."""

from __future__ import annotations

from typing import Final

'''


def module(folders: Sequence[Path]) -> str:
    """The text of loader_data.py."""
    sources = [Source(folder) for folder in folders]
    names = sorted({name for source in sources for name in source.classes} - {"clip", "wavtokenizer-dec"})
    reads = {"": _reads(sources, "")} | {name: _reads(sources, name) for name in names}
    blocks = {name: _block(sources, name) for name in names}
    tensors = {name: _tensors(sources, name) for name in names}
    equal = {
        name: " ".join(
            sorted(
                {
                    w
                    for s in sources
                    if name in s.classes
                    for w in alike(s, s.classes[name], s.names[name]).split()
                }
            )
        )
        for name in names
    }
    text = HEAD
    text += _table(
        "READS",
        reads,
        "What each architecture reads: key, type, `!` where it is required, `+` where it must not be 0, `*` where it may be a list, `[]` where it must. The first for all.",
    )
    text += _table(
        "BLOCKS",
        blocks,
        "Tensors that each block of the main model needs, and the file (after a `/`); `( A | B )` is one of two.",
    )
    text += _table(
        "SHAPES",
        tensors,
        "What each tensor measures: dimensions in postfix, as scripts/loaders/shapes.py says.",
    )
    text += _table(
        "ALIKE",
        {name: words for name, words in equal.items() if words},
        "Dimensions of a head that have to be equal.",
    )
    return text.rstrip() + "\n"


def _reads(sources: Sequence[Source], name: str) -> str:
    found = [
        keys_of(s, s.classes[name], s.names[name])
        if name
        else keys_of(s, "llama_model_base", "", "load_hparams")
        for s in sources
        if not name or name in s.classes
    ]
    return " ".join(word(key, read) for key, read in sorted(merged_keys(found).items()))


def _block(sources: Sequence[Source], name: str) -> str:
    needs = {
        written(block_of(s, s.classes[name], s.names[name])): s.folder for s in sources if name in s.classes
    }
    if len(needs) > 1:
        print(f"{name}: {needs}", file=sys.stderr)
    return re.sub(" +", " ", max(needs, key=len))


def _tensors(sources: Sequence[Source], name: str) -> str:
    found: dict[str, None] = {}
    for source in sources:
        if name in source.classes:
            for tensor, sizes in shapes(source, source.classes[name]):
                if not UNUSED.search(tensor) and any("?" not in size for size in sizes):
                    found[f"{tensor} {', '.join(sizes)}"] = None
    return "".join(f"\n{line}" for line in found)


def _table(name: str, rows: Mapping[str, str], said: str) -> str:
    lines = "".join(f"    {_quoted(key)}: {_quoted(text)},\n" for key, text in rows.items())
    return f'{name}: Final[dict[str, str]] = {{\n{lines}}}\n"""{said}"""\n\n'


def _quoted(text: str) -> str:
    return f'"""{text}\n"""' if "\n" in text else f'"{text}"'


if __name__ == "__main__":
    TARGET.write_text(module([Path(folder) for folder in sys.argv[1:]]), encoding="utf-8")
