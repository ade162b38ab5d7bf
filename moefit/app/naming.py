"""The words people type for a model, as options of llama-server: a file, a folder, a repository, a URL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from moefit.errors import InputError, UsageError
from moefit.gguf.split import first_of, shard_names
from moefit.shown import word_shown

_HUB = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
_SCHEME = re.compile(r"(?:hf|huggingface):(?://(?:models/)?)?", re.IGNORECASE)
_ID = r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*"
_REPO = re.compile(rf"({_ID}/{_ID})(?::([\w.-]+))?")
_FILE = re.compile(rf"({_ID}/{_ID})/(?:(?:blob|resolve|raw)/[^/]+/)?([^?#]+\.gguf)(?:[?#].*)?")
_PAGE = re.compile(rf"({_ID}/{_ID})(?:/tree/[^/?#]+(?:/(?:[^?#]*/)?([\w.-]+))?)?/?(?:[?#].*)?")
"""A repository's page, or that of a folder of it, which is named after its quant."""
_SHOWN_FILE = re.compile(r"[?&]show_file_info=([^&#]+)")
"""What Hugging Face adds to a page's address where a file was clicked."""
_QUANT = re.compile(rf"({_ID}/{_ID})[/@]((?:UD-)?(?:I?Q\d\w*|BF16|F16|MXFP4\w*))", re.IGNORECASE)
"""A quant that stands behind another mark than a colon."""
_DEPTH = 3
_BESIDE = re.compile(r".*mmproj|.*imatrix|(?:mtp|eagle3|dflash|dspark)-")
"""How files beside a model are named; a model with a prediction head may have mtp in its name."""
_OLLAMA = re.compile(r"[a-z0-9._-]+:[a-z0-9._-]+", re.IGNORECASE)

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def is_repository(name: str) -> bool:
    """Whether a name is a whole repository of Hugging Face, no file or quant of it, and nothing on this machine."""
    words = model_words(name) if not os.path.isdir(name) else ()  # noqa: PTH112 - as below
    return words[:1] == ("-hf",) and len(words) == 2 and ":" not in words[1].removeprefix("hf:")


def model_words(name: str) -> tuple[str, ...]:
    """`-m`, `-hf` or `-mu` with its value, whichever `name` means; what is on this machine comes first.

    Raises:
        InputError: a folder without a model.
        UsageError: a folder with several, an Ollama name, or a quant behind another mark than a colon.
    """
    if not name:
        raise UsageError("MODEL is empty", "a variable that nothing has set?")
    if name[:7].lower() == "file://":
        from urllib.parse import unquote  # noqa: PLC0415 - few names are URLs

        name = unquote(name[7:])
    if os.path.isdir(name):  # noqa: PTH112 - pathlib costs start-up time, and most names are files
        return "-m", _of_folder(name)
    if os.path.exists(name) or _is_local(name):  # noqa: PTH110 - as above
        return "-m", _first_here(name)
    hub = _HUB.match(name)
    if hub is not None:
        _refuse_other_spellings(name, name[hub.end() :])
        return _of_hub(name[hub.end() :]) or ("-mu", name)
    if name.startswith(("http://", "https://")):
        return "-mu", name
    bare = _SCHEME.sub("", name, count=1)
    remote = _of_hub(bare)
    if remote is not None:
        return remote
    _refuse_other_spellings(name, bare)
    return "-m", name


def _refuse_other_spellings(name: str, bare: str) -> None:
    """Say how what is meant is written here, where that can be told."""
    if bare.endswith(":") and _REPO.fullmatch(bare[:-1]):
        raise UsageError(f"{name}: there is no quant behind the colon", f"{name}Q4_K_M, for one")
    if quant := _QUANT.fullmatch(bare):
        raise UsageError(f"{name}: No such file or directory", f"of Hugging Face: {quant[1]}:{quant[2]}")
    if _ADDRESS.match(bare):
        raise UsageError(
            f"{word_shown(name)}: not an address that is fetched",
            "http://, https:// or user/repo of Hugging Face; download others and name the file",
        )
    if (file := name.rpartition(":")[0]).endswith(".gguf") and os.path.exists(file):  # noqa: PTH110 - as above
        raise UsageError(
            f"{word_shown(name)}: No such file or directory",
            f"a file is one quant: did you mean {word_shown(file)}?",
        )
    if _OLLAMA.fullmatch(name):
        raise UsageError(
            f"{name} is an Ollama name",
            "moefit reads GGUF files: name the file, or user/repo:quant of Hugging Face",
        )


def _first_here(name: str) -> str:
    """The first file of a set of which `name` is a part, where it is here: llama.cpp loads the set by it."""
    first = first_of(name)
    return first if os.path.exists(first) else name  # noqa: PTH110 - as above


def _is_local(name: str) -> bool:
    """Whether a name that is nowhere was meant for this machine: it begins as a path, or its folder is here, of a file the first one."""
    folder = os.path.dirname(name)  # noqa: PTH120 - as above
    if name.endswith(".gguf") and "/" in name and os.path.isdir(name.partition("/")[0]):  # noqa: PTH112 - as above
        return True
    return name.startswith(("/", ".", "~")) or (bool(folder) and ":" not in name and os.path.isdir(folder))  # noqa: PTH112


def _of_hub(name: str) -> tuple[str, ...] | None:
    """A file, page or repository of Hugging Face, by what follows its address."""
    if match := _FILE.fullmatch(name):
        return "-hf", match[1], "-hff", first_of(match[2])
    if match := _REPO.fullmatch(name):
        return None if name.endswith(".gguf") else ("-hf", name)
    match = _PAGE.fullmatch(name)
    if match is None or name.partition("?")[0].endswith(".gguf"):
        return None
    if file := _SHOWN_FILE.search(name):
        from urllib.parse import unquote  # noqa: PLC0415 - few names have it

        return "-hf", match[1], "-hff", first_of(unquote(file[1]))
    return "-hf", f"{match[1]}:{match[2]}" if match[2] else match[1]


def models_of(folder: str) -> list[str]:
    """The models of a folder, or where it has none itself of its subfolders; of a split set the first shard.

    Raises:
        InputError: there is none.
    """
    found = sorted(_models(folder, os.listdir(folder))) or sorted(_below(folder))  # noqa: PTH208 - as above
    if not found:
        raise InputError(f"{word_shown(folder)}: no model in this folder", "name a .gguf file")
    return found


def _of_folder(folder: str) -> str:
    found = models_of(folder)
    if len(found) > 1:
        some = ", ".join(map(word_shown, found[:6])) + (" ..." if found[6:] else "")
        raise UsageError(f"{word_shown(folder)}: {len(found)} models are in this folder", f"name one: {some}")
    return found[0]


def _below(folder: str) -> Iterator[str]:
    """Models of its subfolders: a repository in Hugging Face's cache has them three folders deep."""
    deepest = folder.rstrip("/").count("/") + _DEPTH
    for root, folders, names in os.walk(folder):
        folders[:] = (
            [] if root.count("/") >= deepest else [name for name in folders if not name.startswith(".")]
        )
        yield from _models(root, names)


def _models(folder: str, names: Sequence[str]) -> Iterator[str]:
    """The models among a folder's files; of a split set the first shard."""
    for name in names:
        if name.endswith(".gguf") and _BESIDE.match(name) is None and shard_names(name)[0] == name:
            path = Path(folder, name)
            if path.is_file():  # no folder of that name, and no link to nowhere
                yield str(path)
