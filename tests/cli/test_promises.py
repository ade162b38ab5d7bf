"""What would help is what its words are planned to take: typed behind the same command, on the same machine."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from benchmarks.beside import Files
from moefit.cli import main
from tests import oracle
from tests.drawn import several

CASES = (
    ("qwen3-30b-a3b", "--gpu rtx-3060 --ram 32GiB --cores 8", "-c 65536"),
    ("qwen3.5-35b-a3b-mtp", "--gpu rtx-3090 --ram 64GiB", "-np 1"),
    ("llama-3.1-8b", "--gpu 6GiB --gpu rtx-3060 --budget CUDA1=5GiB --ram 32GiB", "-c 32768"),
    ("mixtral-8x7b", "--gpu rtx-3060 --ram 16GiB", "-c 8192"),
    ("deepseek-v2-lite", "--gpu rtx-2060 --ram 8GiB", "-c 32768 -ngl 20"),
    ("gpt-oss-20b", "--gpu 8GiB --ram 32GiB", "-c 131072"),
    ("glm-4.5-air", "--gpu rtx-3090 --gpu 3060,link=6GB/s --ram 96GiB", ""),
)[: several(3, 7)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("promises"))


def header(files, name):
    return str(files.of(next(row for row in oracle.rows() if row.model == name)))


def planned(capsys, *words):
    with pytest.raises(SystemExit):
        main(["plan", "--json", *words])
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def seconds(capsys, monkeypatch):
    """Of a command's plan, without what would help it."""
    from moefit.planning import what_if

    def ask(*words):
        with monkeypatch.context() as patch:
            patch.setattr(what_if, "what_if", lambda *_, **__: ())
            return planned(capsys, *words)["predicted"]["seconds"]

    return ask


def typed(file, machine, line, words):
    """The whole command with a help's words: llama-server's behind the line, moefit's behind the machine."""
    if not words.startswith(("--gpu", "--ram")):
        return [file, *machine, "--", *line, *shlex.split(words)]
    option = words.split()[0]
    kept = [
        w for name, v in zip(machine[::2], machine[1::2], strict=True) if name != option for w in (name, v)
    ]
    return [file, *kept, *shlex.split(words), "--", *line]


@pytest.mark.parametrize(("name", "machine", "line"), CASES)
def test_what_would_help_takes_what_it_says(name, machine, line, files, capsys, seconds):
    file, machine, line = header(files, name), machine.split(), line.split()
    helps = planned(capsys, file, *machine, "--explain", "--", *line)["helps"]
    said = {h["words"]: h["seconds"] for h in helps if h["kind"] != "quant"}
    found = {w: seconds(*typed(file, machine, line, w)) for w in said}
    assert said == found
    assert said


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("qwen3-30b-a3b", "--gpu rtx-3060 --ram 32GiB --cores 8"),
        ("llama-3.1-8b", "--gpu 4GiB --ram 32GiB --cores 8"),
        ("olmoe-1b-7b", "--gpu 2GiB --gpu 1GiB --ram 64GiB --cores 8"),
        ("mixtral-8x7b", "--gpu 8GiB --gpu 6GiB --ram 64GiB --cores 8"),
        ("qwen3-30b-a3b", "--gpu rtx-3090 --gpu rtx-3060 --ram 64GiB --cores 8"),
    ][: several(3, 5)],
)
def test_another_strategy_takes_what_the_page_and_the_document_say(name, machine, files, capsys, seconds):
    """And llama.cpp's own ways what `estimate` says of their lines."""
    file, machine = header(files, name), machine.split()
    made = planned(capsys, file, *machine)
    said = {}
    for one in made["candidates"]:
        if one["fits"] and one["strategy"] not in {made["strategy"], "moe-cache"}:
            said[one["strategy"]] = min(one["seconds"], said.get(one["strategy"], one["seconds"]))
    context = str(made["launch"]["context"])
    lines = {"llama-fit": ["-c", context], "cpu-moe": ["-c", context, "-cmoe"]}
    found = {}
    for strategy in said:
        if strategy in lines:
            with pytest.raises(SystemExit):
                main(["estimate", "--json", *machine, "--", "-m", file, *lines[strategy]])
            found[strategy] = json.loads(capsys.readouterr().out)["predicted"]["seconds"]
        else:
            found[strategy] = seconds(file, *machine, "--strategy", strategy)
    assert said == found
    with pytest.raises(SystemExit):
        main(["plan", file, *machine])
    page = capsys.readouterr().out
    shown = {s: f"{s} {seconds:.1f} s" for s, seconds in said.items() if re.search(rf"\b{s} [\d.]+ s", page)}
    assert [] == [text for text in shown.values() if text not in page]
