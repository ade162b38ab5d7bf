"""Seconds to generate one token: what every place has to read, and the visits from place to place.

With speculation a step checks a draft: the base is read once for all its tokens, but each brings experts of its own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from moefit.cost import cached_steps
from moefit.cost import constants as c
from moefit.cost.core_products import token_work
from moefit.cost.reading import seconds_of_a_byte
from moefit.cost.token_load import Load
from moefit.machine.types import CPU
from moefit.memory.cache_tensor import cache_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from moefit.cost.cached_experts import Cached
    from moefit.cost.run import Run
    from moefit.cost.ways import Step
    from moefit.gguf.quants import QuantType


_LARGE_HEAD: Final = 256

_BENCHES: Final = ("llama-bench", "llama-batched-bench")
"""Programs that sample no tokens."""


def token_terms(run: Run, depth: float, draft_bytes: Mapping[str, int]) -> Iterator[tuple[str, str, float]]:
    """The terms of one generated token after `depth` others: (what, where, seconds).

    draft_bytes: what a draft model reads for each token it drafts, by device name (or CPU).
    """
    drafted = run.settings.model_draft_tokens if run.settings.mtp or draft_bytes else 0
    gained = (1.0 - c.ACCEPTED ** (drafted + 1)) / (1.0 - c.ACCEPTED)
    for name, place, seconds in step(run, depth, drafted + 1):
        yield name, place, seconds / gained
    if run.settings.program not in _BENCHES:
        yield "serving", "CPU", run.host.served
    if drafted:
        drafting = _drafted(run, draft_bytes) if draft_bytes else (_draft(run),)
        for name, seconds in drafting:
            yield "draft", name, drafted * seconds / gained


def step(run: Run, depth: float, tokens: int) -> Iterator[tuple[str, str, float]]:
    """One pass over the model for `tokens` tokens of one sequence."""
    experts = 1.0 if tokens == 1 else run.work.distinct(tokens) / run.work.distinct(1)
    cached = [group for group in run.cached if group.serves(run.work, tokens)]
    for place in {**run.tally.places, **run.tally.output}:
        if place == CPU:
            load = _weights(run, place)
            cache = cache_bytes(run, load, depth) + 2.0 * load.state
            read = load.base_bytes + load.expert_read * experts
            load, read = _uncached(load, cached), read - sum(c.load.expert_read for c in cached) * experts
            yield (
                "weights",
                "CPU",
                run.host.seconds(read, token_work(run.work, run.host.kernels, load) * tokens),
            )
            yield "attention", "CPU", run.host.seconds(cache, _attention_work(run, load, depth) * tokens)
            yield "states", "CPU", _gathered(load) / run.host.pageable
            yield "barriers", "CPU", run.host.barriers(load)
            yield "paging", "disk", run.missing * read / c.DISK
        else:
            own, output = run.tally.places.get(place), place in run.tally.output
            parts = run.of_device(_on_device, own or run.tally.output[place], place, depth, experts, output)
            (weights, attended, started), at = parts, run.name(place)
            yield "weights", at, weights
            yield "attention", at, attended
            yield "launches", at, started
    for group in cached:
        yield from cached_steps.token_terms(run, group, tokens)
    there_and_back = sum(times * run.hop(*places) for places, times in _hops(run, cached).items())
    onwards = sum(times * run.hop(*places) for places, times in run.tally.crossings.items())
    yield "hops", "CPU", there_and_back + onwards / 2.0 + _bias_visits(run, cached, tokens)


def _gathered(load: Load) -> float:
    """Bytes of states that one thread gathers before they are stepped, the others waiting.

    source: src/llama-graph.cpp, build_rs; ggml/src/ggml-cpu/ggml-cpu.c, ggml_get_n_tasks, of a GET_ROWS
    """
    return load.state


def _on_device(
    run: Run, _load: Load, place: int, depth: float, experts: float, *_output: bool
) -> tuple[float, float, float]:
    """Seconds in which a device reads weights and caches and starts kernels, with the output or without."""
    load, rate = _weights(run, place), run.rates[place]
    of_base, of_experts = seconds_of_a_byte(run.work, rate)
    weights = load.base_bytes * of_base + load.expert_read * experts * of_experts
    return weights, _attended(run, place, load, depth), rate.launches(load)


def _hops(run: Run, cached: Sequence[Cached]) -> Mapping[Step, int]:
    """How often a token leaves a layer and comes back; layers whose experts are looked up in a cache stay on their device."""
    if not cached:
        return run.tally.hops
    hops = Counter(run.tally.hops)
    for one in cached:
        hops[one.group.device, CPU] -= len(one.group.layers)
    return +hops


def _bias_visits(run: Run, cached: Iterable[Cached], tokens: int) -> float:
    """Seconds of the visits to biases that are not where their experts are multiplied: with a cache that is the layer's device.

    A device computes with a bias in RAM only from some rows on, of which each token has one for each of its experts.
    source: ggml/src/ggml-cuda/ggml-cuda.cu, get_op_batch_size, of an ADD_ID
    """
    served = {layer for one in cached for layer in one.group.layers}
    few = tokens * run.work.experts_used < run.settings.op_offload_min_batch
    seconds = 0.0
    for slot, (home, matrix, bias) in run.tally.parted.items():
        product = home if slot in served else matrix
        if product != bias and (few or bias != CPU):
            seconds += c.BIAS_VISITS * run.hop(product, bias)
    return seconds


def _uncached(load: Load, cached: Iterable[Cached]) -> Load:
    """What is left for the CPU of a load."""
    for group in cached:
        load = load.plus(Load())
        load.add(group.load, -1.0)
    return load


def _attended(run: Run, place: int, load: Load, depth: float) -> float:
    """Seconds in which a device reads caches and states for a token: once for all heads, or for each query head anew."""
    rate, heads = run.rates[place], _met(run, load, depth)
    key, value = cache_type(run.settings.cache_type_k), cache_type(run.settings.cache_type_v)
    quantised = sum(one.block > 1 for one in (key, value)) / 2
    cells = cache_bytes(run, load, depth) * _passes(run, place, load)
    read = max(cells / rate.read, heads / rate.each_head) + 2.0 * load.state / rate.state
    unpacked = rate.unpacked * (c.UNPACKED_OF_LARGE_HEADS if run.work.head_sizes[0] >= _LARGE_HEAD else 1.0)
    return read + quantised * heads / unpacked


def _met(run: Run, load: Load, depth: float) -> float:
    """Elements of keys and values that all query heads meet."""
    return load.attention_macs * depth + load.window_macs * min(depth, run.window_cells)


def _weights(run: Run, place: int) -> Load:
    """Everything of a place: its blocks, and the output if it is there."""
    load, output = run.tally.places.get(place), run.tally.output.get(place)
    if load is None or output is None:
        return load or run.tally.output[place]
    return load.plus(output)


def _drafted(run: Run, draft_bytes: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Where another model drafts a token, and the seconds of each place; a device of its own is taken for the first."""
    places = {run.name(place): place for place in range(len(run.devices))}
    for name, read in draft_bytes.items():
        if name == "CPU" or not run.devices:
            yield "CPU", run.host.seconds(read, read)
        else:
            rate = run.rates[places.get(name, 0)]
            yield name, read / rate.read + rate.layer


def _draft(run: Run) -> tuple[str, float]:
    """Where the model's own head drafts a token, and its seconds with the output matrix."""
    place = run.tally.draft_place
    read = run.work.draft.base_bytes + run.work.draft.expert_read + run.work.output.base_bytes
    if place == CPU:
        return "CPU", run.host.seconds(read, read)
    rate = run.rates[place]
    return run.name(place), read / rate.read + rate.layer + rate.moe_layer


def _attention_work(run: Run, load: Load, depth: float) -> float:
    """Bytes that cores get through: on the CPU every query head meets all cells itself, however many share a head of the cache.

    Keys are multiplied as they are; values of other types than F16 are first turned into F32. F16 is dealt out to threads by cells, all else by
    whole heads, so that some threads wait for the last.
    source: ggml/src/ggml-cpu/ops.cpp, ggml_compute_forward_flash_attn_ext_f16_one_chunk (kq_vec_dot, v_to_float), and
    ggml_compute_forward_flash_attn_ext_f16 (use_split_kv_path)
    """
    key, value = cache_type(run.settings.cache_type_k), cache_type(run.settings.cache_type_v)
    of_keys = _multiplied(key)
    of_values = c.VALUE_TIME.get(value.name) or _multiplied(value)
    work = _met(run, load, depth) / 2.0 * (of_keys + of_values)
    by_cells = key == value and key.name in {"f16", "f32"}
    apart = c.ATTENDED * work
    return (apart if by_cells else apart * _waiting(run.work.heads, run.host.threads)) + 2.0 * load.state


def _waiting(heads: int, threads: int) -> float:
    """How much longer so many heads take than their even share on every thread."""
    return -(-heads // threads) * threads / heads if heads else 1.0


def _multiplied(of: QuantType) -> float:
    """Bytes that cores get through for an element of a type."""
    per_byte, _ = c.CORE_TIME.get(of.name, (1.0, 1.0))
    return of.block_bytes / of.block * per_byte


def _passes(run: Run, place: int, load: Load) -> float:
    """How often a device reads a cache: one in which values are a part of the keys, as DeepSeek's models compress it, once for each of them.

    CUDA's kernel finds the values in what it has loaded. source: ggml/src/ggml-cuda/fattn-mma-f16.cuh (V_is_K_view), which fattn-tile.cuh, that
    AMD's chips take, and ggml-vulkan have not
    """
    compressed = load.key > 0.0 and not load.value
    return 1.0 + c.VALUES_OF_KEYS if compressed and run.devices[place].backend.name != "CUDA" else 1.0


def cache_bytes(run: Run, load: Load, depth: float) -> float:
    """Bytes of K and V that a token after `depth` others reads."""
    return kept_bytes(run, load, depth, min(depth, run.window_cells))


def kept_bytes(run: Run, load: Load, rows: float, near: float) -> float:
    """Bytes of K and V of so many tokens, those of layers with a window of others."""
    key, value = cache_type(run.settings.cache_type_k), cache_type(run.settings.cache_type_v)
    keys = load.key * rows + load.window_key * near
    values = load.value * rows + load.window_value * near
    return keys * key.block_bytes / key.block + values * value.block_bytes / value.block
