"""Record what llama.cpp reserves on this machine's real GPU, for every model and launch in tests/oracle and a grid of more.

    python benchmarks/gpu/record.py BIN SOURCE OUT.jsonl [--processes 16] [--seconds 240] [--models NAME,...]

BIN is the folder of llama.cpp's libraries built with CUDA, SOURCE its source tree. Rows have the format of
tests/oracle/rows.jsonl.xz, mode `cuda` (`cuda-unfused` with GGML_CUDA_DISABLE_FUSION=1). Nothing is allocated and no weights
exist: the model files are headers with the true size and no data. About 20 rows a second a process.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from oracle import gguf_file  # noqa: E402  (scripts/ is not a package)
from oracle.describe import general  # noqa: E402

DATA = ROOT / "tests" / "oracle"
REAL, MORE = "models.jsonl.xz", "extra_models.jsonl.xz"
"""Real models, which get the whole grid, and one of every other architecture."""
CACHE = re.compile(r"size = +(.*?cells,.*)")
ASSIGNED = re.compile(r"assigned to device (\w+)")
UBATCHES = (16, 32, 64, 128, 256, 1024, 2048, 4096, 8192)

Row = dict[str, Any]


def experts_of_last(model: dict[str, Any], count: int) -> str:
    """An override that keeps the experts of the last `count` blocks on the CPU."""
    blocks = sorted({int(name.split(".")[1]) for name, *_ in model["tensors"] if "_exps" in name})
    return rf"-ot blk\.({'|'.join(map(str, blocks[-count:]))})\.ffn_(up|down|gate|gate_up)_(ch|)exps=CPU"


def placements(model: dict[str, Any]) -> list[str]:
    """Flags that put weights in different places."""
    blocks = 1 + max(int(name.split(".")[1]) for name, *_ in model["tensors"] if name.startswith("blk."))
    half = blocks // 2
    if not any("_exps" in name for name, *_ in model["tensors"]):
        return ["", f"-ngl {half}", "-ngl 0"]
    return ["", "--cpu-moe", f"--n-cpu-moe {half}", experts_of_last(model, half), f"-ngl {half}"]


def grid(model: dict[str, Any]) -> list[tuple[int, str]]:
    """Outputs and flags to ask about, for the model's first quantisation."""
    where = placements(model)
    asked = [(n, f"-c 8192 {place}") for place in where for n in (0, 1)]
    for place in where:
        asked += [(n, f"-c 8192 -ub {ub} -b {max(2048, ub)} {place}") for ub in UBATCHES for n in (0, 1)]
        asked += [(4, f"-c 16384 -np 4 -kvu -ub {ub} -b {max(2048, ub)} {place}") for ub in (512, 1024, 4096)]
        asked += [
            (n, f"-c {c} -ub {ub} {place}")
            for c in (4096, 32768, 131072)
            for ub in (512, 2048)
            for n in (0, 1)
        ]
        asked += [(1, f"-c 32768 -ctk {t} -ctv {t} {place}") for t in ("q8_0", "q4_0", "bf16")]
        asked += [
            (1, f"-c 8192 {flag} {place}") for flag in ("-fa off", "--no-op-offload", "--no-kv-offload")
        ]
        asked += [(4, f"-c 16384 -np 4 {kind} {place}") for kind in ("-kvu", "-no-kvu")]
    layers = model["metadata"].get(f"{model['architecture']}.block_count", 32)
    asked += [(1, f"-c 8192 -ngl {n}") for n in (0, 1, 3, layers // 4, layers - 1, layers)]
    if len(where) > 3:
        asked += [
            (1, f"-c 8192 --n-cpu-moe {n} {ub}")
            for n in (1, 2, 5, layers - 2, layers - 1)
            for ub in ("", "-ub 2048")
        ]
        asked += [
            (1, f"-c 8192 {experts_of_last(model, n)} {ub}") for n in (1, 2, 5) for ub in ("", "-ub 2048")
        ]
        asked += [
            (1, f"-c 8192 -ot ffn_{part}_exps=CPU")
            for part in ("down", "(up|gate|gate_up)", "(up|gate)", "gate_up")
        ]
        asked += [(1, r"-c 8192 -ot blk\.(0|1|2|3)\.ffn_(up|down)_exps=CPU")]
    return [(outputs, " ".join(flags.split())) for outputs, flags in asked]


def few(model: dict[str, Any]) -> list[tuple[int, str]]:
    """A smaller grid for the architectures beyond the real models."""
    return [
        (n, f"-c 8192 -ub {ub} {place}".strip())
        for place in placements(model)
        for ub, n in ((512, 1), (2048, 0))
    ]


def questions(known: dict[str, dict[str, Any]], real: set[str]) -> list[Row]:
    """Every launch to ask about, each once: those recorded for one device, the grid, and some without fusion."""
    recorded = [row for name in ("rows.jsonl.xz", "extra_rows.jsonl.xz") for row in stored(name)]
    asked = [
        (r["model"], r["quant"], "cuda", r["outputs"], r["flags"])
        for r in recorded
        if r["gpus"] == 1 and r["model"] in known and not re.search(r"[{]P|--spec", r["flags"])
    ]
    for name, model in known.items():
        quant = next(iter(model["types"]))
        asked += [(name, quant, "cuda", n, flags) for n, flags in (grid if name in real else few)(model)]
        asked += [(name, quant, "cuda-unfused", n, flags) for n, flags in few(model)]
    names = ("model", "quant", "mode", "outputs", "flags")
    return [dict(zip(names, row, strict=True)) | {"gpus": 1} for row in dict.fromkeys(asked)]


def stored(name: str) -> list[dict[str, Any]]:
    """The entries of a file of tests/oracle."""
    return [json.loads(line) for line in lzma.decompress((DATA / name).read_bytes()).splitlines()]


def write_model(path: Path, model: dict[str, Any], quant: str) -> None:
    """A file with the model's true header and size, and no data."""
    kinds = model["types"][quant].split()
    tensors = [
        (name, tuple(shape), kind) for (name, *shape), kind in zip(model["tensors"], kinds, strict=True)
    ]
    gguf_file.write(
        path, general(model["name"], model["architecture"], model["vocab"]) | model["metadata"], tensors
    )


def server_flags(flags: str) -> bool:
    """Whether only llama-server knows one of the flags."""
    return any(word in flags.split() for word in ("-kvu", "-no-kvu", "--kv-unified"))


def told(row: Row, answer: dict[str, Any]) -> Row:
    """The row with its answer."""
    devices: dict[str, dict[str, int]] = {}
    for buffer in answer["bufts"]:
        name = buffer["dev"]
        if buffer["host"] or not name.startswith("CUDA"):
            name = "CPU" if "REPACK" in buffer["buft"] or "AMX" in buffer["buft"] else "Host"
        held = devices.setdefault(name, {"model": 0, "context": 0, "compute": 0})
        for term in held:
            held[term] += buffer[term]
    log = answer["log"]
    assigned = [found[1] for line in log if (found := ASSIGNED.search(line))]
    caches = [found[1] for line in log if (found := CACHE.search(line))]
    copies = [int(n) for line in log for n in re.findall(r"sched copies = (\d+)", line)]
    return {
        **{key: row[key] for key in ("model", "quant", "mode", "gpus", "outputs", "flags")},
        **{key: answer[key] for key in ("n_ctx", "n_batch", "n_ubatch", "n_seq")},
        "devices": devices,
        "layers": {name: assigned.count(name) for name in dict.fromkeys(assigned)},
        "kv": [text for text in caches if "rs_seq" not in text],
        "recurrent": [text for text in caches if "rs_seq" in text],
        "copies": max(copies, default=1),
        "graph": next((line[line.index("nodes =") :] for line in log if "nodes =" in line), ""),
    }


class Recorder:
    """Asks a share of the questions of one recorder process; a question that ends the process counts as refused."""

    def __init__(self, program: Path, library: Path, folder: Path, out: Path, deadline: float) -> None:
        self.program, self.library, self.folder, self.out, self.deadline = (
            program,
            library,
            folder,
            out,
            deadline,
        )
        self.lock = threading.Lock()
        self.answered = self.refused = 0

    def ask(self, rows: list[Row]) -> None:
        """Ask about rows of one mode until they or the time are spent."""
        while rows and time.monotonic() < self.deadline:
            done = self._run(rows)
            if done < len(rows) and time.monotonic() < self.deadline:
                self._keep({**rows[done], "refused": "the process ended"})
                done += 1
            rows = rows[done:]

    def _run(self, rows: list[Row]) -> int:
        environment = dict(os.environ) | {
            "LD_LIBRARY_PATH": f"{self.library}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        }
        if rows[0]["mode"] == "cuda-unfused":
            environment["GGML_CUDA_DISABLE_FUSION"] = "1"
        process = subprocess.Popen(
            [self.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert process.stdin
        assert process.stdout
        threading.Thread(target=self._feed, args=(process.stdin, rows), daemon=True).start()
        watch = threading.Timer(max(1.0, self.deadline - time.monotonic()), process.kill)
        watch.start()
        done = 0
        for line in process.stdout:
            if not line.startswith('{"id"'):
                continue
            answer = json.loads(line)
            row = rows[done]
            self._keep(
                told(row, answer) if answer["ok"] else {**row, "refused": " ".join(answer["log"][-2:])[-300:]}
            )
            done += 1
        watch.cancel()
        process.wait()
        return done

    def _feed(self, stdin: Any, rows: list[Row]) -> None:
        try:
            for i, row in enumerate(rows):
                parser = "server" if server_flags(row["flags"]) else "fit"
                file = self.folder / f"{row['model']}-{row['quant']}.gguf"
                stdin.write(f"{i}\t{row['outputs']}\t{parser}\t-m {file} {row['flags']}\n")
                stdin.flush()
            stdin.close()
        except BrokenPipeError:
            pass  # the process ended: _run sees how far it came

    def _keep(self, row: Row) -> None:
        with self.lock, self.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
            self.refused += "refused" in row
            self.answered += "refused" not in row


def build(binaries: Path, source: Path, program: Path) -> None:
    """Compile recorder.cpp against the libraries in `binaries`."""
    includes = [
        f"-I{source / part}" for part in ("include", "ggml/include", "ggml/src", "src", "common", "vendor")
    ]
    here = Path(__file__).resolve().with_name("recorder.cpp")
    link = [
        f"-L{binaries}",
        "-lllama-common",
        "-lllama",
        "-lggml",
        "-lggml-base",
        "-Wl,--allow-shlib-undefined",
    ]
    subprocess.run(["g++", "-std=c++17", "-O1", *includes, here, "-o", program, *link], check=True)


def main() -> None:
    """Ask everything and print how many answered."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binaries", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--models", help="only these, separated by commas")
    a = parser.parse_args()
    real = {m["name"]: m for m in stored(REAL)}
    everything = {m["name"]: m for m in stored(MORE)} | real
    known = {n: m for n, m in sorted(everything.items()) if not a.models or n in a.models.split(",")}
    rows = questions(known, set(real))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build(a.binaries, a.source, folder / "recorder")
        for model in known.values():
            for quant in model["types"]:
                write_model(folder / f"{model['name']}-{quant}.gguf", model, quant)
        recorder = Recorder(folder / "recorder", a.binaries.resolve(), folder, a.out, start + a.seconds)
        order = {"cuda": 0, "cuda-unfused": 1}
        random.Random(0).shuffle(rows)  # so that what is done when the time is up is a fair sample
        rows.sort(key=lambda r: order[r["mode"]])
        shares = [
            [r for r in rows[i :: a.processes] if r["mode"] == mode]
            for mode in order
            for i in range(a.processes)
        ]
        with ThreadPoolExecutor(a.processes) as pool:
            list(pool.map(recorder.ask, filter(None, shares)))
    print(
        f"{len(rows)} asked, {recorder.answered} answered, {recorder.refused} refused, {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
