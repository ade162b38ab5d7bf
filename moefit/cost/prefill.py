"""Seconds to process a prompt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from moefit.cost.rates import DISK
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from moefit.cost.rates import DeviceRates, HostRates
    from moefit.cost.tally import Tally
    from moefit.launch.settings import Settings
    from moefit.machine.types import Device
    from moefit.work import Load, Work

TILE: Final = 32.0
"""Tokens of padding that each used expert costs in a grouped product: half a tile of 64 columns."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """What the seconds of a prompt depend on."""

    work: Work
    tally: Tally
    devices: Sequence[Device]
    rates: Sequence[DeviceRates]
    host: HostRates
    settings: Settings
    copy: float
    """Bytes per second to the device that computes for the CPU; 0 without one."""
    missing: float
    """Share of the weights on the CPU that RAM cannot hold, so that a mapped file is read again and again."""

    def chunks(self, prompt: int) -> Counter[int]:
        """Micro-batches of a prompt: tokens -> how many. source: src/llama-context.cpp, llama_context::decode."""
        batch = max(1, self.settings.batch)
        ubatch = max(1, min(self.settings.ubatch, batch))
        sizes: Counter[int] = Counter()
        for tokens, times in ((batch, prompt // batch), (prompt % batch, 1)):
            if times and tokens:
                sizes[ubatch] += tokens // ubatch * times
                if tokens % ubatch:
                    sizes[tokens % ubatch] += times
        return sizes

    def terms(self, prompt: int) -> Iterator[tuple[str, str, float]]:
        """The terms of a prompt: (name, place, seconds)."""
        for tokens, times in self.chunks(prompt).items():
            for name, place, seconds in self.chunk(tokens):
                yield name, place, seconds * times
        yield from self._attention(prompt)

    def chunk(self, tokens: int) -> Iterator[tuple[str, str, float]]:
        """The terms of one micro-batch, attention left out."""
        for place, load in self.tally.places.items():
            if place != CPU:
                yield "compute", self.devices[place].name, self._on_device(load, place, tokens)
        load = self.tally.places[CPU]
        if self.offloads(tokens):
            yield from self._offloaded(load, tokens)
        elif load.base_macs or load.expert_macs:
            yield "compute", "CPU", self.on_host(load, tokens) + load.layers * self.host.layer
        if self.missing:
            touched = load.base_bytes + load.expert_bytes * self.work.distinct(tokens)
            yield "paging", "disk", self.missing * touched / DISK
        bytes_moved = 8.0 * self.work.embedding * tokens
        hops = self.tally.crossings + (0 if self.offloads(tokens) else self.tally.hops)
        if hops and self.rates:
            slowest = max(rate.hop for rate in self.rates)
            yield "hops", "CPU", hops * (slowest + bytes_moved / (self.copy or 10e9))

    def offloads(self, tokens: int) -> bool:
        """Whether matrices on the CPU are copied to a device for a batch of that size."""
        return self.copy > 0 and tokens >= self.settings.op_offload_min_batch

    def _on_device(self, load: Load, place: int, tokens: int) -> float:
        rate = self.rates[place]
        read = (load.base_bytes + load.expert_bytes * self.work.distinct(tokens)) / rate.read
        launches = load.layers * rate.layer + load.moe_layers * rate.moe_layer
        return max(self.compute(load, rate, tokens), read) + launches

    def compute(self, load: Load, rate: DeviceRates, tokens: int) -> float:
        """Seconds of the matrix products of a micro-batch on a device."""
        base = 2.0 * load.base_macs * tokens / rate.flops
        if not load.expert_macs:
            return base
        padding = TILE * self.work.distinct(tokens) * self.work.experts / self.work.experts_used
        return base + 2.0 * load.expert_macs * (tokens + padding) / rate.expert_flops

    def _offloaded(self, load: Load, tokens: int) -> Iterator[tuple[str, str, float]]:
        place = self.devices[0].name
        moved = load.base_bytes + load.expert_bytes * self.work.distinct(tokens)
        if moved:
            yield "copies", place, moved / self.copy + load.expert_tensors * 20e-6
            yield "compute", place, self.compute(load, self.rates[0], tokens)
        if self.tally.host_layers:
            # Experts' outputs of a layer whose slot is the CPU cross the link twice (measured: 1.7 ms a layer and 512
            # tokens pinned, 7-10 ms pageable, beside the weights, on Qwen3-30B-A3B's shape)
            used = max(1, self.work.experts_used)
            there_and_back = 8.0 * tokens * used * self.work.embedding
            yield "hops", place, self.tally.host_layers * there_and_back / self.copy

    def on_host(self, load: Load, tokens: int) -> float:
        """Seconds of the matrix products of a micro-batch on the CPU."""
        share = self.work.distinct(tokens)
        used = self.work.experts_used / self.work.experts if self.work.experts else 1.0
        return max(
            2.0 * (load.base_macs + load.expert_macs) * tokens / self.host.flops,
            self.host.seconds(
                load.base_bytes + load.expert_bytes * share, load.base_work + load.expert_work * share / used
            ),
        )

    def _attention(self, prompt: int) -> Iterator[tuple[str, str, float]]:
        pairs = prompt * (prompt + 1) / 2
        window = self.work.window
        near = (
            pairs if not window or prompt <= window else pairs - (prompt - window) * (prompt - window + 1) / 2
        )
        for place, load in self.tally.places.items():
            flops = 2.0 * (load.attention_macs * pairs + load.window_macs * near)
            if not flops:
                continue
            if place == CPU and (self.copy == 0 or not self.settings.kv_offload):
                yield "attention", "CPU", flops / self.host.flops
            else:
                index = max(place, 0)
                yield "attention", self.devices[index].name, flops / self.rates[index].attention_flops
