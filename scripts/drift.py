#!/usr/bin/env python3
"""Hold moefit's rules to the newest llama.cpp that the package index has, and write docs/llama-cpp-builds.md.

    scripts/drift.py                   # the newest release of xllamacpp, whose archive holds the whole source
    scripts/drift.py --release 2026.10.11549 --all

Fetches the source, builds only what answers questions (llama-fit-params and ggml-rpc-server, without optimisation: 155 steps), asks some hundred
recorded questions again, always the same, or all 4,400 (a dummy load each: nothing allocated, no vocabulary or weights read), and compares the
options. Needs a C++ compiler, cmake and ninja. Exit status 1 where anything differs that the page did not tell before; those are named.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from moefit.launch.builds import CHECKED, RANGE  # noqa: E402  (the checkout's own)
from moefit.launch.help_page import parse_help  # noqa: E402
from moefit.launch.options import Option, OptionTable, builtin  # noqa: E402

PAGE = ROOT / "docs" / "llama-cpp-builds.md"
TARGETS = ("llama-fit-params", "ggml-rpc-server")
SAMPLE = 100
BEGIN, END = "<!-- written by make drift -->", "<!-- end -->"


def newest() -> str:
    """The newest release of xllamacpp that pip finds."""
    answer = run(sys.executable, "-m", "pip", "index", "versions", "xllamacpp")
    found = re.search(r"xllamacpp \((\S+)\)", answer)
    if found is None:
        raise SystemExit(f"pip names no release of xllamacpp: {answer[:200]}")
    return found[1]


def run(*words: object, **variables: str) -> str:
    """What a program prints; where it fails, what it says of that stands above the one line that ends this."""
    done = subprocess.run(
        [*map(str, words)], env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        hint = "; without the package index only a source that is here helps: --release NAME"
        fetches = "pip" in words or "--source" in words
        raise SystemExit(f"drift: {' '.join(map(str, words[:5]))} failed{hint if fetches else ''}")
    return done.stdout.strip()


def build(source: Path) -> Path:
    """The folder of a build with its source: that of build_llama.sh where it is complete, else one of its own beside it."""
    if (source.parent / "finished").exists():
        return source.parent
    folder = source.parent / "drift"
    linked = folder / "src"
    folder.mkdir(exist_ok=True)
    if not linked.exists():
        linked.symlink_to(source)
    flags = (
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
        "-DCMAKE_C_FLAGS_DEBUG=-O0",
        "-DGGML_RPC=ON",
    )
    off = (
        f"-DLLAMA_{name}=OFF" for name in ("BUILD_TESTS", "BUILD_EXAMPLES", "BUILD_APP", "CURL", "OPENSSL")
    )
    run(
        "cmake",
        "-S",
        source,
        "-B",
        folder / "build",
        "-G",
        "Ninja",
        *flags,
        *off,
        "-DLLAMA_USE_PREBUILT_UI=OFF",
    )
    run("cmake", "--build", folder / "build", "--target", *TARGETS)
    return folder


def replayed(folder: Path, sample: int | None) -> tuple[int, list[str]]:
    """How many questions were asked again, and the lines that tell of those answered otherwise."""
    few = ["--sample", sample] if sample else []
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "record_oracle.py"), "--llama", str(folder), *map(str, few)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    asked = sum(int(n) for line in lines if (n := next(iter(re.findall(r": (\d+) rows asked", line)), "")))
    if not asked:
        raise SystemExit(f"the oracle was not replayed: {done.stdout[-400:]}")
    return asked, [
        line for line in lines if " rows asked" not in line and not re.fullmatch(r"\d+ changed", line)
    ]


def documented(source: Path) -> OptionTable:
    """llama-server's options as its README lists them, which llama.cpp generates from --help: the server itself need not be built."""
    text = (source / "tools" / "server" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(-[^`]+)` \| (.*) \|$", text, re.MULTILINE)
    page = "\n".join(f"{words.replace(chr(92), '')}    {told.replace('<br/>', ' ')}" for words, told in rows)
    return parse_help("llama-server", page)


def differences(before: OptionTable, after: OptionTable) -> list[str]:
    """What a table has that another has not, by spelling."""
    old, new = set(before.spellings), set(after.spellings)
    told = [f"new: {_named(after, new - old)}"] if new - old else []
    return told + ([f"gone: {_named(before, old - new)}"] if old - new else [])


def _named(table: OptionTable, spellings: Iterable[str]) -> str:
    options: dict[Option, None] = {}
    for spelling in sorted(spellings):
        if (option := table.get(spelling)) is not None:
            options[option] = None
    return ", ".join(f"`{' '.join((option.name, *option.values))}`" for option in options)


def page(build_number: str, asked: int, changed: list[str], options: list[str]) -> str:
    """The generated part of docs/llama-cpp-builds.md."""
    answers = sum(not line.startswith(" ") for line in changed)
    lines = [
        BEGIN,
        "",
        f"Rules hold from b{CHECKED[0]} to b{CHECKED[-1]}.",
        f"Newest source tried: b{build_number}; {asked} recorded questions asked again, {answers} answered otherwise.",
        "",
        f"Options of llama-server against b{CHECKED[-1]}: {'; '.join(options) or 'the same'}.",
    ]
    if changed:
        lines += ["", "```", *changed, "```"]
    return "\n".join([*lines, "", END])


class Told(NamedTuple):
    """What a page's generated part says."""

    build: str = ""
    asked: int = 0
    changed: tuple[str, ...] = ()
    """Differences, each as one text: a question with the lines below it."""
    options: tuple[str, ...] = ()


def told(text: str) -> Told:
    """What the page says; nothing where it is of another layout."""
    part = text.partition(BEGIN)[2].partition(END)[0]
    tried = re.search(r"^Newest source tried: b(\d+); (\d+) recorded", part, re.MULTILINE)
    options = re.search(r"^Options of llama-server against b\d+: (.*)\.$", part, re.MULTILINE)
    listed = part.partition("```\n")[2].partition("```")[0]
    named = tuple(options[1].split("; ")) if options else ()
    return Told(*((tried[1], int(tried[2])) if tried else ("", 0)), _entries(listed.splitlines()), named)


def untold(before: Told, changed: Sequence[str], options: Sequence[str]) -> list[str]:
    """The differences of which a page does not tell yet."""
    known = {*before.changed, *before.options}
    return [one for one in (*_entries(changed), *options) if one not in known]


def kept(before: Told, number: str, asked: int, changed: list[str]) -> tuple[int, list[str]]:
    """How many questions and which differences to write: a smaller sample of the same build takes away none."""
    if before.build != number or before.asked <= asked:
        return asked, changed
    lines = "\n".join(dict.fromkeys((*before.changed, *_entries(changed)))).splitlines()
    return before.asked, lines


def _entries(lines: Iterable[str]) -> tuple[str, ...]:
    """Differences, each as one text: lines with a space before them belong to the one above."""
    found: list[str] = []
    for line in lines:
        if line.startswith(" ") and found:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return tuple(found)


def main() -> int:
    """Compare, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--release", help="of xllamacpp; the newest without it")
    parser.add_argument(
        "--sample", type=int, default=SAMPLE, help=f"questions of each kind, drawn at random ({SAMPLE})"
    )
    parser.add_argument(
        "--all", action="store_true", help="ask all of them: some eleven minutes of a processor"
    )
    asked = parser.parse_args()
    release = asked.release or newest()
    number = re.findall(r"\d+", release)[2]
    tried = "checked already" if int(number) in CHECKED else "not checked yet"
    print(f"drift: xllamacpp {release} holds b{number}, {tried}: rules hold for {RANGE}", file=sys.stderr)
    source = Path(run(ROOT / "scripts" / "build_llama.sh", "--source", number, SOURCE_RELEASE=release))
    count, changed = replayed(build(source), None if asked.all else asked.sample)
    options = differences(builtin("llama-server"), documented(source))
    text = PAGE.read_text(encoding="utf-8")
    before = told(text)
    fresh = untold(before, changed, options)
    written = page(number, *kept(before, number, count, changed), options)
    PAGE.write_text(text.split(BEGIN)[0] + written + text.split(END)[1], encoding="utf-8")
    print(
        f"{PAGE}: b{number} against {RANGE}, {count} questions, {len(_entries(changed))} answered otherwise"
    )
    print(
        "\n".join(
            ("drift: not told before:", *fresh) if fresh else ("drift: nothing that was not told before",)
        )
    )
    return int(bool(fresh))


if __name__ == "__main__":
    sys.exit(main())
