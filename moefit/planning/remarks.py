"""What a plan chose without being asked, said in a line each: the context, and devices that are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import Warn
from moefit.launch.complete import only_ends_pipelining
from moefit.launch.constraints import Constraints
from moefit.launch.endpoints import exposed
from moefit.launch.patterns import match
from moefit.machine.chips import chip
from moefit.machine.types import CPU, Device, Machine, Ram
from moefit.memory.kv import kv
from moefit.model import Model
from moefit.planning.context_size import wanted_context
from moefit.planning.most_devices import some_names
from moefit.search.budgets import budgets
from moefit.search.candidate import Candidate
from moefit.search.demand import chosen_devices
from moefit.search.ram import ram_left
from moefit.search.request import Request
from moefit.shown import masked
from moefit.sizes import GIB, counted, format_bandwidth, format_size

_MORE = 1024
"""Tokens that a note prices."""
_SINGLY = 3
"""Devices that are left out of which each has a note."""
_COUNTED: Final = re.compile(r"n.?c(?:pu)?.?moe", re.IGNORECASE)
"""-ncmoe in any spelling, or its variable."""
_FOR_THE_SYSTEM: Final = GIB
"""Bytes of RAM that a system without a desktop needs at the least."""


def remarks(request: Request, chosen: Candidate, *, scarce: bool) -> Iterator[Warn]:
    """Notes and warnings about a plan that fits; `scarce`: the context gave way because nothing fitted with it.

    What is chosen in every plan comes last: of many notes a page shows the first.
    """
    model, constraints = request.model, request.launch.constraints
    yield from _all_ram(
        request.machine.ram, ram_left(request, chosen.settled), declared=not request.machine.host
    )
    yield from _ubatch(constraints, chosen)
    yield from _overrides(model, constraints)
    yield from _more_layers(constraints, chosen)
    yield from _unpipelined(model, constraints, chosen)
    yield from _workload(constraints, chosen)
    yield from _cores(request.machine)
    yield from _this_host(request.machine)
    yield from _unified(request.machine)
    yield from _exposed(constraints)
    yield from _undeclared(constraints, request.machine.gpus)
    yield from _left_out(request, chosen)
    yield from _context(model, constraints, chosen, scarce=scarce)


def _all_ram(ram: Ram, left: int, *, declared: bool) -> Iterator[Warn]:
    """A declared RAM is what is free: who says what is built in leaves the system nothing."""
    if declared and ram.available == ram.total and 0 <= left < _FOR_THE_SYSTEM:
        yield Warn(
            "all-ram",
            f"the plan takes all of --ram but {format_size(left)}: --ram is what is free for the server",
            f"if {format_size(ram.total)} are what the machine has, declare less: the system needs a part",
        )


def _more_layers(constraints: Constraints, chosen: Candidate) -> Iterator[Warn]:
    """-ncmoe is the least: where a plan leaves the experts of more layers on the CPU, it says so."""
    rules = [rule for rule in constraints.overrides if _COUNTED.search(" ".join(rule.words))]
    homes = chosen.settled.placement.overrides
    named = [name for name, home in homes.items() if home == CPU and name.endswith("_exps.weight")]
    there = {name.split(".")[1] for name in named}
    first = {name.split(".")[1] for name in named if any(rule.matches(name) for rule in rules)}
    if rules and len(there) > len(first):
        yield Warn(
            "more-layers",
            f"{' '.join(rules[0].words)} keeps the experts of {counted(len(first), 'layer')} on the CPU; "
            f"the plan leaves those of {len(there) - len(first)} more there",
            note=True,
        )


def _unpipelined(model: Model, constraints: Constraints, chosen: Candidate) -> Iterator[Warn]:
    """An override that moves nothing looks like a mistake to whoever reads the line."""
    placement = chosen.settled.placement
    if only_ends_pipelining(placement, [tensor.name for tensor in model.tensors], constraints):
        own = placement.overrides.keys() - match(constraints.overrides, placement.overrides).keys()
        yield Warn(
            "unpipelined",
            f"-ot of {', '.join(sorted(own))} moves nothing: any override ends pipelining, for whose copies devices have no room",
            note=True,
        )


def _cores(machine: Machine) -> Iterator[Warn]:
    if machine.cpu.assumed:
        own = chip(machine.gpus)
        whose = f"those of the chip {own.description}" if own is not None else "a desktop's"
        cores = f"{machine.cpu.cores} CPU cores are assumed, {whose}"
        yield Warn("cores", f"{cores}; --cores says how many there are", note=True)


def _this_host(machine: Machine) -> Iterator[Warn]:
    """A card that is declared beside RAM and cores that are detected: of a machine elsewhere they are not."""
    if machine.host and any(gpu.source in {"catalogue", "declared"} for gpu in machine.gpus):
        cores = f", and so are its {counted(machine.cpu.cores, 'core')}" if machine.cpu.model else ""
        yield Warn(
            "this-host",
            f"the RAM, {format_size(machine.ram.available)} free, is this host's{cores}: "
            f"for another machine say --ram 32GiB --cores 8",
            note=True,
        )


def _unified(machine: Machine) -> Iterator[Warn]:
    """Modules that are declared for a machine whose memory is the chip's."""
    ram, own = machine.ram, [gpu for gpu in machine.gpus if gpu.integrated and gpu.bandwidth]
    if ram.modules is None or ram.source != "declared" or not own or ram.bandwidth is not None:
        return
    chips = max(own, key=lambda gpu: gpu.bandwidth or 0)
    yield Warn(
        "unified",
        f"--ram-bandwidth {ram.modules} changes nothing: the memory is that of {chips.name}, {format_bandwidth(chips.bandwidth or 0)}",
        "what the processor's cores read of it counts: --ram-bandwidth 100GB/s",
    )


def _context(model: Model, constraints: Constraints, chosen: Candidate, *, scarce: bool) -> Iterator[Warn]:
    context, trained = chosen.settings.context, model.trained_context
    if constraints.context:
        if trained and _slot_context(constraints, chosen) > trained:
            yield Warn(
                "long-context",
                f"-c {context}: no slot gets more than the {trained:,} tokens that the model was trained for",
            )
        return
    wanted = wanted_context(constraints, model)
    price = format_size(
        _context_bytes(model, chosen, context + _MORE) - _context_bytes(model, chosen, context)
    )
    reason = "nothing would fit" if scarce else "not every layer would have a place on a device"
    why = "" if context >= wanted else f": with {wanted:,}, {reason}"
    yield Warn(
        "context",
        f"context {context:,}{why}; {_MORE:,} tokens more would take {price}",
        note=True,
    )


def _ubatch(constraints: Constraints, chosen: Candidate) -> Iterator[Warn]:
    wanted, launch = constraints.ubatch, chosen.settings
    if wanted and launch.ubatch < wanted and constraints.batch:
        limit = "batch" if constraints.batch < launch.context else "context"
        tests = ", which -p, -n, -pg and -d make" if constraints.program == "llama-bench" else ""
        end = tests if limit == "context" else ""
        yield Warn(
            "ubatch", f"-ub {wanted} is {launch.ubatch}: no micro-batch is larger than the {limit}{end}"
        )


def _overrides(model: Model, constraints: Constraints) -> Iterator[Warn]:
    names = [tensor.name for tensor in model.tensors]
    useless = [rule for rule in constraints.overrides if not any(map(rule.matches, names))]
    for words in dict.fromkeys(rule.words for rule in useless):
        patterns = [masked(rule.pattern) for rule in useless if rule.words == words]
        yield Warn(
            "no-tensor", f"{' '.join(words)}: no tensor of this model matches {' or '.join(patterns[:3])}"
        )


def _workload(constraints: Constraints, chosen: Candidate) -> Iterator[Warn]:
    prompt, slot = chosen.prediction.prompt_tokens, _slot_context(constraints, chosen)
    if prompt > slot and constraints.program != "llama-bench":
        yield Warn(
            "workload",
            f"a prompt of {prompt:,} tokens, for which this line is made, exceeds the context of {slot:,}",
        )


def _slot_context(constraints: Constraints, chosen: Candidate) -> int:
    """Tokens that one slot could hold.

    source: src/llama-context.cpp, n_ctx_seq; tools/server/server-context.cpp, which caps it at the trained context
    """
    launch = chosen.settings
    tokens = launch.context if launch.kv_unified else launch.context // launch.slots
    return min(tokens, constraints.kv_unified_per_slot or tokens)


def _context_bytes(model: Model, chosen: Candidate, context: int) -> int:
    """Caches and states on devices and host with so many tokens."""
    settled = chosen.settled
    on, host = kv(model, settled.devices, replace(chosen.settings, context=context), settled.placement)
    return sum(on) + host


def _left_out(request: Request, chosen: Candidate) -> Iterator[Warn]:
    """Devices that a line leaves open and the plan does not use; many of them in one note."""
    constraints, used = request.launch.constraints, {device.name for device in chosen.settled.devices}
    if constraints.devices is not None:
        return
    idle = [d for d in chosen_devices(constraints, request.machine.gpus) if d.name not in used]
    room = {device.name: budgets(request, (device,), chosen.settings)[0].usable > 0 for device in idle}
    yield from _each_or_all([d for d in idle if room[d.name]], ("make", "makes"), "nothing faster")
    yield from _each_or_all(
        [d for d in idle if not room[d.name]], ("are", "is"), "less than driver and margin take"
    )


def _each_or_all(devices: Sequence[Device], does: tuple[str, str], why: str) -> Iterator[Warn]:
    """A note for each of a few devices, one for many; `does` is the verb of `12 GiB free on it` and of `what is free on them`."""
    if len(devices) > _SINGLY:
        who = some_names([device.name for device in devices])
        yield Warn("left-out", f"{who} left out: what is free on them {does[1]} {why}", note=True)
        return
    for device in devices:
        said = f"{device.name} is left out: {format_size(device.free)} free on it {does[0]} {why}"
        yield Warn("left-out", said, note=True)


def _undeclared(constraints: Constraints, gpus: Sequence[Device]) -> Iterator[Warn]:
    """Servers of the line that nobody asked for their devices: a declared machine is all that there is."""
    if (
        constraints.rpc
        and constraints.devices is None
        and not any(gpu.name.startswith("RPC") for gpu in gpus)
    ):
        hint = "declare it: --gpu name=RPC0,free=24GiB"
        yield Warn(
            "rpc-unknown", f"what {' and '.join(constraints.rpc)} has is not known, and not used", hint
        )


def _exposed(constraints: Constraints) -> Iterator[Warn]:
    """RPC has no authentication: llama.cpp's own documentation asks never to let an open network reach it."""
    reachable = exposed(constraints.rpc)
    if reachable:
        names = " and ".join(reachable)
        hint = "keep it in a network of your own, or behind ssh -L or a VPN"
        yield Warn(
            "rpc", f"RPC has no authentication: who can reach {names} can use and crash it", hint, note=True
        )
