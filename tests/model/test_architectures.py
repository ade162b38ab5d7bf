import ast
import dataclasses
import os
import re
from pathlib import Path

import pytest

from moefit.memory.graph.named import named
from moefit.model.architectures import ARCHITECTURES, UNKNOWN, Plain, architecture, is_described, is_known
from moefit.model.keys import GENERAL, KEYS
from tests import oracle

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
SOURCE = CACHE / "moefit" / "llama.cpp-b11434" / "src" / "src"
HOOKS = ("embed", "route", "rope", "rotate", "mix", "feed")


def test_an_unknown_name_gets_the_guess():
    assert UNKNOWN == architecture("brand-new")
    assert (False, False) == (is_known("brand-new"), is_described("brand-new"))


@pytest.mark.parametrize("name", sorted({m["architecture"] for m in oracle.models().values()}))
def test_every_recorded_architecture_has_a_row(name):
    assert is_known(name)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_what_a_row_names_exists(name):
    graph = ARCHITECTURES[name].graph
    references = [getattr(graph, hook) for hook in HOOKS] if isinstance(graph, Plain) else [graph]

    assert all(callable(named(reference)) for reference in references if reference is not None)


def test_every_hook_of_a_plain_decoder_is_a_reference():
    references = [
        f.name for f in dataclasses.fields(Plain) if isinstance(f.default, str) and "." in f.default
    ]
    assert list(HOOKS) == references


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_a_row_reads_keys_that_the_reader_knows(name):
    assert set() == ARCHITECTURES[name].keys - set(KEYS)


def test_general_keys_are_keys():
    assert set() == GENERAL - set(KEYS)


def loader_keys():
    """Key names by architecture, as the loaders in src/models read them."""
    texts = {
        name: (SOURCE / name).read_text() for name in ("llama-arch.cpp", "llama-model.cpp", "models/models.h")
    }
    arch, model = texts["llama-arch.cpp"], texts["llama-model.cpp"]
    key = dict(re.findall(r'\{\s*(LLM_KV_\w+),\s*"%s\.([\w.]+)"', arch))
    name = dict(re.findall(r'\{\s*(LLM_ARCH_\w+),\s*"([\w.-]+)"\s*\}', arch))
    base = dict(
        re.findall(r"struct (llama_model_\w+)\s*: public (llama_model_\w+)", texts["models/models.h"])
    )
    loader = r"void (llama_model_\w+)::load_arch_hparams\(llama_model_loader[^{]*\{(.*?)\n\}\n"
    bodies = {}
    for file in (SOURCE / "models").glob("*.cpp"):
        for found in re.finditer(loader, file.read_text(), re.DOTALL):
            bodies[found[1]] = re.sub(r"//[^\n]*", "", found[2])

    def keys(model_class):
        body = bodies.get(model_class)
        if body is None:
            return keys(base[model_class]) if base.get(model_class) in bodies else set()
        read = {key[k] for k in re.findall(r"LLM_KV_\w+", body) if k in key}
        for other in re.findall(r"(llama_model_\w+)::load_arch_hparams\(ml\)", body):
            read |= keys(other)
        return read | ({"attention.sliding_window_pattern"} if "load_swa_pattern" in body else set())

    made = re.finditer(r"((?:case LLM_ARCH_\w+:\s*)+)return new (llama_model_\w+)\(params\)", model)
    return {name[a]: keys(m[2]) for m in made for a in re.findall(r"LLM_ARCH_\w+", m[1])}


CONSTANTS = {"minicpm3": {"residual_scale"}, "gemma3n": {"final_logit_softcapping"}}
"""What a graph has as a constant stands among a row's defaults, too."""


@pytest.mark.llama
def test_rows_read_what_the_loaders_of_llama_cpp_read():
    read = loader_keys()
    del read["clip"]
    ours = {name: ARCHITECTURES[name].keys - CONSTANTS.get(name, set()) for name in read}
    theirs = {name: keys & set(KEYS) - GENERAL for name, keys in read.items()}

    assert {name: sorted(keys) for name, keys in theirs.items()} == {n: sorted(k) for n, k in ours.items()}


@pytest.mark.llama
def test_every_architecture_of_llama_cpp_has_a_row():
    assert {"clip", *ARCHITECTURES} - {"gptj"} == set(loader_keys())


ROOMS = ("model", "placement", "memory", "cost", "search", "planning")
OTHER_NAMES = {"memory/projector.py"}
"""Projectors have types of their own, some called as architectures are."""


def test_what_is_peculiar_to_an_architecture_stands_in_its_row_alone():
    package = Path(__file__).parents[2] / "moefit"
    found = [
        (str(path.relative_to(package)), node.value)
        for room in ROOMS
        for path in (package / room).rglob("*.py")
        if "architectures" not in path.parts and str(path.relative_to(package)) not in OTHER_NAMES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in ARCHITECTURES
    ]

    assert [] == found
