"""`args --format`: files for readers elsewhere, and only what moefit adds."""

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.test_commands import CARD, moefit

__all__ = ["moefit"]


def form(moefit, name, *line):
    status, out, err = moefit("args", *CARD, "--format", name, "--", *line)
    assert (0, out) == (status, out), err
    return out


def test_additions_are_the_end_of_the_line(moefit, whole):
    line = ["nice", "llama-server", "-m", whole, "-c", "8192", "--no-warmup"]
    _, out, _ = moefit("args", *CARD, "--", *line)
    assert shlex.split(out)[len(line) :] == shlex.split(form(moefit, "additions", *line))


def test_additions_as_variables_have_nothing_of_the_users(moefit, whole):
    out = form(moefit, "additions-env", "llama-server", "-m", whole, "-c", "8192", "--api-key", "sesame")
    names = [line.partition("=")[0] for line in out.splitlines()]
    assert ("LLAMA_ARG_N_GPU_LAYERS" in names, "LLAMA_ARG_MODEL" in names, "sesame" in out) == (
        True,
        False,
        False,
    )


def test_additions_as_a_drop_in_are_a_section_of_variables(moefit, whole):
    first, *rest = form(moefit, "additions-unit", "llama-server", "-m", whole, "-c", "8192").splitlines()
    assert ("[Service]", True) == (first, all(line.startswith("Environment=") for line in rest))


def test_the_users_line_under_the_variables_is_the_planned_line(moefit, whole, monkeypatch):
    line = ["llama-server", "-m", whole, "-c", "8192"]
    _, planned, _ = moefit("estimate", "--json", *CARD, "--", *shlex.split(form(moefit, "shell", *line)))
    for pair in form(moefit, "additions-env", *line).splitlines():
        name, _, value = pair.partition("=")
        monkeypatch.setenv(name, shlex.split(value)[0])
    _, found, _ = moefit("estimate", "--json", *CARD, "--", *line)
    assert json.loads(planned)["devices"] == json.loads(found)["devices"]


@pytest.mark.parametrize(("name", "heading"), [("preset", "[model]"), ("llama-swap", '  "model":')])
def test_entries_are_named_by_file(moefit, whole, name, heading):
    assert heading in form(moefit, name, "llama-server", "-m", whole, "-c", "8192").splitlines()


@pytest.mark.parametrize("name", ["env", "preset", "llama-swap"])
def test_a_file_for_elsewhere_has_absolute_paths(moefit, whole, name, monkeypatch):
    folder = Path(whole).parent
    monkeypatch.chdir(folder)
    out = form(moefit, name, "llama-server", "-m", Path(whole).name, "-c", "8192")
    assert f"{folder}/model.gguf" in out


@pytest.mark.parametrize(
    ("name", "variable", "line"),
    [
        ("env", "LLAMA_ARG_MOE_CACHE_MIB=4000", "\nLLAMA_ARG_MOE_CACHE_MIB=4000\n"),
        ("preset", "LLAMA_ARG_MOE_CACHE_MIB=4000", "\nmoe-cache-mib = 4000\n"),
        ("llama-swap", "LLAMA_ARG_MOE_CACHE_MIB=4000", " --moe-cache-mib 4000 "),
        ("env", "GGML_OP_OFFLOAD_MIN_BATCH=64", "\nGGML_OP_OFFLOAD_MIN_BATCH=64\n"),
        ("llama-swap", "CUDA_VISIBLE_DEVICES=0", '\n      - "CUDA_VISIBLE_DEVICES=0"\n'),
        ("env", "LLAMA_ARG_NO_REPACK=1", "LLAMA_ARG_REPACK=0\n"),
        ("env", "LLAMA_ARG_CTX_SIZE=4096", "\nLLAMA_ARG_CTX_SIZE=8192\n"),
    ],
)
def test_a_file_for_elsewhere_has_what_variables_set_here(moefit, whole, monkeypatch, name, variable, line):
    monkeypatch.setenv(*variable.split("="))
    assert line in "\n" + form(moefit, name, "llama-server", "-m", whole, "-c", "8192")


def test_a_file_for_elsewhere_has_no_secret_of_a_variable_and_that_is_said(moefit, whole, monkeypatch):
    monkeypatch.setenv("LLAMA_API_KEY", "sesame")
    _, out, err = moefit("args", *CARD, "--format", "env", "--", "llama-server", "-m", whole, "-c", "8192")
    assert (False, False, True) == (
        "sesame" in out,
        "sesame" in err,
        "LLAMA_API_KEY of your environment" in err,
    )


def test_a_unit_for_another_machine_names_its_programs_as_they_stand(moefit, whole):
    line = ["numactl-of-theirs", "--interleave=all", "/opt/none/llama-server", "-m", whole, "-c", "8192"]
    status, out, err = moefit("unit", "--name", "x", *CARD, "--", *line)
    assert (0, True) == (
        status,
        "ExecStart=numactl-of-theirs --interleave=all /opt/none/llama-server -m" in out,
    )
    assert "numactl-of-theirs: no such program here" in err


def test_a_unit_that_is_installed_needs_them(moefit, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    line = ["numactl-of-theirs", "/opt/none/llama-server", "-m", whole, "-c", "8192"]
    status, out, err = moefit("unit", "--name", "x", "--install", *CARD, "--", *line)
    assert (2, "", True) == (status, out, "no such program" in err)
