"""The allocator over small graphs with answers worked out by hand."""

import random

import pytest

from moefit.memory.graph import operations as g
from moefit.memory.graph.allocate import END, Allocator, Arena
from moefit.memory.graph.nodes import F32, Graph

KIB = 1024


def peak(graph, *, alignment=32):
    """Bytes of one backend for a graph in which everything is on it."""
    arena = Arena(alignment)
    for node in (*graph.nodes, *graph.leafs):
        node.backend = 0
    return Allocator([arena], [lambda node: node.bytes]).run(graph.nodes, graph.leafs)[0]


def of(*results):
    graph = Graph()
    for result in results:
        graph.expand(result)
    return graph


def values(kib):
    """An input of so many KiB, kept to the end."""
    node = g.input_(F32, kib * 256)
    node.output = True
    return node


def matrix(rows, kib):
    """Weights that live elsewhere, for products of `kib` KiB rows."""
    return g.stored(F32, 0, kib * 256, rows, weight=True)


def test_a_result_takes_over_its_only_readers_source():
    x = g.mul_mat(matrix(256, 1), values(1))
    assert 2 * KIB == peak(of(g.scale(g.scale(x))))


def test_a_source_that_is_read_again_later_is_kept():
    x = g.mul_mat(matrix(256, 1), values(1))
    assert 3 * KIB == peak(of(g.add(g.scale(x), x)))


def test_a_view_keeps_its_memory_alive():
    x = g.mul_mat(matrix(1024, 1), values(1))
    head = g.view_nd(x, (256,))
    y = g.mul_mat(matrix(256, 4), x)
    assert (1 + 4 + 1 + 1) * KIB == peak(of(y, g.add(g.norm(y), head)))


def test_an_operation_that_is_not_in_place_needs_room_of_its_own():
    x = g.mul_mat(matrix(256, 1), values(1))
    assert 3 * KIB == peak(of(g.norm(x)))


def test_outputs_are_never_given_back():
    x = g.mul_mat(matrix(256, 1), values(1))
    x.output = True
    assert 4 * KIB == peak(of(g.norm(g.norm(x))))


def test_sizes_are_rounded_up_to_the_alignment():
    x = g.mul_mat(matrix(1, 1), g.input_(F32, 256))
    assert KIB + 32 == peak(of(x))
    x = g.mul_mat(matrix(1, 1), g.input_(F32, 256))
    assert KIB + 128 == peak(of(x), alignment=128)


def test_the_smallest_block_that_fits_is_taken_and_of_two_the_later():
    arena = Arena(32)
    places = [arena.take(size) for size in (64, 32, 128, 32, 64, 32)]
    for at, size in ((0, 64), (2, 128), (4, 64)):
        arena.give(places[at], size)

    assert places[4] == arena.take(64)
    assert places[0] == arena.take(64)
    assert places[2] == arena.take(96)


def test_free_neighbours_merge():
    arena = Arena(32)
    places = [arena.take(64) for _ in range(4)]
    arena.give(places[0], 64)
    arena.give(places[2], 64)
    arena.give(places[1], 64)

    assert places[0] == arena.take(192)
    assert 256 == arena.peak


def smallest_gap(live, size):
    """Where a tensor goes beside others (offset -> size): into the smallest gap between them, of equals the last, else behind them all."""
    ends = [0, *(at + live[at] for at in sorted(live))]
    gaps = [(start - end, end) for end, start in zip(ends, sorted(live), strict=False) if start - end >= size]
    return min(gaps, key=lambda gap: (gap[0], -gap[1]))[1] if gaps else ends[-1]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_free_is_what_no_tensor_has_whatever_is_taken_and_given_back(seed):
    chance, arena, live, peak = random.Random(seed), Arena(32), {}, 0
    for _ in range(200):
        if live and chance.random() < 0.5:
            at = chance.choice(list(live))
            arena.give(at, live.pop(at))
            continue
        size = 32 * chance.randint(1, 6)
        at = smallest_gap(live, size)
        assert at == arena.take(size)
        live[at] = size
        peak = max(peak, at + size)
    for at in chance.sample(list(live), len(live)):
        arena.give(at, live.pop(at))

    assert (peak, [0], [END]) == (arena.peak, arena.offsets, arena.sizes)


@pytest.mark.parametrize(("size", "rounded"), [(0, 0), (1, 64), (64, 64), (65, 128)])
def test_alignment(size, rounded):
    assert rounded == Arena(64).aligned(size)


def test_a_graph_deeper_than_the_stack_has_its_nodes_in_the_same_order():
    def chain(length):
        x = g.new(F32, 4)
        for _ in range(length):
            x = g.add(g.mul(x, g.new(F32, 4)), x)
        return x

    deep, shallow = Graph(), Graph()
    deep.expand(chain(5000))
    step = g.new(F32, 4)
    for _ in range(5000):
        step = g.add(g.mul(step, g.new(F32, 4)), step)
        shallow.expand(step)

    assert [node.op for node in shallow.nodes] == [node.op for node in deep.nodes]
    assert 5001 == len(deep.leafs)
