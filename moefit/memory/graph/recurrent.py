"""Layers with a state instead of a cache of tokens.

source: src/llama-graph.cpp, build_rs; src/models/mamba-base.cpp; src/models/delta-net-base.cpp; src/models/lfm2.cpp
"""

from __future__ import annotations

from collections.abc import Callable

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import linear, norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.nodes import F32, I32, Node

Gather = Callable[[Node, Node], Node]


def _copies(c: Context) -> tuple[Node, Node, Node]:
    """Which states to read: all, the batch's own, and the rest (build_rs_inp_impl)."""
    sequences = c.batch.sequences
    every = c.input("rs_s_copy", I32, sequences)
    main = c.derived("rs_s_copy.main", lambda: g.view_nd(every, (sequences,)))
    tail = c.derived("rs_s_copy.tail", lambda: g.view_nd(every, (sequences - 1,)))
    return every, main, tail


def state(c: Context, cache: Node, size: int, gather: Gather | None = None) -> Node:
    """The states of this batch's sequences, clearing and moving them as needed (build_rs)."""
    sequences = c.batch.sequences
    every, main, tail = _copies(c)
    states = g.reshape(cache, size, cache.ne[1])
    c.expand(g.in_place("SCALE", g.view_nd(states, (size,))))
    read = g.get_rows(states, every if gather is None else tail)
    out = g.view_nd(read, (size, sequences), (read.nb[1],)) if gather is None else gather(states, main)
    c.expand(out)
    spare = g.view_nd(read, (size, 0), (read.nb[1],))
    c.expand(g.cpy(spare, g.view_nd(cache, (size, 0), (cache.nb[1],))))
    return out


def _keep_last(
    c: Context, joined: Node, cache: Node, columns: int, channels: int, *, packed: bool = False
) -> None:
    """Write the last columns of the convolution's input back into its state, for every snapshot."""
    sequences, snapshots = c.batch.sequences, c.batch.snapshots
    for _ in range(snapshots if packed else min(c.batch.sequence_tokens, snapshots)):
        last = g.view_nd(joined, (columns, channels, sequences), joined.nb[1:3])
        if packed:
            last = g.cont(last)
        kept = g.view_nd(cache, (columns * channels, sequences), (cache.nb[1],))
        c.expand(g.cpy(last, kept))


def conv_state(c: Context, x: Node, layer: int, kernel: int, channels: int, *, packed: bool = False) -> Node:
    """The convolution's input: its state, then the batch (build_conv_state).

    `packed`: the new state is made contiguous before it is kept (src/models/qwen4exp.cpp, build_conv_state_at).
    """
    sequences = c.batch.sequences
    size = (kernel - 1) * channels
    cache = c.cache(layer, "r", F32, size, sequences)
    before = g.reshape(state(c, cache, size), kernel - 1, channels, sequences)
    joined = g.concat(before, g.transpose(x), 0)
    _keep_last(c, joined, cache, kernel - 1, channels, packed=packed)
    return joined


def ssm_conv(joined: Node, kernel: Node) -> Node:
    """Short convolution over a sequence."""
    tokens = joined.ne[0] - kernel.ne[0] + 1
    return g.result("SSM_CONV", F32, (kernel.ne[1], tokens, joined.ne[2], 1), joined, kernel)


def gated_delta_net(
    c: Context, layer: int, parts: tuple[Node, Node, Node, Node, Node], before: Node, size: int
) -> Node:
    """The fused delta rule, its new state written back (build_delta_net_fused, build_recurrent_attn)."""
    v = parts[2]
    width, heads, tokens, sequences = v.ne
    rows = tokens * sequences + width * sequences * c.batch.snapshots
    out = g.result("GATED_DELTA_NET", F32, (width * heads, rows, 1, 1), *parts, before)
    nb1, nb2 = 4 * width, 4 * width * heads
    output = g.view_nd(out, (width, heads, tokens, sequences), (nb1, nb2, nb2 * tokens))
    after = g.view_nd(out, (width, width, heads, sequences), (nb1, nb1 * width, nb1 * width * heads))
    cache = c.cache(layer, "s", F32, size, sequences)
    c.expand(g.cpy(after, g.view_nd(cache, (size, sequences), (cache.nb[1],))))
    return output


def gdn_norm(x: Node) -> Node:
    """Unit length (build_gdn_l2_norm)."""
    return g.scale(g.rms_norm(x))


def mamba2(c: Context, x: Node, layer: int) -> Node:
    """A Mamba-2 layer (build_mamba2_layer)."""
    hp = c.hp
    kernel, inner = hp.needed("ssm.conv_kernel"), hp.needed("ssm.inner_size")
    width, heads = hp.needed("ssm.state_size"), hp.needed("ssm.time_step_rank")
    groups, sequences, tokens = hp.needed("ssm.group_count"), c.batch.sequences, c.batch.sequence_tokens
    head, channels = inner // heads, inner + 2 * groups * width
    size = (kernel - 1) * channels
    cache = c.cache(layer, "r", F32, size, sequences)
    before = g.reshape(state(c, cache, size), kernel - 1, channels, sequences)
    both = linear(c, "ssm_in", x, layer)
    both = g.reshape(both, both.ne[0], tokens, sequences)
    nb1, nb2 = both.nb[1], both.nb[2]
    z = g.view_nd(both, (head, heads, tokens, sequences), (4 * head, nb1, nb2))
    mixed = g.view_nd(both, (channels, tokens, sequences), (nb1, nb2))
    dt = g.view_nd(both, (heads, tokens, sequences), (nb1, nb2))
    joined = g.concat(before, g.transpose(mixed), 0)
    _keep_last(c, joined, cache, kernel - 1, channels)
    mixed = g.unary(
        g.add(ssm_conv(joined, c.weight(layer, "ssm_conv1d")), c.weight(layer, "ssm_conv1d.bias"))
    )
    nb1, nb2 = mixed.nb[1], mixed.nb[2]
    values = g.view_nd(mixed, (head, heads, tokens, sequences), (4 * head, nb1, nb2))
    b = g.view_nd(mixed, (width, groups, tokens, sequences), (4 * width, nb1, nb2))
    d = g.view_nd(mixed, (width, groups, tokens, sequences), (4 * width, nb1, nb2))
    dt = g.add(g.cont(dt), c.weight(layer, "ssm_dt.bias"))
    a = c.weight(layer, "ssm_a")
    states = c.cache(layer, "s", F32, width * inner, sequences)

    def scan(rows: Node, ids: Node) -> Node:
        ssm = g.reshape(rows, width, head, heads, sequences)
        elements = values.elements + width * head * heads * ids.ne[0] * c.batch.snapshots
        return g.result("SSM_SCAN", F32, (elements, 1, 1, 1), ssm, values, dt, a, b, d, ids)

    y_ssm = state(c, states, width * inner, scan)
    row = 4 * width * inner
    after = g.view_nd(y_ssm, (width * inner, sequences, 1), (row, row * sequences))
    c.expand(g.cpy(after, g.view_nd(states, (width * inner, sequences, 1), (states.nb[1], row * sequences))))
    y = g.view_nd(y_ssm, values.ne, (values.nb[1], heads * values.nb[1], tokens * heads * values.nb[1]))
    y = g.add(y, g.mul(values, c.weight(layer, "ssm_d")))
    y = g.glu(g.cont(z), y)
    if c.has(layer, "ssm_norm"):
        y = norm(c, g.reshape(y, inner // groups, groups, tokens, sequences), "ssm_norm", layer)
    return linear(c, "ssm_out", g.reshape(y, inner, tokens * sequences), layer)


def mamba(c: Context, x: Node, layer: int) -> Node:
    """A Mamba layer of the first kind (build_mamba_layer)."""
    hp = c.hp
    kernel, inner = hp.needed("ssm.conv_kernel"), hp.needed("ssm.inner_size")
    width, rank = hp.needed("ssm.state_size"), hp.needed("ssm.time_step_rank")
    sequences, tokens = c.batch.sequences, c.batch.sequence_tokens
    size = (kernel - 1) * inner
    cache = c.cache(layer, "r", F32, _conv_row(c, kernel, inner), sequences)
    before = g.reshape(state(c, cache, cache.ne[0]), kernel - 1, inner, sequences)
    both = linear(c, "ssm_in", g.reshape(x, x.ne[0], tokens, sequences), layer)
    part = (inner, both.ne[1], both.ne[2])
    mixed, z = g.view_nd(both, part, both.nb[1:3]), g.view_nd(both, part, both.nb[1:3])
    joined = g.concat(before, g.transpose(mixed), 0)
    last = g.view_nd(joined, (kernel - 1, inner, sequences), joined.nb[1:3])
    c.expand(g.cpy(last, g.view_nd(cache, (size * sequences,))))
    mixed = g.unary(
        g.add(ssm_conv(joined, c.weight(layer, "ssm_conv1d")), c.weight(layer, "ssm_conv1d.bias"))
    )
    parts = linear(c, "ssm_x", mixed, layer)
    dt = g.view_nd(parts, (rank, tokens, sequences), parts.nb[1:3])
    b, d = (
        g.view_nd(parts, (width, 1, tokens, sequences), (4 * width, parts.nb[1], parts.nb[2]))
        for _ in range(2)
    )
    if c.has(layer, "ssm_dt_norm"):
        dt = norm(c, dt, "ssm_dt_norm", layer)
        b, d = norm(c, b, "ssm_b_norm", layer), norm(c, d, "ssm_c_norm", layer)
    else:
        dt = g.cont(dt)
    dt = linear(c, "ssm_dt", dt, layer)
    values = g.reshape(mixed, 1, inner, tokens, sequences)
    states = c.cache(layer, "s", F32, width * inner, sequences)
    a = c.weight(layer, "ssm_a")

    def scan(rows: Node, ids: Node) -> Node:
        ssm = g.reshape(rows, width, 1, inner, sequences)
        elements = values.elements + width * inner * ids.ne[0]
        return g.result("SSM_SCAN", F32, (elements, 1, 1, 1), ssm, values, dt, a, b, d, ids)

    y_ssm = state(c, states, width * inner, scan)
    after = g.view_nd(y_ssm, (width * inner * sequences,))
    c.expand(g.cpy(after, g.view_nd(states, (width * inner * sequences,))))
    y = g.view_nd(y_ssm, (inner, tokens, sequences), (values.nb[2], values.nb[3]))
    y = g.glu(g.cont(z), g.add(y, g.mul(mixed, c.weight(layer, "ssm_d"))))
    out = linear(c, "ssm_out", y, layer)
    return g.reshape(out, out.ne[0], tokens * sequences)


def mamba_with_heads(c: Context, x: Node, layer: int) -> Node:
    """PLaMo-2's layer: Mamba's projections over Mamba-2's heads (src/models/plamo2.cpp, build_plamo2_mamba_layer)."""
    hp = c.hp
    kernel, inner = hp.needed("ssm.conv_kernel"), hp.needed("ssm.inner_size")
    width, heads = hp.needed("ssm.state_size"), hp.needed("ssm.time_step_rank")
    sequences, tokens = c.batch.sequences, c.batch.sequence_tokens
    head, size = inner // heads, (kernel - 1) * inner
    cache = c.cache(layer, "r", F32, size, sequences)
    before = g.reshape(state(c, cache, size), kernel - 1, inner, sequences)
    both = linear(c, "ssm_in", g.reshape(x, x.ne[0], tokens, sequences), layer)
    both = g.cont(both, 2 * head, heads, tokens, sequences)
    part = (head, heads, tokens, sequences)
    mixed = g.cont(g.view_nd(both, part, both.nb[1:4]), inner, tokens, sequences)
    z = g.view_nd(both, part, both.nb[1:4])
    joined = g.concat(before, g.transpose(mixed), 0)
    last = g.view_nd(joined, (kernel - 1, inner, sequences), joined.nb[1:3])
    c.expand(g.cpy(last, g.view_nd(cache, (size * sequences,))))
    mixed = g.unary(ssm_conv(joined, c.weight(layer, "ssm_conv1d")))
    parts = linear(c, "ssm_x", mixed, layer)
    rank = c.weight(layer, "ssm_dt").ne[0]
    b, d = (g.view_nd(parts, (width, tokens, sequences), parts.nb[1:3]) for _ in range(2))
    dt = g.view_nd(parts, (rank, tokens, sequences), parts.nb[1:3])
    b, d, dt = (norm(c, y, f"ssm_{name}_norm", layer) for y, name in ((b, "b"), (d, "c"), (dt, "dt")))
    dt = linear(c, "ssm_dt", dt, layer)
    values = g.view_nd(mixed, part, (4 * head, 4 * inner, 4 * inner * tokens))
    b, d = (g.view_nd(y, (width, 1, tokens, sequences), (4 * width, y.nb[1], y.nb[2])) for y in (b, d))
    states = c.cache(layer, "s", F32, width * inner, sequences)
    a = g.reshape(c.weight(layer, "ssm_a"), 1, heads)

    def scan(rows: Node, ids: Node) -> Node:
        ssm = g.reshape(rows, width, head, heads, sequences)
        elements = values.elements + width * inner * ids.ne[0]
        return g.result("SSM_SCAN", F32, (elements, 1, 1, 1), ssm, values, dt, a, b, d, ids)

    y_ssm = state(c, states, width * inner, scan)
    after = g.view_nd(y_ssm, (width * inner * sequences,))
    c.expand(g.cpy(after, g.view_nd(states, (width * inner * sequences,))))
    y = g.view_nd(y_ssm, part, (4 * head, 4 * inner, 4 * inner * tokens))
    y = g.glu(g.cont(z), g.add(y, g.mul(values, c.weight(layer, "ssm_d"))))
    out = linear(c, "ssm_out", g.view_nd(y, (inner, tokens, sequences), y.nb[2:4]), layer)
    return g.reshape(out, out.ne[0], tokens * sequences)


def _conv_row(c: Context, kernel: int, inner: int) -> int:
    """Values in a sequence's convolution state: Mamba has room for groups it does not use (n_embd_r)."""
    groups, width = c.hp.integer("ssm.group_count"), c.hp.needed("ssm.state_size")
    return (kernel - 1) * (inner + 2 * groups * width)


def short_conv(c: Context, x: Node, layer: int) -> Node:
    """A gated short convolution (build_shortconv_block)."""
    embd, sequences, tokens = x.ne[0], c.batch.sequences, c.batch.sequence_tokens
    kernel = c.hp.needed("shortconv.l_cache")
    three = linear(c, "shortconv.in_proj", g.reshape(x, embd, tokens, sequences), layer)
    ne = (three.ne[0] // 3, three.ne[1], three.ne[2])
    b, gate, values = (g.view_nd(three, ne, three.nb[1:3]) for _ in range(3))
    bx = g.transpose(g.mul(b, values))
    size = (kernel - 1) * embd
    cache = c.cache(layer, "r", F32, size, sequences)
    before = g.reshape(state(c, cache, size), kernel - 1, embd, sequences)
    joined = g.concat(before, bx, 0)
    _keep_last(c, joined, cache, kernel - 1, embd)
    y = g.mul(gate, ssm_conv(joined, c.weight(layer, "shortconv.conv")))
    y = linear(c, "shortconv.out_proj", y, layer)
    return g.reshape(y, y.ne[0], tokens * sequences)
