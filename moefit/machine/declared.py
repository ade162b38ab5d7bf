"""Machines that are told, not detected: `--gpu`, `--ram`, `--ram-bandwidth`, `--cores`, `--budget` and `--exclude`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from moefit.errors import UsageError
from moefit.machine.backends import backend_of
from moefit.machine.card import Card
from moefit.machine.catalogue import with_fewer_cores
from moefit.machine.chips import chip_cpu
from moefit.machine.modules import parse_modules
from moefit.machine.overhead import context_overhead
from moefit.machine.specs import SPEC_HINT, Spec, each, in_option, split_spec
from moefit.machine.types import Cpu, Device, Machine, Ram, is_device_name
from moefit.sizes import GIB, MIB, option_size, parse_bandwidth, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UNIFIED: Final = "MTL"
"""Metal's devices share the host's memory, but for the cards of old Intel Macs: integrated=no says so."""
_BESIDE: Final = "beside a card that is declared in full nothing is detected: say its memory too, free=8GiB, or leave the other --gpu out"
_SCALES: Final = {"": 1.0, "g": 1e9, "t": 1e12, "p": 1e15}
_TRUTHS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


TYPICAL_CPU: Final = Cpu(cores=8, threads=16, assumed=True)
"""Of a declared host whose cores nobody states: a desktop's with one kind of core."""


def parse_gpus(specs: Sequence[str], ram: int | None = None) -> tuple[Device, ...]:
    """The devices that the `--gpu` options declare, in their order; a card that shares `ram` (bytes) has its part of it.

    Unnamed ones are numbered within their backend: CUDA0, CUDA1, ...; a catalogue card brings its backend (rx-7900-xtx: ROCm0).

    Raises:
        UsageError: an unknown card or key, a bad value, no memory given, more free than total, or a name given twice.
    """
    parsed = []
    for text in each(specs):
        with in_option(text):
            parsed.append(split_spec(text))
    taken = {spec.keys["name"] for spec in parsed if "name" in spec.keys}
    devices = []
    for spec in parsed:
        name = spec.keys.get("name") or _next_name(spec.card.backend if spec.card else "CUDA", taken)
        taken.add(name)
        with in_option(spec.text):
            devices.append(_declare(spec, name, ram))
    twice = [name for name, count in Counter(device.name for device in devices).items() if count > 1]
    if twice:
        raise UsageError(f"--gpu declares {twice[0]} twice", "give each device its own name")
    return tuple(devices)


def declare_host(
    ram: Ram,
    cpu: Cpu,
    total: str | None,
    bandwidth: str | None,
    cores: int | None,
    gpus: Iterable[Device] = (),
) -> tuple[Ram, Cpu]:
    """`ram` and `cpu` with `--ram`, `--ram-bandwidth` and `--cores` in the place of what was detected.

    A declared RAM is all available, as a declared card is all free, and nothing known of the detected host carries over: without
    `--cores` it has those of a chip among `gpus` that is also the processor, or a typical desktop's. `+8GiB` is the detected host with so much more.

    Raises:
        UsageError: a bad size or bandwidth, or fewer than one core.
    """
    if total is not None and adds(total):
        more = _more(total.strip()[1:])
        ram = replace(ram, total=ram.total + more, available=ram.available + more)
    elif total is not None:
        size = option_size("--ram", total)
        if size == 0:
            raise UsageError("--ram 0: a machine has memory", "say how much: --ram 32GiB")
        ram = Ram(total=size, available=size)
        cpu = chip_cpu(gpus) or TYPICAL_CPU
    if bandwidth is not None:
        modules = parse_modules(bandwidth)
        measured = None if modules else _measured(bandwidth)
        ram = replace(
            ram,
            bandwidth=measured,
            bandwidth_by_threads=(),
            decoded_by_threads=(),
            source="declared",
            modules=modules or ram.modules,
        )
    if cores is not None:
        if cores < 1:
            raise UsageError(f"--cores {cores}: at least one is needed")
        cpu = Cpu(cores=cores, threads=cores)
    return ram, cpu


def adds(ram: str) -> bool:
    """Whether a `--ram` says how much more there is than was detected: `+8GiB`."""
    return ram.lstrip().startswith("+")


def _more(text: str) -> int:
    """The bytes behind the plus."""
    try:
        return parse_size(text)
    except UsageError as error:
        raise UsageError(
            f"--ram +{text}: {error.message}", "so much more than there is: --ram +8GiB"
        ) from None


def _measured(text: str) -> int:
    """A measured rate, bytes per second."""
    try:
        return parse_bandwidth(text)
    except UsageError as error:
        hint = "a measured rate, 60GB/s, or the modules' rating, ddr5-5600x2"
        raise UsageError(f"--ram-bandwidth: {error.message}", hint) from None


def apply_limits(machine: Machine, budgets: Iterable[str] = (), excluded: Iterable[str] = ()) -> Machine:
    """`machine` without the devices of `--exclude`, and with free memory capped by each `--budget DEV=SIZE`.

    Raises:
        UsageError: an unknown device, or a budget that is not DEV=SIZE.
    """
    left_out = {
        _known(machine, name, "--exclude")
        for text in excluded
        for name in text.split(",")
        if name or not text
    }
    caps: dict[str, int] = {}
    for text in budgets:
        name, equals, size = text.rpartition("=")
        if not equals:
            raise UsageError(f"--budget {text}: no device", "write --budget CUDA0=8GiB")
        caps[_known(machine, name, "--budget")] = option_size("--budget", size)
    gpus = tuple(
        replace(gpu, free=caps[gpu.name], uncapped=gpu.free)
        if caps.get(gpu.name, gpu.free) < gpu.free
        else gpu
        for gpu in machine.gpus
        if gpu.name not in left_out
    )
    names = (gpu.name for gpu in machine.gpus if gpu.name in left_out)
    return replace(machine, gpus=gpus, excluded=(*machine.excluded, *names))


def _known(machine: Machine, name: str, option: str) -> str:
    """The device of `machine` that `name` means (in any case), spelled as llama.cpp does; another backend's name of a card is the card's, too."""
    meant = {other.lower(): first for other, first in machine.duplicates}
    wanted = meant.get(name.strip().lower(), name.strip()).lower()
    for gpu in machine.gpus:
        if wanted == gpu.name.lower():
            return gpu.name
    known = ", ".join(gpu.name for gpu in machine.gpus)
    raise UsageError(
        f"{option}: no device {name}", f"this machine has {known}" if known else "this machine has no GPU"
    )


def _next_name(backend: str, taken: set[str]) -> str:
    """The first free name of `backend`: CUDA0, CUDA1, ..."""
    index = 0
    while f"{backend}{index}" in taken:
        index += 1
    return f"{backend}{index}"


def _declare(spec: Spec, name: str, ram: int | None) -> Device:
    """The device that `spec` declares, called `name`: its card's figures with what its keys say instead."""
    match = re.fullmatch(r"(\w*?)(\d*)", name, re.ASCII) if is_device_name(name) else None
    if match is None:
        raise UsageError(
            f"not a device name: {name!r}", "names are as `llama-server --list-devices` prints them: CUDA0"
        )
    backend = backend_of(name).name
    if backend.lower() == match[1].lower():
        name = backend + match[2]  # llama.cpp tells CUDA0 from cuda0
    keys = spec.keys
    stated_total = parse_size(keys["total"]) if "total" in keys else None
    stated_free = parse_size(keys["free"]) if "free" in keys else spec.size
    sized = _of_ram(spec, ram)
    card = with_fewer_cores(sized, stated_total or sized.total).device(name) if sized else None
    total = stated_total or (card.total if card else stated_free)
    if total is None:
        raise UsageError("no memory given", _BESIDE if "name" in keys else SPEC_HINT)
    free = stated_free if stated_free is not None else total
    if stated_total is None:
        total = max(total, free)
    if free > total:
        raise UsageError("more memory free than there is in total")
    base = card or Device(name=name, free=free, total=total, overhead=context_overhead(name))
    base = replace(base, integrated=base.integrated or backend == _UNIFIED)
    return _amended(replace(base, free=free, total=total), keys)


def _of_ram(spec: Spec, ram: int | None) -> Card | None:
    """The spec's card; one that shares the host's memory with its part of `ram` (bytes), unless the spec says how much it has."""
    card = spec.card
    if card is None or ram is None or not _is_open(spec):
        return card
    fallback = replace(card, total_mib=min(card.total_mib, ram // MIB))
    return card.of_memory(round(ram / GIB)) or fallback


def _is_open(spec: Spec) -> bool:
    """Whether it is of a card that shares the host's memory, and does not say how much of it."""
    stated = spec.size is not None or bool({"free", "total"} & spec.keys.keys())
    return spec.card is not None and spec.card.integrated and not stated


def shared_memory(specs: Sequence[str]) -> int | None:
    """Bytes of RAM that cards which share it come with, where a spec names one and does not say how much; else None."""
    found = []
    for text in each(specs):
        with in_option(text):
            spec = split_spec(text)
        if spec.card is not None and _is_open(spec):
            found.append(spec.card.box * GIB)
    return max(found, default=None)


def _amended(base: Device, keys: Mapping[str, str]) -> Device:
    """The device with what keys say of it, but for its name and memory."""
    return replace(
        base,
        buffer=keys.get("buffer", base.buffer),
        description=keys.get("description", base.description),
        bandwidth=parse_bandwidth(keys["bandwidth"]) if "bandwidth" in keys else base.bandwidth,
        link_bandwidth=parse_bandwidth(keys["link"]) if "link" in keys else base.link_bandwidth,
        pageable_bandwidth=parse_bandwidth(keys["pageable"])
        if "pageable" in keys
        else base.pageable_bandwidth,
        compute=_parse_compute(keys["compute"]) if "compute" in keys else base.compute,
        overhead=parse_size(keys["overhead"]) if "overhead" in keys else base.overhead,
        integrated=_parse_truth(keys["integrated"]) if "integrated" in keys else base.integrated,
    )


def amendments(specs: Sequence[str]) -> bool:
    """Whether the `--gpu` options all name a device and none its memory: they say more of those that are there.

    >>> amendments(["name=RPC0,link=1.2GB/s"]), amendments(["name=RPC0,free=8GiB"]), amendments([])
    (True, False, False)
    """
    memory = {"free", "total"}
    return bool(specs) and all(
        "name" in (keys := {part.partition("=")[0].strip().lower() for part in text.split(",")})
        and not keys & memory
        and text.count("=") == len(text.split(","))
        for text in specs
    )


def amend(devices: Sequence[Device], specs: Sequence[str]) -> tuple[Device, ...]:
    """The devices with what the `--gpu` options say of them.

    Raises:
        UsageError: an unknown device or key, or a bad value.
    """
    found = {device.name.lower(): device for device in devices}
    for text in specs:
        with in_option(text):
            keys = split_spec(text).keys
            if keys["name"].lower() not in found:
                there = ", ".join(device.name for device in devices) or "none"
                raise UsageError(
                    f"there is no {keys['name']}, and no memory is given for a new one",
                    f"there are: {there}; free=8GiB declares another",
                )
            name = keys["name"].lower()
            found[name] = _amended(found[name], keys)
    return tuple(found.values())


def _parse_compute(text: str) -> float:
    """FLOP/s from `51.2TFLOPS`, `51.2T` or a plain number."""
    match = re.fullmatch(
        r"(\d{1,20}(?:\.\d{1,20})?)\s*(|[gtp])(?:flops?(?:/s)?)?", text.strip(), re.IGNORECASE
    )
    if match is None or float(match[1]) == 0:
        raise UsageError(f"not a throughput: {text!r}", "write compute=51.2TFLOPS")
    return float(match[1]) * _SCALES[match[2].lower()]


def _parse_truth(text: str) -> bool:
    """The boolean that `text` means."""
    if text.lower() not in _TRUTHS:
        raise UsageError(f"not yes or no: {text!r}")
    return _TRUTHS[text.lower()]
