"""moefit's own options, each defined once."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from moefit.cli import completion


class Strategy(StrEnum):
    """`--strategy`."""

    AUTO = "auto"
    BASE_FIRST = "base-first"
    FFN = "ffn"
    TWO_PASS = "two-pass"  # noqa: S105 - a strategy, no password
    STANDARD = "standard"


class Preference(StrEnum):
    """`--prefer`."""

    PREFILL = "prefill"
    DECODE = "decode"


class When(StrEnum):
    """`--color`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Format(StrEnum):
    """`--format` of `args`."""

    SHELL = "shell"
    NULL = "null"
    JSON = "json"
    ENV = "env"
    LLAMA_SWAP = "llama-swap"
    PRESET = "preset"
    LLAMA_BENCH = "llama-bench"
    ADDITIONS = "additions"
    ADDITIONS_ENV = "additions-env"
    ADDITIONS_UNIT = "additions-unit"


def _is_a_number(seconds: float | None) -> float | None:
    """No range leaves out what is no number: `nan` is neither below it nor above.

    Raises:
        UsageError: it is none.
    """
    if seconds is not None and seconds != seconds:  # noqa: PLR0124 - that is how such a value is known
        from moefit.errors import UsageError

        raise UsageError("nan is no number of seconds")
    return seconds


def _in_a_folder(name: str | None) -> str | None:
    """A file to be written lies in a folder that is there: a slip in its name makes none.

    Raises:
        UsageError: the name is empty, or a folder's.
        InputError: the folder is missing, or is none.
    """
    from moefit.errors import InputError, UsageError

    if name is None:
        return None
    if not name:
        raise UsageError("the name of a file to write is empty", "a variable that nothing has set?")
    if name.endswith(os.sep):
        raise UsageError(f"{name}: is a folder's name", f"{name}FILE, with a name for the file")
    folder = os.path.dirname(name) or os.curdir  # noqa: PTH120 - a Path has no slash at its end
    if not os.path.isdir(folder):  # noqa: PTH112 - False where it may not be asked
        from shlex import quote

        if os.path.exists(folder):  # noqa: PTH110 - as above
            raise InputError(f"{name}: {folder} is no folder")
        raise InputError(f"{name}: there is no folder {folder}", f"mkdir -p {quote(folder)}")
    return name


_MACHINE = "The machine"
_PLAN = "The plan"


ModelPath = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        autocompletion=completion.models,
        help="A GGUF file, a folder with one, user/repo:quant of Hugging Face, or a URL; or name it in the command after --.",
    ),
]
Gpu = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SPEC",
        autocompletion=completion.cards,
        help="A GPU instead of the detected ones: a card of `moefit cards` (rtx-3060, 2x3060), its memory (11.6GiB), and keys, with commas between: free=11.6GiB bandwidth=360GB/s link=25GB/s overhead=300MiB name=CUDA0. Repeatable; none: no GPU.",
        rich_help_panel=_MACHINE,
    ),
]
RamSize = Annotated[
    str | None,
    typer.Option(
        "--ram",
        metavar="SIZE",
        autocompletion=completion.sizes,
        help="RAM that is free for the server, less than is built in; +8GiB: so much more than there is.",
        rich_help_panel=_MACHINE,
    ),
]
RamBandwidth = Annotated[
    str | None,
    typer.Option(
        metavar="RATE",
        autocompletion=completion.modules,
        help="What the CPU reads from RAM, measured (60GB/s), or its modules (ddr5-5600x2).",
        rich_help_panel=_MACHINE,
    ),
]
Cores = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, autocompletion=completion.cores, help="Physical cores.", rich_help_panel=_MACHINE
    ),
]
MachineFile = Annotated[
    str | None,
    typer.Option(
        "--machine",
        metavar="FILE",
        help="A machine written by `moefit devices --json`.",
        rich_help_panel=_MACHINE,
    ),
]
Budget = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DEV=SIZE",
        autocompletion=completion.budgets,
        help="Use at most so much of a device's free memory.",
        rich_help_panel=_MACHINE,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DEV", autocompletion=completion.devices, help="Leave a device out.", rich_help_panel=_MACHINE
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        min=0.1,
        max=600,
        callback=_is_a_number,
        help="What a driver or a program may take to answer.",
        rich_help_panel=_MACHINE,
    ),
]
NoCalibration = Annotated[
    bool,
    typer.Option(
        "--no-calibration",
        help="Leave out what `moefit calibrate` measured of this host.",
        rich_help_panel=_MACHINE,
    ),
]
Rpc = Annotated[
    list[str] | None,
    typer.Option(
        "--rpc",
        metavar="HOST:PORT",
        help="RPC servers of llama.cpp to use as devices; they have no authentication.",
        rich_help_panel=_MACHINE,
    ),
]
AllowCpu = Annotated[
    bool,
    typer.Option(
        "--allow-cpu",
        help="Plan for the CPU where this host has a GPU that does not answer.",
        rich_help_panel=_MACHINE,
    ),
]
Expect = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DEV",
        autocompletion=completion.devices,
        help="A device that must be there, or exit 3.",
        rich_help_panel=_MACHINE,
    ),
]
Margin = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[DEV=]SIZE",
        autocompletion=completion.margins,
        help="Keep so much free instead of the reserve.",
        rich_help_panel=_PLAN,
    ),
]
Beside = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[DEV=]SIZE",
        autocompletion=completion.margins,
        help="Leave so much more for models of another server.",
        rich_help_panel=_PLAN,
    ),
]
Exact = Annotated[
    bool,
    typer.Option(
        "--exact", help="Correct the plan by one dummy load of the real llama.cpp.", rich_help_panel=_PLAN
    ),
]
Build = Annotated[
    str | None,
    typer.Option(
        metavar="bN|FILE",
        autocompletion=completion.builds,
        help="Plan for this build of llama.cpp, or for a page of its --help, whatever is installed.",
        rich_help_panel=_PLAN,
    ),
]
StrategyChoice = Annotated[
    Strategy, typer.Option("--strategy", help="How layers are placed.", rich_help_panel=_PLAN)
]
WorkloadText = Annotated[
    str | None,
    typer.Option(
        "--workload",
        metavar="NAME|P:G[xN]",
        autocompletion=completion.workloads,
        help="Prompt and generated tokens to be fast at: chat 2048:512 (the default), agent 16384:512, rag 8192:256, batch 4096:64; x20 behind it: a start serves 20 requests, which share its seconds.",
        rich_help_panel=_PLAN,
    ),
]
Prefer = Annotated[
    Preference | None,
    typer.Option(
        "--prefer",
        help="Short for a workload: prefill is 8192:64, decode is 256:1024.",
        rich_help_panel=_PLAN,
    ),
]
Color = Annotated[When, typer.Option("--color", help="Colours; auto: on a terminal, unless NO_COLOR is set.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Why each layer is where it is, and what else was tried.")
]
ComparedModels = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        autocompletion=completion.models,
        help="Files, URLs, folders or repositories; a folder, or a repository without a quant, is all of its files.",
    ),
]
Repository = Annotated[
    str | None,
    typer.Option("-hf", metavar="USER/REPO", help="Every model of this repository of Hugging Face."),
]
Contexts = Annotated[
    str | None,
    typer.Option(
        "--contexts",
        metavar="N,N",
        autocompletion=completion.contexts,
        help="Contexts to compare, in tokens.",
    ),
]
ComparedCards = Annotated[
    list[str] | None,
    typer.Option(
        "--cards",
        metavar="SPEC",
        autocompletion=completion.cards,
        help="A machine with this card instead, or with these together: 3060+3090, as --gpu takes them. Several machines: --cards 3060 --cards 3090, a row for each.",
    ),
]
Strategies = Annotated[
    str | None,
    typer.Option(
        "--strategies",
        metavar="S,S",
        autocompletion=completion.strategies,
        help="Strategies to compare: base-first,two-pass.",
    ),
]
Word = Annotated[
    str | None,
    typer.Argument(
        metavar="[WORD]",
        autocompletion=completion.words,
        help="A word of a plan: reserve, ubatch, base-first.",
    ),
]
CardWord = Annotated[
    str | None,
    typer.Argument(
        metavar="[WORD]",
        autocompletion=completion.card_words,
        help="Only those with this in their name: 3060, laptop.",
    ),
]
Svg = Annotated[
    str | None,
    typer.Option(
        "--svg",
        metavar="FILE",
        help="Also draw the page as a picture.",
        path_type=str,
        dir_okay=False,
        callback=_in_a_folder,
    ),
]
AsGiven = Annotated[bool, typer.Option("--as-given", help="The line as it stands, nothing added.")]
WaitFree = Annotated[
    float | None,
    typer.Option(
        "--wait-free",
        metavar="SECONDS",
        min=0,
        callback=_is_a_number,
        help="Wait at most so long until an earlier process has let go of GPU memory.",
    ),
]
UnitName = Annotated[str, typer.Option("--name", help="The unit's name, without .service.")]
UserUnit = Annotated[
    bool, typer.Option("--user", help="For your own systemd (systemctl --user), not the system's.")
]
RunAs = Annotated[
    str | None,
    typer.Option(
        "--run-as",
        metavar="USER",
        autocompletion=completion.users,
        help="Who the server runs as, in a system unit.",
    ),
]
Replan = Annotated[
    bool, typer.Option("--replan", help="Plan again at each start, for the memory of that moment.")
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="Write it to a file.",
        path_type=str,
        dir_okay=False,
        callback=_in_a_folder,
    ),
]
Install = Annotated[bool, typer.Option("--install", help="Write it where systemctl --user looks for it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print it, and do nothing.")]
FormatChoice = Annotated[
    Format,
    typer.Option("--format", metavar="FORM", help=f"How the line is written: {', '.join(Format)}."),
]
BenchCandidates = Annotated[
    int, typer.Option("--candidates", metavar="N", min=1, help="So many of the best lines are run.")
]
BenchRuns = Annotated[
    int, typer.Option("--runs", metavar="N", min=1, help="Runs of each; the median counts.")
]
BenchFill = Annotated[
    bool, typer.Option("--fill/--no-fill", help="Also fill the chosen line's context by one prompt.")
]
BenchSave = Annotated[bool, typer.Option("--save", help="Correct the calibration by what was measured.")]
