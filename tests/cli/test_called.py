"""Programs as they are called: two words, containers, wrappers, routers; what is printed, and what `run` starts as it is."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.app.container_paths import with_variable_files
from moefit.errors import InputError
from moefit.launch.command import parse
from tests.cli.test_commands import CARD, EXAMPLE, moefit

__all__ = ["moefit"]


@pytest.fixture(scope="module")
def whole(large):
    """Of a model that a card holds whole no variable is printed."""
    return large


@pytest.fixture
def container(whole, tmp_path):
    """Words of a container that has the model's folder as /models."""
    (tmp_path / "m.gguf").symlink_to(whole)
    return [
        "docker",
        "run",
        "--gpus",
        "all",
        "-v",
        f"{tmp_path}:/models",
        "-p",
        "80:80",
        "--name",
        "llama-server",
        "IMAGE",
    ]


def test_llama_serve_is_planned_and_stays_two_words(moefit, whole):
    status, out, _ = moefit("args", *CARD, "--", "llama", "serve", "-m", whole, "-c", "16384")
    assert (0, f"llama serve -m {whole} -c 16384") == (status, out[: len(f"llama serve -m {whole} -c 16384")])


def test_a_containers_model_is_read_where_its_folder_is_mounted_from(moefit, container):
    status, out, _ = moefit("args", *CARD, "--", *container, "-m", "/models/m.gguf", "-c", "16384")
    assert (0, " ".join([*container, "-m", "/models/m.gguf"])) == (status, out.split(" -c ")[0])


def test_a_mount_of_the_users_home_is_found(moefit, container, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    line = [word.replace(f"{tmp_path}:", "$HOME:") for word in container]
    status, *_ = moefit("args", *CARD, "--", *line, "-m", "/models/m.gguf", "-c", "8192")
    assert 0 == status


def test_a_model_that_no_mount_holds_is_refused(moefit, container):
    status, out, err = moefit("args", *CARD, "--", *container, "-m", "/elsewhere/m.gguf")
    assert (2, "", True) == (status, out, "/elsewhere/m.gguf: the line mounts nothing there" in err)


def test_variables_of_a_file_count_for_a_container(moefit, container, tmp_path):
    (tmp_path / "vars").write_text("# of ours\nLLAMA_ARG_CTX_SIZE=8192\nLLAMA_ARG_N_PARALLEL\n")
    line = [*container[:2], "--env-file", str(tmp_path / "vars"), *container[2:], "-m", "/models/m.gguf"]
    _, out, _ = moefit("plan", "--json", *CARD, "--", *line)
    assert 8192 == json.loads(out)["launch"]["context"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "not a file", id="a pipe"),
        pytest.param(b"A=1\n" * 300_000, "more than 1024 KiB", id="large"),
        pytest.param(b"\xff=1", "not text", id="no text"),
        pytest.param(b"A=1\n=2", "line 2 has no name that a variable can have", id="no name"),
        pytest.param(b"A B=1", "line 1 has no name that a variable can have", id="a space"),
        pytest.param(b"A=\0", "line 1 has no name that a variable can have", id="NUL"),
    ],
)
def test_a_file_of_variables_is_small_text(container, tmp_path, content, said):
    path = tmp_path / "vars"
    os.mkfifo(path) if content is None else path.write_bytes(content)
    command = parse([*container[:2], "--env-file", str(path), *container[2:]])
    with pytest.raises(InputError, match=re.escape(f"{path}: {said}")):
        with_variable_files(command)


def test_a_file_of_variables_is_read_as_docker_reads_it(container, tmp_path):
    (tmp_path / "vars").write_bytes("\ufeff  A=1\u2028B=2 \r\n\n#C=3\nD".encode())
    command = parse([*container[:2], "--env-file", str(tmp_path / "vars"), *container[2:]])
    assert (("A", "1\u2028B=2 "), ("D", None)) == with_variable_files(command).container.variables


def test_the_hosts_variables_do_not_reach_a_container(moefit, container, monkeypatch):
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", "8192")
    _, out, _ = moefit("plan", "--json", *CARD, "--", *container, "-m", "/models/m.gguf", "-np", "1")
    assert 8192 != json.loads(out)["launch"]["context"]


@pytest.mark.parametrize(
    "line", [["--models-dir", "d"], ["--models-preset", "p.ini", "--models-max", "1"], []]
)
@pytest.mark.parametrize("command", ["plan", "args", "estimate"])
def test_a_router_is_not_planned(moefit, command, line):
    status, out, err = moefit(command, *CARD, "--", "llama-server", *line)
    assert (2, "", True) == (status, out, "is a router: plan its models one by one" in err)


def test_a_port_may_be_llama_swaps_macro_in_its_own_format_and_back(moefit, whole):
    line = ["llama-server", "-m", whole, "--port", "${PORT}", "-c", "4096", "-np", "1"]
    status, out, _ = moefit("args", *CARD, "--format", "llama-swap", "--", *line)
    assert (0, True, False) == (status, "${PORT}" in out, "proxy:" in out)


def executed(tmp_path, *words):
    """What a llama-server that prints its words prints when `moefit run` has become it."""
    fake = tmp_path / "llama-server"
    fake.write_text(
        '#!/bin/sh\nif [ "$1" = --help ] && [ "$#" = 1 ] && [ -z "$ASKED" ]; then exit 0; fi\necho ran "$@"\n'
    )
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "ASKED": "1"}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    line = [sys.executable, "-m", "moefit", "run", "--", *words]
    return subprocess.run(
        line, capture_output=True, text=True, env=environment, cwd=Path(EXAMPLE).parent, check=False
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["--list-devices"],
        ["--models-dir", "d", "--port", "80"],
        [],
        ["-m", "a.gguf", "--version"],
    ],
)
def test_run_starts_what_loads_no_model_as_it_is(tmp_path, words):
    ended = executed(tmp_path, "llama-server", *words)
    assert (0, " ".join(["ran", *words]) + "\n") == (ended.returncode, ended.stdout)


def test_cards_that_a_line_hides_are_not_planned_for(moefit, whole):
    cards = ["--gpu", "rtx-3090", "--gpu", "rtx-3060", "--ram", "60GiB", "--cores", "8"]
    line = ["env", "CUDA_VISIBLE_DEVICES=1", "llama-server", "-m", whole, "-c", "8192"]
    _, out, _ = moefit("plan", "--json", *cards, "--", *line)
    assert ["RTX 3060"] == [gpu["description"][-8:] for gpu in json.loads(out)["machine"]["gpus"]]


def test_without_pinned_memory_no_load_mode_counts_on_it(moefit, whole):
    line = ["env", "GGML_CUDA_NO_PINNED=1", "llama-server", "-m", whole, "-c", "8192"]
    _, out, _ = moefit("args", *CARD, "--", *line)
    assert "-lm" not in out


def test_a_fork_is_named_and_not_planned_without_its_page(moefit, whole):
    status, out, err = moefit("args", *CARD, "--", "llama-server", "-m", whole, "-mla", "3", "-fmoe")
    assert (2, "", True) == (status, out, "-mla -fmoe: an option of ik_llama.cpp" in err)


def test_a_forks_page_plans_its_line_and_says_so(moefit, whole, tmp_path):
    page = "-m, --model FNAME   m\n-c, --ctx-size N  c\n-mla, --mla-use N  m\n-fmoe, --fused-moe  f\n-ngl, --gpu-layers N  n\n"
    page += "-ot, --override-tensor WORDS  o\n-ub, --ubatch-size N  u\n"
    (tmp_path / "page").write_text(page)
    line = ["llama-server", "-m", whole, "-c", "8192", "-mla", "3", "-fmoe"]
    status, out, err = moefit("args", *CARD, "--build", str(tmp_path / "page"), "--", *line)
    assert (0, True, True) == (status, "-mla 3 -fmoe" in out, "this is ik_llama.cpp" in err)


def test_that_no_program_was_found_is_said_once(moefit, whole):
    _, _, err = moefit("args", *CARD, "--", "llama-server", "-m", whole, "--no-mmap", "--mlock", "-c", "8192")
    assert (1, False) == (err.count("no llama-server was found"), "this build" in err)


def test_a_container_has_no_more_ram_than_it_is_given(moefit, container):
    line = [*container[:2], "--memory", "6g", *container[2:], "-m", "/models/m.gguf", "-c", "8192"]
    _, out, _ = moefit("plan", "--json", *CARD, "--", *line)
    assert 6 << 30 == json.loads(out)["machine"]["ram"]["available"]


def test_a_model_read_by_the_containers_own_path_is_said(moefit, whole, monkeypatch):
    monkeypatch.chdir(Path(whole).parent)
    line = ["docker", "exec", "llm", "llama-server", "-m", Path(whole).name, "-c", "8192"]
    status, _, err = moefit("args", *CARD, "--", *line)
    assert (0, True) == (status, "model.gguf: the line mounts nothing there" in err)


def test_a_split_mode_that_only_the_help_page_knows_is_passed_on_and_counted_as_layers(
    moefit, whole, tmp_path
):
    page = "-m, --model FNAME   m\n-c, --ctx-size N  c\n-sm, --split-mode {none,layer,graph}  s\n"
    page += "-ngl, --gpu-layers N  n\n-ot, --override-tensor WORDS  o\n-ub, --ubatch-size N  u\n--moe-cache-mib N  x\n"
    (tmp_path / "page").write_text(page)
    line = ["llama-server", "-m", whole, "-c", "8192", "-sm", "graph"]
    status, out, err = moefit("args", *CARD, "--build", str(tmp_path / "page"), "--", *line)
    assert (0, True, False) == (status, " -sm graph " in out, "--moe-cache-mib" in out)
    assert "-sm graph: a value that" in err
    assert "counted as layer" in err


MATTERS = [
    "--gpu",
    "rtx-3060,link=6GB/s",
    "--ram",
    "60GiB",
    "--ram-bandwidth",
    "50GB/s",
    "--cores",
    "8",
    "--workload",
    "200:16",
]
"""Prompts so short and a link so slow that the threshold for copies gains a third."""


def line_of(moefit, whole, *wrapper, form="shell", model=None):
    words = [
        *wrapper,
        *(() if model else ("llama-server",)),
        "-m",
        model or whole,
        "-c",
        "8192",
        "-ub",
        "1024",
    ]
    status, out, _ = moefit("args", *MATTERS, "--format", form, "--", *words)
    assert 0 == status
    return out


@pytest.mark.parametrize(
    "wrapper", [(), ("numactl", "--interleave=all"), ("nice", "-n", "5"), ("sudo", "-E")]
)
def test_the_variable_stands_before_a_wrapper_that_passes_it_on(moefit, whole, wrapper):
    expected = " ".join([*wrapper, "llama-server -m"])
    assert re.fullmatch(
        r"env GGML_OP_OFFLOAD_MIN_BATCH=\d+ " + expected + ".*\n", line_of(moefit, whole, *wrapper)
    )


@pytest.mark.parametrize(
    "wrapper", [("sudo",), ("env", "-i"), ("systemd-run", "--user"), ("doas", "-u", "me")]
)
def test_behind_one_that_does_not_nothing_counts_on_it(moefit, whole, wrapper):
    assert "GGML" not in line_of(moefit, whole, *wrapper)


def test_in_a_container_it_is_an_option_of_the_engine(moefit, whole, container):
    out = line_of(moefit, whole, *container, model="/models/m.gguf")
    assert re.match(r"docker run -e GGML_OP_OFFLOAD_MIN_BATCH=\d+ --gpus all", out)


def test_a_container_s_variable_is_explained_as_any_other(moefit, container):
    words = [*container, "-m", "/models/m.gguf", "-c", "8192", "-ub", "1024"]
    _, out, _ = moefit("plan", *MATTERS, "--explain", "--", *words)
    assert re.search(r"environment\n +GGML_OP_OFFLOAD_MIN_BATCH=\d+ +from so many tokens on", out)


def test_it_stands_in_words_and_in_json(moefit, whole):
    shown = line_of(moefit, whole).split()[:3]
    assert shown == line_of(moefit, whole, form="null").split("\0")[:3]
    assert shown == json.loads(line_of(moefit, whole, form="json"))[:3]


def test_a_section_of_a_router_does_without(moefit, whole):
    assert "GGML" not in line_of(moefit, whole, form="preset")


def test_the_line_planned_again_is_the_same(moefit, whole):
    line = line_of(moefit, whole)
    _, again, _ = moefit("args", *MATTERS, "--", *shlex.split(line))
    assert line == again


@pytest.mark.parametrize("path", ["${models}/m.gguf", "{{ .folder }}/m.gguf", "${model}", "%MODELS%/m.gguf"])
def test_a_model_behind_a_macro_is_asked_for(moefit, path):
    status, out, err = moefit("args", *CARD, "--format", "llama-swap", "--", "llama-server", "-m", path)
    assert (2, "", True) == (status, out, f"-m {path}: moefit cannot know what a macro stands for" in err)
