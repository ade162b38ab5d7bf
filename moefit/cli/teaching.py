"""--help that teaches: the command after `--` in the usage, options in groups, two examples, the width of the terminal."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup

from moefit.cli import completion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WIDEST: Final = 120
"""Columns of help: longer lines are hard to read."""
AFTER: Final = "[-- llama-server ...]"
NO_LINE: Final = frozenset({"calibrate", "cards", "explain"})
"""Commands that no llama-server command goes with."""

_HEADER: Final = "examples/qwen3-30b-a3b-q4_k_m.gguf"
_MACHINE: Final = "--gpu rtx-3060 --ram 32GiB"
EXAMPLES: Final[Mapping[str, Sequence[str]]] = {
    "": (
        f"moefit plan unsloth/Qwen3-30B-A3B-GGUF:Q4_K_M {_MACHINE}",
        "moefit run -- llama-server -m model.gguf -c 32768",
    ),
    "plan": (
        f"moefit plan unsloth/Qwen3-30B-A3B-GGUF:Q4_K_M {_MACHINE}",
        "moefit plan -- llama-server -m model.gguf -c 32768",
    ),
    "estimate": (
        "moefit estimate -- llama-server -m model.gguf -ngl 99 -ncmoe 30",
        f"moefit estimate {_MACHINE} --json -- llama-server -m {_HEADER} -c 8192",
    ),
    "args": (
        "moefit args -- llama-server -m model.gguf -c 32768",
        "moefit args --format llama-swap -- llama-server -m model.gguf --port 8080",
    ),
    "run": (
        "moefit run -- llama-server -m model.gguf -c 32768",
        "moefit run --wait-free 30 -- llama-server -m model.gguf",
    ),
    "unit": (
        "moefit unit --name qwen3 -- llama-server -m model.gguf -c 32768",
        "moefit unit --name qwen3 --replan --dry-run -- llama-server -m model.gguf",
    ),
    "verify": (
        "moefit verify -- llama-server -m model.gguf -c 32768",
        "moefit verify --as-given -- llama-server -m model.gguf -ngl 99 -ncmoe 30",
    ),
    "inspect": (f"moefit inspect {_HEADER}", "moefit inspect unsloth/Qwen3-30B-A3B-GGUF:Q4_K_M --json"),
    "devices": ("moefit devices", "moefit devices --json > machine.json"),
    "calibrate": ("moefit calibrate", "moefit calibrate --json"),
    "bench": ("moefit bench -- llama-server -m model.gguf -c 16384", "moefit bench --save model.gguf"),
    "compare": (
        "moefit compare -hf unsloth/Qwen3-30B-A3B-GGUF",
        f"moefit compare {_HEADER} --contexts 8192,32768,131072 {_MACHINE}",
    ),
    "doctor": ("moefit doctor", "moefit doctor --json"),
    "explain": ("moefit explain reserve", "moefit explain"),
    "cards": ("moefit cards", "moefit cards laptop"),
}
"""Command -> two lines; the empty name is moefit itself."""


_HYPHEN: Final = "\N{NON-BREAKING HYPHEN}"
_SPACE: Final = "\N{NO-BREAK SPACE}"


_TypersContext: Any = TyperCommand.context_class
_TypersFormatter: Any = _TypersContext.formatter_class


class _Formatter(_TypersFormatter):  # type: ignore[misc]  # which class it is depends on Typer's version
    """Breaks lines between words alone: what stands in a help is there to be typed, llama-server and --option-names."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        whole = args.replace(AFTER, AFTER.replace(" ", _SPACE)).replace("-", _HYPHEN)
        super().write_usage(prog, whole, prefix)

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], *widths: int) -> None:
        super().write_dl([(name, words.replace("-", _HYPHEN)) for name, words in rows], *widths)

    def getvalue(self) -> str:
        return str(super().getvalue().replace(_HYPHEN, "-").replace(_SPACE, " "))


class _Context(_TypersContext):  # type: ignore[misc]  # as above
    formatter_class = _Formatter


class Teaching(TyperCommand):
    """A command."""

    context_class = _Context

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """With what stands after `--`."""
        pieces = super().collect_usage_pieces(ctx)
        return pieces if self.name in NO_LINE else [*pieces, AFTER]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Where a shell asks for the value of --option=value, options offer values that begin so."""
        option = completion.option_of_word(os.environ)
        for param in self.params if option else ():
            param.shell_complete = partial(completion.begun, option, param.shell_complete)  # type: ignore[method-assign]
        return super().make_context(info_name, args, parent, **extra)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Its own options, and llama-server's after `--`."""
        if not completion.is_after_dashes(os.environ):
            return super().shell_complete(ctx, incomplete)
        from typer.core import CompletionItem  # type: ignore[attr-defined]  # what this method is to return

        return [CompletionItem(word) for word in completion.server_options(incomplete)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, the command's own options, then those of the machine and the plan."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                argument = param.param_type_name == "argument"
                title = "Arguments" if argument else getattr(param, "rich_help_panel", None) or "Options"
                groups.setdefault(title, []).append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's
        """Two examples."""
        _write_examples(formatter, self.name or "")


class TeachingGroup(TyperGroup):
    """moefit itself."""

    context_class = _Context

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's
        """Two examples."""
        _write_examples(formatter, "")


def _write_examples(formatter: Any, name: str) -> None:
    """There to be copied: what is wider than the terminal goes on behind a backslash."""
    lines = EXAMPLES.get(name, ())
    if lines:
        with formatter.section("Examples"):
            for line in lines:
                formatter.write("".join(f"  {part}\n" for part in continued(line, formatter.width - 2)))


def continued(line: str, width: int) -> list[str]:
    r"""A command in lines of at most so many columns, of which a shell makes one; a word that is longer stays whole.

    >>> continued("moefit plan --gpu rtx-3060 --ram 32GiB", 30)
    ['moefit plan --gpu rtx-3060 \\', '    --ram 32GiB']
    """
    words = _with_values(line.split(" "))
    lines = [words[0]]
    for place, word in enumerate(words[1:], 2):
        room = width - (2 if place < len(words) else 0)
        if len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(f"    {word}")
    return [*(f"{part} \\" for part in lines[:-1]), lines[-1]]


def _with_values(words: Sequence[str]) -> list[str]:
    """An option and its value as one.

    >>> _with_values(["moefit", "plan", "-m", "m.gguf", "--json", "--", "llama-server"])
    ['moefit', 'plan', '-m m.gguf', '--json', '--', 'llama-server']
    """
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        if before.startswith("-") and before != "--" and " " not in before and not word.startswith("-"):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined
