from dataclasses import replace

from moefit.cost.workload import parse_workload
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective
from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.extras import Extra
from moefit.planning.budgets import budgets
from moefit.planning.types import Options
from tests import oracle

GIB = 1 << 30
CARDS = (Device("CUDA0", 8 * GIB, 8 * GIB), Device("CUDA1", 8 * GIB, 8 * GIB))


def test_a_draft_models_buffers_count_at_the_micro_batch_of_the_launch():
    model = oracle.model("small-llama", "Q4_K_M")
    line = constraints("llama-server", effective(parse(["llama-server", "-m", "m.gguf"])))
    extras = (Extra("draft", "CUDA0", model=1000, compute=100, ubatch=512), Extra("mmproj", "CUDA0", 7, 0, 7))

    def taken(ubatch: int) -> list[int]:
        launch = replace(Settings(8192), ubatch=ubatch)
        found = budgets(model, CARDS, launch, line, extras, Options(parse_workload("chat")))
        return [budget.extras for budget in found]

    assert [[1114, 0], [1414, 0]] == [taken(512), taken(2048)]
