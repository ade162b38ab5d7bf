"""Finds the files that `-hf`, `-mu`, `-dr` and `-m` name: in the caches llama.cpp uses, else on the server.

What is in a cache is taken without asking the network, so a start needs none, but for draft models that the line asks for and the
cache lacks. That differs from llama.cpp in two ways: it asks the Hub at every start whether there is a newer commit, and it then
fetches an mmproj that an earlier start left out.

source: common/hf-cache.cpp, common/download.cpp (common_download_get_hf_plan), common/arg.cpp (common_models_handler_*).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from moefit.errors import InputError
from moefit.gguf.http import Client
from moefit.gguf.split import first_of, refused_part, shard_names
from moefit.gguf.url import shown
from moefit.launch.sources import ModelSource
from moefit.llama.hub_listing import HUB, Access, Listing, cached_listing, is_file, server_listing
from moefit.llama.repository import (
    DEFAULT_TAGS,
    PRESET,
    Wanted,
    choose_guest,
    choose_model,
    models,
    nearest_files,
    shards,
    wanted,
)
from moefit.values import dataclass

FETCH = "start llama-server once to fetch it, or leave --offline out"


@dataclass(frozen=True, slots=True)
class Located:
    """The files, by path or URL."""

    model: str | None
    """The first shard; None for a repository that has only the guests asked for."""
    guests: Mapping[str, str] = field(default_factory=dict)
    """By kind: mmproj, mtp, eagle3, dflash, dspark."""
    siblings: tuple[str, ...] = field(default=(), compare=False)
    """All files of the repository; empty where a cache alone was asked, which may lack some."""


def access(environment: Mapping[str, str], *, token: str | None = None, offline: bool = False) -> Access:
    """What the environment says of caches, server and token; `token` is -hft's.

    source: common/hf-cache.cpp, get_cache_directory; common/common.cpp, fs_get_cache_directory, common_get_model_endpoint
    """
    home = Path(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - it may be unknown
    places = (
        ("LLAMA_CACHE", "."),
        ("HF_HUB_CACHE", "."),
        ("HUGGINGFACE_HUB_CACHE", "."),
        ("HF_HOME", "hub"),
        ("XDG_CACHE_HOME", "huggingface/hub"),
    )
    hub_cache = next(
        (Path(environment[name]) / below for name, below in places if environment.get(name)), None
    )
    own_cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "llama.cpp"
    endpoint = environment.get("MODEL_ENDPOINT") or environment.get("HF_ENDPOINT") or HUB
    return Access(
        hub_cache=hub_cache or home / ".cache" / "huggingface" / "hub",
        llama_cache=Path(environment.get("LLAMA_CACHE") or own_cache),
        endpoint=endpoint if endpoint.endswith("/") else f"{endpoint}/",
        token=token or environment.get("HF_TOKEN") or None,
        offline=offline,
    )


def locate(
    source: ModelSource,
    using: Access,
    client: Client,
    guests: Sequence[str] = (),
    *,
    needed: Sequence[str] = (),
) -> Located:
    """Where the model is, and the guests of those kinds that its repository has.

    Args:
        source: what the command names; of several, what llama.cpp would load.
        using: caches, server, token.
        client: asked only when the caches do not have it.
        guests: kinds that llama.cpp would fetch too: mmproj unless --no-mmproj, and the kinds of --spec-type.
        needed: those of them that the server is asked for where the cache has the model without them.

    Raises:
        InputError: there is no such model, it may not be read, or it is not in a cache and the network is forbidden.
    """
    if source.hf_repo:
        asked = wanted(source.hf_repo, source.hf_file)
        return _from_repository(asked, using, client, guests, frozenset(needed))
    if source.docker_repo:
        return Located(_from_docker(source.docker_repo, using))
    if source.url:
        return Located(_from_url(source.url, source.path, using))
    return Located(source.path)


def _from_repository(
    asked: Wanted, using: Access, client: Client, guests: Sequence[str], needed: frozenset[str]
) -> Located:
    if first_of(asked.file) != asked.file:
        raise refused_part(f"-hff {asked.file}", f"-hff {first_of(asked.file)}")
    cached = cached_listing(using.hub_cache, asked.repo)
    if cached is not None:
        found = _take(cached, asked, guests)
        if found is not None and (
            using.offline or (_is_certain(cached, asked) and needed <= found.guests.keys())
        ):
            return found
    if using.offline:
        raise InputError(
            f"-hf {_spelling(asked)}: is not in {using.hub_cache}, and --offline forbids to ask", FETCH
        )
    try:
        listing = server_listing(using, client, asked.repo)
    except InputError:
        # llama.cpp too falls back on what it has.
        found = _take(cached, asked, guests) if cached is not None else None
        if found is None:
            raise
        return found
    found = _take(listing, asked, guests)
    if found is None:
        raise _lacking(listing, asked)
    return found


def _lacking(listing: Listing, asked: Wanted) -> InputError:
    """That a repository has no such file, or not all parts of it."""
    model = choose_model(listing.names, asked)
    lacking = [name for name in shard_names(model) if name not in listing.names] if model else []
    if lacking:
        return InputError(
            f"-hf {_spelling(asked)}: the repository lacks {lacking[0]}", "an upload that is not finished?"
        )
    models = nearest_files(listing.names, asked)
    return InputError(
        f"-hf {_spelling(asked)}: the repository has no such GGUF file",
        f"it has {', '.join(models[:6])}{' ...' if models[6:] else ''}" if models else "it has none at all",
    )


def repository_models(repo: str, using: Access, client: Client) -> tuple[str, ...]:
    """The models of a repository on the server, or offline those in the cache.

    Raises:
        InputError: there is no such repository, it may not be read, or it has no model.
    """
    asked = wanted(repo)
    listing = (
        cached_listing(using.hub_cache, asked.repo)
        if using.offline
        else server_listing(using, client, asked.repo)
    )
    found = models(listing.names) if listing is not None else ()
    if not found:
        raise InputError(f"-hf {repo}: the repository has no GGUF model")
    return found


def _spelling(asked: Wanted) -> str:
    if asked.file:
        return f"{asked.repo} -hff {asked.file}"
    return f"{asked.repo}:{asked.tag}" if asked.tag else asked.repo


def _take(listing: Listing, asked: Wanted, guests: Sequence[str]) -> Located | None:
    """The files of a listing that the user asked for; None if they are not all there."""
    if PRESET in listing.names:
        raise InputError(
            f"-hf {_spelling(asked)}: is a list of models; llama-server starts as a router with it",
            "name one model, and plan for it",
        )
    model = choose_model(listing.names, asked)
    sought = [kind for kind in guests if model is not None or kind != "mmproj"]
    chosen = {kind: choose_guest(listing.names, model or "", kind, asked.tag) for kind in sought}
    found = {kind: listing.place(name) for kind, name in chosen.items() if name is not None}
    if model is None:
        return Located(None, found) if found and not asked.file else None
    if shards(listing.names, model) != shard_names(model):
        return None
    return Located(listing.place(*shard_names(model)), found, listing.names if listing.url else ())


def _is_certain(cached: Listing, asked: Wanted) -> bool:
    """Whether the whole repository would give the same answer as the part of it that is in the cache."""
    return (
        bool(asked.file or asked.tag)
        or choose_model(cached.names, Wanted(asked.repo, DEFAULT_TAGS[0])) is not None
    )


def _from_url(url: str, path: str | None, using: Access) -> str:
    """-mu: the file that llama.cpp keeps of it, or would write to `path`; else the URL.

    source: common/arg.cpp, build_url_tasks and get_default_local_path
    """
    parts = shard_names(url)
    kept = [kept_at(part, using) for part in parts]
    if path is None:
        local = kept
    elif len(parts) == 1:
        local = [Path(path)]
    else:
        local = [Path(path).parent / file.name for file in kept]
    if all(map(is_file, local)):
        return str(local[0])
    if using.offline:
        raise InputError(f"-mu {shown(url)}: is not at {local[0]}, and --offline forbids to ask", FETCH)
    return parts[0]


def kept_at(url: str, using: Access) -> Path:
    """Where llama.cpp writes what it fetches from a URL. source: common/arg.cpp, get_default_local_path."""
    return using.llama_cache / re.split(r"[?#]", url)[0].rpartition("/")[2]


def _from_docker(name: str, using: Access) -> str:
    """-dr: the file that llama.cpp keeps of it. source: common/download.cpp, common_docker_resolve_model."""
    repo, _, tag = name.partition(":")
    if "/" not in name:
        repo = f"ai/{repo}"
    local = using.llama_cache / f"{repo.replace('/', '_')}_{tag or 'latest'}.gguf"
    if not is_file(local):
        raise InputError(f"-dr {name}: is not at {local}", "start llama-server once to fetch it, then plan")
    return str(local)
