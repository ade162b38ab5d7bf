"""What a shell's completion offers for values, by Typer's own means: each takes what is typed so far.

A shell keeps what begins as the word does, so an offer is spelt on from there: 2x30 goes on as 2x3060.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Final

import typer

_WORDS: Final = "COMP_WORDS"
_PLACE: Final = "COMP_CWORD"
_ARGS: Final = "_TYPER_COMPLETE_ARGS"
"""By which Typer's script for bash, and those for other shells, tell what is typed."""
_GIB: Final = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_MODULES: Final = (
    "ddr4-2666x2", "ddr4-3200x2", "ddr4-3200x8", "ddr5-4800x2", "ddr5-5600x2", "ddr5-6000x2", "ddr5-6400x2",
    "ddr5-4800x8", "ddr5-4800x12", "lpddr5-6400x4", "lpddr5x-7500x4", "lpddr5x-8533x4",
)  # fmt: skip


def joined(environment: MutableMapping[str, str]) -> None:
    r"""Take the `=` of `--gpu=30` off bash's words, of which it makes three: an option and its value are two.

    >>> seen = {"COMP_WORDS": "moefit\nplan\n--gpu\n=\n30", "COMP_CWORD": "4"}
    >>> joined(seen)
    >>> seen
    {'COMP_WORDS': 'moefit\nplan\n--gpu\n30', 'COMP_CWORD': '3'}
    """
    words = environment.get(_WORDS, "").split("\n")
    place = environment.get(_PLACE, "")
    marks = [at for at in range(1, len(words)) if words[at] == "=" and words[at - 1].startswith("--")]
    if not marks or not place.isdigit():
        return
    here = int(place)
    kept = [word for at, word in enumerate(words) if at not in marks]
    lost = sum(at <= here for at in marks)
    if here in marks:  # nothing stands behind it yet
        kept.insert(here - lost + 1, "")
        lost -= 1
    environment[_WORDS], environment[_PLACE] = "\n".join(kept), str(here - lost)


def option_of_word(environment: Mapping[str, str]) -> str:
    """The `--gpu=` of a word `--gpu=30` that is typed: zsh and fish leave it one word, and keep what begins as it does.

    >>> option_of_word({"_TYPER_COMPLETE_ARGS": "moefit plan --gpu=30"})
    '--gpu='
    """
    words = environment.get(_WORDS, "").split("\n")
    place = environment.get(_PLACE, "")
    typed = re.split(r"\s", environment.get(_ARGS, ""))[-1]
    if place.isdigit() and int(place) < len(words):
        typed = words[int(place)]
    found = re.match(r"--[a-z][a-z-]*=", typed)
    return found[0] if found and not is_after_dashes(environment) else ""


def begun(option: str, offers: Callable[[Any, str], list[Any]], ctx: Any, incomplete: str) -> list[Any]:
    """What is offered for a value, behind the option that it is typed with."""
    found = offers(ctx, incomplete)
    for offer in found:
        offer.value = option + offer.value
    return found


def is_after_dashes(environment: Mapping[str, str]) -> bool:
    """Whether what is typed belongs to the command after `--`."""
    return "--" in _before(environment)


def _before(environment: Mapping[str, str]) -> list[str]:
    """The words before the one that is typed."""
    if _WORDS in environment:
        place = environment.get(_PLACE, "")
        return environment[_WORDS].split()[: int(place) if place.isdigit() else None]
    return re.split(r"\s+", environment.get(_ARGS, ""))[:-1]


def _starting(typed: str, offers: Iterable[str]) -> list[str]:
    return [offer for offer in offers if offer.startswith(typed)]


def _one_of(offers: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Completes one of a set that is imported when it is asked for."""

    def complete(incomplete: str) -> list[str]:
        return _starting(incomplete, offers())

    return complete


def _some_of(offers: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Completes the last of several with commas between, none of them twice."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        rest = [offer for offer in offers() if offer not in before.split(",")]
        return [f"{before}{comma}{offer}" for offer in _starting(last, rest)]

    return complete


def _workloads() -> Sequence[str]:
    from moefit.cost.workload import WORKLOADS

    return [*WORKLOADS, *(f"{load.prompt}:{load.generated}" for load in WORKLOADS.values())]


def _strategies() -> Sequence[str]:
    from moefit.cli.options import Strategy

    return list(Strategy)


def _builds() -> Sequence[str]:
    from moefit.launch.builds import CHECKED

    return [f"b{number}" for number in CHECKED]


def _users() -> Sequence[str]:
    import pwd

    return sorted(user.pw_name for user in pwd.getpwall())


def _glossary() -> Sequence[str]:
    from moefit.formats.glossary import OTHER_WORDS, WORDS

    return sorted({word.lstrip("-") for word in (*WORDS, *OTHER_WORDS)})


def _sizes() -> Sequence[str]:
    return [f"{size}GiB" for size in _GIB]


def _contexts() -> Sequence[str]:
    return [str(1024 << power) for power in range(2, 9)]


def _cores() -> Sequence[str]:
    return [str(number) for number in (4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128)]


workloads = _one_of(_workloads)
strategies = _some_of(_strategies)
builds = _one_of(_builds)
users = _one_of(_users)
words = _one_of(_glossary)
sizes = _one_of(_sizes)
contexts = _some_of(_contexts)
cores = _one_of(_cores)
modules = _one_of(lambda: _MODULES)


def cards(incomplete: str) -> list[str]:
    """Cards, however they are begun: 30, RTX-30, 2xrtx-30, 3090+30; behind a comma the keys."""
    before, typed = re.fullmatch(r"(.*[+,]\s*|)(.*)", incomplete, re.DOTALL).groups()  # type: ignore[union-attr]  # matches any text
    count = re.match(r"(?:[1-9]|1[0-6])[x*]", typed, re.IGNORECASE)
    if count:
        before, typed = before + count[0], typed[count.end() :]
    offers = [f"{before}{typed}{name[len(typed) :]}" for name in _card_names(typed)]
    if before.rstrip().endswith(","):
        from moefit.machine.specs import SPEC_KEYS

        offers += [f"{before}{key}=" for key in _starting(typed.lower(), SPEC_KEYS)]
    return offers


def _card_names(typed: str) -> Sequence[str]:
    """Spellings of a card that begin so: its keys, else those without their family, else without dashes, too."""
    from moefit.machine.cards import CARDS
    from moefit.machine.catalogue import spellings

    keys = [key for card in CARDS for key in (card.key, *card.other_keys)]
    if found := _starting(typed.lower(), keys):
        return found
    bare = [re.sub(r"^(?:rtx|gtx|rx|arc-pro|arc|radeon-pro|radeon|quadro)-", "", key) for key in keys]
    if found := _starting(typed.lower(), bare):
        return list(dict.fromkeys(found))
    return sorted({name for key in keys for name in spellings(key) if name.startswith(typed.lower())})


def card_words(incomplete: str) -> list[str]:
    """Makers and families, and cards."""
    from moefit.machine.card_filter import GROUPS

    return [*_starting(incomplete.lower(), GROUPS), *cards(incomplete)]


def devices(ctx: typer.Context, incomplete: str) -> list[str]:
    """The devices of this machine, or of the one that the options before declare."""
    return _starting(incomplete, [name for name, _ in _devices(ctx)])


def budgets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Each device with sizes that it has."""
    offers = (f"{name}={size}GiB" for name, most in _devices(ctx) for size in _GIB if size << 30 <= most)
    return _starting(incomplete, offers)


def margins(ctx: typer.Context, incomplete: str) -> list[str]:
    """Sizes, for all devices or for one."""
    small = ("256MiB", "512MiB", "1GiB", "2GiB", "4GiB")
    offers = [*small, *(f"{name}={size}" for name, _ in _devices(ctx) for size in small)]
    return _starting(incomplete, offers)


def _devices(ctx: typer.Context) -> list[tuple[str, int]]:
    """Names and bytes; a program is not asked, for a shell waits."""
    from moefit.errors import MoefitError
    from moefit.machine.detect import MachineOptions, detect

    given = ctx.params
    options = MachineOptions(
        gpus=tuple(given.get("gpu") or ()), machine_file=given.get("machine"), time_limit=1.0
    )
    try:
        return [(gpu.name, gpu.total) for gpu in detect(options, os.environ).gpus]
    except MoefitError:
        return []


def models(incomplete: str) -> list[str]:
    """Model files and folders; of a folder that is the only one also what is in it, so that the shell goes on."""
    if is_after_dashes(os.environ):
        return _starting(incomplete, ["llama-server"])
    found = _listed(incomplete)
    return [*found, *_listed(found[0])] if len(found) == 1 and found[0].endswith("/") else found


def _listed(incomplete: str) -> list[str]:
    folder, name = os.path.split(incomplete)
    try:
        there = sorted(os.listdir(folder or "."))  # noqa: PTH208 - as a shell does
    except OSError:
        return []
    hidden = name.startswith(".")
    shown = [other for other in there if other.startswith(name) and (hidden or not other.startswith("."))]
    paths = [os.path.join(folder, other) for other in shown]  # noqa: PTH118 - as above
    folders = [f"{path}/" for path in paths if os.path.isdir(path)]  # noqa: PTH112 - as above
    return [*(path for path in paths if path.endswith(".gguf")), *folders]


def server_options(incomplete: str) -> list[str]:
    """llama-server's own options, or the words that one of them takes, for the command after `--`."""
    from moefit.launch.options import builtin

    table = builtin("llama-server")
    asked = table.get(_before(os.environ)[-1])
    if asked is not None and asked.arity:
        return _starting(incomplete, asked.choices)
    spelled = (word for option in table.options for word in (*option.spellings, *option.negations))
    return sorted(set(_starting(incomplete, spelled))) if incomplete.startswith("-") else []
