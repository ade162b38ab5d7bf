#!/usr/bin/env python3
"""Ask a llama.cpp again everything that tests/oracle says of it, and print what changed.

    scripts/record_oracle.py                         # every stored row, against the build of scripts/build_llama.sh
    scripts/record_oracle.py --sample 40             # some of them
    scripts/record_oracle.py --llama ~/llama.cpp --write   # another checkout (its build/ beside its source); keep its answers
    scripts/record_oracle.py --extra --write         # describe and record the models of oracle/models.py anew
    scripts/record_oracle.py --llama ~/.cache/moefit/llama.cpp-b11549 --moe-cache --write   # launches with an expert cache
    scripts/record_oracle.py --extra --only openelm --write   # one of them, which is kept among the others
    scripts/record_oracle.py --graphs --write        # every operation of two graphs of one model of each architecture

Exit status 1 if anything changed. The rows are dummy loads: nothing is allocated, no weights are read, a row takes a
tenth of a second. Needs g++.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from oracle import gguf_file, graphs, moe_cache
from oracle.ask import ask, servers
from oracle.describe import describe, general
from oracle.matrix import matrix
from oracle.models import MODELS
from oracle.tools import compile_tool

DATA = Path(__file__).resolve().parents[1] / "tests" / "oracle"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
LLAMA = CACHE / "moefit" / "llama.cpp-b11434"
RECORDED = (("models.jsonl.xz", "rows.jsonl.xz"), ("extra_models.jsonl.xz", "extra_rows.jsonl.xz"))
TERMS = ("model", "context", "compute")
COUNTED = ("model", "context")
MOE_CACHE = "moe_cache_rows.jsonl.xz"
GRAPHS = "graphs.jsonl.xz"
ASKED = ("model", "quant", "mode", "gpus", "outputs", "flags", "alignment")
COMPARED = ("n_ctx", "n_batch", "n_ubatch", "n_seq", "devices", "layers", "copies", "mtp")


def main() -> int:
    """Record and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--llama", type=Path, default=LLAMA, help="folder with src/ (or the source itself) and build/"
    )
    parser.add_argument("--sample", type=int, help="ask only so many rows, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--extra", action="store_true", help="describe the models of oracle/models.py anew")
    parser.add_argument("--moe-cache", action="store_true", help="ask about launches with an expert cache")
    parser.add_argument("--graphs", action="store_true", help="record graphs, operation by operation")
    parser.add_argument(
        "--but-compute", action="store_true", help="let compute buffers differ, as they do between builds"
    )
    parser.add_argument("--only", default="", help="models whose name contains this")
    parser.add_argument("--write", action="store_true", help="store the answers")
    options = parser.parse_args()
    source = options.llama / "src" if (options.llama / "src" / "include").is_dir() else options.llama
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recorder = compile_tool("recorder", source, options.llama / "build", folder)
        if options.graphs:
            return _graphs(options, recorder, folder)
        shapes = compile_tool("shapes", source, options.llama / "build", folder)
        with servers(options.llama / "build" / "bin" / "ggml-rpc-server") as ports:
            if options.moe_cache:
                return _moe_cache(options, recorder, ports, folder)
            if options.extra:
                return _extra(options, shapes, recorder, ports, folder)
            return _again(options, recorder, ports, folder)


def _again(options: argparse.Namespace, recorder: Path, ports: list[int], folder: Path) -> int:
    """Ask every stored row again, those with an expert cache where this build has one."""
    changed = 0
    has_cache = any((options.llama / "src" / part / "llama-moe-cache.cpp").exists() for part in ("", "src"))
    for models_file, rows_file in (*RECORDED, *((("models.jsonl.xz", MOE_CACHE),) if has_cache else ())):
        models = {m["name"]: m for m in _read(models_file) if _is_loaded(m["architecture"], options.llama)}
        rows = [row for row in _read(rows_file) if row["model"] in models and options.only in row["model"]]
        if options.sample is not None:
            rows = random.Random(options.seed).sample(rows, min(options.sample, len(rows)))
        answers = []
        for (model, quant), group in _grouped(rows):
            path = _write_model(models[model], quant, folder)
            for row in group:
                answers.append(_answer(recorder, path, row, ports))
                changed += _report(row, answers[-1], COUNTED if options.but_compute else TERMS)
        if options.write and options.sample is None and not options.only:
            _store(rows_file, answers)
        print(f"{rows_file}: {len(rows)} rows asked")
    print(f"{changed} changed")
    return int(changed > 0)


def _is_loaded(architecture: str, llama: Path) -> bool:
    """Whether a llama.cpp has an architecture: one was recorded with a newer build than the others."""
    names = (llama / part / "llama-arch.cpp" for part in ("src/src", "src"))
    return any(f'"{architecture}"' in path.read_text() for path in names if path.exists())


def _extra(options: argparse.Namespace, shapes: Path, recorder: Path, ports: list[int], folder: Path) -> int:
    """Describe and record the models of oracle/models.py."""
    described, answers, failed = [], [], 0
    for model in MODELS.values():
        if options.only not in model.name:
            continue
        try:
            header = describe(model, shapes, recorder)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        described.append(header)
        path = _write_model(header, "Q4_K_M", folder)
        for mode, gpus, outputs, flags in matrix(header):
            row = {
                "model": model.name,
                "quant": "Q4_K_M",
                "mode": mode,
                "gpus": gpus,
                "outputs": outputs,
                "flags": flags,
            }
            answer = _answer(recorder, path, row, ports)
            if "refused" in answer:
                print(f"{model.name} {mode} {flags}: refused")
            else:
                answers.append(answer)
    if options.write:
        _store("extra_models.jsonl.xz", _among("extra_models.jsonl.xz", described, options.only))
        _store("extra_rows.jsonl.xz", _among("extra_rows.jsonl.xz", answers, options.only))
    print(f"{len(described)} models, {len(answers)} rows, {failed} models failed")
    return int(failed > 0)


def _moe_cache(options: argparse.Namespace, recorder: Path, ports: list[int], folder: Path) -> int:
    """Ask about launches with an expert cache; a refusal is an answer."""
    models = {m["name"]: m for m in _read("models.jsonl.xz")}
    answers = []
    for name, quant in moe_cache.MODELS:
        if options.only not in name:
            continue
        path = _write_model(models[name], quant, folder)
        answers += [_answer(recorder, path, row, ports) for row in moe_cache.launches(models[name], quant)]
        print(f"{name}-{quant}: {len(answers)} rows so far")
    before = {_asked(row): row for row in _read(MOE_CACHE)} if (DATA / MOE_CACHE).exists() else {}
    changed = sum(_report(before[_asked(row)], row, TERMS) for row in answers if _asked(row) in before)
    if options.write and not options.only:
        _store(MOE_CACHE, answers)
    print(f"{len(answers)} rows, {sum('refused' in a for a in answers)} refused, {changed} changed")
    return int(changed > 0)


def _graphs(options: argparse.Namespace, recorder: Path, folder: Path) -> int:
    """Record the graphs of the model with the fewest tensors of each architecture; those that changed are named."""
    described = [model for file, _ in RECORDED for model in _read(file)]
    least: dict[str, dict[str, Any]] = {}
    for model in sorted(described, key=lambda model: (len(model["tensors"]), model["name"])):
        least.setdefault(model["architecture"], model)
    before = {(row["model"], row["flags"]): row for row in _read(GRAPHS)} if (DATA / GRAPHS).exists() else {}
    answers = []
    for model in sorted(least.values(), key=lambda model: model["name"]):
        if options.only not in model["name"]:
            continue
        quant = min(model["types"])
        path = _write_model(model, quant, folder)
        for flags in graphs.LAUNCHES:
            found = graphs.graph(recorder, path, flags, folder)
            if found is not None:
                answers.append({"model": model["name"], "quant": quant, "flags": flags, "graph": found})
        path.unlink()
    changed = [row for row in answers if before.get((row["model"], row["flags"]), row) != row]
    print(*(f"{row['model']} {row['flags']}: changed" for row in changed), sep="\n")
    if options.write:
        _store(GRAPHS, _among(GRAPHS, answers, options.only))
    print(f"{len(answers)} graphs of {len(least)} architectures, {len(changed)} changed")
    return int(bool(changed))


def _asked(row: dict[str, Any]) -> str:
    return json.dumps({key: row[key] for key in ASKED if key in row})


def _answer(recorder: Path, path: Path, row: dict[str, Any], ports: list[int]) -> dict[str, Any]:
    asked = {key: row[key] for key in ASKED if key in row}
    try:
        return ask(recorder, path, asked, ports)
    except RuntimeError:
        return {**asked, "refused": True}


def _report(before: dict[str, Any], after: dict[str, Any], terms: tuple[str, ...]) -> bool:
    """Print what changed of these terms between two answers to the same launch."""
    lines = [
        f"{key}: {before.get(key)} -> {after.get(key)}"
        for key in COMPARED
        if before.get(key) != after.get(key) and key not in {"devices", "mtp"}
    ]
    if "devices" in after and "devices" in before:  # how Host and CPU share depends on the processor
        lines += _moved(_sums(before["devices"]), _sums(after["devices"]), terms)
        lines += _moved(_sums(before.get("mtp", {})), _sums(after.get("mtp", {})), terms)
    elif "devices" in before:
        lines.append("refused")
    if lines:
        print(
            f"{before['model']}-{before['quant']} {before['mode']} x{before['gpus']} outputs={before['outputs']} {before['flags']}"
        )
        print("".join(f"    {line}\n" for line in lines), end="")
    return bool(lines)


def _moved(
    before: dict[str, dict[str, int]], after: dict[str, dict[str, int]], terms: tuple[str, ...]
) -> Iterable[str]:
    """Each figure that changed, in MiB."""
    for name in sorted({*before, *after}):
        for term in terms:
            old, new = before.get(name, {}).get(term, 0), after.get(name, {}).get(term, 0)
            if old != new:
                yield f"{name} {term} {old / 2**20:.2f} -> {new / 2**20:.2f} MiB ({(new - old) / 2**20:+.2f})"


def _sums(devices: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Bytes by device, Host and CPU together."""
    sums: dict[str, dict[str, int]] = {}
    for name, use in devices.items():
        held = sums.setdefault("Host" if name == "CPU" else name, dict.fromkeys(TERMS, 0))
        for term in TERMS:
            held[term] += use[term]
    return sums


def _write_model(described: dict[str, Any], quant: str, folder: Path) -> Path:
    """A sparse file of a described model; its vocabulary has a size and no words."""
    path = folder / "model.gguf"
    kinds = described["types"][quant].split()
    tensors = [
        (name, tuple(shape), kind) for (name, *shape), kind in zip(described["tensors"], kinds, strict=True)
    ]
    header = general(described["name"], described["architecture"], described["vocab"])
    gguf_file.write(path, {**header, **described["metadata"]}, tensors)
    return path


def _grouped(rows: Iterable[dict[str, Any]]) -> Iterable[tuple[tuple[str, str], list[dict[str, Any]]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["quant"]), []).append(row)
    return groups.items()


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lzma.decompress((DATA / name).read_bytes()).decode().splitlines()]


def _among(name: str, found: Sequence[dict[str, Any]], only: str) -> list[dict[str, Any]]:
    """What was found, with what the file has of the models that were not asked about."""
    told = _read(name) if only else []
    return [*(one for one in told if only not in one.get("model", one.get("name", ""))), *found]


def _store(name: str, entries: Iterable[dict[str, Any]]) -> None:
    text = "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)
    (DATA / name).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    sys.exit(main())
