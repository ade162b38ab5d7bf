"""What others say of a recorded row: asked in their own words, and added up as they do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks import beside, gguf_parser
from tests import oracle

PROGRAM = """#!{python}
import json, sys
words = sys.argv[1:]
outputs, context, weights, compute, ram = 3, 50, 700, 1100, 13
device = outputs + context * ("--no-kv-offload" not in words) + weights * ("--no-mmap" in words)
item = {{"ram": {{"uma": 0, "nonuma": ram}}, "vrams": [{{"uma": device, "nonuma": device + compute}}]}}
print(json.dumps({{"estimate": {{"items": [item]}}}}))
"""

EXPERTS = r"ffn_(up|down|gate|gate_up)_(ch|)exps=CPU"
LAYERS = rf"blk\.0\.{EXPERTS},blk\.1\.{EXPERTS}"


def row(flags, **settled):
    """The first recorded row with one device, with flags of our own."""
    from dataclasses import replace

    found = next(r for r in oracle.rows() if r.gpus == 1)
    return replace(found, flags=flags, **settled)


def program(folder, text):
    path = Path(folder) / "gguf-parser"
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return os.fspath(path)


def test_each_term_of_gguf_parser_is_what_its_answers_differ_by(tmp_path):
    said = gguf_parser.terms(program(tmp_path, PROGRAM), tmp_path / "m.gguf", row("-c 8192"))
    assert {"model": 700, "context": 50, "compute": 1100, "device": 1853, "host": 13} == said


def test_a_program_that_fails_has_no_answer(tmp_path):
    assert gguf_parser.terms(program(tmp_path, "#!/bin/false\n"), tmp_path / "m.gguf", row("-c 8192")) is None


def test_what_llama_cpp_settled_is_told():
    told = gguf_parser.arguments(row("-c 8000", n_ctx=8192, n_batch=2048, n_ubatch=256, n_seq=4))
    expected = "--ctx-size 8192 --batch-size 2048 --ubatch-size 256 --parallel-size 4 --flash-attention"
    assert expected == " ".join(told)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (
            "-ngl 20 -ctk q8_0 -ctv q4_0",
            "--gpu-layers 20 --cache-type-k q8_0 --cache-type-v q4_0 --flash-attention",
        ),
        ("-fa off", ""),
        ("--swa-full", "--flash-attention --swa-full"),
        ("-ot exps=CPU", "--override-tensor exps=CPU --flash-attention"),
        ("--cpu-moe", rf"--flash-attention --override-tensor \.{EXPERTS}"),
        ("--n-cpu-moe 2", f"--flash-attention --override-tensor {LAYERS}"),
    ],
)
def test_options_are_said_in_its_own_words(flags, expected):
    assert expected.split() == gguf_parser.arguments(row(flags))[8:]


def test_sums_are_not_compared_where_fewer_outputs_are_reserved(tmp_path):
    def tool(_row, _path):
        return {"one": {"model": 1, "context": 1, "compute": 1, "host": 1}}

    files = beside.Files(tmp_path)
    served, reserved = (row("-c 8192", outputs=outputs) for outputs in (1, 0))
    assert {"model", "context"} == {term for _, term in beside.measure([served], [tool], files)}
    assert {"model", "context", "compute", "device", "host"} == {
        term for _, term in beside.measure([reserved], [tool], files)
    }


def test_a_figure_far_below_the_real_one_is_too_low_and_one_above_is_not():
    mib = 1 << 20
    lines = beside.table(
        {("t", "model"): [(-5 * mib, 100 * mib), (-1 * mib, 100 * mib), (9 * mib, 100 * mib)]}
    )
    assert "| t | model | 3 | 5.0 | 9.0 | 33% |" == lines[-1]


def test_our_own_lines_on_the_page_are_what_is_measured(tmp_path):
    rows = [r for r in oracle.rows() if r.gpus == 1 and r.model == "olmoe-1b-7b" and "-ot" not in r.tokens]
    found = beside.measure(
        [r for r in rows if not beside.UNMODELLED & set(r.tokens)], [beside.moefit], beside.Files(tmp_path)
    )
    assert {0} == {distance for distances in found.values() for distance, _ in distances}


def test_a_tool_that_is_not_named_is_said_to_be_left_out(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(beside, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(beside, "page", lambda python, program: f"{python} {program}")
    monkeypatch.setattr(sys, "argv", ["beside", "--python", "python"])
    assert 0 == beside.main()
    assert "gguf-parser: not measured, as no program was named\n" == capsys.readouterr().err
    assert "python None" == (tmp_path / "page.md").read_text()


def test_the_page_on_other_tools_has_the_figures_that_were_measured():
    measured = {}
    for line in beside.PAGE.read_text().split("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[1] not in {"term", "---"}:
            measured[cells[0], cells[1]] = f"{cells[3]}, {float(cells[4]):,.0f}"
    assert beside.PAGE.read_text().startswith(beside.INTRODUCTION)
    page = (beside.PAGE.parent / "other-tools.md").read_text()
    [line] = [line for line in page.splitlines() if line.startswith("| gguf-parser")]
    terms = ("model", "context", "compute", "device")
    assert [measured["gguf-parser", term] for term in terms] == [
        cell.strip() for cell in line.split("|")[2:6]
    ]
