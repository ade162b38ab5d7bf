"""Record what moefit plans, compare two recordings, and count recorded lines anew: the net under every change of structure.

    python scripts/plans.py record before.jsonl          plans of 480 triples of model, machine and line
    python scripts/plans.py compare before.jsonl after.jsonl
    python scripts/plans.py replay before.jsonl          the memory of each recorded line as `estimate` counts it now
    python scripts/plans.py choices before.jsonl after.jsonl   why another line is chosen, and how much faster it is

A recording is made by the command line in this process (`plan --json` and `estimate --json`), so it outlives any change of
the modules behind it; one that ends in .xz is compressed. `compare` prints each triple that differs, key by key, and exits 1 where there is one. What is chosen may
change with every constant of the cost; what a line takes may not: `replay` asks that alone.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import lzma
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from make_header import models, write_header

MACHINES = (
    "--gpu rtx-3060 --ram 32GiB --cores 8",
    "--gpu rtx-4090 --ram 128GiB --cores 16",
    "--gpu rtx-3090 --gpu rtx-3060 --ram 96GiB --cores 12",
    "--gpu rtx-4060-ti-16gb --gpu rtx-3060,link=3GB/s --ram 64GiB --cores 8",
    "--gpu name=Vulkan0,free=15GiB,bandwidth=640GB/s,link=25GB/s --ram 64GiB --cores 16",
    "--gpu name=ROCm0,free=80GiB,bandwidth=256GB/s,integrated=yes --ram 96GiB --cores 16",
    "--gpu rtx-3090 --gpu rtx-3090 --gpu rtx-3060 --gpu rtx-3060 --ram 256GiB --cores 32",
    "--exclude CUDA0 --gpu 6GiB --ram 256GiB --cores 24",
    "--gpu 78GiB --ram 512GiB --cores 32",
)
LINES = (
    "",
    "-c 16384",
    "-c 32768 -np 1 -ctk q8_0 -ctv q8_0",
    "-c 8192 -ub 1024 -b 2048 --load-mode mmap",
    "-c 0",
    "-ngl 20 -c 8192",
    "-cmoe -c 8192",
    "-np 8 -c 65536",
    "-fa off -c 4096",
)
GIVEN = ("-ngl 99 -ncmoe 20 -c 8192", "-ngl 12 -c 4096 -ub 256")


def triples() -> Iterator[tuple[str, str, str, str, str]]:
    """(command, model, quantisation, machine, line): every real model on every machine, twice, with changing lines."""
    for shift in (0, 4):
        turn = itertools.count()
        for name, described in models().items():
            quants = list(described["types"])
            for machine in MACHINES:
                n = next(turn)
                line = LINES[(n + n // len(MACHINES) + shift) % len(LINES)]
                yield "plan", name, quants[n % len(quants)], machine, line
            yield "estimate", name, quants[0], MACHINES[2], GIVEN[(next(turn) + shift // 4) % len(GIVEN)]


def run(words: list[str]) -> dict[str, Any]:
    """What moefit prints as JSON, with its exit status; a status of 2 has its line instead."""
    from moefit.cli import main  # noqa: PLC0415 - the checkout that PYTHONPATH names

    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as end:
            status = end.code
    answer = json.loads(out.getvalue()) if out.getvalue() else {"error": err.getvalue()}
    return {"status": status, **answer}


def record(path: Path, only: str) -> None:
    """Write one line for each triple."""
    with tempfile.TemporaryDirectory() as folder, path.open("w") as out:
        known = models()
        for verb, name, quant, machine, line in triples():
            if only not in name:
                continue
            file = Path(folder, f"{name}-{quant}.gguf")
            if not file.exists():
                write_header(file, known[name], quant, whole=True)
            words = [verb, str(file), "--json", *machine.split()]
            words += ["--", *line.split()] if line else []
            answer = json.loads(json.dumps(run(words)).replace(folder, ""))
            label = f"{verb} {name} {quant} {machine} -- {line}"
            out.write(json.dumps({"triple": label, **answer}, sort_keys=True) + "\n")
            print(label, answer["status"], file=sys.stderr)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a recording."""
    data = path.read_bytes()
    return [
        json.loads(line) for line in (lzma.decompress(data) if path.suffix == ".xz" else data).splitlines()
    ]


def differences(before: object, after: object, at: str = "") -> Iterator[str]:
    """Each leaf that differs, with its path."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key), after.get(key), f"{at}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for i, (a, b) in enumerate(zip(before, after, strict=True)):
            yield from differences(a, b, f"{at}[{i}]")
    elif before != after:
        yield f"{at}: {json.dumps(before)[:90]} -> {json.dumps(after)[:90]}"


def compare(before: Path, after: Path) -> int:
    """Print what differs; the number of triples that do."""
    old, new = ({row["triple"]: row for row in rows_of(path)} for path in (before, after))
    differing = 0
    for triple in old.keys() & new.keys():
        found = list(differences(old[triple], new[triple]))
        differing += bool(found)
        if found:
            print(triple, *found[:8], sep="\n    ")
    print(f"{len(old.keys() & new.keys())} triples compared, {differing} differ")
    return differing


USES = ("model", "context", "compute", "overhead")
"""Terms of a device; of the host the first three. The reserve is left out: it is moefit's own, and counts page tables of what is pinned, which
in the first recording were those of all experts."""


def memory(answer: dict[str, Any]) -> dict[str, int]:
    """Bytes by place and term."""
    on = {f"{d['name']} {term}": d[term] for d in answer["devices"] for term in USES}
    return on | {f"host {term}": answer["host"][term] for term in USES[:3]}


def counted_anew(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each recorded line, and what `estimate` says of it now, on the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        known = models()
        for row in rows:
            _, name, quant, rest = row["triple"].split(" ", 3)
            file = Path(folder, f"{name}-{quant}.gguf")
            if not file.exists():
                write_header(file, known[name], quant, whole=True)
            words = [str(file) if word == f"/{file.name}" else word for word in row["argv"]]
            pairs = [f"{key}={value}" for key, value in row["environment"].items()]
            words = ["env", *pairs, *words] if pairs else words
            machine = rest.partition(" -- ")[0].split()
            yield row, run(["estimate", "--json", *machine, "--", *words])


def replay(before: Path, only: str) -> int:
    """Print the terms that are counted otherwise now; the number of lines with one."""
    rows = [row for row in rows_of(before) if row.get("argv") and only in row["triple"].split()[1]]
    differing = 0
    for row, answer in counted_anew(rows):
        was, now = memory(row), memory(answer) if "devices" in answer else {}
        found = [
            f"{k}: {was.get(k)} -> {now.get(k)}" for k in sorted({*was, *now}) if was.get(k) != now.get(k)
        ]
        differing += bool(found)
        if found:
            print(row["triple"], *found, answer.get("error", ""), sep="\n    ", flush=True)
    print(f"{len(rows)} lines counted anew, {differing} otherwise")
    return differing


def cause(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What the new line has that the old one has not, the first of what changes a choice."""
    was, now = old["argv"], new["argv"]
    if "--moe-cache-mib" in now:
        return "an expert cache"
    for option, text in (
        ("--no-op-offload", "no copies over a slow link"),
        ("-dev", "devices"),
        ("-c", "context"),
        ("-ub", "micro-batch"),
        ("-lm", "load mode"),
        ("-cram", "prompt cache"),
    ):
        if [was[i + 1 : i + 2] for i, w in enumerate(was) if w == option] != [
            now[i + 1 : i + 2] for i, w in enumerate(now) if w == option
        ]:
            return text
    return "placement" if was != now else "threshold"


def choices(before: Path, after: Path) -> int:
    """Print, for each triple with another line, why and how many times as fast it is now; the number that are slower by 1%."""
    old = {row["triple"]: row for row in rows_of(before) if row.get("argv")}
    new = {row["triple"]: row for row in rows_of(after) if row.get("argv")}
    both = [triple for triple in old if triple in new and triple.startswith("plan")]
    changed = [
        t for t in both if (old[t]["argv"], old[t]["environment"]) != (new[t]["argv"], new[t]["environment"])
    ]
    slower, causes = 0, Counter[str]()
    for row, answer in counted_anew([old[triple] for triple in changed]):
        now = new[row["triple"]]
        causes[cause(row, now)] += 1
        gain = answer["predicted"]["seconds"] / now["predicted"]["seconds"] if "predicted" in answer else 0.0
        fits = answer.get("fits")
        slower += bool(fits and gain < 0.99)
        print(
            f"{row['triple']}\n    {cause(row, now)}: {gain:.3f} times as fast as the recorded line, which {'fits' if fits else 'does not fit'}",
            flush=True,
        )
    print(
        f"{len(both)} plans, {len(both) - len(changed)} with the same line, {slower} slower;",
        ", ".join(f"{n} {why}" for why, n in causes.most_common()),
    )
    return slower


def command() -> int:
    """Record or compare, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    recorder = verbs.add_parser("record")
    recorder.add_argument("file", type=Path)
    recorder.add_argument("--only", default="", help="models whose name has this part")
    comparer = verbs.add_parser("compare")
    comparer.add_argument("before", type=Path)
    comparer.add_argument("after", type=Path)
    chooser = verbs.add_parser("choices")
    chooser.add_argument("before", type=Path)
    chooser.add_argument("after", type=Path)
    replayer = verbs.add_parser("replay")
    replayer.add_argument("before", type=Path)
    replayer.add_argument("--only", default="", help="models whose name has this part")
    a = parser.parse_args()
    if a.verb == "choices":
        return int(choices(a.before, a.after) > 0)
    if a.verb == "replay":
        return int(replay(a.before, a.only) > 0)
    if a.verb == "record":
        record(a.file, a.only)
        return 0
    return int(compare(a.before, a.after) > 0)


if __name__ == "__main__":
    sys.exit(command())
