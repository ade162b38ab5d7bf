import ast
import dataclasses
from pathlib import Path

from moefit.memory.graph.named import named
from moefit.model.architectures import ARCHITECTURES, UNKNOWN, Plain, architecture, is_described, is_known
from moefit.model.keys import KEYS
from moefit.model.loaders import reads
from tests import oracle
from tests.each import each

HOOKS = ("embed", "route", "rope", "rotate", "mix", "attend", "feed")


def test_an_unknown_name_gets_the_guess():
    assert UNKNOWN == architecture("brand-new")
    assert (False, False) == (is_known("brand-new"), is_described("brand-new"))


def test_every_recorded_architecture_has_a_row():
    recorded = {m["architecture"] for m in oracle.models().values()}

    assert set() == {name for name in recorded if not is_known(name)}


def references(graph):
    """The functions that a row's graph names."""
    found = [getattr(graph, hook) for hook in HOOKS] if isinstance(graph, Plain) else [graph]
    return [reference for reference in found if reference is not None]


def test_what_a_row_names_exists():
    told = [(name, one) for name, row in ARCHITECTURES.items() for one in references(row.graph)]

    assert [] == [(name, one) for name, one in told if not callable(named(one))]
    assert len(told) > 100


def test_every_hook_of_a_plain_decoder_is_a_reference():
    references = [
        f.name for f in dataclasses.fields(Plain) if isinstance(f.default, str) and "." in f.default
    ]
    assert list(HOOKS) == references


def test_the_defaults_of_a_row_are_of_keys_that_a_rule_reads():
    unread = {name: row.defaults.keys() - KEYS.keys() for name, row in ARCHITECTURES.items()}

    assert {} == {name: keys for name, keys in unread.items() if keys}


CONSTANTS = {"minicpm3": {"residual_scale"}, "gemma3n": {"final_logit_softcapping"}}
"""What a graph has as a constant stands among a row's defaults, too."""


@each(sorted(set(ARCHITECTURES) - {"gptj", "wavtokenizer-dec"}))
def test_the_defaults_of_a_row_are_of_keys_that_its_loader_reads(name):
    assert CONSTANTS.get(name, set()) == ARCHITECTURES[name].defaults.keys() - reads(name).keys()


ROOMS = ("model", "placement", "memory", "cost", "search", "planning")
OTHER_NAMES = {
    "memory/projector.py",
    "model/loader_data.py",
    "model/tokenizer.py",
    "planning/other_models.py",
}
"""Projectors and tokenizers have names of their own, some called as architectures are; what loaders ask for is generated, by architecture."""


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
