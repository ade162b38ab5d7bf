"""Where llama.cpp b11434 puts every layer slot and tensor for what the user fixed, taken exactly as given.

source: src/llama.cpp, llama_prepare_model_devices (which devices, in which order); src/llama-model.cpp,
llama_model_base::load_tensors (which slot on which device); src/llama-model-loader.cpp, create_tensor (overrides).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from moefit.errors import UsageError
from moefit.launch.constraints import Constraints
from moefit.launch.patterns import CPU_BUFFER, Rule, match
from moefit.machine.types import CPU, Device
from moefit.model import Model
from moefit.placement.types import Placement
from moefit.sizes import counted
from moefit.typographic import typographic_hint

MAX_DEVICES: Final = 15
"""With the CPU they are 16 backends, which is all that a scheduler takes; -ts takes fewer than 16 proportions, too.

source: ggml/src/ggml-backend.cpp, GGML_SCHED_MAX_BACKENDS; common/arg.cpp, --tensor-split.
"""


def resolve(model: Model, constraints: Constraints, devices: Sequence[Device]) -> Placement:
    """The placement of a line with `--fit off`; without -ngl every slot is offloaded.

    Device indexes count in `devices`, whatever order -dev asks for.

    Raises:
        UsageError: a device or a buffer that is not there.
    """
    used = device_order(constraints, devices)
    places = slot_devices(
        model.slots, constraints.gpu_layers, constraints.tensor_split, [free(devices[i]) for i in used]
    )
    slots = tuple(used[place] if place != CPU else CPU for place in places)
    moved = fixed_tensors(constraints.overrides, [devices[i] for i in used], (t.name for t in model.tensors))
    placed = {name: place if place == CPU else used[place] for name, place in moved.items()}
    homes = _homes(model, slots)
    overrides = {name: device for name, device in placed.items() if homes[name] != {device}}
    return Placement(slots, overrides)


def device_order(constraints: Constraints, devices: Sequence[Device]) -> tuple[int, ...]:
    """Indexes of the devices that llama.cpp will use, in its order: RPC first, integrated ones only without discrete ones.

    With -sm tensor all of them, as they are registered: those of RPC servers last.
    source: src/llama.cpp, llama_prepare_model_devices

    Raises:
        UsageError: -dev or -mg name a device that is not there or has been named, or there are more than llama.cpp takes.
    """
    if constraints.devices is not None:
        order = [device_named(name, devices) for name in constraints.devices]
        _refuse_twice([devices[i].name for i in order])
    elif constraints.split_mode == "tensor":
        order = sorted(range(len(devices)), key=lambda i: _is_remote(devices[i]))
    else:
        order = default_order(devices)
    if constraints.split_mode == "none" and order:
        main = constraints.main_gpu or 0
        if main >= len(order):
            raise UsageError(
                f"-mg {main}: there is no such one of {counted(len(order), 'device')}", "they count from 0"
            )
        order = [order[main]] if main >= 0 else []
    refuse_too_many(len(order), MAX_DEVICES)
    return tuple(order)


def refuse_too_many(count: int, most: int) -> None:
    """Refuse more devices than llama.cpp takes.

    Raises:
        UsageError: there are more.
    """
    if count > most:
        said = f"llama.cpp takes at most {counted(most, 'device')}, and these are {count}"
        raise UsageError(said, "name those to use with -dev")


def device_named(name: str, devices: Sequence[Device], option: str = "-dev") -> int:
    """The index of the device that an option calls so, in capitals or not.

    source: ggml/src/ggml-backend-reg.cpp, ggml_backend_dev_by_name

    Raises:
        UsageError: there is none.
    """
    for i, device in enumerate(devices):
        if device.name.lower() == name.lower():
            return i
    there = ", ".join(device.name for device in devices) or "none"
    from shlex import quote  # noqa: PLC0415 - only an error needs it

    raise UsageError(f"{option} {quote(name)}: there is no such device", f"there are: {there}")


def default_order(devices: Sequence[Device]) -> list[int]:
    """Indexes of the devices that llama.cpp takes by itself: RPC first; integrated ones only without a card, and of one backend.

    source: src/llama.cpp, llama_prepare_model_devices
    """
    remote = [i for i, d in enumerate(devices) if _is_remote(d)]
    integrated = [
        i for i, d in enumerate(devices) if d.integrated and d.backend.tells_integrated and i not in remote
    ]
    cards = [i for i in range(len(devices)) if i not in remote and i not in integrated]
    first = devices[integrated[0]].backend.name if integrated else ""
    return [*remote, *(cards or [i for i in integrated if devices[i].backend.name == first])]


def slot_devices(
    slots: int, gpu_layers: int | str | None, tensor_split: Sequence[float] | None, free: Sequence[int]
) -> tuple[int, ...]:
    """The device (an index into `free`, or CPU) of each of `slots` layer slots, the output being the last.

    -ngl takes a tail; it is split where the running share of -ts, or of free memory, passes the slot's own share of the
    tail. All in 32-bit floats, as in llama.cpp, so that rounding falls the same way.
    """
    offloaded = min(gpu_layers, slots) if isinstance(gpu_layers, int) else slots
    if not free:
        offloaded = 0
    shares = [float(f) for f in free] if any(free) else [1.0] * len(free)
    if tensor_split is not None and any(tensor_split[: len(free)]):
        shares = [*tensor_split, *(0.0 for _ in free)][: len(free)]
    bounds = _split_points(shares) if free else []
    tail = (bisect_right(bounds, f32(i / offloaded)) for i in range(offloaded))
    return (*(CPU for _ in range(slots - offloaded)), *tail)


def fixed_tensors(
    rules: Sequence[Rule], devices: Sequence[Device], names: Iterable[str]
) -> Mapping[str, int]:
    """Device index (or CPU) of every tensor that a rule takes.

    Raises:
        UsageError: a rule takes a tensor to a buffer that none of the devices has.
    """
    index = {CPU_BUFFER: CPU} | {device.buffer_name: i for i, device in enumerate(devices)}
    taken = match(rules, names)
    _refuse_others(taken.values(), index)
    return {name: index[rule.buffer] for name, rule in taken.items()}


def check_buffers(rules: Sequence[Rule], devices: Sequence[Device]) -> None:
    """Whether llama.cpp knows every buffer, whether a tensor goes there or not (common/arg.cpp, parse_tensor_buffer_overrides).

    Raises:
        UsageError: a rule names a buffer that no device of the machine has.
    """
    _refuse_others(rules, (CPU_BUFFER, *(device.buffer_name for device in devices)))


def _refuse_others(rules: Iterable[Rule], known: Collection[str]) -> None:
    for rule in rules:
        if rule.buffer not in known:
            words = " ".join(rule.words)
            raise UsageError(
                f"{words}: there is no buffer {rule.buffer}",
                typographic_hint(words) or f"there are {', '.join(known)}",
            )


def free(device: Device) -> int:
    """What the device reports free once the runtime has its context: llama.cpp asks it then, and knows of no --budget."""
    reported = device.free if device.uncapped is None else device.uncapped
    return max(0, reported - device.overhead)


def _homes(model: Model, slots: Sequence[int]) -> Mapping[str, set[int]]:
    """Where each tensor is without overrides; a tied embedding is on the host and with the output."""
    homes: dict[str, set[int]] = {}
    for tensor in model.input:
        homes.setdefault(tensor.name, set()).add(CPU)
    for layer in model.layers:
        for tensor in layer.tensors:
            homes.setdefault(tensor.name, set()).add(slots[layer.index])
    for tensor in model.output:
        homes.setdefault(tensor.name, set()).add(slots[-1])
    return homes


def _refuse_twice(names: Sequence[str]) -> None:
    """llama.cpp would take a device twice, and each time count on all of its memory."""
    again = [name for name, times in Counter(names).items() if times > 1]
    if again:
        raise UsageError(f"-dev {','.join(names)}: {again[0]} stands there twice", "name each device once")


def _is_remote(device: Device) -> bool:
    return device.backend.name == "RPC"


def f32(value: float) -> float:
    """The nearest 32-bit float."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _split_points(shares: Sequence[float]) -> list[float]:
    sums = list(accumulate((f32(s) for s in shares), lambda a, b: f32(a + b)))
    return [f32(s / sums[-1]) for s in sums] if sums[-1] else sums
