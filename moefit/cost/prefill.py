"""Seconds to process a prompt.

A micro-batch costs each device the products of its weights, and the helper those of the weights on the CPU, which first
have to cross the link: copies do not overlap with products. Without a helper, or with a batch below the threshold, the
CPU multiplies itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.cost import cached_steps
from moefit.cost import constants as c
from moefit.cost.between import passing, sorting
from moefit.cost.core_products import TILED_ROWS, times_of_types, token_work
from moefit.cost.decode import kept_bytes, step
from moefit.cost.grouped import grouped, of_types
from moefit.cost.micro_batches import batches, micro_batches, saving
from moefit.machine.types import CPU

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from moefit.cost.run import Run
    from moefit.cost.token_load import Load

CACHES: Final = "caches"
"""The term for K and V in RAM that cross the link."""


def prompt_terms(run: Run, prompt: int) -> Iterator[tuple[str, str, float]]:
    """The terms of a prompt: (what, where, seconds)."""
    sizes = micro_batches(run, prompt)
    overlap = batches(run, prompt) / sum(sizes.values()) if run.pipelined else 1.0
    for tokens, times in sizes.items():
        looked_up = any(group.serves(run.work, tokens) for group in run.cached)
        terms = step(run, prompt, tokens) if looked_up else _micro_batch(run, tokens)
        for name, place, seconds in _overlapped(terms, overlap):
            yield name, place, seconds * times
    yield "masks", "CPU", _masks(run, sizes)
    yield "start", "CPU", _start(run)
    if seconds := saving(run, prompt):
        yield "checkpoints", "CPU", seconds
    yield from _overlapped(_attention(run, prompt), overlap)
    yield from _caches(run, sizes)
    for index, output in run.tally.output.items():
        rate = run.batch_host.read if index == CPU else run.rates[index].read
        yield "output", run.name(index), output.base_bytes / rate


def _overlapped(terms: Iterable[tuple[str, str, float]], overlap: float) -> Iterator[tuple[str, str, float]]:
    """Terms of several places that work at the same time: all of the busiest one's, and of the others' what nothing hides."""
    found = list(terms)
    busiest = max(found, key=lambda term: term[2])[1] if found and overlap != 1.0 else ""
    for name, place, seconds in found:
        yield name, place, seconds * (1.0 if place == busiest else overlap)


def products(run: Run, load: Load, place: int, tokens: int) -> float:
    """Seconds of the matrix products of a micro-batch on a device."""
    outputs = load.base_macs * tokens + load.rows * run.rates[place].idle_outputs
    base = 2.0 * outputs / dense_flops(run, place)
    return base + load.expert_macs * grouped(run, place, tokens) if load.expert_macs else base


def dense_flops(run: Run, place: int) -> float:
    """FLOP/s of the model's large products on a device."""
    rate = run.rates[place]
    return rate.flops * of_types(run.work, rate)


def host_products(run: Run, load: Load, tokens: int) -> float:
    """Seconds of the matrix products of a micro-batch on the CPU: those of computing or of reading, whichever are more."""
    used = run.work.experts_used / run.work.experts if run.work.experts else 1.0
    distinct = run.work.distinct(tokens)
    base, experts = _shortened(run, tokens, tokens * used / distinct)
    work = load.base_prefill_work * base + load.expert_prefill_work * experts
    return max(
        2.0 * work * tokens / run.batch_host.flops,
        run.batch_host.seconds(
            load.base_bytes + load.expert_bytes * distinct,
            token_work(run.work, run.batch_host.kernels, load, distinct / used),
        ),
    )


def _shortened(run: Run, tokens: int, rows: float) -> tuple[float, float]:
    """What the CPU's products of so many tokens, and of so many rows for each expert, take of their plain time."""
    kernels = run.batch_host.kernels
    base = times_of_types(run.work, kernels if tokens >= TILED_ROWS else kernels.untiled())[0]
    expert = kernels.of_experts()
    return base, times_of_types(run.work, expert if rows >= TILED_ROWS else expert.untiled())[1]


def copied(run: Run, load: Load, tokens: int) -> float:
    """Bytes of weights on the CPU that a micro-batch needs on the helper: of the experts, the distinct ones."""
    return load.base_bytes + load.expert_bytes * run.work.distinct(tokens)


def _micro_batch(run: Run, tokens: int) -> Iterator[tuple[str, str, float]]:
    """The terms of one micro-batch, attention left out."""
    for place, load in run.tally.places.items():
        if place != CPU:
            yield "products", run.name(place), run.of_device(_on_device, load, place, tokens)
    load = run.tally.places[CPU]
    helped = run.helper != CPU and tokens >= run.settings.op_offload_min_batch
    if helped:
        yield from _helped(run, load, tokens)
    elif load.base_macs or load.expert_macs:
        yield "products", "CPU", host_products(run, load, tokens) + run.batch_host.barriers(load)
    if load.recurrence_macs:
        yield "recurrence", "CPU", 2.0 * load.recurrence_macs * tokens / run.batch_host.flops
    if run.missing:
        yield "paging", "disk", run.missing * copied(run, load, tokens) / c.DISK
    yield "hops", "CPU", _ways(run, tokens, helped=helped)


def _ways(run: Run, tokens: int, *, helped: bool) -> float:
    """Seconds in which a micro-batch's hidden states go from place to place.

    What the helper computes for a layer of another device crosses the links of both, there and back; for its own layers nothing moves.
    """
    states = 4.0 * run.work.embedding * tokens
    seconds = 0.0
    for (home, other), times in run.tally.hops.items():
        away = run.helper if helped and other == CPU else other
        # what comes back to a layer on the CPU is counted with its copies
        if away != home and not (helped and home == CPU):
            seconds += times * (run.hop(home, away) + 2.0 * run.handover(states, home, away))
    for way, times in run.tally.crossings.items():
        places = [run.helper if helped and place == CPU else place for place in way]
        if places[0] != places[1]:
            seconds += times * (run.hop(*places) / 2.0 + run.handover(states, *places))
    return seconds


def _on_device(run: Run, load: Load, place: int, tokens: int) -> float:
    rate = run.rates[place]
    recurrence = 2.0 * load.recurrence_macs * tokens / rate.recurrence_flops
    return _multiplied(run, load, place, tokens) + recurrence + rate.launches(load)


def _multiplied(run: Run, load: Load, place: int, tokens: int) -> float:
    """Seconds of a micro-batch's products on a device, with what it does between them."""
    between = sorting(run, load, place, tokens) + passing(run, load, place, tokens)
    return _read_and_multiplied(run, load, place, tokens) + between


def _read_and_multiplied(run: Run, load: Load, place: int, tokens: int) -> float:
    """Seconds of the products themselves: the device reads the weights for them, copied ones too, and hides little of either behind the other."""
    read = (load.base_bytes + load.expert_bytes * run.work.distinct(tokens)) / run.rates[place].read
    together: float = (products(run, load, place, tokens) ** c.FED_TILES + read**c.FED_TILES) ** (
        1.0 / c.FED_TILES
    )
    return together


def _helped(run: Run, load: Load, tokens: int) -> Iterator[tuple[str, str, float]]:
    """Weights on the CPU cross the link and are multiplied on the helper; of a layer whose slot is the CPU, the experts' outputs cross it as well."""
    place = run.name(run.helper)
    if load.base_bytes or load.expert_bytes:
        copies = copied(run, load, tokens) / run.copy - cached_steps.spared(run, tokens)
        starts = load.expert_tensors * (c.COPY_START + _runs(run, tokens) * c.CACHE_FRAGMENT)
        yield "copies", place, copies + starts + _chosen(run, load, tokens)
        yield "products", place, _multiplied(run, load, run.helper, tokens)
    outputs = c.OUTPUTS_COPIED * 4.0 * tokens * run.work.embedding * max(1, run.work.experts_used)
    yield "copies", place, load.layers * outputs / run.copy


def _runs(run: Run, tokens: int) -> float:
    """Runs of experts side by side that a micro-batch uses of a matrix: each is a copy.

    source: src/llama-context.cpp, llama_context::sched_copy_experts
    """
    used = run.work.distinct(tokens)
    return max(1.0, run.work.experts * used * (1.0 - used))


def _chosen(run: Run, load: Load, tokens: int) -> float:
    """Seconds in which the host is told what experts a micro-batch uses: for every token it gets all of them in their order, which those are the first of.

    source: src/llama-context.cpp, llama_context::sched_copy_experts, and ggml_argsort_top_k
    """
    if not load.expert_tensors:
        return 0.0
    return load.expert_tensors / run.work.matrices * 4.0 * tokens * run.work.experts / run.staged


def _masks(run: Run, sizes: Counter[int]) -> float:
    """Seconds in which the masks are made and devices wait: where they have all the weights, those of the first micro-batch alone.

    They still work on it while the next one's are made; what they compute with weights from RAM is waited for layer by layer.
    source: src/llama-context.cpp, llama_context::graph_compute, which does not wait; ggml/src/ggml-backend.cpp, ggml_backend_sched_compute_splits
    """
    alone = run.tally.places[CPU]
    taken = [tokens * times * _masked(run, tokens) for tokens, times in sizes.items()]
    if alone.base_macs or alone.expert_macs:
        return sum(taken) * c.MASKED
    return taken[0] / next(iter(sizes.values())) * c.MASKED


def _start(run: Run) -> float:
    """Seconds until devices work on the first micro-batch: its graph is built, and its first kernels are started."""
    layers = sum(load.layers for place, load in run.tally.places.items() if place != CPU)
    return layers * run.batch_host.begun * run.slower_hops


def _masked(run: Run, tokens: int) -> float:
    """Cells that one core looks at for a token's row of the masks: those of its own micro-batch, in the full cache and in the windowed one.

    source: src/llama-kv-cache.cpp, set_input_kq_mask_impl, which copies the row before and looks again at cells whose positions are near
    """
    if not run.work.attends:
        return 0.0
    return tokens + (min(run.window_cells, tokens + run.work.window) if run.work.window else 0.0)


def _attention(run: Run, prompt: int) -> Iterator[tuple[str, str, float]]:
    """Every token meets all before it, or the cells of a windowed cache: its window and the micro-batch that is written beside it."""
    for place, load in run.tally.places.items():
        at = run.helper if place == CPU and run.settings.kv_offload else place
        own = place != CPU
        seconds = run.of_device(attention, load, at, prompt) if own else attention(run, load, at, prompt)
        yield "attention", run.name(at), seconds


def _caches(run: Run, sizes: Counter[int]) -> Iterator[tuple[str, str, float]]:
    """K and V of layers on the CPU cross the link for the helper's attention, in every micro-batch all that are there until then.

    A cache of the CPU's is not pinned. source: src/llama-kv-cache.cpp, llama_kv_cache; ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph
    """
    helped = {n: times for n, times in sizes.items() if n >= run.settings.op_offload_min_batch}
    load, times = run.tally.places[CPU], sum(helped.values())
    if run.helper == CPU or not run.settings.kv_offload or not times:
        return
    prompt = sum(n * times for n, times in helped.items())
    # micro-batches until a windowed cache is full, which are parted evenly
    filling = times * min(1.0, run.window_cells / prompt)
    rows = prompt * (times + 1) / 2
    near = prompt / times * filling * (filling + 1) / 2 + (times - filling) * min(prompt, run.window_cells)
    yield CACHES, run.name(run.helper), kept_bytes(run, load, rows, near) / run.staged


def attention(run: Run, load: Load, at: int, prompt: int) -> float:
    """Seconds of a load's attention over a prompt at a place."""
    pairs = prompt * (prompt + 1) / 2
    beyond = max(0.0, prompt - run.window_cells)
    near = pairs - beyond * (beyond + 1) / 2
    if at == CPU:
        return 2.0 * (load.attention_macs * pairs + load.window_macs * near) / run.batch_host.flops
    rate = run.rates[at]
    full, window = (rate.attention_flops * rate.of_heads(size) for size in run.work.head_sizes)
    return 2.0 * (load.attention_macs * pairs / full + load.window_macs * near / window)
