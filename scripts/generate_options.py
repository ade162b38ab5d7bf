"""Write moefit/launch/option_data.py from the --help of real llama.cpp programs.

usage: generate_options.py 11434=FOLDER_OF_PROGRAMS 11549=ANOTHER > new.py && mv new.py moefit/launch/option_data.py && ruff format moefit/launch/option_data.py
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from moefit.launch.help_page import parse_help
from moefit.launch.options import Option

PROGRAMS = (
    "llama-server",
    "llama-cli",
    "llama-completion",
    "llama-perplexity",
    "llama-fit-params",
    "llama-bench",
)


def main(folders: Mapping[int, Path]) -> None:
    rows: dict[Option, int] = {}
    builds = {build: _programs(folder, rows) for build, folder in sorted(folders.items())}
    print(
        '"""The options of llama.cpp by build: written by scripts/generate_options.py from each program\'s --help."""\n'
    )
    print("from __future__ import annotations\n\nfrom typing import Final\n")
    print(
        "Row = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], str | None, str | None]"
    )
    print(
        '"""Spellings, negations, value names, choices, variable, what to use instead: the fields of Option."""\n'
    )
    print("OPTION_ROWS: Final[tuple[Row, ...]] = (")
    for option in rows:
        print(f"    {dataclasses.astuple(option)!r},")
    print(")\n\nBUILDS: Final[dict[int, dict[str, tuple[tuple[int, int], ...]]]] = {")
    for build, programs in builds.items():
        print(f"    {build}: {{")
        for program, indexes in programs.items():
            print(f"        {program!r}: {tuple(_spans(indexes))!r},")
        print("    },")
    print(
        '}\n"""Build number -> program -> its options, as spans of OPTION_ROWS: from the first to before the last."""\n'
    )
    print(f"NEWEST: Final = {max(builds)}")
    print("PROGRAMS: Final = BUILDS[NEWEST]")


def _programs(folder: Path, rows: dict[Option, int]) -> dict[str, list[int]]:
    """The options of each program of a build; new ones are added to `rows`."""
    programs: dict[str, list[int]] = {}
    for program in PROGRAMS:
        answer = subprocess.run([folder / program, "--help"], capture_output=True, text=True, check=True)
        options = parse_help(program, answer.stdout).options
        programs[program] = [rows.setdefault(option, len(rows)) for option in options]
    return programs


def _spans(indexes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of indexes that follow each other, in their order."""
    start = end = None
    for index in indexes:
        if index != end:
            if start is not None and end is not None:
                yield start, end
            start = index
        end = index + 1
    if start is not None and end is not None:
        yield start, end


if __name__ == "__main__":
    named = (word.partition("=") for word in sys.argv[1:])
    main({int(build): Path(folder) for build, _, folder in named})
