"""Plans side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.app.compare import Asked, SharedLine, compare
from moefit.cli.shared import numbers
from moefit.cost.workload import Workload
from moefit.errors import MoefitError, UsageError
from moefit.formats.comparison import comparison_json, fastest, largest
from moefit.machine.detect import MachineOptions
from moefit.search.request import Options
from tests.cli.test_commands import EXAMPLE, moefit
from tests.test_docs import hub

__all__ = ["hub", "moefit"]

MACHINE = MachineOptions(gpus=("rtx-3060",), ram="32GiB", cores=8)


def rows(*models, words=None, machine=None, **asked):
    told = []
    machine = machine or (replace(MACHINE, gpus=()) if "cards" in asked else MACHINE)
    line = SharedLine(words, machine, Options(Workload(2048, 512), thorough=False))
    found = compare(Asked(models, **asked), line, lambda label, share: told.append((label, share)))
    assert all(0 <= share <= 1 for _, share in told)
    return found


def test_every_combination_is_planned_once_in_the_order_asked():
    found = rows(EXAMPLE, contexts=(8192, 16384), cards=("rtx-3060", "rtx-3090"))
    expected = [(c, card) for c in (8192, 16384) for card in ("rtx-3060", "rtx-3090")]
    assert expected == [(row.context, row.card) for row in found]
    assert [8192, 8192, 16384, 16384] == [row.plan.settings.context for row in found]


def test_a_row_is_what_plan_says(moefit):
    (row,) = rows(EXAMPLE, contexts=(16384,))
    card = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
    planned = json.loads(moefit("plan", *card, "--json", "--", "-m", EXAMPLE, "-c", "16384")[1])
    assert planned["predicted"]["seconds"] == round(row.plan.prediction.seconds, 3)


def test_strategies_are_each_obeyed():
    assert ["two-pass", "base-first"] == [
        row.plan.strategy for row in rows(EXAMPLE, strategies=("two-pass", "base-first"))
    ]


def test_a_file_that_cannot_be_read_is_a_row_beside_the_others():
    good, bad = rows(EXAMPLE, "nowhere.gguf")
    assert (True, None) == (good.fits, bad.plan)
    assert ("nowhere.gguf", True) == (bad.model, bad.error.startswith("No such file"))


@pytest.mark.parametrize("names", [("nowhere.gguf",), ("nowhere.gguf", "neither.gguf")])
def test_nothing_but_files_that_cannot_be_read_is_an_error(names):
    with pytest.raises(MoefitError, match="nowhere"):
        rows(*names)


def test_more_models_than_anybody_reads_are_refused_before_one_is_read():
    with pytest.raises(UsageError, match="301 models are more than the 300"):
        rows(*(f"m{at}.gguf" for at in range(301)))


def test_more_plans_than_anybody_reads_are_refused_before_one_is_made():
    with pytest.raises(UsageError, match="1,002 plans are more than the 500"):
        rows("a.gguf", "b.gguf", contexts=tuple(range(256, 757)))


def test_nothing_to_compare_is_told():
    with pytest.raises(UsageError, match="nothing to compare"):
        rows()


def test_the_models_of_a_repository_are_listed_from_their_headers(hub, monkeypatch):
    for name, value in hub.items():
        monkeypatch.setenv(name, value)
    found = rows("unsloth/Qwen3-30B-A3B-GGUF")
    assert {"Q4_K_M", "Q8_0"} == {row.model.removesuffix(".gguf").rpartition("-")[2] for row in found}
    assert all(row.fits for row in found)


def test_a_folder_is_all_of_its_models_the_largest_first(tmp_path):
    for quant in ("Q4_K_M", "Q8_0"):
        (tmp_path / f"{quant}.gguf").symlink_to(Path(EXAMPLE).resolve())
    found = rows(str(tmp_path))
    assert {"Q4_K_M.gguf", "Q8_0.gguf"} == {Path(row.model).name for row in found}


def test_the_fastest_and_the_largest_that_is_fast_enough_are_marked():
    found = rows(EXAMPLE, cards=("rtx-3060", "rtx-3090"))
    marked = [row["fastest"] for row in json.loads(comparison_json(found))["rows"]]
    assert ([False, True], "rtx-3090") == (marked, fastest(found).card)
    assert largest(found) is None  # one size alone


def test_compare_ends_in_1_where_nothing_fits(moefit):
    status, out, _ = moefit(
        "compare", EXAMPLE, "--gpu", "rtx-3060", "--ram", "1GiB", "--contexts", "8192,16384"
    )
    assert (1, True) == (status, "None of them fits." in out)


def test_contexts_of_one_model_are_a_table_without_its_name(moefit, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8", "--contexts", "8192,131072"]
    head, first, second, *below = moefit("compare", EXAMPLE, *words)[1].splitlines()
    assert ["size", "context", "prompt", "answer", "seconds", "RAM"] == head.split()
    assert ["8,192", "131,072"] == [line.split()[2] for line in (first, second)]
    assert [below[1].startswith(Path(EXAMPLE).name), "-c 131072: no slot gets more than" in below[2]] == [
        True,
        True,
    ]


def test_quants_of_one_repository_are_told_apart_by_their_quants(moefit, hub, monkeypatch):
    for name, value in hub.items():
        monkeypatch.setenv(name, value)
    quants = [f"unsloth/Qwen3-30B-A3B-GGUF:{quant}" for quant in ("Q4_K_M", "Q8_0")]
    page = moefit("compare", *quants, "--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8")[1]
    assert ["Q4_K_M", "Q8_0"] == [line.split()[0] for line in page.splitlines()[1:3]]


@pytest.mark.parametrize(
    ("machine", "words", "asked", "both"),
    [
        (MACHINE, None, {"cards": ("rtx-3090",)}, "--cards and --gpu rtx-3060"),
        (MACHINE, ("-m", EXAMPLE, "-c", "4096"), {"contexts": (8192,)}, "--contexts and -c 4096"),
    ],
)
def test_what_differs_is_not_also_said_once_for_all(machine, words, asked, both):
    with pytest.raises(UsageError, match=f"^{both} contradict each other$"):
        rows(*(() if words else (EXAMPLE,)), words=words, machine=machine, **asked)


def test_a_variable_gives_way_to_the_contexts_that_are_compared(monkeypatch):
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", "4096")
    assert [8192] == [row.plan.settings.context for row in rows(EXAMPLE, contexts=(8192,))]


def test_a_model_that_is_named_twice_is_one_row():
    assert 1 == len(rows(EXAMPLE, EXAMPLE))


def test_contexts_may_be_thousands_and_are_compared_once_each():
    assert (8192, 32768) == numbers("--contexts", "8k, 32K,8192")


@pytest.mark.parametrize("text", ["8m", "4096-8192", "8k 16k", "-1", "8192,"])
def test_contexts_are_numbers(text):
    with pytest.raises(UsageError, match="takes numbers"):
        numbers("--contexts", text)


def test_a_strategy_that_gives_the_same_line_says_so(moefit):
    card = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]
    line = ["--strategies", "ffn,base-first", "--contexts", "4096"]
    out = moefit("compare", EXAMPLE, *card, *line)[1].splitlines()
    assert [True, True] == [out[1].endswith("✓ fastest"), out[2].endswith("same line")]


def test_cards_that_are_one_machine_are_named_in_the_table(moefit):
    out = moefit("compare", EXAMPLE, "--cards", "3060+3090", "--ram", "64GiB", "--cores", "8")[1]
    assert out.splitlines()[1].startswith("3060+3090 ")


def test_the_line_of_a_row_says_the_context_that_it_is_for():
    for row in rows(EXAMPLE, contexts=(8192, 16384)):
        at = row.plan.argv.index("-c")
        assert str(row.context) == row.plan.argv[at + 1]


def test_the_document_has_the_variables_of_each_line():
    found = rows(EXAMPLE, contexts=(8192,))
    [row] = json.loads(comparison_json(found))["rows"]
    assert dict(found[0].plan.environment) == row["environment"]


@pytest.mark.parametrize("command", ["plan", "estimate", "compare"])
def test_a_picture_beside_a_document_is_refused(moefit, tmp_path, command):
    picture = tmp_path / "page.svg"
    status, out, err = moefit(command, EXAMPLE, "--gpu", "rtx-3060", "--json", "--svg", str(picture))
    assert (2, "", False) == (status, out, picture.exists())
    assert "--svg draws the page, in whose place --json writes a document" in err
