"""Write moefit/launch/option_data.py from the --help of real llama.cpp programs.

usage: generate_options.py FOLDER_OF_PROGRAMS > moefit/launch/option_data.py
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

from moefit.launch.options import Option, parse_help

PROGRAMS = (
    "llama-server",
    "llama-cli",
    "llama-completion",
    "llama-perplexity",
    "llama-fit-params",
    "llama-bench",
)


def main(folder: Path) -> None:
    rows: dict[Option, int] = {}
    programs: dict[str, list[int]] = {}
    for program in PROGRAMS:
        answer = subprocess.run([folder / program, "--help"], capture_output=True, text=True, check=True)
        options = parse_help(program, answer.stdout).options
        programs[program] = [rows.setdefault(option, len(rows)) for option in options]
    print(
        '"""The options of llama.cpp b11434: written by scripts/generate_options.py from each program\'s --help."""\n'
    )
    print("from __future__ import annotations\n\nfrom typing import Final\n")
    print(
        "Row = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], str | None, str | None]"
    )
    print(
        '"""Spellings, negations, value names, choices, variable, what to use instead: the fields of Option."""\n'
    )
    print("ROWS: Final[tuple[Row, ...]] = (")
    for option in rows:
        print(f"    {dataclasses.astuple(option)!r},")
    print(")\n\nPROGRAMS: Final[dict[str, tuple[int, ...]]] = {")
    for program, indexes in programs.items():
        print(f"    {program!r}: {tuple(indexes)!r},")
    print("}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
