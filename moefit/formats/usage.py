"""What fills a device or RAM, part by part, and the bar that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from moefit.formats.page import listed
from moefit.machine.types import CPU, Device
from moefit.memory.guest import Guest
from moefit.memory.host import PROCESS
from moefit.memory.split_modes import SPLIT_MODES
from moefit.planning.describe import home
from moefit.planning.types import DevicePlan, Plan
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a memory."""

    name: str
    bytes: int
    mark: str
    """What its cells of a bar look like: parts that stand side by side never look alike, with colour or without."""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """A device or RAM."""

    name: str
    total: int
    """All there is, bytes."""
    parts: tuple[Part, ...]
    """What is taken, in the bar's order: what others have first, then the plan's own; none is empty."""
    left: int
    """Bytes that nothing takes; negative is a shortfall."""

    @property
    def used(self) -> int:
        """Bytes that are taken."""
        return sum(part.bytes for part in self.parts)


def memories(plan: Plan) -> Iterator[Memory]:
    """Every device of a plan, then RAM."""
    for index, device in enumerate(plan.devices):
        yield _device(plan, index, device)
    yield _ram(plan)


def _device(plan: Plan, index: int, on: DevicePlan) -> Memory:
    experts = min(on.use.model, _experts(plan, index))
    cached = plan.moe_cache.devices[index] if plan.moe_cache else 0
    parts = (
        _taken(on.device),
        *_weights(on.use.model - experts, experts),
        *_working(on.use.context - cached, on.use.compute),
        Part("expert cache", cached, "▞", "cyan"),
        *_guests(on.guests),
        Part("overhead", on.budget.overhead, "─"),
        Part("reserve", on.budget.reserved, "─"),
    )
    # Free memory of a unified device is the host's own, and no part of a total of its own.
    total = on.budget.free if on.device.integrated else max(on.device.total, on.budget.free)
    return Memory(on.device.name, total, _filled(parts), on.left)


def _ram(plan: Plan) -> Memory:
    host, ram = plan.host, plan.machine.ram
    experts = min(host.loaded, _experts(plan, CPU))
    guests = [guest for guest in plan.guests if guest.device == "CPU"]
    held = host.total + PROCESS + sum(guest.total for guest in guests)
    maps = plan.moe_cache.host if plan.moe_cache else 0
    drawn = ram.available - plan.host_left - held
    parts = (
        Part("other programs", ram.total - ram.available, "▚", "dim"),
        Part(_sharing(plan), drawn, "▁", "green"),
        *_weights(host.loaded - experts, experts),
        *_working(host.context - maps, host.compute + host.output + maps),
        *_guests(guests),
        Part("the program", PROCESS, "─"),
        Part("prompt cache and checkpoints", host.cache, "─"),
    )
    return Memory("RAM", max(ram.total, ram.available), _filled(parts), plan.host_left)


def _sharing(plan: Plan) -> str:
    """The devices that take RAM for themselves."""
    return listed([d.device.name for d in plan.devices if d.device.integrated]) or "devices"


def _taken(device: Device) -> Part:
    """What this plan may not have of a device: other programs', or what --budget holds back."""
    others = 0 if device.integrated else device.total - device.free
    return Part("other programs" if device.uncapped is None else "not in the budget", others, "▚", "dim")


def _weights(rest: int, experts: int) -> tuple[Part, ...]:
    return Part("weights", rest, "█", "blue"), Part("experts", experts, "▓", "cyan")


def _working(cache: int, compute: int) -> tuple[Part, ...]:
    return Part("KV", cache, "▒", "yellow"), Part("compute", compute, "░", "magenta")


def _guests(guests: Sequence[Guest]) -> Iterator[Part]:
    for kind in dict.fromkeys(guest.kind for guest in guests):
        yield Part(kind, sum(guest.total for guest in guests if guest.kind == kind), "◆", "green")


def _filled(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Those that there are: more free memory than there is leaves other programs less than none."""
    return tuple(part for part in parts if part.bytes > 0)


def _experts(plan: Plan, index: int) -> int:
    """Bytes of routed experts on a device, or with CPU on the host; those of layers that lie on several devices are among the weights."""
    if index != CPU and plan.settings.split_mode in SPLIT_MODES:
        return 0
    return sum(
        tensor.bytes
        for layer in plan.model.layers
        if plan.settings.mtp or not layer.mtp
        for tensor in layer.experts
        if home(tensor.name, layer.index, plan.placement) == index
    )


def memory_bar(memory: Memory, length: int) -> Text:
    """So many cells in the proportions of a memory; a part has at least one.

    >>> memory_bar(Memory("CUDA0", 8, (Part("weights", 4, "█"), Part("KV", 2, "▒")), 2), 8).plain
    '████▒▒··'
    """
    parts = [*memory.parts, Part("unused", max(0, memory.left), "·", "dim")]
    total = sum(part.bytes for part in parts)
    cells = [max(1, round(length * part.bytes / total)) if part.bytes else 0 for part in parts]
    while sum(cells) > length and max(cells) > 1:
        cells[cells.index(max(cells))] -= 1
    cells[cells.index(max(cells))] += max(0, length - sum(cells))
    return Text.assemble(*((part.mark * n, part.style) for part, n in zip(parts, cells, strict=True)))
