"""What would help a plan: single changes to the line, the file or the machine, each with its own seconds.

None is applied unasked: each has a price that only its user can weigh, in quality, context or hardware.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from math import inf
from typing import Final

from moefit.errors import UsageError
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.given import Given
from moefit.launch.launch import Launch
from moefit.launch.settings import BATCH, SMALLEST_CONTEXT
from moefit.machine.types import CPU, Machine
from moefit.model import Model
from moefit.planning.as_given import AS_GIVEN
from moefit.planning.context_size import largest_context, least_context, wanted_context
from moefit.planning.core import plan, without_alternatives
from moefit.planning.enough import least_of, may_do, with_ram
from moefit.planning.hardware import MORE, more_gpus, more_ram, sold
from moefit.planning.in_parts import in_parts
from moefit.planning.sketched import Placed, sketched
from moefit.planning.smaller_file import smaller_file, smaller_models
from moefit.planning.types import Help, Plan
from moefit.planning.unset import without_each
from moefit.search.candidate import Candidate
from moefit.search.choices import load_modes
from moefit.search.request import Request

_WORTH: Final = 0.95
"""Of the plan's seconds: a change that leaves more is not worth a word."""
_MOST: Final = 5
"""Changes that are planned: each costs about what the plan itself does."""
_MOST_ELSEWHERE: Final = 3
"""Of those, what takes another machine or another file: what can be typed at once is not pushed out by it."""
_ROOM: Final = frozenset({"quant", "ram", "vram", "first-card", "second-card"})
"""Changes that only make room."""
_STEPS: Final = 5
"""Types that a model which does not fit is tried in: from Q8_0 down to Q2_K."""
_FULL_CACHES: Final = frozenset({"f32", "f16", "bf16"})


def what_if(request: Request, made: Plan, *, planned: bool = True) -> tuple[Help, ...]:
    """The changes that would make a plan faster or make it fit, the fastest first: each takes what the plan of its words takes.

    Which are worth a plan is sketched first.

    Args:
        request: what was asked.
        made: the plan for it.
        planned: False tells about what each takes, by the sketch.
    """
    limit = made.prediction.seconds * _WORTH if made.fits else inf
    kinds: dict[str, list[tuple[Help, Request]]] = {}
    for help_, typed in _promising(request, made, limit, planned=planned):
        kind = help_.what if help_.kind == "unset" else help_.kind
        kinds.setdefault(kind, []).append((help_, typed))
    found: list[Help] = []
    for ways in sorted(kinds.values(), key=lambda ways: (ways[0][0].kind != "unset", ways[0][0].seconds)):
        if len(found) == _MOST:
            break
        if (
            made.fits
            and ways[0][0].kind in _ROOM
            and sum(one.kind in _ROOM for one in found) == _MOST_ELSEWHERE
        ):
            continue
        if planned and ways[0][0].kind != "unset":  # which was planned
            found += _first(ways, limit, _sure_context(request, made))
        else:
            found.append(ways[0][0])
    return tuple(sorted(found, key=lambda help_: help_.seconds))


def _first(ways: Sequence[tuple[Help, Request]], limit: float, context: int | None) -> list[Help]:
    """The first of some changes of a kind whose plan fits and takes no more than `limit` seconds."""
    for help_, typed in ways:
        quick = replace(typed, options=replace(typed.options, thorough=False))
        sure = context if help_.kind in _ROOM else None
        try:
            made = without_alternatives(quick, sure)
        except UsageError:
            continue  # the change contradicts what the user set
        if made.fits and made.prediction.seconds <= limit:
            # of a file whose header was not read nothing is sure
            return [replace(help_, seconds=made.prediction.seconds, about=help_.kind == "quant")]
    return []


def _sure_context(request: Request, made: Plan) -> int | None:
    """The context that any change which makes room keeps: the full one, where the line leaves it open and every layer has its base on a device."""
    wanted = request.launch.constraints
    is_full = wanted.context is None and made.settings.context == wanted_context(wanted, request.model)
    return made.settings.context if made.fits and is_full and CPU not in made.placement.slots else None


def _promising(
    request: Request, made: Plan, limit: float, *, planned: bool
) -> Iterator[tuple[Help, Request]]:
    """The changes that would take no more than `limit` by a sketch, with its seconds, and what is asked with their words.

    A sketch has the plan's own compute buffers, micro-batch and load mode, and what the plan gains over its own sketch (an expert
    cache, say) is taken to shrink with the weights that stay in RAM. Where only RAM lacks, the plan is that of a machine with
    enough; one that devices are too small for has no such figures, and what a sketch finds to fit is worth a plan.
    """
    if made.fits:
        yield from without_each(request, made, limit)
    used = replace(request, machine=_used(request.machine, request, made))
    ample = used if made.fits else with_ram(used, made.ram_shortfall + MORE)
    near = not made.fits and not planned and made.alternatives
    base = made if made.fits else made.alternatives[0].plan if near else plan(_narrowed(ample, made))
    known = _placed(base)
    if near:  # of that only its buffers are near
        mode = load_modes(request)[-1]
        known = replace(known, context=made.settings.context, load_mode=mode)
    usual = sketched(ample, known, cached=True)
    for help_, typed in _changes(request, used.machine, made):
        same = typed.machine.gpus == request.machine.gpus
        machine = _used(typed.machine, request, made) if same else typed.machine
        try:
            after = _after(made, replace(typed, machine=machine), known)
        except UsageError:
            continue  # the change contradicts what the user set
        seconds = after.prediction.seconds if near else _expected(base, usual, after)
        if after.fits and seconds <= limit:
            yield replace(help_, seconds=seconds, about=True), typed


def _after(made: Plan, request: Request, known: Placed) -> Candidate:
    """The sketch of a change; where that does not fit, with the largest context that does, which a plan gives way to.

    Where it does not with the least one either, what lacks least on a larger machine decides: a sketch has another launch's buffers.
    """
    after = sketched(request, known, cached=True)
    if after.fits or made.fits:
        return after
    least = least_context(request.launch.constraints, request.model)
    fits = partial(_fits, request, known)
    if least is None or not fits(least):
        exact = request.model is made.model and may_do(request, least)
        return least_of(request, least) if exact else after
    tokens = largest_context(after.settings.context, fits, least)
    return sketched(request, replace(known, context=tokens), cached=True)


def _fits(request: Request, known: Placed, tokens: int) -> bool:
    return sketched(request, replace(known, context=tokens)).fits


def _expected(base: Plan, usual: Candidate, after: Candidate) -> float:
    """The seconds of a sketch, less what the plan gains over its own sketch, where there is one; a line as it stands has none."""
    if not base.fits or not usual.fits or after.strategy == AS_GIVEN:
        return after.prediction.seconds
    gain = usual.prediction.seconds - base.prediction.seconds
    share = after.settled.footprint.host.model / max(1, usual.settled.footprint.host.model)
    seconds = after.prediction.seconds - gain * min(1.0, share)
    if seconds > 0:
        return seconds
    # a card so slow that its sketch has far more to gain than the change leaves
    return after.prediction.seconds * base.prediction.seconds / usual.prediction.seconds


def _narrowed(changed: Request, made: Plan) -> Request:
    """The request with the context of the plan before and a whole batch at once, where the user leaves them open: few choices to place."""
    wanted = changed.launch.constraints
    context = made.settings.context if wanted.context is None else wanted.context
    ubatch = min(BATCH, wanted.batch or BATCH) if wanted.ubatch is None else wanted.ubatch
    mode = wanted.load_mode or load_modes(changed)[-1]
    fixed = replace(wanted, context=context, ubatch=ubatch, load_mode=mode)
    launch = replace(changed.launch, constraints=fixed)
    return replace(changed, launch=launch, options=replace(changed.options, thorough=False))


def _used(machine: Machine, request: Request, made: Plan) -> Machine:
    """The machine without the GPUs that the plan leaves idle, unless the line names GPUs, or counts on their places."""
    names, wanted = {device.device.name for device in made.devices}, request.launch.constraints
    if not names or (wanted.devices, wanted.main_gpu, wanted.tensor_split) != (None, None, None):
        return machine
    return replace(machine, gpus=tuple(gpu for gpu in machine.gpus if gpu.name in names))


def _placed(made: Plan) -> Placed:
    """What the plan says of launches like it."""
    compute = {device.device.name: device.use.compute for device in made.devices}
    now = made.settings
    return Placed(compute, made.host.compute, now.ubatch, now.context, now.load_mode, keeps_ubatch=True)


def _changes(request: Request, used: Machine, made: Plan) -> Iterator[tuple[Help, Request]]:
    """Each with what is asked when its words are typed."""
    model, launch = request.model, request.launch
    for help_, wanted in _lines(model, launch, made) if made.fits else ():  # else its alternatives say so
        yield help_, replace(request, launch=replace(launch, constraints=wanted))
    for smaller in smaller_models(model, 1 if made.fits else _STEPS):
        if (named := smaller_file(model, launch, smaller)) is not None:
            yield named, replace(request, model=smaller)
    capped = launch.command.container is not None and launch.command.container.memory is not None
    ram, first = _lacking(made)
    for help_, machine in (*(() if capped else more_ram(request.machine, ram)), *more_gpus(used, first)):
        if help_.kind != "vram" or _lacks_room(made):  # a larger card is the faster one as a rule
            yield help_, replace(request, machine=machine)


def _lacks_room(made: Plan) -> bool:
    """Whether more memory on a device would hold more of the model."""
    return not made.fits or CPU in made.placement.slots or CPU in made.placement.overrides.values()


def _lacking(made: Plan) -> tuple[int, int]:
    """Bytes of RAM and of the first device's memory to be bought, no fewer than would do."""
    if made.enough is None:
        return sold(made.ram_shortfall), MORE
    first = made.devices[0].device.name if made.devices else ""
    return sold(made.enough.more), sold(made.enough.devices.get(first, 0))


def _lines(model: Model, launch: Launch, made: Plan) -> Iterator[tuple[Help, Constraints]]:
    """Changes to the user's own options, or to what the user left open."""
    now = made.settings
    changes = []
    if {now.cache_type_k, now.cache_type_v} <= _FULL_CACHES and now.flash_attention != "off":
        changes.append(Help("kv-q8", "KV cache in 8 bits", "-ctk q8_0 -ctv q8_0"))
    if not launch.constraints.spec_types and any(layer.mtp for layer in model.layers):
        changes.append(Help("mtp", "the file's own prediction head", "--spec-type draft-mtp"))
    if now.slots > 1:
        changes.append(Help("one-slot", "one request at a time", "-np 1"))
    half = now.context // 2 // 256 * 256
    if half >= SMALLEST_CONTEXT:
        changes.append(Help("context", "half the context", f"-c {half}"))
    for help_ in (*changes, *in_parts(model, launch, made)):
        wanted = _with_words(launch, help_.words.split())
        if wanted is not None:
            yield help_, wanted


def _with_words(launch: Launch, words: Sequence[str]) -> Constraints | None:
    """What the user fixed, with options behind the line; None where this program has not all of them."""
    given = []
    for spelling, value in zip(words[::2], words[1::2], strict=True):
        option = launch.command.table.get(spelling)
        if option is None:
            return None
        given.append(Given(option, value, positive=True, source=f"{spelling} {value}"))
    program = launch.command.name
    before, after = constraints(program, launch.given), constraints(program, (*launch.given, *given))
    named = [field.name for field in fields(Constraints)]
    changed = {name: getattr(after, name) for name in named if getattr(after, name) != getattr(before, name)}
    return replace(launch.constraints, **changed)
