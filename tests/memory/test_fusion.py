"""What ggml-cuda fuses and so keeps in memory, on graphs of a few nodes: each condition of its matchers by itself (ggml-cuda.cu)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from moefit.gguf.quants import QUANTS, QuantType
from moefit.memory.graph.fusion import MOST_SUMMED, fused
from moefit.memory.graph.nodes import F32, I32, Node, Shape, strides
from moefit.memory.graph.schedule import Schedule

Q4_0 = QUANTS[2]
TOKENS, USED, WIDE, HIDDEN = 3, 2, 64, 32


def node(op: str, ne: Shape, *sources: Node, view_of: Node | None = None, type_: QuantType = F32) -> Node:
    return Node(op, type_, ne, strides(type_, ne), sources, view_of)


def leaf(*ne: int, type_: QuantType = F32) -> Node:
    made = node("NONE", (*ne, 1, 1, 1, 1)[:4], type_=type_)
    made.buffer = 0
    return made


def optimised(nodes: list[Node], *, fuses: bool = True) -> list[object]:
    """The order of the nodes by their places, and what is kept after each: places, and - for leaves."""
    place = {id(one): at for at, one in enumerate(nodes)}
    found = fused(Schedule(list(nodes), [], [(0, 0, len(nodes))]), [fuses]).nodes
    return [
        place.get(id(one)) if one.op != "NONE" else [place.get(id(s), "-") for s in one.sources]
        for one in found
    ]


# The choice of experts (ggml_cuda_topk_moe_fusion, ggml_cuda_should_use_topk_moe).


def routing(
    experts: int = 8, *, start: str = "SOFT_MAX", sqrt: bool = False, bias: bool = False, normed: bool = False,
    scaled: bool = False, after: bool = True,
) -> list[Node]:  # fmt: skip
    """Logits to the weights of the chosen experts, and a node that comes later."""
    ne = (experts, TOKENS, 1, 1)
    nodes = [node(start, ne, leaf(experts, TOKENS))]
    if sqrt:
        nodes.append(node("SQRT", ne, nodes[-1]))
    probs = nodes[-1]
    nodes.append(shaped := node("RESHAPE", (1, experts, TOKENS, 1), probs, view_of=probs))
    if bias:
        nodes.append(node("ADD", ne, probs, leaf(experts)))
    nodes.append(sorted_ := node("ARGSORT", ne, nodes[-1] if bias else probs, type_=I32))
    nodes.append(ids := Node("VIEW", I32, (USED, TOKENS, 1, 1), sorted_.nb, (sorted_,), sorted_))
    nodes.append(node("GET_ROWS", (1, USED, TOKENS, 1), shaped, ids))
    for op in (
        *(("RESHAPE", "SUM_ROWS", "CLAMP", "DIV", "RESHAPE") if normed else ()),
        *(("SCALE",) if scaled else ()),
    ):
        nodes.append(node(op, (1, USED, TOKENS, 1), nodes[-1]))
    return [*nodes, node("CPY", (1, USED, TOKENS, 1), leaf(1))] if after else nodes


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (routing(), 5),
        (routing(start="UNARY"), 5),
        (routing(start="UNARY", sqrt=True), 6),
        (routing(bias=True), 6),
        (routing(normed=True), 10),
        (routing(scaled=True), 6),
        (routing(start="UNARY", sqrt=True, bias=True, normed=True, scaled=True), 13),
        (routing(512), 5),
        (routing(288), 5),
        (routing(576), 5),
    ],
)
def test_what_the_choice_of_experts_reads_stays_until_the_node_behind_it(
    made: list[Node], count: int
) -> None:
    *before, last, kept = optimised(made)[: count + 2]

    assert [*range(count + 1)] == [*before, last]
    assert isinstance(kept, list)
    rest = [one for more in optimised(made)[count + 2 :] if isinstance(more, list) for one in more]
    assert {*range(count), "-"} == {*kept, *rest}
    assert len(kept) <= 10


def test_ten_tensors_are_kept_by_one_node_and_the_eleventh_by_another() -> None:
    assert [[0, "-", 1, 2, 3, 4, 5, 6, 7, 8], [9]] == optimised(routing(normed=True))[-2:]


def without_the_last(nodes: list[Node]) -> None:
    nodes.pop()


def reading(place: int, *sources: int) -> Callable[[list[Node]], None]:
    """A change of what a node reads."""

    def change(nodes: list[Node]) -> None:
        nodes[place].sources = tuple(nodes[at] for at in sources)

    return change


def doing(place: int, op: str) -> Callable[[list[Node]], None]:
    """A change of what a node does."""

    def change(nodes: list[Node]) -> None:
        nodes[place].op = op

    return change


@pytest.mark.parametrize(
    ("made", "change"),
    [
        (routing(), without_the_last),
        (routing(), lambda nodes: setattr(nodes[0], "sources", (leaf(8), leaf(8)))),  # a mask
        (routing(), reading(1, 4)),
        (routing(), doing(1, "CONT")),
        (routing(), reading(2, 1)),
        (routing(), doing(3, "CONT")),
        (routing(bias=True), reading(2, 1)),
        (routing(bias=True), reading(3, 0)),
        (routing(start="UNARY", sqrt=True), reading(1, 5)),
        (routing(start="SOFT_MAX", sqrt=True), doing(0, "SOFT_MAX")),
        (routing(96), doing(0, "SOFT_MAX")),
        (routing(1024), doing(0, "SOFT_MAX")),
    ],
)
def test_what_is_no_choice_of_experts_that_a_kernel_knows_keeps_nothing(
    made: list[Node], change: Callable[[list[Node]], None]
) -> None:
    change(made)

    assert [*range(len(made))] == optimised(made)


def test_a_backend_that_does_not_fuse_keeps_nothing() -> None:
    assert [*range(6)] == optimised(routing(), fuses=False)


@pytest.mark.parametrize(("place", "op"), [(5, "CONT"), (9, "CONT"), (7, "ADD")])
def test_weights_that_are_not_normalised_end_the_choice_of_experts(place: int, op: str) -> None:
    made = routing(normed=True)
    doing(place, op)(made)

    assert [*range(6), [0, "-", 1, 2, 3, 4], *range(6, 11)] == optimised(made)


def test_a_scale_of_something_else_ends_it_too() -> None:
    made = routing(scaled=True)
    reading(5, 0)(made)

    assert [*range(6), [0, "-", 1, 2, 3, 4], 6] == optimised(made)


# The sum of weighted experts (ggml_cuda_match_moe_weighted_reduction).


def weighted_sum(used: int = 2, *, scaled: bool = False, swapped: bool = False) -> list[Node]:
    """The experts' outputs, the product with their weights, a view of each and the sums."""
    ne = (WIDE, used, TOKENS, 1)
    nodes = [node("MUL_MAT_ID", ne, leaf(WIDE, WIDE))]
    for _ in range(1 + scaled):
        both = (nodes[-1], leaf(1, used, TOKENS))
        nodes.append(product := node("MUL", ne, *(both[::-1] if swapped else both)))
    views = [
        Node("VIEW", F32, (WIDE, TOKENS, 1, 1), (4, product.nb[2], *product.nb[2:]), (product,), product)
        for _ in range(used)
    ]
    nodes += views
    for view in views[1:]:
        nodes.append(node("ADD", (WIDE, TOKENS, 1, 1), views[0] if view is views[1] else nodes[-1], view))
    return [*nodes, node("CPY", (WIDE, TOKENS, 1, 1), nodes[-1])]


@pytest.mark.parametrize(
    ("made", "last", "kept"),
    [
        (weighted_sum(), 4, [0, "-"]),
        (weighted_sum(swapped=True), 4, [0, "-"]),
        (weighted_sum(3), 6, [0, "-"]),
        (weighted_sum(MOST_SUMMED), 2 * MOST_SUMMED, [0, "-"]),
        (weighted_sum(scaled=True), 5, [0, "-", "-"]),
    ],
)
def test_the_experts_and_their_weights_stay_until_the_last_sum(
    made: list[Node], last: int, kept: list[object]
) -> None:
    assert [*range(last + 1), kept, last + 1] == optimised(made)


def test_of_two_factors_the_routers_is_kept_before_the_experts_own() -> None:
    made = weighted_sum(scaled=True)
    (scale, weight), leaves = (made[at].sources[1] for at in (1, 2)), []
    for one in fused(Schedule(list(made), [], [(0, 0, len(made))]), [True]).nodes:
        leaves += one.sources[1:] if one.op == "NONE" else ()

    assert leaves == [weight, scale]


def test_a_second_product_of_something_else_is_not_the_sums() -> None:
    made = weighted_sum()
    made[2:2] = [node("MUL", (WIDE, USED, TOKENS, 1), made[0], leaf(1, USED, TOKENS))]

    assert [*range(len(made))] == optimised(made)


def test_two_sums_in_a_row_are_both_kept() -> None:
    one, other = weighted_sum()[:-1], weighted_sum()[:-1]

    assert [*range(5), [0, "-"], *range(5, 10), [5, "-"]] == optimised([*one, *other])


@pytest.mark.parametrize(
    ("made", "change"),
    [
        (weighted_sum(1), lambda _: None),
        (weighted_sum(MOST_SUMMED + 1), lambda _: None),
        (weighted_sum(), lambda nodes: nodes.__delitem__(slice(4, None))),
        (weighted_sum(), doing(2, "CONT")),
        (weighted_sum(), lambda nodes: setattr(nodes[3], "view_of", nodes[0])),
        (weighted_sum(), doing(4, "SUB")),
        (weighted_sum(), reading(4, 3, 2)),
        (weighted_sum(), reading(4, 2, 2)),
        (weighted_sum(), lambda nodes: setattr(nodes[1], "sources", (nodes[0], leaf(2, USED, TOKENS)))),
        (weighted_sum(), lambda nodes: setattr(nodes[1], "sources", (nodes[0], leaf(1, USED)))),
        (weighted_sum(), lambda nodes: setattr(nodes[1], "sources", (leaf(WIDE, USED), leaf(1, USED, TOKENS)))),
        (weighted_sum(), lambda nodes: setattr(nodes[1], "sources", (nodes[0], leaf(1, USED, TOKENS, type_=QUANTS[1])))),
        (weighted_sum(), lambda nodes: setattr(nodes[0], "type", QUANTS[1])),
    ],
)  # fmt: skip
def test_what_is_no_sum_of_weighted_experts_keeps_nothing(
    made: list[Node], change: Callable[[list[Node]], None]
) -> None:
    change(made)

    assert [*range(len(made))] == optimised(made)


# The shared expert beside the routed ones (ggml_cuda_match_shared_expert).


def experts(between: int = 2) -> list[Node]:
    """Gate, up and GLU of the routed experts, other nodes, and the shared expert's."""
    hidden = leaf(WIDE)
    x = node("RESHAPE", (WIDE, 1, 1, 1), hidden, view_of=hidden)
    ids = leaf(USED, type_=I32)
    gate, up = (
        node("MUL_MAT_ID", (HIDDEN, USED, 1, 1), leaf(WIDE, HIDDEN, 8, type_=Q4_0), x, ids) for _ in range(2)
    )
    routed = node("GLU", (HIDDEN, USED, 1, 1), gate, up)
    others = [node("CONT", (HIDDEN, 1, 1, 1), routed) for _ in range(between)]
    shared_gate, shared_up = (
        node("MUL_MAT", (HIDDEN, 1, 1, 1), leaf(WIDE, HIDDEN, type_=Q4_0), hidden) for _ in range(2)
    )
    shared = node("GLU", (HIDDEN, 1, 1, 1), shared_gate, shared_up)
    return [gate, up, routed, *others, shared_gate, shared_up, shared]


@pytest.mark.parametrize("between", [0, 1, 2, 3])
def test_the_shared_expert_comes_right_behind_the_routed_ones(between: int) -> None:
    at = 3 + between

    assert [0, 1, 2, at, at + 1, at + 2, ["-", "-"], *range(3, at)] == optimised(experts(between))


def test_what_up_reads_is_kept() -> None:
    made = experts()
    keepers = [
        one for one in fused(Schedule(list(made), [], [(0, 0, len(made))]), [True]).nodes if one.op == "NONE"
    ]

    assert [made[1].sources[1:]] == [one.sources for one in keepers]


def test_gate_and_up_may_stand_the_other_way_round() -> None:
    made = experts()
    for at in (2, 7):
        made[at].sources = made[at].sources[::-1]

    assert [0, 1, 2, 5, 6, 7, ["-", "-"], 3, 4] == optimised(made)


def test_two_layers_have_their_shared_experts_each() -> None:
    one, other = experts(1), experts(1)

    assert [0, 1, 2, 4, 5, 6, ["-", "-"], 3, 7, 8, 9, 11, 12, 13, ["-", "-"], 10] == optimised([*one, *other])


@pytest.mark.parametrize("after", ["CONT", "SCALE"])
def test_one_product_of_other_experts_between_them_is_passed_over(after: str) -> None:
    made = experts(1)
    made[4:4] = [node("MUL_MAT_ID", (1, 1, 1, 1), leaf(1)), node(after, (1, 1, 1, 1), leaf(1))]

    assert [0, 1, 2, 6, 7, 8, ["-", "-"], 3, 4, 5] == optimised(made)


def of_weight(place: int, weight: Node) -> Callable[[list[Node]], None]:
    """A change of the weight that a node reads."""

    def change(nodes: list[Node]) -> None:
        nodes[place].sources = (weight, *nodes[place].sources[1:])

    return change


def of_input(name: str, value: object) -> Callable[[list[Node]], None]:
    """A change of what the routed experts read."""
    return lambda nodes: setattr(nodes[1].sources[1], name, value)


@pytest.mark.parametrize(
    "change",
    [
        of_weight(5, leaf(WIDE, HIDDEN, type_=QUANTS[3])),
        of_weight(6, leaf(WIDE, HIDDEN, type_=QUANTS[3])),
        of_weight(5, leaf(WIDE, HIDDEN + 1, type_=Q4_0)),
        of_weight(6, leaf(WIDE, HIDDEN + 1, type_=Q4_0)),
        of_weight(0, leaf(WIDE, HIDDEN, 8, type_=QUANTS[3])),
        of_weight(6, leaf(WIDE, HIDDEN, 2, type_=Q4_0)),
        of_weight(5, node("CONT", (WIDE, HIDDEN, 1, 1), type_=Q4_0)),
        of_weight(6, node("CONT", (WIDE, HIDDEN, 1, 1), type_=Q4_0)),
        lambda nodes: setattr(nodes[1].sources[0], "buffer", None),  # copied to the device: it has none yet
        of_input("op", "CONT"),
        of_input("ne", (WIDE, 2, 1, 1)),
        of_input("sources", (leaf(WIDE),)),
        lambda nodes: setattr(nodes[0], "sources", (nodes[0].sources[0], leaf(WIDE), leaf(2))),
        lambda nodes: setattr(nodes[5], "sources", (nodes[5].sources[0], leaf(WIDE))),
        lambda nodes: setattr(nodes[2], "sources", nodes[2].sources[:1]),
        lambda nodes: setattr(nodes[7], "sources", nodes[7].sources[:1]),
        lambda nodes: setattr(nodes[2], "sources", (nodes[0], nodes[0])),
        lambda nodes: setattr(nodes[7], "sources", (nodes[6], nodes[6])),
        doing(1, "MUL_MAT"),
        doing(2, "MUL"),
        doing(6, "MUL_MAT_ID"),
        doing(7, "MUL"),
        lambda nodes: nodes.insert(4, node("MUL_MAT_ID", (1, 1, 1, 1), leaf(1))) or nodes.insert(4, node("MUL_MAT_ID", (1, 1, 1, 1), leaf(1))),
        without_the_last,
    ],
)  # fmt: skip
def test_what_is_no_shared_expert_beside_the_routed_ones_stays_where_it_is(
    change: Callable[[list[Node]], None],
) -> None:
    made = experts()
    change(made)

    assert [*range(len(made))] == optimised(made)


def test_experts_that_are_not_quantised_stay_where_they_are() -> None:
    made = experts()
    for at, depth in ((0, 8), (1, 8), (5, 1), (6, 1)):
        of_weight(at, leaf(WIDE, HIDDEN, depth))(made)

    assert [*range(len(made))] == optimised(made)


def test_copies_stand_before_their_split_and_each_split_is_its_own_backends() -> None:
    one, other = routing(), routing()
    copy = node("NONE", (1, 1, 1, 1))
    plan = fused(Schedule([copy, *one, copy, *other], [], [(0, 0, 6), (1, 6, 12)]), [False, True])

    assert [copy, *one, copy, *other] == plan.nodes[:-1]
    assert 1 == plan.nodes[-1].backend
