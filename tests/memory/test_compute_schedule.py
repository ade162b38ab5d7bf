"""Where the scheduler puts nodes, where it cuts, and what it copies."""

from moefit.memory.graph import operations as g
from moefit.memory.graph.nodes import F32, Graph
from moefit.memory.graph.rules import batch_size, cuda_flash_attention
from moefit.memory.graph.schedule import Backends, schedule

GPU, OTHER = 0, 1


def backends(count=2, *, offload=False, copies=1):
    return Backends(
        count, lambda _backend, _node: True, lambda _backend, node: batch_size(node) >= 32, offload, copies
    )


def weight(backend):
    return g.stored(F32, backend, 256, 256, weight=True)


def chain(*homes, tokens=64):
    """Products with weights on those backends, each of the last."""
    cur = g.input_(F32, 256, tokens)
    graph = Graph()
    results = []
    for home in homes:
        cur = g.mul_mat(weight(home), cur)
        results.append(cur)
    graph.expand(cur)
    return graph, results


def test_products_run_where_their_weights_are_and_the_graph_is_cut_between():
    graph, results = chain(GPU, 1, GPU)
    plan = schedule(graph, backends())

    assert [GPU, 1, GPU] == [r.backend for r in results]
    assert [GPU, 1, GPU] == [backend for backend, _, _ in plan.splits]


def test_a_device_takes_over_large_batches_with_weights_on_the_host():
    graph, results = chain(GPU, 1, GPU)
    plan = schedule(graph, backends(offload=True))

    assert [GPU] * 3 == [r.backend for r in results]
    copied = [n for n in plan.nodes if n.ne == (256, 256, 1, 1) and n.op == "NONE" and n.buffer is None]
    assert 1 == len(copied)


def test_it_leaves_small_batches_where_they_are():
    graph, results = chain(GPU, 1, GPU, tokens=31)
    schedule(graph, backends(offload=True))

    assert [GPU, 1, GPU] == [r.backend for r in results]


def test_operations_without_weights_go_with_their_neighbours_on_devices():
    x = g.mul_mat(weight(GPU), g.input_(F32, 256, 8))
    y = g.unary(x)
    graph = Graph()
    graph.expand(g.mul_mat(weight(1), y))
    schedule(graph, backends())

    assert GPU == y.backend


def test_pipelining_copies_inputs_for_every_batch_in_flight():
    def inputs(copies):
        graph, _ = chain(GPU, OTHER)
        plan = schedule(graph, backends(3, copies=copies))
        held = {id(node): node for node in (*plan.nodes, *plan.leafs) if node.backend == GPU}
        return sum(
            n.bytes for n in held.values() if n.op == "NONE" and n.buffer is None and n.view_of is None
        )

    assert inputs(4) == 4 * inputs(1) > 0


def test_flash_attention_of_cuda_has_kernels_for_some_heads_only():
    assert cuda_flash_attention(128, 128, 8)
    assert cuda_flash_attention(576, 512, 16)
    assert not cuda_flash_attention(576, 512, 1)
    assert not cuda_flash_attention(100, 100, 1)
