"""Files beside a model, wherever the line leaves them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.app.request import read_request
from moefit.cost.workload import parse_workload
from moefit.errors import InputError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective
from moefit.llama.guest_files import Places, places
from moefit.machine.detect import MachineOptions
from moefit.planning.as_given import as_given
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.search.guest_memory import draft_bytes
from moefit.search.request import Options
from tests.gguf import raw
from tests.gguf.raw import Raw
from tests.remote.hub import Hub
from tests.remote.server import ranges

MODEL = "m-Q4_K_M.gguf"


@pytest.fixture
def hub(web, tmp_path):
    return Hub(web, tmp_path)


@pytest.fixture
def drafts(web, tmp_path):
    return Hub(web, tmp_path, "u/d")


@pytest.fixture
def find(hub, client):
    def find(*flags: str, program: str = "llama-server", offline: bool = False) -> Places:
        line = constraints(program, effective(parse([program, "-hf", "u/m", *flags])))
        return places(line, replace(hub.access, offline=offline), client)

    return find


def test_a_projector_comes_with_the_model_unless_the_line_says_otherwise(hub, find):
    hub.upload(MODEL, "mmproj-F16.gguf")

    assert hub.url("mmproj-F16.gguf") == find().mmproj
    assert hub.url("mmproj-F16.gguf") == find(program="llama-cli").mmproj
    assert [None, "p.gguf"] == [find(*flags).mmproj for flags in (["--no-mmproj"], ["-mm", "p.gguf"])]
    assert find(program="llama-bench").mmproj is None


def test_a_projector_may_be_a_url(hub, find, web):
    hub.upload(MODEL, "mmproj-F16.gguf")
    there = find("-mmu", f"{web.url}/p.gguf")
    (hub.access.llama_cache).mkdir()
    (hub.access.llama_cache / "p.gguf").write_bytes(b"x")

    assert f"{web.url}/p.gguf" == there.mmproj
    assert str(hub.access.llama_cache / "p.gguf") == find("-mmu", f"{web.url}/p.gguf").mmproj


def test_a_draft_model_beside_the_model_is_used_when_the_line_asks_for_its_kind(hub, find):
    hub.upload(MODEL, "mtp-m.gguf", "eagle3-m.gguf")

    assert find().draft is None
    assert find("--spec-type", "ngram-mod").draft is None
    assert hub.url("eagle3-m.gguf") == find("--spec-type", "draft-eagle3").draft
    assert hub.url("mtp-m.gguf") == find("--spec-type", "draft-eagle3,draft-mtp").draft


def test_the_lines_own_draft_model_comes_before_the_one_beside_the_model(hub, find):
    hub.upload(MODEL, "mtp-m.gguf")

    assert Places(hub.url(MODEL), draft="d.gguf") == find("--spec-type", "draft-mtp", "-md", "d.gguf")


def test_a_draft_model_that_the_cache_lacks_is_asked_for(hub, find):
    hub.cache(MODEL)
    hub.upload(MODEL, "mtp-m.gguf")

    assert Places(hub.path(MODEL)) == find()
    assert [] == hub.web.asked
    assert Places(hub.path(MODEL), draft=hub.url("mtp-m.gguf")) == find("--spec-type", "draft-mtp")
    assert Places(hub.path(MODEL)) == find("--spec-type", "draft-mtp", offline=True)


def test_the_other_files_are_known_of_a_repository_whose_server_was_asked(hub, find):
    hub.upload(MODEL, "m-Q3_K_M.gguf")
    assert {MODEL, "m-Q3_K_M.gguf"} <= set(find().siblings)
    hub.cache(MODEL)
    assert () == find().siblings


def test_a_repository_of_drafts_gives_what_its_sidecars_are_for(hub, drafts, find):
    hub.upload(MODEL)
    drafts.upload("d-Q4_K_M.gguf", "dflash-d.gguf", "eagle3-d.gguf")

    found = find("-hfd", "u/d")
    assert (drafts.url("dflash-d.gguf"), "draft-dflash") == (found.draft, found.spec_type)
    found = find("-hfd", "u/d", "--spec-type", "draft-eagle3")
    assert (drafts.url("eagle3-d.gguf"), None) == (found.draft, found.spec_type)
    found = find("-hfd", "u/d", "--spec-type", "draft-simple")
    assert (drafts.url("d-Q4_K_M.gguf"), None) == (found.draft, found.spec_type)


def test_a_path_beside_a_repository_of_drafts_counts_before_a_sidecar_alone(hub, drafts, find):
    hub.upload(MODEL)
    drafts.upload("d-Q4_K_M.gguf", "mtp-d.gguf")

    both = ("-hfd", "u/d", "-md", "d.gguf")
    assert ("d.gguf", "draft-mtp") == (find(*both).draft, find(*both).spec_type)
    assert drafts.url("d-Q4_K_M.gguf") == find(*both, "--spec-type", "draft-simple").draft


def test_a_draft_that_is_cached_needs_no_request(hub, drafts, find):
    hub.cache(MODEL)
    drafts.cache("d-Q4_K_M.gguf")

    assert drafts.path("d-Q4_K_M.gguf") == find("-hfd", "u/d").draft
    assert [] == hub.web.asked


def test_an_error_names_the_option_of_the_draft(hub, find):
    hub.upload(MODEL)

    with pytest.raises(InputError, match="-hfd u/d: there is no such repository"):
        find("-hfd", "u/d")


def test_a_repository_without_a_model_is_an_error(hub, find):
    hub.upload("mtp-m.gguf")

    with pytest.raises(InputError, match="the repository has no model"):
        find("--spec-type", "draft-mtp")


def test_what_a_repository_has_beside_its_model_is_counted(hub, web, request_of):
    hub.upload(MODEL, "mmproj-F16.gguf", "mtp-m.gguf")
    files = {MODEL: language(2, 0), "mmproj-F16.gguf": projector(), "mtp-m.gguf": language(3, 1)}
    for name, data in files.items():
        web.answers[hub.url(name).removeprefix(web.url)] = ranges(data)

    read = request_of("llama-server", "-hf", "u/m", "-c", "4096", "--spec-type", "draft-mtp")

    found = as_given(read, 4096).settled.guests
    held = {(guest.kind, guest.device): (guest.model, guest.context) for guest in found}
    cache = 4096 * 2 * 2 * 64
    assert (256, 0) == held["mmproj", "CUDA0"]
    assert (128 * 64 * 4 + 64 * 64 * 4, cache) == held["draft", "CUDA0"]
    assert (128 * 64 * 4, 0) == held["draft", "CPU"]
    assert draft_bytes(found) == {
        "CUDA0": (128 * 64 + 64 * 64) * 4
    }  # the embedding stays on the CPU, of which a row is read


@pytest.fixture
def request_of(web, tmp_path, monkeypatch):
    """Reads a line whose caches and servers are the test's own."""
    for name in ("HF_TOKEN", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_ENDPOINT", web.url)
    machine, options = MachineOptions(gpus=("8GiB",), ram="16GiB"), Options(parse_workload("chat"))
    return lambda *words: read_request(None, words, machine, options)


def test_a_model_by_url_alone_needs_a_path_or_the_server_is_a_router(web, tmp_path, request_of):
    web.answers["/m.gguf"] = ranges(language(2, 0))
    line = ("llama-server", "-mu", f"{web.url}/m.gguf?sig=s", "-c", "4096")
    read = request_of(*line)
    kept = str(tmp_path / "llama.cpp" / "m.gguf")

    made = plan(read)
    assert (*line, "-m", kept) == made.argv[:7]
    given = estimate(read)
    assert [("no-model", f"add -m {kept}")] == [
        (w.code, w.hint) for w in given.warnings if w.code == "no-model"
    ]

    (tmp_path / "llama.cpp").mkdir()
    (tmp_path / "llama.cpp" / "m.gguf").write_bytes(language(2, 0))
    again = request_of(*made.argv)
    assert made.argv == plan(again).argv
    assert () == request_of("llama-cli", *line[1:]).launch.needed


def projector() -> bytes:
    return Raw().text("general.architecture", "clip").tensor("v.patch_embd.weight", (64,)).file(256)


def language(blocks: int, heads: int) -> bytes:
    """A model of so many blocks, the last `heads` of which predict further tokens; a file of these has no others."""
    head = Raw().text("general.architecture", "glm4moe")
    numbers = {
        "block_count": blocks,
        "nextn_predict_layers": heads,
        "embedding_length": 64,
        "attention.head_count": 1,
        "vocab_size": 128,
        "context_length": 8192,
        "expert_feed_forward_length": 64,
        "expert_shared_count": 1,
    }
    for key, value in numbers.items():
        head.pair(f"glm4moe.{key}", raw.UINT32, "I", value)
    head.pair("glm4moe.attention.layer_norm_rms_epsilon", raw.FLOAT32, "f", 1e-5)
    head.tensor("token_embd.weight", (64, 128))
    offset = 128 * 64 * 4
    for block in range(blocks)[-heads:] if heads else range(blocks):
        name = "nextn.eh_proj" if block >= blocks - heads else "attn_q"
        head.tensor(f"blk.{block}.{name}.weight", (64, 64), offset=offset)
        offset += 64 * 64 * 4
    return head.file(offset)
