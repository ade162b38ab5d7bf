"""Every operation of a graph is llama.cpp's: what it makes, of what, in which order, and how its sources lie in memory."""

from __future__ import annotations

import doctest
from collections import Counter
from dataclasses import replace

import pytest

from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.defaults import settings
from moefit.launch.precedence import effective
from moefit.machine.types import CPU
from moefit.memory import compute
from moefit.memory.graph import kept_graphs, layer_tensors
from moefit.placement.types import Placement
from tests import oracle
from tests.each import in_groups
from tests.oracle import graphs
from tests.oracle.graphs import Recorded

DIFFERENT = {
    "afmoe 64": (2, "the last layer's rows are taken before a norm, and in llama.cpp after it"),
    "afmoe 1": (0, "the same: an order alone"),
    "deepseek-v4 64": (61, "compressed keys of two slots are written as one row, and in llama.cpp as two"),
    "glm5-next 64": (324, "decays are made of whole rows, and in llama.cpp of a row for each head"),
    "kimi-linear-48b-a3b 64": (21, "states are copied as rows of slots, and in llama.cpp as one row"),
    "plamo-2-1b 64": (16, "a permutation and a matrix lie otherwise"),
    "plamo-2-1b 1": (8, "the same"),
    "qwen3.5-9b 64": (2, "a product after the last norm is left out"),
    "qwen3.5-9b 1": (2, "the same"),
    "small-olmo2 64": (16, "a norm comes after the residual, and in llama.cpp before it"),
    "small-olmo2 1": (16, "the same"),
    "small-plamo 64": (15, "attention's output and the feed-forward block are added in another order"),
    "small-plamo 1": (15, "the same"),
    "small-talkie 64": (40, "queries and keys without the norm that llama.cpp gives them"),
    "small-talkie 1": (40, "the same"),
}
"""Known differences: how many of llama.cpp's operations are not there, and why. No figure that llama.cpp prints tells them (test_recorded.py)."""


def ours(row: Recorded) -> list[str]:
    command = parse(["llama-server", "-m", "x.gguf", *row.flags.split()])
    asked = constraints(command.name, effective(command))
    launch = settings(asked, context=asked.context or 0)
    model = oracle.model(row.model, row.quant)
    homes, question = compute._asked(model, (), launch, Placement((CPU,) * model.slots))
    layers = [layer.index for layer in model.layers if not layer.mtp]
    batch = replace(question.batch, outputs=launch.slots)  # so they were recorded, of an encoder, too
    return list(graphs.lines(kept_graphs._from_scratch(model, homes, batch, layers).graph))


@in_groups([row for row in graphs.recorded() if row.name not in DIFFERENT])
def test_every_operation_is_the_one_of_llama_cpp(row) -> None:
    assert [line.lower() for line in row.graph] == ours(row)


@pytest.mark.parametrize(
    "row", [row for row in graphs.recorded() if row.name in DIFFERENT], ids=lambda row: row.name
)
def test_of_a_graph_that_is_known_to_differ_all_other_operations_are_the_same(row) -> None:
    expected, _ = DIFFERENT[row.name]
    mine, theirs = ours(row), [line.lower() for line in row.graph]
    assert mine != theirs
    assert expected == (Counter(theirs) - Counter(mine)).total()


def test_the_examples_of_names_in_layers_and_files_hold() -> None:
    found = doctest.testmod(layer_tensors)

    assert (0, True) == (found.failed, found.attempted > 0)
