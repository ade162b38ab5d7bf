"""What ggml-cuda runs and what room its kernels take, at the edges of each rule (ggml-cuda.cu)."""

from __future__ import annotations

import pytest

from moefit.gguf.quants import QUANTS, QuantType
from moefit.machine.backends import backend_of
from moefit.memory.graph.nodes import F16, F32, Node, Shape, strides
from moefit.memory.graph.rules import alloc_size, batch_size, cuda_flash_attention, runs

CUDA, VULKAN = backend_of("CUDA0"), backend_of("Vulkan0")
TYPES = {quant.name: quant for quant in QUANTS.values()}
Q4_0, Q8_0, IQ4_NL = (TYPES[name] for name in ("q4_0", "q8_0", "iq4_nl"))


def node(op: str, ne: Shape, *sources: Node, type_: QuantType = F32, view_of: Node | None = None) -> Node:
    return Node(op, type_, ne, strides(type_, ne), sources, view_of)


def leaf(*ne: int, type_: QuantType = F32) -> Node:
    return node("NONE", (*ne, 1, 1, 1, 1)[:4], type_=type_)


@pytest.mark.parametrize(
    ("op", "rows"),
    [("GET_ROWS", 0), ("MUL_MAT", 3), ("MUL_MAT_ID", 5), ("MUL_MAT_ID_F32", 5), ("ROPE", 5), ("ADD", 3 * 5 * 7)],
)  # fmt: skip
def test_the_rows_of_an_operation_decide_whether_a_device_takes_it_over(op: str, rows: int) -> None:
    assert rows == batch_size(node(op, (2, 3, 5, 7)))


@pytest.mark.parametrize(
    ("key", "value", "ratio", "there"),
    [
        *((size, size, 1, True) for size in (40, 64, 72, 80, 96, 112, 128, 256)),
        (128, 64, 1, False), (64, 128, 1, False), (48, 48, 1, False),
        (192, 128, 8, True), (192, 128, 4, False), (192, 192, 8, False),
        (320, 256, 32, True), (320, 256, 16, False), (320, 256, 64, True), (320, 320, 32, False),
        (512, 512, 1, False), (512, 512, 2, True), (512, 512, 3, True), (512, 256, 2, False),
        (576, 512, 1, False), (576, 512, 2, True), (576, 512, 16, True), (576, 576, 2, False),
    ],
)  # fmt: skip
def test_flash_attention_has_kernels_for_some_heads(key: int, value: int, ratio: int, there: bool) -> None:
    assert there == cuda_flash_attention(key, value, ratio)


def attention(
    key: QuantType = F16, value: QuantType = F16, masks: int = 1, heads: int = 8, wide: int = 64
) -> Node:
    q, k, v = leaf(wide, 4, heads), leaf(wide, 256, 2, type_=key), leaf(wide, 256, 2, type_=value)
    return node("FLASH_ATTN_EXT", (wide, heads, 4, 1), q, k, v, leaf(256, 4, masks, type_=F16))


def indexer(wide: int = 128, heads: int = 64, key: QuantType = F16) -> Node:
    return node("LIGHTNING_INDEXER", (256, 4, 1, 1), leaf(wide, heads, 4), leaf(128, 256, type_=key))


def scan(width: int = 128, head: int = 16, heads: int = 4, one: int = 1, groups: int = 1) -> Node:
    a, b = leaf(one, heads), leaf(width, groups, 4)
    return node("SSM_SCAN", (1, 1, 1, 1), leaf(width, head, heads), leaf(1), leaf(1), a, b, b)


@pytest.mark.parametrize(
    ("made", "there"),
    [
        (attention(), True), (attention(Q4_0, Q8_0), True), (attention(IQ4_NL), False), (attention(F16, IQ4_NL), False),
        (attention(masks=2), False), (attention(wide=48), False), (attention(wide=512, heads=2), False),
        (attention(wide=512, heads=4), True),
        (indexer(), True), (indexer(heads=4), True), (indexer(heads=32), True), (indexer(heads=16), False),
        (indexer(64), False), (indexer(key=IQ4_NL), False),
        (node("ADD_MATRIX", (1, 1, 1, 1), leaf(1), leaf(1)), True),
        (node("ADD_MATRIX", (1, 1, 1, 1), leaf(1), leaf(1, type_=F16)), True),
        (node("ADD_MATRIX", (1, 1, 1, 1), leaf(1), leaf(32, type_=Q8_0)), False),
        (node("MUL_MAT_ID_F32", (1, 1, 1, 1)), False),
        (node("SSM_CONV", (1, 1, 1, 1), leaf(4, 256)), True), (node("SSM_CONV", (1, 1, 1, 1), leaf(4, 200)), False),
        (scan(), True), (scan(96), True), (scan(256), True), (scan(64), False), (scan(head=24), False),
        (scan(16, 1, 128, one=16), True), (scan(16, 2, 128, one=16), False), (scan(16, 1, 64, one=16), False),
        (scan(32, 1, 128, one=16), False), (scan(16, 1, 128, one=16, groups=2), False),
        (node("ADD", (1, 1, 1, 1)), True),
    ],
)  # fmt: skip
def test_a_device_runs_what_it_has_a_kernel_for_and_the_cpu_everything(made: Node, there: bool) -> None:
    assert there == runs(CUDA, made)
    assert runs(None, made)


def room(made: Node) -> int:
    return alloc_size(CUDA)(made)


@pytest.mark.parametrize(
    ("tokens", "key", "value", "wide", "more"),
    [
        (4, F16, F16, 64, 0),
        (4, Q8_0, F16, 64, 2 * 64 * 256),
        (4, F16, Q8_0, 64, 2 * 64 * 256),
        (4, Q8_0, Q4_0, 64, 4 * 64 * 256),
        (1, Q8_0, Q4_0, 64, 0),
        (1, Q8_0, Q4_0, 256, 0),
        (1, Q8_0, Q4_0, 320, 4 * 320 * 256),
        (1, Q8_0, Q4_0, 96, 4 * 96 * 256),
    ],
)
def test_a_cache_of_another_type_is_copied_as_f16_beside_the_result(
    tokens: int, key: QuantType, value: QuantType, wide: int, more: int
) -> None:
    q, k, v = leaf(wide, tokens), leaf(wide, 256, type_=key), leaf(wide, 256, type_=value)
    made = node("FLASH_ATTN_EXT", (wide, 1, tokens, 1), q, k, v)

    assert -(-made.bytes // 128) * 128 + more == -(-room(made) // 128) * 128


def test_the_copies_begin_at_multiples_of_128_bytes() -> None:
    made = node(
        "FLASH_ATTN_EXT", (40, 1, 3, 1), leaf(40, 3), leaf(64, 3, type_=Q8_0), leaf(32, 3, type_=Q8_0)
    )

    assert (480, 512 + 2 * 192 + 2 * 96) == (made.bytes, room(made))


def test_values_that_are_a_view_of_the_keys_are_copied_once() -> None:
    cache = leaf(64, 256, type_=Q8_0)
    k, v = (node("VIEW", (64, 256, 1, 1), cache, type_=Q8_0, view_of=cache) for _ in range(2))
    made = node("FLASH_ATTN_EXT", (64, 1, 4, 1), leaf(64, 4), k, v)

    assert made.bytes + 2 * 64 * 256 == room(made)


@pytest.mark.parametrize(
    ("type_", "wide", "more"),
    [(Q8_0, 64, 448 // 32 * 34), (Q8_0, 512, 0), (Q8_0, 544, 480 // 32 * 34), (F16, 64, 0)],
)
def test_a_quantised_row_is_padded_to_512_elements_once(type_: QuantType, wide: int, more: int) -> None:
    made = node("MUL_MAT", (wide, 3, 1, 1), type_=type_)

    assert made.bytes + more == room(made)
    assert made.bytes == alloc_size(VULKAN)(made) == alloc_size(None)(made)
