"""The files that moefit and the real llama-server take of a repository are the same."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import pytest

from moefit.gguf.http import Client
from moefit.launch.sources import ModelSource
from moefit.llama.hub import access, locate
from tests.remote.server import serving, status

pytestmark = pytest.mark.llama

COMMIT = "a" * 40
TOKEN = "hf_" + "s" * 40
FILES = (
    "BF16/m-BF16-00001-of-00002.gguf",
    "BF16/m-BF16-00002-of-00002.gguf",
    "BF16/mmproj-F32.gguf",
    "m-IQ2_XXS.gguf",
    "m-Q4_K_M.gguf",
    "m-Q8_0.gguf",
    "m-UD-Q4_K_XL.gguf",
    "mmproj-BF16.gguf",
    "mmproj-Q8_0.gguf",
)


def taken(server: subprocess.CompletedProcess[str]) -> tuple[str | None, str | None]:
    """The model and the mmproj that llama-server failed on, since they hold one byte."""
    log = server.stdout + server.stderr
    model = re.search(r"llama_model_loader: failed to load model from (\S+)", log)
    mmproj = re.search(r"Failed to load CLIP model from (\S+)", log)
    return model and model[1], mmproj and mmproj[1]


def start(llama, environment, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [llama / "llama-server", *options, "--fit", "off", "--port", "0"],
        capture_output=True,
        check=False,
        env=environment,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize(
    "repo", ["u/m", "u/m:q8_0", "u/m:UD-Q4_K_XL", "u/m:bf16", "u/m:IQ2_XXS", "u/m:Q5_K_M"]
)
def test_the_same_files_are_taken_from_the_cache(repo, llama, environment, tmp_path):
    root = tmp_path / "models--u--m"
    for name in FILES:
        path = root / "snapshots" / COMMIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT)
    variables = environment | {"LLAMA_CACHE": str(tmp_path)}

    theirs = taken(start(llama, variables, "-hf", repo, "--offline"))

    with Client() as client:
        try:
            ours = locate(ModelSource(hf_repo=repo), access(variables, offline=True), client, ["mmproj"])
        except Exception:  # noqa: BLE001 - what llama-server does not find either
            assert theirs == (None, None)
            return
    assert theirs == (ours.model, ours.guests.get("mmproj"))


@pytest.mark.parametrize("repo", ["u/m", "u/m:q8_0", "u/m:bf16"])
def test_the_same_files_are_taken_from_the_hub(repo, llama, environment, tmp_path):
    with serving() as web, Client() as client:
        branches = {"branches": [{"name": "main", "targetCommit": COMMIT}]}
        tree = [{"type": "file", "path": name, "oid": f"{n:040x}"} for n, name in enumerate(FILES)]
        web.answers["/api/models/u/m/refs"] = status(200, json.dumps(branches).encode())
        web.answers[f"/api/models/u/m/tree/{COMMIT}"] = status(200, json.dumps(tree).encode())
        for name in FILES:
            web.answers[f"/u/m/resolve/{COMMIT}/{name}"] = status(200, b"x")
        variables = environment | {
            "LLAMA_CACHE": str(tmp_path),
            "MODEL_ENDPOINT": web.url,
            "HF_TOKEN": TOKEN,
            "HF_ENDPOINT": "http://127.0.0.1:9",
        }
        using = access(variables)
        source = ModelSource(hf_repo=repo)

        before = locate(source, using, client, ["mmproj"])
        theirs = taken(start(llama, variables, "-hf", repo))
        after = locate(source, replace(using, offline=True), client, ["mmproj"])

    below = f"{tmp_path}/models--u--m/snapshots/{COMMIT}/"
    assert theirs == (after.model, after.guests["mmproj"])
    assert str(before.model).replace(f"{web.url}/u/m/resolve/{COMMIT}/", below) == theirs[0]
    assert {f"Bearer {TOKEN}"} == set(web.headers("authorization"))
