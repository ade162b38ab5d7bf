"""The command's model, wherever it is."""

from __future__ import annotations

import json

import pytest

from moefit.app.line import read_launch
from moefit.app.request import read_model
from moefit.cli import progress
from moefit.errors import InputError, UsageError
from moefit.gguf.remote import Progress
from moefit.launch.constraints import Constraints
from moefit.launch.sources import ModelSource
from tests.gguf import raw
from tests.gguf.raw import Raw
from tests.remote.server import ranges, status

COMMIT = "a" * 40
MODEL = Raw().text("general.architecture", "brand-new")
for key in ("block_count", "context_length", "embedding_length"):
    MODEL.pair(f"brand-new.{key}", raw.UINT32, "I", 1)
FILE = MODEL.tensor("blk.0.attn_q.weight", (8, 8)).file(256)


@pytest.fixture(autouse=True)
def environment(web, tmp_path, monkeypatch):
    """No settings, caches or tokens of the user's."""
    for name in (
        "LLAMA_CACHE",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "HF_HOME",
        "HF_TOKEN",
        "LLAMA_ARG_OFFLINE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_ENDPOINT", web.url)


def upload(web) -> None:
    branches = {"branches": [{"name": "main", "targetCommit": COMMIT}]}
    tree = [{"type": "file", "path": "m-Q4_K_M.gguf", "oid": "c" * 40}]
    web.answers["/api/models/u/m/refs"] = status(200, json.dumps(branches).encode())
    web.answers[f"/api/models/u/m/tree/{COMMIT}"] = status(200, json.dumps(tree).encode())
    web.answers[f"/u/m/resolve/{COMMIT}/m-Q4_K_M.gguf"] = ranges(FILE)


def test_a_repository_is_read_from_the_hub(web):
    upload(web)
    told: list[Progress] = []

    model = read_model(read_launch(None, ["llama-server", "-hf", "u/m"]).constraints, told.append)

    name = f"{web.url}/u/m/resolve/{COMMIT}/m-Q4_K_M.gguf"
    assert (name, 256, False) == (model.path, model.bytes, model.truncated)
    assert [Progress(name, len(FILE)), Progress(name, len(FILE), done=True)] == told


@pytest.mark.parametrize("where", ["line", "environment"])
def test_the_token_goes_along_and_is_in_no_representation(web, monkeypatch, where):
    upload(web)
    token = "hf_" + "s3cret" * 7
    words = ["llama-server", "-hf", "u/m"]
    if where == "environment":
        monkeypatch.setenv("HF_TOKEN", token)
    else:
        words += ["-hft", token]

    constraints = read_launch(None, words).constraints
    read_model(constraints)

    assert {f"Bearer {token}"} == set(web.headers("authorization"))
    assert "s3cret" not in repr(constraints)


def test_offline_asks_nothing(web):
    upload(web)

    with pytest.raises(InputError, match="--offline forbids to ask"):
        read_model(read_launch(None, ["llama-server", "-hf", "u/m", "--offline"]).constraints)

    assert [] == web.asked


def test_a_url_is_called_without_its_secrets(web):
    web.answers["/m.gguf"] = ranges(FILE)
    words = ["llama-server", "-mu", f"{web.url}/m.gguf?sig=s3cret"]

    model = read_model(read_launch(None, words).constraints)

    assert (f"{web.url}/m.gguf", (f"{web.url}/m.gguf",)) == (model.path, model.shards)


def test_a_path_is_read_without_any_of_this(tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(FILE)

    assert str(path) == read_model(Constraints(model=ModelSource(path=str(path)))).path


def test_no_model_is_an_error():
    with pytest.raises(UsageError, match="the command names no model"):
        read_model(Constraints())


def test_progress_is_one_line_for_a_person(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    progress.show_progress(Progress("http://h/m.gguf", 3 << 20))
    progress.show_progress(Progress("http://h/m.gguf", 3 << 20, done=True))

    assert "\r\x1b[Kreading the header of http://h/m.gguf: 3 MiB\r\x1b[K" == capsys.readouterr().err


def test_progress_is_nothing_for_a_log(capsys):
    progress.show_progress(Progress("http://h/m.gguf", 3 << 20))

    assert "" == capsys.readouterr().err
