"""Lines inside files: absolute paths, names by file, and only what moefit adds."""

from __future__ import annotations

import shlex

import pytest
import yaml

from moefit.errors import UsageError
from moefit.formats import env, llama_bench, llama_swap
from moefit.formats.paths import absolute
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("llama-server -m a.gguf -c 1", "llama-server -m /home/me/a.gguf -c 1"),
        ("llama-server -m ./m/a.gguf", "llama-server -m /home/me/m/a.gguf"),
        ("llama-server -m ../a.gguf", "llama-server -m /home/me/../a.gguf"),
        ("./llama-server -m /m/a.gguf", "/home/me/llama-server -m /m/a.gguf"),
        (
            "nice build/bin/llama-server -md d.gguf",
            "nice /home/me/build/bin/llama-server -md /home/me/d.gguf",
        ),
        (
            "llama-server --lora a,b --mmproj p",
            "llama-server --lora /home/me/a,/home/me/b --mmproj /home/me/p",
        ),
        ("llama-server --lora-scaled a:0.5", "llama-server --lora-scaled /home/me/a:0.5"),
        ("llama-server -hf u/r -hff a.gguf", "llama-server -hf u/r -hff a.gguf"),
        ("llama-server -m ${models}/a.gguf", "llama-server -m ${models}/a.gguf"),
        ("llama-server.exe -m C:\\m\\a.gguf", "llama-server.exe -m C:\\m\\a.gguf"),
        ("docker run IMAGE -m m/a.gguf", "docker run IMAGE -m m/a.gguf"),
        ("env -C /srv llama-server -m a.gguf", "env -C /srv llama-server -m /srv/a.gguf"),
        ("env -C m llama-server -m a.gguf", "env -C m llama-server -m /home/me/m/a.gguf"),
        (
            "llama-server --slot-save-path s --alias a/b",
            "llama-server --slot-save-path /home/me/s --alias a/b",
        ),
    ],
)
def test_paths_are_absolute_for_a_reader_elsewhere(line: str, expected: str) -> None:
    assert expected == " ".join(absolute(parse(line.split()), "/home/me").argv)


CONTAINER = "docker run --gpus all -v /m:/models IMAGE -m /models/a.gguf --port 8080"


def test_a_containers_environment_file_is_named_and_not_quoted() -> None:
    text = env.write(parse([*CONTAINER.split(), "-ot", "a b=CPU"]))
    assert (
        "# start it with: docker run --env-file THIS_FILE --gpus all -v /m:/models IMAGE"
        == text.splitlines()[0]
    )
    assert "LLAMA_ARG_OVERRIDE_TENSOR=a b=CPU" in text.splitlines()


@pytest.mark.parametrize(
    ("published", "proxy"),
    [("-p 9000:8080", "9000"), ("-p 127.0.0.1:9001:8080", "9001"), ("-p ${PORT}:8080", None), ("", "8080")],
)
def test_an_entry_asks_a_container_where_it_is_published(published: str, proxy: str | None) -> None:
    line = CONTAINER.replace("--gpus all", f"--gpus all {published}").split()
    entry = yaml.safe_load(llama_swap.write(parse(line), "x"))["models"]["x"]
    assert (proxy and f"http://127.0.0.1:{proxy}", line) == (entry.get("proxy"), shlex.split(entry["cmd"]))


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("llama serve -m a.gguf", "llama bench"),
        ("nice /opt/llama-server -m a.gguf", "nice /opt/llama-bench"),
        ("llama-server -m a.gguf", "llama-bench"),
    ],
)
def test_bench_is_beside_the_lines_program(line: str, program: str) -> None:
    command = parse(line.split())
    given = effective(command)
    text = llama_bench.write(command, given, constraints(command.name, given))
    assert f"{program} -m a.gguf" == text


def test_a_containers_image_has_no_bench() -> None:
    command = parse(CONTAINER.split())
    with pytest.raises(UsageError, match="llama-bench is another image's program"):
        llama_bench.write(command, (), constraints("llama-server", ()))
