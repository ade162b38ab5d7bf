"""Which of a repository's files llama.cpp takes: a pure choice over names, the same online and in a cache.

source: common/download.cpp, get_gguf_split_info, find_best_model, find_best_sibling, gguf_filename_is_model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from moefit.errors import UsageError
from moefit.gguf.split import SHARD_NAME, shard_names
from moefit.values import dataclass

DEFAULT_TAGS = ("Q4_K_M", "Q8_0")
"""Taken in this order where the user names no quantisation; after them, the first model of the list."""
GUESTS = {"mmproj": "mmproj", "mtp": "mtp-", "eagle3": "eagle3-", "dflash": "dflash-", "dspark": "dspark-"}
"""Kinds of guests that come in files of the repository (sidecars, says common/download.cpp), and what their names contain."""
NOT_MODELS = (*GUESTS.values(), "imatrix")
PRESET = "preset.ini"
"""A repository with this file in its root is a list of models: llama-server then starts as a router."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `-hf` and `-hff` ask for."""

    repo: str
    """user/model."""
    tag: str = ""
    """Quantisation, in the user's spelling; empty if not given."""
    file: str = ""
    """-hff: this file and no other; empty if not given."""


def wanted(hf_repo: str, hf_file: str | None = None) -> Wanted:
    """Read `user/model[:quant]`.

    >>> wanted("unsloth/gpt-oss-20b-GGUF:q4_k_m").tag
    'q4_k_m'

    Raises:
        UsageError: it is not of that form. source: common/hf-cache.cpp, is_valid_repo_id
    """
    repo, _, rest = hf_repo.partition(":")
    tag = rest.rpartition(":")[2]
    special = re.compile(r"[A-Za-z0-9_]+(?:[./-][A-Za-z0-9_]+)*")
    if repo.count("/") != 1 or len(repo) > 256 or special.fullmatch(repo) is None:
        raise UsageError(f"-hf {hf_repo}: is no repository", "-hf user/model or -hf user/model:Q4_K_M")
    return Wanted(repo, tag, hf_file or "")


def choose_model(files: Sequence[str], asked: Wanted) -> str | None:
    """The file to load, the first shard of a set; None if there is none."""
    if asked.file:
        return asked.file if asked.file in files else None
    found = models(files)
    for tag in [asked.tag] if asked.tag else DEFAULT_TAGS:
        # The tag may be any part of the name that ends at a dot or dash; llama.cpp reads it as an expression.
        pattern = re.compile(f"{re.escape(tag)}[.-]", re.IGNORECASE)
        for name in found:
            if pattern.search(name):
                return name
    return None if asked.tag else next(iter(found), None)


def models(files: Sequence[str]) -> tuple[str, ...]:
    """The models among a repository's files, of split sets the first shard."""
    return tuple(name for name in files if _is_model(name) and _is_first(name))


def shards(files: Sequence[str], model: str) -> tuple[str, ...]:
    """The names of the model's shards that are among the files, in order."""
    return tuple(name for name in shard_names(model) if name in files)


def choose_guest(files: Sequence[str], model: str, kind: str, tag: str = "") -> str | None:
    """The file of that kind that goes with the model: nearest folder, then the tag, then the nearest number of bits.

    Args:
        files: names in the repository, in its order.
        model: name of the model's file; empty if the repository has none.
        kind: a key of GUESTS.
        tag: the user's, which mmproj does not look at.
    """
    tag = "" if kind == "mmproj" else tag.upper()
    bits = _bits(tag) if tag else _bits(_tag_of(model))
    folder = model.split("/")[:-1]
    best: tuple[tuple[int, bool, int], str] | None = None
    for name in files:
        there = name.split("/")[:-1]
        if not name.endswith(".gguf") or GUESTS[kind] not in name or folder[: len(there)] != there:
            continue
        exact = bool(tag) and f"-{tag}." in name.upper()
        rank = (len(there), exact, -abs(_bits(_tag_of(name)) - bits))
        if best is None or rank > best[0]:
            best = rank, name
    return best[1] if best else None


def nearest_files(files: Sequence[str], asked: Wanted) -> Sequence[str]:
    """All GGUF files, of a set the first; those spelt most like what was asked for come first.

    >>> nearest_files(["m-BF16.gguf", "m-Q4_K_M.gguf"], Wanted("u/m", "Q4_KM"))
    ['m-Q4_K_M.gguf', 'm-BF16.gguf']
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - only an error needs it

    def unlike(name: str) -> float:
        match = SHARD_NAME.fullmatch(name)
        unsplit = f"{match['prefix']}.gguf" if match else name
        spelt, typed = (unsplit, asked.file) if asked.file else (_tag_of(name), asked.tag)
        return -SequenceMatcher(None, spelt.upper(), typed.upper()).ratio()

    return sorted((name for name in files if name.endswith(".gguf") and _is_first(name)), key=unlike)


def _is_model(name: str) -> bool:
    base = name.rpartition("/")[2]
    return name.endswith(".gguf") and not any(part in base for part in NOT_MODELS)


def _is_first(name: str) -> bool:
    match = SHARD_NAME.fullmatch(name)
    return match is None or int(match["number"]) == 1 or int(match["count"]) <= 1


def _tag_of(name: str) -> str:
    """The quantisation at the end of a file's name: `m-Q4_K_M-00001-of-00002.gguf` -> `Q4_K_M`."""
    match = SHARD_NAME.fullmatch(name)
    stem = match["prefix"] if match else name.removesuffix(".gguf")
    tag = re.search(r"[-.]([A-Za-z0-9_]+)$", stem)
    return tag[1].upper() if tag else ""


def _bits(tag: str) -> int:
    """The first number in a tag: Q4_K_M -> 4, F16 -> 16."""
    start = re.search(r"\d", tag)
    return int("".join(takewhile(str.isdecimal, tag[start.start() :]))[:6]) if start else 0
