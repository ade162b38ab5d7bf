"""The operations of ggml, each of which makes a tensor from others.

Each function returns the tensor that its namesake in ggml/src/ggml.c returns: same shape, same strides, same sources in the
same order, and the same choice between a view and memory of its own. Nothing else about an operation matters for memory.
"""

from __future__ import annotations

from moefit.gguf.quants import QuantType
from moefit.memory.graph.nodes import F32, I32, Node, Shape, shape, strides


def new(type_: QuantType, *ne: int) -> Node:
    """A leaf (ggml_new_tensor)."""
    full = shape(ne)
    return Node("NONE", type_, full, strides(type_, full))


def input_(type_: QuantType, *ne: int) -> Node:
    """A leaf that the program fills before each pass (ggml_set_input)."""
    node = new(type_, *ne)
    node.input = True
    return node


def stored(type_: QuantType, backend: int, *ne: int, weight: bool) -> Node:
    """A leaf that lives in a buffer already: a model tensor or a cache."""
    node = new(type_, *ne)
    node.buffer = backend
    node.owns = False
    node.weight = weight
    return node


def result(op: str, type_: QuantType, ne: Shape, *sources: Node) -> Node:
    """A contiguous result with memory of its own."""
    return Node(op, type_, ne, strides(type_, ne), sources)


def like(op: str, a: Node, *sources: Node) -> Node:
    """A contiguous result of a's type and shape (ggml_dup_tensor)."""
    return Node(op, a.type, a.ne, strides(a.type, a.ne), (a, *sources))


def _root(a: Node) -> Node:
    return a if a.view_of is None else a.view_of


def view(a: Node, ne: Shape, nb: Shape, op: str = "VIEW") -> Node:
    """Part of a's memory (ggml_view_4d with explicit strides)."""
    return Node(op, a.type, ne, nb, (a,), _root(a))


def view_nd(a: Node, ne: tuple[int, ...], nb: tuple[int, ...] = ()) -> Node:
    """Part of a's memory: dimensions, and the strides of dimension 1 and up (ggml_view_1d ... 4d)."""
    full, known = shape(ne), len(nb)
    nb1 = nb[0] if known else strides(a.type, full)[1]
    nb2 = nb[1] if known > 1 else nb1 * full[1]
    nb3 = nb[2] if known > 2 else nb2 * full[2]
    return view(a, full, (a.nb[0], nb1, nb2, nb3))


def in_place(op: str, a: Node, *sources: Node) -> Node:
    """An operation that writes into its first source's memory (ggml_*_inplace)."""
    return Node(op, a.type, a.ne, a.nb, (a, *sources), _root(a))


def reshape(a: Node, *ne: int) -> Node:
    """The same memory in another shape."""
    full = shape(ne)
    return Node("RESHAPE", a.type, full, strides(a.type, full), (a,), _root(a))


def permute(a: Node, *axes: int) -> Node:
    """Dimension i of `a` becomes dimension axes[i]."""
    ne, nb = [0] * 4, [0] * 4
    for i, axis in enumerate(axes):
        ne[axis], nb[axis] = a.ne[i], a.nb[i]
    return view(a, (ne[0], ne[1], ne[2], ne[3]), (nb[0], nb[1], nb[2], nb[3]), "PERMUTE")


def transpose(a: Node) -> Node:
    """The first two dimensions swapped."""
    ne, nb = a.ne, a.nb
    return view(a, (ne[1], ne[0], ne[2], ne[3]), (nb[1], nb[0], nb[2], nb[3]), "TRANSPOSE")


def mul_mat(w: Node, x: Node) -> Node:
    """Matrix product, f32."""
    return result("MUL_MAT", F32, (w.ne[1], x.ne[1], x.ne[2], x.ne[3]), w, x)


def mul_mat_id(experts: Node, x: Node, ids: Node, *, precise: bool = False) -> Node:
    """Each token's chosen experts times the token, f32; `precise`: of sources that must stay f32 (ggml_prec_set_src)."""
    return result(
        "MUL_MAT_ID_F32" if precise else "MUL_MAT_ID",
        F32,
        (experts.ne[1], ids.ne[0], x.ne[2], 1),
        experts,
        x,
        ids,
    )


def add(a: Node, b: Node) -> Node:
    """Sum, b broadcast."""
    return like("ADD", a, b)


def add_matrix(a: Node, b: Node) -> Node:
    """Sum with a matrix of the file, or a part of one: its type says who can do it."""
    return like("ADD_MATRIX", a, b)


def add_id(a: Node, b: Node, ids: Node) -> Node:
    """Sum with the chosen rows of b."""
    return like("ADD_ID", a, b, ids)


def sub(a: Node, b: Node) -> Node:
    """Difference, b broadcast."""
    return like("SUB", a, b)


def mul(a: Node, b: Node) -> Node:
    """Product, b broadcast."""
    return like("MUL", a, b)


def div(a: Node, b: Node) -> Node:
    """Quotient, b broadcast."""
    return like("DIV", a, b)


def unary(a: Node) -> Node:
    """Any element-wise function that ggml keeps in GGML_OP_UNARY: silu, gelu, relu, tanh, sigmoid, exp, neg ..."""
    return like("UNARY", a)


def scale(a: Node) -> Node:
    """Times a constant."""
    return like("SCALE", a)


def clamp(a: Node) -> Node:
    """Bounded."""
    return like("CLAMP", a)


def cont(a: Node, *ne: int) -> Node:
    """A contiguous copy (ggml_cont, ggml_cont_2d ...)."""
    full = shape(ne) if ne else a.ne
    return Node("CONT", a.type, full, strides(a.type, full), (a,))


def cast(a: Node, type_: QuantType) -> Node:
    """A copy in another type; ggml makes the result its own second source."""
    node = result("CPY", type_, a.ne, a)
    node.sources = (a, node)
    return node


def cpy(a: Node, b: Node) -> Node:
    """Copy a into b's memory."""
    return Node("CPY", b.type, b.ne, b.nb, (a, b), _root(b))


def get_rows(a: Node, ids: Node) -> Node:
    """Rows of a by index, f32 (i32 of i32)."""
    type_ = I32 if a.type is I32 else F32
    return result("GET_ROWS", type_, (a.ne[0], ids.ne[0], ids.ne[1], ids.ne[2]), a, ids)


def set_rows(a: Node, rows: Node, ids: Node) -> Node:
    """Write rows into a's memory; ggml orders the sources rows, ids, a."""
    return Node("SET_ROWS", a.type, a.ne, a.nb, (rows, ids, a), _root(a))


def glu(a: Node, b: Node | None = None) -> Node:
    """Gated activation: of two halves, or of gate and up."""
    if b is None:
        return result("GLU", a.type, (a.ne[0] // 2, a.ne[1], a.ne[2], a.ne[3]), a)
    return result("GLU", a.type, a.ne, a, b)


def concat(a: Node, b: Node, dim: int) -> Node:
    """Joined along one dimension."""
    ne = list(a.ne)
    ne[dim] += b.ne[dim]
    return result("CONCAT", a.type, shape(ne), a, b)


def repeat(a: Node, *ne: int) -> Node:
    """Repeated to a larger shape."""
    return result("REPEAT", a.type, shape(ne), a)


def sum_rows(a: Node) -> Node:
    """Sum over the first dimension."""
    return result("SUM_ROWS", a.type, (1, a.ne[1], a.ne[2], a.ne[3]), a)


def argsort_top_k(a: Node, k: int) -> Node:
    """Indices of the k largest of each row: a view of all indices sorted (ggml_argsort_top_k)."""
    order = result("ARGSORT", I32, a.ne, a)
    return view(order, (k, a.ne[1], a.ne[2], a.ne[3]), order.nb)


def top_k(a: Node, k: int) -> Node:
    """Indices of the k largest of each row, unordered."""
    return result("TOP_K", I32, (k, a.ne[1], a.ne[2], a.ne[3]), a)


def pad(a: Node, *extra: int) -> Node:
    """Zeros appended to each dimension."""
    more = shape((*extra, 0, 0, 0, 0)[:4])
    ne = (a.ne[0] + more[0], a.ne[1] + more[1], a.ne[2] + more[2], a.ne[3] + more[3])
    return result("PAD", a.type, ne, a)


def rms_norm(a: Node) -> Node:
    """Root-mean-square norm."""
    return like("RMS_NORM", a)


def norm(a: Node) -> Node:
    """Layer norm: unlike the RMS norm, ggml never lets it reuse its source."""
    return like("NORM", a)


def soft_max(a: Node, *sources: Node | None) -> Node:
    """Softmax over rows, with an optional mask and sinks."""
    return like("SOFT_MAX", a, *(s for s in sources if s is not None))


def rope(a: Node, positions: Node, factors: Node | None = None) -> Node:
    """Rotary embedding."""
    return like("ROPE", a, positions, *(() if factors is None else (factors,)))


def flash_attn_ext(q: Node, k: Node, v: Node, mask: Node, sinks: Node | None = None) -> Node:
    """Attention in one operation, f32."""
    ne = (v.ne[0], q.ne[2], q.ne[1], q.ne[3])
    return result("FLASH_ATTN_EXT", F32, ne, q, k, v, mask, *(() if sinks is None else (sinks,)))
