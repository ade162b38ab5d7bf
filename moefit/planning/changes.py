"""Single changes to a line that does not fit, those that cost least first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from moefit.launch.complete import Addition
from moefit.launch.given import LINE
from moefit.launch.options import known_words
from moefit.launch.settings import CONTEXT_PADDING, MAPPED
from moefit.memory.split_modes import SPLIT_MODES
from moefit.search.candidate import Candidate
from moefit.search.request import Request
from moefit.values import dataclass

_UBATCH_STEP: Final = 32
_OLD_WORDS: Final = frozenset({"-lm"})
"""Options that older builds have other words for (launch/translate.py)."""
_PLACED: Final = "moefit then chooses where the weights go"
_FULL: Final = frozenset({"f32", "f16", "bf16"})
"""Cache types that q8_0 makes smaller."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that the user would have to allow."""

    fields: Mapping[str, Any]
    """Of the constraints."""
    words: str
    """How it is said: -c 8192, leaving out -ts."""
    why: str
    """What it does, or costs."""
    options: tuple[str, ...]
    """Spellings that the line has no longer."""
    additions: tuple[Addition, ...] = ()
    """What it has in their place."""
    number: int = 0
    """Of a change by a number."""
    buffers: bool = False
    """Compute buffers are far smaller with it: those of the launch that failed say nothing."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A change by a number: the larger, the less is changed."""

    make: Callable[[int], Change]
    least: int
    most: int
    """The first number that is too large."""


def changed(request: Request, change: Change) -> Request:
    """What is asked after a change: the line without the options, and with what stands in their place."""
    launch = request.launch
    gone = set(change.options)
    command = replace(
        launch.command,
        arguments=tuple(a for a in launch.command.arguments if gone.isdisjoint(known_words(a.option))),
    )
    return replace(
        request,
        launch=replace(
            launch,
            command=command,
            given=tuple(g for g in launch.given if gone.isdisjoint(known_words(g.option))),
            constraints=replace(launch.constraints, **change.fields),
            needed=(*launch.needed, *change.additions),
        ),
    )


def changes(request: Request, closest: Candidate) -> Iterator[Change | Numbered]:
    """What is worth a sketch.

    Args:
        request: what nothing fits.
        closest: what lacks least.
    """
    switches, placement = tuple(_of_switches(request)), tuple(_of_placement(request))
    every = (
        *switches,
        *_of_devices(request),
        *placement,
        *_of_both(switches, placement),
        *_of_memory(request, closest),
        *_of_context(request, closest),
    )
    yield from (change for change in every if _can_be_said(request, change))


def _can_be_said(request: Request, change: Change | Numbered) -> bool:
    """Whether a line can say it: this program has its options, and what is left out is not set by a file or a variable."""
    made = change if isinstance(change, Change) else change.make(change.least)
    table, gone = request.launch.command.table, set(made.options)
    elsewhere = any(
        given.origin != LINE and not gone.isdisjoint(known_words(given.option))
        for given in request.launch.given
    )
    known = all(a.option in table or a.option in _OLD_WORDS for a in made.additions)
    return known if made.additions else not elsewhere


def _of_memory(request: Request, closest: Candidate) -> Iterator[Change | Numbered]:
    """Paging, cache types, slots, saved prompts, the micro-batch."""
    wanted, now = request.launch.constraints, closest.settings
    if closest.ram_shortfall and wanted.load_mode not in MAPPED:
        why = "weights that RAM cannot hold are read from disk again and again"
        yield _set("--load-mode", "-lm", "mmap", why, load_mode="mmap")
    if {now.cache_type_k, now.cache_type_v} & _FULL and now.flash_attention != "off":
        yield Change(
            {"cache_type_k": "q8_0", "cache_type_v": "q8_0"},
            "-ctk q8_0 -ctv q8_0",
            "a KV cache of about half the size, a little less exact",
            ("-ctk", "-ctv"),
            (Addition("-ctk", "q8_0"), Addition("-ctv", "q8_0")),
        )
    if now.slots > 1:
        yield _set("-np", "-np", "1", "one request at a time", slots=1)
    if wanted.cache_ram:
        yield _set("--cache-ram", "-cram", "0", "no saved prompts", cache_ram=0)
    if wanted.ubatch is not None:
        yield Numbered(_ubatch, 1, now.ubatch // _UBATCH_STEP)


def _of_switches(request: Request) -> Iterator[Change]:
    """What the user set that makes a cache or compute buffers larger than llama.cpp's default does."""
    wanted = request.launch.constraints
    if wanted.swa_full:
        yield _leave_out("--swa-full", ("--swa-full",), "a cache of the window alone", swa_full=False)
    if wanted.flash_attention == "off":
        made = _leave_out("-fa off", ("-fa",), "smaller compute buffers", flash_attention=None)
        yield replace(made, buffers=True)
    if wanted.kv_offload is False and request.machine.gpus:
        why = "the KV cache is then where its layers are"
        yield _leave_out("-nkvo", ("-nkvo",), why, kv_offload=None)


def _of_devices(request: Request) -> Iterator[Change]:
    """The user's choice of devices, and what they keep free there."""
    wanted, gpus = request.launch.constraints, request.machine.gpus
    if wanted.devices is not None and len(wanted.devices) < len(gpus):
        said = f"-dev {','.join(wanted.devices) or 'none'}"
        yield _leave_out(said, ("-dev",), "other devices hold what these cannot", devices=None)
    if wanted.split_mode == "none" and len(gpus) > 1:
        yield _leave_out("-sm none", ("-sm",), "other devices hold what one cannot", split_mode=None)
    if wanted.fit_target is not None:
        why = "moefit then keeps back what is known to be needed"
        yield _leave_out("-fitt", ("-fitt",), why, fit_target=None)


def _of_placement(request: Request) -> Iterator[Change | Numbered]:
    """The user's own -ngl, -ts and -ot."""
    wanted = request.launch.constraints
    if isinstance(wanted.gpu_layers, int):
        yield Numbered(_layers, 0, min(wanted.gpu_layers, request.model.slots + 1))
    if wanted.gpu_layers is not None:
        yield _leave_out(f"-ngl {wanted.gpu_layers}", ("-ngl",), _PLACED, gpu_layers=None)
    if wanted.tensor_split is not None:
        yield _leave_out("-ts", ("-ts",), _PLACED, tensor_split=None)
    if wanted.split_mode in SPLIT_MODES:
        yield _leave_out(f"-sm {wanted.split_mode}", ("-sm",), _PLACED, split_mode=None)
    if wanted.overrides:
        spelled = dict.fromkeys(word for rule in wanted.overrides for word in rule.words)
        options = ("-ot", "-cmoe", "-ncmoe", "-ncffn")
        yield _leave_out(" ".join(spelled), options, _PLACED, overrides=())


def _of_both(switches: Sequence[Change], placement: Sequence[Change | Numbered]) -> Iterator[Change]:
    """All that the user set of either at once, where none alone may do: -ngl 33 -fa off."""
    gone = [change for change in (*placement, *switches) if isinstance(change, Change)]
    if len(gone) < 2:
        return
    *words, last = (change.words.removeprefix("leaving out ") for change in gone)
    made = Change(
        {name: value for change in gone for name, value in change.fields.items()},
        f"leaving out {', '.join(words)} and {last}",
        gone[0].why,
        tuple(option for change in gone for option in change.options),
    )
    yield replace(made, buffers=any(change.buffers for change in gone))


def _of_context(request: Request, closest: Candidate) -> Iterator[Numbered]:
    """A smaller context than the user's, never above the trained one."""
    if request.launch.constraints.context is None:
        return
    trained = request.model.trained_context or closest.settings.context
    yield Numbered(_context, 2, min(closest.settings.context - 1, trained) // CONTEXT_PADDING + 1)


def _set(shown: str, option: str, value: str, why: str, **fields: Any) -> Change:
    return Change(fields, f"{shown} {value}", why, (option,), (Addition(option, value, why),))


def _leave_out(words: str, options: tuple[str, ...], why: str, **fields: Any) -> Change:
    return Change(fields, f"leaving out {words}", why, options)


def _ubatch(number: int) -> Change:
    tokens = number * _UBATCH_STEP
    made = _set("-ub", "-ub", str(tokens), "smaller compute buffers, slower prompts", ubatch=tokens)
    return replace(made, number=number)


def _layers(number: int) -> Change:
    made = _set("-ngl", "-ngl", str(number), "fewer layers on devices", gpu_layers=number)
    return replace(made, number=number)


def _context(number: int) -> Change:
    made = _set("-c", "-c", str(number * CONTEXT_PADDING), "less context", context=number * CONTEXT_PADDING)
    return replace(made, number=number)
