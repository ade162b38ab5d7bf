"""What would help a plan: single changes to the line, the file or the machine, each with its own seconds.

None is applied unasked: each has a price that only its user can weigh, in quality, context or money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import groupby
from shlex import quote
from typing import Final

from moefit.errors import UsageError
from moefit.gguf.quants import QUANTS, QuantType
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.given import Given
from moefit.launch.launch import Launch
from moefit.launch.settings import BATCH
from moefit.machine.catalogue import card_of_driver
from moefit.machine.types import Device, Machine
from moefit.memory.split_modes import SPLIT_MODES
from moefit.model import Layer, Model, Tensor
from moefit.planning.context import SMALLEST
from moefit.planning.core import plan
from moefit.planning.in_parts import in_parts
from moefit.planning.sketched import Placed, sketched
from moefit.planning.types import Help, Plan
from moefit.search.candidate import Candidate
from moefit.search.choices import load_modes
from moefit.search.request import Request
from moefit.sizes import GIB, format_bandwidth, format_size

_WORTH: Final = 0.95
"""Of the plan's seconds: a change that leaves more is not worth a word."""
_STEPS: Final = 5
"""Types that a model which does not fit is tried in: from Q8_0 down to Q2_K."""
_MORE: Final = 8 * GIB
_NEAR: Final = GIB // 10
"""Less than that is lost in a size of one decimal."""
_FULL_CACHES: Final = frozenset({"f32", "f16", "bf16"})
_SMALLER: Final = {
    "q8_0": "q6_K", "q6_K": "q5_K", "q5_K": "q4_K", "q4_K": "q3_K", "q3_K": "q2_K", "q4_0": "q3_K", "q5_0": "q4_0",
    "iq4_xs": "iq3_s", "iq4_nl": "iq3_s", "iq3_s": "iq2_s", "iq3_xxs": "iq2_xs", "bf16": "q8_0", "f16": "q8_0",
}  # fmt: skip
"""The next smaller type in which files of the same model are published; MXFP4 has none."""
_TAG: Final = re.compile(r"(?<![A-Za-z0-9])(BF16|F16|I?Q\d\w*)(?![A-Za-z0-9])", re.IGNORECASE)
_BRAND: Final = re.compile(r"^(?:NVIDIA |AMD |GeForce |Radeon |Instinct |Intel\(R\) )*| (?:Series|Graphics)$")
_BY_NAME: Final = {quant.name: quant for quant in QUANTS.values()}


def what_if(request: Request, made: Plan) -> tuple[Help, ...]:
    """The changes that would make a plan faster or make it fit, the fastest first.

    Each is sketched with the plan's own compute buffers, micro-batch and load mode, and what the plan gains over its own sketch (an
    expert cache, say) is taken to shrink with the weights that stay in RAM. Where only RAM lacks, the plan is that of a machine with
    enough; one that devices are too small for has no such figures, and those that a sketch finds to fit are planned.

    Args:
        request: what was asked.
        made: the plan for it.
    """
    request = replace(request, machine=_used(request, made))
    ample = request if made.fits else _with_ram(request, made.ram_shortfall + _MORE)
    base = made if made.fits else plan(_narrowed(ample, made))
    known = _placed(base)
    usual = sketched(ample, known)
    limit = made.prediction.seconds * _WORTH if made.fits else float("inf")
    found: list[Help] = []
    for help_, changed in _changes(request, made):
        if any(help_.kind == other.kind for other in found):
            continue  # a larger file fits already
        try:
            seconds = _seconds(base, usual, changed, known)
        except UsageError:
            continue  # the change contradicts what the user set
        if seconds is not None and seconds <= limit:
            found.append(replace(help_, seconds=seconds))
    return tuple(sorted(found, key=lambda help_: help_.seconds))


def _seconds(base: Plan, usual: Candidate, changed: Request, known: Placed) -> float | None:
    """What a changed request would take; None where it does not fit."""
    after = sketched(changed, known)
    if not after.fits:
        return None
    if not base.fits:
        again = plan(_narrowed(changed, base))
        return again.prediction.seconds if again.fits else None
    if changed.launch.constraints.split_mode in SPLIT_MODES:  # no sketch: the line as it stands
        return after.prediction.seconds
    gain = usual.prediction.seconds - base.prediction.seconds
    share = after.settled.footprint.host.model / max(1, usual.settled.footprint.host.model)
    return after.prediction.seconds - gain * min(1.0, share)


def _narrowed(changed: Request, made: Plan) -> Request:
    """The request with the context of the plan before and a whole batch at once, where the user leaves them open: few choices to place."""
    wanted = changed.launch.constraints
    context = made.settings.context if wanted.context is None else wanted.context
    ubatch = min(BATCH, wanted.batch or BATCH) if wanted.ubatch is None else wanted.ubatch
    mode = wanted.load_mode or load_modes(wanted, changed.machine)[-1]
    fixed = replace(wanted, context=context, ubatch=ubatch, load_mode=mode)
    launch = replace(changed.launch, constraints=fixed)
    return replace(changed, launch=launch, options=replace(changed.options, thorough=False))


def _with_ram(request: Request, more: int) -> Request:
    """The request on a machine with so many bytes of RAM more."""
    ram = request.machine.ram
    larger = replace(ram, total=ram.total + more, available=ram.available + more)
    return replace(request, machine=replace(request.machine, ram=larger))


def _used(request: Request, made: Plan) -> Machine:
    """The machine without the GPUs that the plan leaves idle, unless the line names GPUs."""
    names = {device.device.name for device in made.devices}
    if not names or request.launch.constraints.devices is not None:
        return request.machine
    return replace(request.machine, gpus=tuple(gpu for gpu in request.machine.gpus if gpu.name in names))


def _placed(made: Plan) -> Placed:
    """What the plan says of launches like it."""
    compute = {device.device.name: device.use.compute for device in made.devices}
    now = made.settings
    return Placed(compute, made.host.compute, now.ubatch, now.context, now.load_mode, keeps_ubatch=True)


def _changes(request: Request, made: Plan) -> Iterator[tuple[Help, Request]]:
    model, launch = request.model, request.launch
    for help_, wanted in _lines(model, launch, made) if made.fits else ():  # else its alternatives say so
        yield help_, replace(request, launch=replace(launch, constraints=wanted))
    for smaller in _smaller_models(model, 1 if made.fits else _STEPS):
        yield _smaller_file(model, launch, smaller), replace(request, model=smaller)
    for help_, machine in _machines(request.machine):
        yield help_, replace(request, machine=machine)


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
    if half >= SMALLEST:
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


def _smaller_models(model: Model, steps: int) -> Iterator[Model]:
    """The model in smaller and smaller types."""
    smaller: Model | None = model
    for _ in range(steps):
        smaller = _smaller_model(smaller) if smaller is not None else None
        if smaller is not None:
            yield smaller


def _smaller_model(model: Model) -> Model | None:
    """The model with every matrix in the next smaller type; None where there is none to name."""
    if not any(t.quant.name in _SMALLER for layer in model.layers for t in layer.tensors):
        return None
    layers = tuple(
        Layer(layer.index, tuple(map(_smaller, layer.tensors)), layer.mtp) for layer in model.layers
    )
    return replace(model, layers=layers)


def _smaller(tensor: Tensor) -> Tensor:
    quant = _type_below(tensor)
    if quant is None:
        return tensor
    rows = tensor.bytes // tensor.quant.row_bytes(tensor.shape[0])
    return replace(tensor, quant=quant, bytes=rows * quant.row_bytes(tensor.shape[0]))


def _type_below(tensor: Tensor) -> QuantType | None:
    name = _SMALLER.get(tensor.quant.name)
    quant = _BY_NAME[name] if name else None
    return (
        quant if quant is not None and len(tensor.shape) > 1 and tensor.shape[0] % quant.block == 0 else None
    )


def _smaller_file(model: Model, launch: Launch, smaller: Model) -> Help:
    """Named after the type of most bytes, as files are."""
    sizes: dict[str, int] = {}
    for tensor in smaller.tensors:
        sizes[tensor.quant.name] = sizes.get(tensor.quant.name, 0) + tensor.bytes
    tag = max(sizes, key=lambda name: sizes[name]).upper()
    tag += "_M" if re.fullmatch("Q[345]_K", tag) else ""
    name = (model.shards[0] if model.shards else model.name).rpartition("/")[2]
    named = _TAG.sub(tag, name, count=1)
    repo = launch.constraints.model.hf_repo
    words = f"-hf {repo.partition(':')[0]}:{tag}" if repo else named if tag in named else f"its {tag} file"
    return Help("quant", f"a smaller file, about {format_size(smaller.bytes)}", words)


def _machines(machine: Machine) -> Iterator[tuple[Help, Machine]]:
    """More of what the machine has: a second card, memory on the first, RAM."""
    ram = machine.ram
    more = replace(ram, total=ram.total + _MORE, available=ram.available + _MORE)
    yield Help("ram", "8 GiB more RAM", f"--ram {_rounded(more.available)}"), replace(machine, ram=more)
    if not machine.gpus or machine.gpus[0].integrated:
        return
    first, *others = machine.gpus
    larger = replace(first, free=first.free + _MORE, total=first.total + _MORE)
    told = f"8 GiB more on {first.name}"
    yield Help("vram", told, _words((larger, *others))), replace(machine, gpus=(larger, *others))
    second = _second(machine, first)
    told = f"a second {_BRAND.sub('', first.description) or 'such card'}"
    yield (
        Help("second-card", told, _words((first, second, *others))),
        replace(machine, gpus=(*machine.gpus, second)),
    )


def _words(gpus: Sequence[Device]) -> str:
    """What declares these GPUs, those of one kind that follow each other as one: `--gpu 2xrtx-3060 --gpu rtx-3090`."""
    runs = [(spec, len(list(run))) for spec, run in groupby(map(_spec, gpus))]
    return " ".join(f"--gpu {quote(f'{count}x{spec}' if count > 1 else spec)}" for spec, count in runs)


def _spec(gpu: Device) -> str:
    """The card's key, and its free memory where that is another; of a device that is no card what else is known of it."""
    card = card_of_driver(gpu.description, gpu.total) or card_of_driver(gpu.description, gpu.total - _MORE)
    free = f"free={_rounded(gpu.free)}"
    if card is not None:
        return card.key if abs(gpu.free - card.total) < _NEAR else f"{card.key},{free}"
    named = [] if gpu.name.startswith("CUDA") else [f"name={gpu.name}"]
    if gpu.buffer not in {"", gpu.name}:
        named.append(f"buffer={gpu.buffer}")
    rates = (("bandwidth", gpu.bandwidth), ("link", gpu.link_bandwidth))
    known = (f"{key}={format_bandwidth(rate).replace(' ', '')}" for key, rate in rates if rate)
    return ",".join((*named, free, *known))


def _second(machine: Machine, first: Device) -> Device:
    """A card like the first, all its memory free."""
    backend = first.name.rstrip("0123456789")
    taken = {gpu.name for gpu in machine.gpus}
    name = next(f"{backend}{i}" for i in range(len(taken) + 1) if f"{backend}{i}" not in taken)
    return replace(first, name=name, buffer="", uuid="", free=max(first.free, first.total), uncapped=None)


def _rounded(size: int) -> str:
    return f"{size / GIB:.1f}GiB".replace(".0GiB", "GiB")
