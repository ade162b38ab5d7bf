"""The files of a repository: what Hugging Face's cache has of one, and what its server lists.

source: common/hf-cache.cpp
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path
from typing import Any

from moefit.errors import InputError
from moefit.gguf.http import Client
from moefit.gguf.remote import GONE, REFUSED, refusal
from moefit.gguf.url import shown
from moefit.reading import read_small
from moefit.values import dataclass

HUB = "https://huggingface.co/"
COMMIT = re.compile(r"[0-9A-Fa-f]{40}")
TOKEN = re.compile(r"hf_[A-Za-z0-9]{34,253}")
"""The only tokens llama.cpp sends to the Hub. source: common/hf-cache.cpp, is_valid_hf_token."""
MAX_LISTING = 32 << 20
"""Bytes of JSON about a repository."""
_LONGEST_NAME = 255
"""Bytes of a file's name. source: limits.h, NAME_MAX"""


@dataclass(frozen=True, slots=True)
class Access:
    """Where to look, and what may be used for it."""

    hub_cache: Path
    """Hugging Face's cache, which llama.cpp shares."""
    llama_cache: Path
    """llama.cpp's own, for -mu and -dr."""
    endpoint: str = HUB
    """With a slash at the end."""
    token: str | None = field(default=None, repr=False)
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Files of a repository: their names in its order, and where each is."""

    names: tuple[str, ...]
    folder: Path
    """Of the commit in the cache."""
    url: str = ""
    """Of the commit on the server; empty for a cache's own listing."""

    def place(self, *names: str) -> str:
        """Path of the first if all are in the cache, else its URL."""
        from urllib.parse import quote  # noqa: PLC0415 - only a repository needs it

        cached = not self.url or all(is_file(self.folder / name) for name in names)
        return str(self.folder / names[0]) if cached else self.url + quote(names[0])


def cached_listing(hub_cache: Path, repo: str) -> Listing | None:
    """What the cache has of a repository's newest known commit. source: common/hf-cache.cpp, get_cached_files."""
    root = hub_cache / f"models--{repo.replace('/', '--')}"
    commit = _cached_commit(root / "refs")
    if commit is None:
        return None
    folder = root / "snapshots" / commit
    names = sorted(path.relative_to(folder).as_posix() for path in _files(folder))
    return Listing(tuple(names), folder) if names else None


def _files(folder: Path) -> Iterable[Path]:
    for root, _, names in os.walk(folder):
        yield from (path for name in names if is_file(path := Path(root, name)))


def is_file(path: Path) -> bool:
    """Whether there is such a file; not where its folder may not be searched."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where it may not ask


def _cached_commit(refs: Path) -> str | None:
    """The commit of `main`, or of another branch."""
    commits = {}
    try:
        for path in sorted(refs.iterdir()):
            if is_file(path):
                commits[path.name] = read_small(path, errors="replace").split("\n")[0]
    except (OSError, InputError):
        return None
    known = {name: commit for name, commit in commits.items() if COMMIT.fullmatch(commit)}
    return known.get("main") or next(iter(known.values()), None)


def server_listing(using: Access, client: Client, repo: str) -> Listing:
    """What the server has of a repository. source: common/hf-cache.cpp, get_repo_files."""
    token = using.token if using.token and TOKEN.fullmatch(using.token) else None
    refs = _json(client, f"{using.endpoint}api/models/{repo}/refs", token, repo)
    branches = refs.get("branches") if isinstance(refs, dict) else None
    commits = {
        str(branch["name"]): branch["targetCommit"]
        for branch in (branches if isinstance(branches, list) else [])
        if isinstance(branch, dict) and _is_commit(branch.get("targetCommit")) and "name" in branch
    }
    commit = commits.get("main") or next(iter(commits.values()), None)
    if commit is None:
        raise InputError(f"-hf {repo}: the repository has no branch")
    tree = _json(client, f"{using.endpoint}api/models/{repo}/tree/{commit}?recursive=true", token, repo)
    names = [
        item["path"]
        for item in (tree if isinstance(tree, list) else [])
        if isinstance(item, dict) and item.get("type") == "file" and _is_below(item.get("path"))
    ]
    return Listing(
        tuple(names),
        using.hub_cache / f"models--{repo.replace('/', '--')}" / "snapshots" / commit,
        f"{using.endpoint}{repo}/resolve/{commit}/",
    )


def _is_commit(named: object) -> bool:
    """Whether a server names a commit: a number of forty digits is none."""
    return isinstance(named, str) and COMMIT.fullmatch(named) is not None


def _is_below(path: object) -> bool:
    """Whether a path of the server's stays inside the repository, and a file here can be called that."""
    if not isinstance(path, str) or not path or path.startswith("/"):
        return False
    parts = path.encode(errors="surrogatepass").split(b"/")
    return path.isprintable() and b".." not in parts and max(map(len, parts)) <= _LONGEST_NAME


def _json(client: Client, url: str, token: str | None, repo: str) -> Any:
    import json  # noqa: PLC0415 - only a repository needs it

    response = client.get(url, limit=MAX_LISTING, headers={"Accept": "application/json"}, token=token)
    if response.status in REFUSED | GONE:
        raise InputError(
            f"-hf {repo}: there is no such repository, or it is private or gated ({response.status})",
            "check the spelling; for a private or gated one set HF_TOKEN or give -hft",
        )
    if response.status != 200:
        raise refusal(shown(url), response.status)
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown(url)}: the server answers with something that is no JSON") from error
