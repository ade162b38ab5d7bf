"""A repository of the Hub, on loopback and in a cache on disk."""

from __future__ import annotations

import json
from pathlib import Path

from moefit.llama.hub_listing import Access
from tests.remote.server import Web, status

COMMIT = "a" * 40
OLD = "b" * 40
TOKEN = "hf_" + "s" * 40


class Hub:
    """A cache on disk and a server of repositories."""

    def __init__(self, web: Web, folder: Path, repo: str = "u/m") -> None:
        self.web = web
        self.repo = repo
        self.access = Access(folder / "hub", folder / "llama.cpp", f"{web.url}/", TOKEN)

    def cache(self, *names: str, commit: str = COMMIT, branch: str = "main", content: bytes = b"x") -> None:
        root = self.access.hub_cache / f"models--{self.repo.replace('/', '--')}"
        for name in names:
            path = root / "snapshots" / commit / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (root / "refs").mkdir(parents=True, exist_ok=True)
        (root / "refs" / branch).write_text(commit)

    def upload(self, *names: str) -> None:
        branches = [{"name": "dev", "targetCommit": OLD}, {"name": "main", "targetCommit": COMMIT}]
        self.answer("refs", {"branches": branches})
        self.answer(f"tree/{COMMIT}", [{"type": "directory", "path": "d"}] + [file(name) for name in names])

    def answer(self, path: str, document: object) -> None:
        self.web.answers[f"/api/models/{self.repo}/{path}"] = status(200, json.dumps(document).encode())

    def path(self, name: str) -> str:
        return str(
            self.access.hub_cache / f"models--{self.repo.replace('/', '--')}" / "snapshots" / COMMIT / name
        )

    def url(self, name: str) -> str:
        return f"{self.web.url}/{self.repo}/resolve/{COMMIT}/{name}"


def file(name: str) -> dict[str, object]:
    return {"type": "file", "path": name, "oid": "c" * 40, "size": 1}
