from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.gguf.http import Client
from moefit.launch.sources import ModelSource
from moefit.llama.hub import Located, access, locate
from tests.remote.hub import COMMIT, OLD, TOKEN, Hub, file
from tests.remote.server import Handler, drop, ranges, status


@pytest.fixture
def hub(web, tmp_path) -> Hub:
    return Hub(web, tmp_path)


def find(hub: Hub, client: Client, repo: str = "u/m", *guests: str, offline=False, hf_file=None) -> Located:
    return locate(
        ModelSource(hf_repo=repo, hf_file=hf_file), replace(hub.access, offline=offline), client, guests
    )


def complaint(hub: Hub, client: Client, repo: str = "u/m", **kwargs) -> str:
    with pytest.raises(InputError) as caught:
        find(hub, client, repo, **kwargs)
    text = f"{caught.value.message} {caught.value.hint}"
    assert TOKEN not in text
    assert "\n" not in text
    return caught.value.message


def test_a_cached_model_is_found_without_a_request(hub, client):
    hub.cache("m-Q4_K_M.gguf")

    assert Located(hub.path("m-Q4_K_M.gguf")) == find(hub, client)
    assert [] == hub.web.asked


@pytest.mark.parametrize("offline", [False, True])
def test_a_tag_chooses_among_what_is_cached(hub, client, offline):
    hub.cache("m-Q4_K_M.gguf", "m-Q8_0.gguf")

    assert hub.path("m-Q8_0.gguf") == find(hub, client, "u/m:q8_0", offline=offline).model
    assert [] == hub.web.asked


def test_a_file_is_found_by_name(hub, client):
    hub.cache("m-Q4_K_M.gguf", "d/other.gguf")

    assert hub.path("d/other.gguf") == find(hub, client, hf_file="d/other.gguf").model


def test_a_set_is_named_by_its_first_file(hub, client):
    hub.cache("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    with pytest.raises(InputError) as caught:
        find(hub, client, hf_file="m-00002-of-00002.gguf")

    assert "write -hff m-00001-of-00002.gguf" == caught.value.hint


def test_main_counts_among_cached_branches(hub, client):
    hub.cache("m-Q4_K_M.gguf", commit=OLD, branch="a")
    hub.cache("m-Q4_K_M.gguf")

    assert hub.path("m-Q4_K_M.gguf") == find(hub, client, offline=True).model


def test_links_to_blobs_are_followed(hub, client, tmp_path):
    hub.cache("README.md")
    blob = tmp_path / "blob"
    blob.write_bytes(b"x")
    Path(hub.path("m-Q4_K_M.gguf")).symlink_to(blob)
    Path(hub.path("m-Q8_0.gguf")).symlink_to(tmp_path / "gone")

    assert hub.path("m-Q4_K_M.gguf") == find(hub, client, offline=True).model
    assert "not in" in complaint(hub, client, "u/m:Q8_0", offline=True)


def test_without_a_tag_another_quantisation_than_the_default_is_not_taken_unasked(hub, client):
    """llama.cpp would fetch Q4_K_M, which the cache does not show."""
    hub.cache("m-Q8_0.gguf")
    hub.upload("m-Q4_K_M.gguf", "m-Q8_0.gguf")

    assert hub.url("m-Q4_K_M.gguf") == find(hub, client).model


def test_without_a_tag_the_cache_is_taken_where_the_repository_has_the_same(hub, client):
    hub.cache("m-Q8_0.gguf")
    hub.upload("m-IQ2_M.gguf", "m-Q8_0.gguf")

    assert hub.path("m-Q8_0.gguf") == find(hub, client).model


def test_offline_the_cache_is_all_there_is(hub, client):
    hub.cache("m-Q8_0.gguf")

    assert hub.path("m-Q8_0.gguf") == find(hub, client, offline=True).model


@pytest.mark.parametrize("answer", [drop, status(500), status(401), status(404)])
def test_without_the_hub_the_cache_is_all_there_is(hub, client, answer):
    hub.cache("m-Q8_0.gguf")
    hub.web.answers["/api/models/u/m/refs"] = answer

    assert hub.path("m-Q8_0.gguf") == find(hub, client).model


def test_what_is_not_cached_is_a_url(hub, client):
    hub.upload("README.md", "m-Q4_K_M.gguf")

    assert Located(hub.url("m-Q4_K_M.gguf")) == find(hub, client)


def test_names_are_quoted_in_a_url(hub, client):
    hub.upload("a b/m #1-Q4_K_M.gguf")

    assert hub.url("a%20b/m%20%231-Q4_K_M.gguf") == find(hub, client).model


def test_the_token_is_sent_to_the_hub(hub, client):
    hub.upload("m-Q4_K_M.gguf")

    find(hub, client)

    assert [f"Bearer {TOKEN}"] * 2 == hub.web.headers("authorization")


def test_what_is_no_token_is_not_sent(hub, client):
    hub.upload("m-Q4_K_M.gguf")
    hub.access = replace(hub.access, token="hf_short")

    find(hub, client)

    assert [None] * 2 == hub.web.headers("authorization")


def test_a_set_that_is_cached_in_part_is_a_url(hub, client):
    names = [f"m-Q8_0-0000{n}-of-00002.gguf" for n in (1, 2)]
    hub.cache(names[0])
    hub.upload(*names)

    # The first shard is in the cache, so a plan must not take it for a whole model.
    assert hub.url(names[0]) == find(hub, client, "u/m:Q8_0").model


def test_a_whole_set_is_found_in_the_cache(hub, client):
    names = [f"m-Q8_0-0000{n}-of-00002.gguf" for n in (1, 2)]
    hub.cache(*names)

    assert hub.path(names[0]) == find(hub, client, "u/m:Q8_0").model


def test_sidecars_come_along(hub, client):
    hub.upload("m-Q4_K_M.gguf", "mmproj-F16.gguf", "mtp-m.gguf")
    hub.cache("mmproj-F16.gguf")

    found = find(hub, client, "u/m", "mmproj", "mtp", "eagle3")

    assert {"mmproj": hub.path("mmproj-F16.gguf"), "mtp": hub.url("mtp-m.gguf")} == found.guests


def test_a_repository_may_have_a_sidecar_alone(hub, client):
    hub.upload("mtp-m-Q8_0.gguf")

    assert Located(None, {"mtp": hub.url("mtp-m-Q8_0.gguf")}) == find(hub, client, "u/m", "mmproj", "mtp")


def test_offline_without_a_cache_is_an_error(hub, client):
    assert f"-hf u/m: is not in {hub.access.hub_cache}, and --offline forbids to ask" == complaint(
        hub, client, offline=True
    )
    assert [] == hub.web.asked


def test_a_tag_that_no_file_has_is_an_error_that_lists_what_there_is_the_nearest_first(hub, client):
    hub.upload("m-Q4_K_M.gguf", "m-Q8_0.gguf", "README.md")

    with pytest.raises(InputError) as caught:
        find(hub, client, "u/m:Q5_0")

    assert "-hf u/m:Q5_0: the repository has no such GGUF file" == caught.value.message
    assert "it has m-Q8_0.gguf, m-Q4_K_M.gguf" == caught.value.hint


@pytest.mark.parametrize("typed", [{"repo": "u/m:Q4_KM"}, {"hf_file": "m-Q4_K_N.gguf"}])
def test_of_many_files_the_one_that_was_meant_is_listed_once_and_first(hub, client, typed):
    shards = [f"BF16/m-BF16-0000{i}-of-00009.gguf" for i in range(1, 10)]
    hub.upload(*shards, "m-Q4_K_M-00001-of-00002.gguf", "m-Q4_K_M-00002-of-00002.gguf", "m-Q8_0.gguf")

    with pytest.raises(InputError) as caught:
        find(hub, client, **typed)

    assert caught.value.hint.startswith("it has m-Q4_K_M-00001-of-00002.gguf, ")
    assert 1 == caught.value.hint.count("BF16/")


def test_a_list_of_models_is_an_error(hub, client):
    hub.upload("preset.ini", "m-Q4_K_M.gguf")

    assert "is a list of models" in complaint(hub, client)


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_repository_that_may_not_be_seen_is_an_error(hub, client, code):
    hub.web.answers["/api/models/u/m/refs"] = status(code, b'{"error": "s3cret"}')

    assert f"-hf u/m: there is no such repository, or it is private or gated ({code})" == complaint(
        hub, client
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"null",
        b'{"branches": [{"name": 1}, 2, {"targetCommit": "../../x"}]}',
        b'{"branches": [{"name": "main", "targetCommit": 1234567890123456789012345678901234567890}]}',
        b"\xff",
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(hub, client, body):
    hub.web.answers["/api/models/u/m/refs"] = status(200, body)

    assert complaint(hub, client).startswith(("-hf u/m: the repository has no branch", f"{hub.web.url}/api/"))


@pytest.mark.parametrize(
    "name",
    [
        "../../../x-Q4_K_M.gguf",
        "/etc/x-Q4_K_M.gguf",
        "",
        5,
        None,
        "\ud800-Q4_K_M.gguf",
        "\0-Q4_K_M.gguf",
        f"{256 * 'q'}-Q4_K_M.gguf",
    ],
)
def test_paths_that_lead_out_of_the_repository_are_not_taken(hub, client, name):
    hub.upload("README.md")
    hub.answer(f"tree/{COMMIT}", [file(name), "x", {"path": "m-Q4_K_M.gguf"}])

    assert "the repository has no such GGUF file" in complaint(hub, client)


def test_a_listing_without_end_is_an_error(hub):
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not handler.web.stop.is_set():
            handler.wfile.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")

    hub.web.answers["/api/models/u/m/refs"] = answer

    with Client(deadline=20) as patient:
        assert "the server sends more than" in complaint(hub, patient)


URL = "https://host/files/m-Q4.gguf?download=true#x"


def test_a_url_is_found_in_llama_cpps_cache(hub, client):
    hub.access.llama_cache.mkdir()
    (hub.access.llama_cache / "m-Q4.gguf").write_bytes(b"x")

    assert Located(f"{hub.access.llama_cache}/m-Q4.gguf") == locate(ModelSource(url=URL), hub.access, client)


def test_a_url_with_a_path_is_where_the_path_says(hub, client, tmp_path):
    path = tmp_path / "mine.gguf"
    before = locate(ModelSource(url=URL, path=str(path)), hub.access, client)
    path.write_bytes(b"x")

    assert (URL, str(path)) == (
        before.model,
        locate(ModelSource(url=URL, path=str(path)), hub.access, client).model,
    )


def test_a_url_of_any_shard_is_the_first_shards(hub, client):
    found = locate(ModelSource(url="https://host/m-00002-of-00002.gguf"), hub.access, client)

    assert "https://host/m-00001-of-00002.gguf" == found.model


def test_a_set_by_url_is_found_beside_the_path(hub, client, tmp_path):
    source = ModelSource(url="https://host/m-00001-of-00002.gguf", path=str(tmp_path / "x.gguf"))
    for number in (1, 2):
        (tmp_path / f"m-0000{number}-of-00002.gguf").write_bytes(b"x")

    assert f"{tmp_path}/m-00001-of-00002.gguf" == locate(source, hub.access, client).model


def test_offline_a_url_must_be_cached(hub, client):
    with pytest.raises(InputError) as caught:
        locate(ModelSource(url=f"{URL}&sig=s3cret"), replace(hub.access, offline=True), client)

    expected = f"-mu https://host/files/m-Q4.gguf: is not at {hub.access.llama_cache}/m-Q4.gguf, and --offline forbids to ask"
    assert expected == caught.value.message


def test_a_docker_model_is_found_in_llama_cpps_cache(hub, client):
    hub.access.llama_cache.mkdir()
    (hub.access.llama_cache / "ai_gemma3_latest.gguf").write_bytes(b"x")

    found = locate(ModelSource(docker_repo="gemma3"), hub.access, client)

    assert f"{hub.access.llama_cache}/ai_gemma3_latest.gguf" == found.model


def test_a_docker_model_that_is_not_cached_is_an_error(hub, client):
    with pytest.raises(InputError, match=r"-dr me/m:Q4: is not at .*/me_m_Q4.gguf"):
        locate(ModelSource(docker_repo="me/m:Q4"), hub.access, client)


def test_a_path_is_itself(hub, client):
    assert Located("m.gguf") == locate(ModelSource(path="m.gguf"), hub.access, client)


def test_the_repository_counts_before_the_url_and_the_path(hub, client):
    hub.cache("m-Q4_K_M.gguf")
    source = ModelSource(path="p.gguf", hf_repo="u/m", url=URL)

    assert hub.path("m-Q4_K_M.gguf") == locate(source, hub.access, client).model


HOME = {"HOME": "/h"}


@pytest.mark.parametrize(
    ("environment", "hub_cache", "llama_cache"),
    [
        (HOME, "/h/.cache/huggingface/hub", "/h/.cache/llama.cpp"),
        ({**HOME, "XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub", "/x/llama.cpp"),
        ({**HOME, "HF_HOME": "/f", "XDG_CACHE_HOME": "/x"}, "/f/hub", "/x/llama.cpp"),
        ({**HOME, "HUGGINGFACE_HUB_CACHE": "/g", "HF_HOME": "/f"}, "/g", "/h/.cache/llama.cpp"),
        ({**HOME, "HF_HUB_CACHE": "/b", "HUGGINGFACE_HUB_CACHE": "/g"}, "/b", "/h/.cache/llama.cpp"),
        ({**HOME, "LLAMA_CACHE": "/l", "HF_HUB_CACHE": "/b"}, "/l", "/l"),
        ({**HOME, "LLAMA_CACHE": "", "HF_HOME": ""}, "/h/.cache/huggingface/hub", "/h/.cache/llama.cpp"),
    ],
)
def test_caches_are_where_llama_cpp_has_them(environment, hub_cache, llama_cache):
    found = access(environment)

    assert (hub_cache, llama_cache) == (str(found.hub_cache), str(found.llama_cache))


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, "https://huggingface.co/"),
        ({"HF_ENDPOINT": "https://mirror"}, "https://mirror/"),
        ({"MODEL_ENDPOINT": "https://m/", "HF_ENDPOINT": "https://mirror"}, "https://m/"),
    ],
)
def test_the_endpoint_is_the_environments(environment, endpoint):
    assert endpoint == access(environment | HOME).endpoint


def test_the_token_of_the_line_counts_before_the_environments():
    assert ("line", "env", None) == (
        access({"HF_TOKEN": "env"} | HOME, token="line").token,
        access({"HF_TOKEN": "env"} | HOME).token,
        access(HOME).token,
    )


def test_the_token_is_in_no_representation(hub):
    assert TOKEN not in repr(hub.access)


def test_a_located_model_can_be_read(hub, client):
    from moefit.gguf.remote import opener
    from moefit.gguf.split import read_header
    from tests.gguf.raw import Raw

    hub.upload("m-Q4_K_M.gguf")
    hub.web.answers[f"/u/m/resolve/{COMMIT}/m-Q4_K_M.gguf"] = ranges(Raw().tensor("t", (8,)).file(32))
    found = find(hub, client)

    assert ["t"] == [t.name for t in read_header(str(found.model), opener(client)).tensors]
