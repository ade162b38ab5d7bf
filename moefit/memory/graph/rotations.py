"""Which layers rotate their queries and keys, and how: what `rope` and `rotate` of a plain decoder name."""

from __future__ import annotations

from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import positions
from moefit.memory.graph.context import Context
from moefit.memory.graph.named import named
from moefit.memory.graph.nodes import F32, Node
from moefit.model.architectures import Plain


def always(_c: Context, _layer: int) -> bool:
    """Every layer."""
    return True


def never(_c: Context, _layer: int) -> bool:
    """No layer: positions are learned, or a bias of the mask."""
    return False


def three_of_four(_c: Context, layer: int) -> bool:
    """All but every fourth layer."""
    return (layer + 1) % 4 != 0


def in_window(c: Context, layer: int) -> bool:
    """Layers with a window."""
    return c.memory.windowed[layer]


def in_window_or_dense(c: Context, layer: int) -> bool:
    """Layers with a window, and the leading dense ones."""
    return c.memory.windowed[layer] or layer < c.hp.integer("leading_dense_block_count")


def unless_full(c: Context, layer: int) -> bool:
    """Layers with a window, or all where none has one (EXAONE 4)."""
    return c.memory.windowed[layer] or not c.memory.window


def unless_finetuned(c: Context, _layer: int) -> bool:
    """All, unless the file says that rotations were tuned away (Granite)."""
    return c.hp.flag("rope.scaling.finetuned", default=True)


def of_32_layers(c: Context, _layer: int) -> bool:
    """Baichuan 7B rotates, 13B has a bias by distance, and 32 layers are 7B."""
    return len(c.memory.attention) == 32


def by_pattern(c: Context, layer: int) -> bool:
    """As the file lists them; those that it leaves out do."""
    listed = c.hp.listed("attention.rope_pattern") or ()
    return layer >= len(listed) or bool(listed[layer])


def llama4(c: Context, layer: int) -> bool:
    """All but every fourth layer, or without a window all but the last."""
    return (layer + 1) % (4 if c.memory.window else c.memory.blocks) != 0


def smallthinker(c: Context, layer: int) -> bool:
    """All but every fourth layer, the first among them; without a window all."""
    return not c.memory.window or layer % 4 != 0


def rotated(c: Context, q: Node, k: Node, layer: int, what: Plain) -> tuple[Node, Node]:
    """Queries and keys, rotated where the layer does that."""
    if named(what.rope)(c, layer):
        pos, factors = positions(c), rope_factors(c, layer)
        q, k = g.rope(q, pos, factors), g.rope(k, pos, factors)
    return q, k


def llama4_tempered(c: Context, q: Node, k: Node, layer: int, what: Plain) -> tuple[Node, Node]:
    """Rotated ones are normed without weights but in Maverick, with its 128 experts; other queries are scaled by an input."""
    if not named(what.rope)(c, layer):
        return tempered(c, q), k
    q, k = rotated(c, q, k, layer, what)
    return (q, k) if c.hp.experts() == 128 else (g.rms_norm(q), g.rms_norm(k))


def mistral_tempered(c: Context, q: Node, k: Node, layer: int, what: Plain) -> tuple[Node, Node]:
    """Rotated queries are scaled by an input, where the file has attention.temperature_scale."""
    q, k = rotated(c, q, k, layer, what)
    return (tempered(c, q) if c.hp.real("attention.temperature_scale") else q), k


def tempered(c: Context, q: Node) -> Node:
    """Queries times an input that grows with their position (build_inp_attn_scale)."""
    return g.mul(q, c.input("attn_scale", F32, 1, 1, c.batch.tokens))


def rope_factors(c: Context, layer: int) -> Node | None:
    """Frequency factors where the file has them (llama_model::get_rope_factors)."""
    scaled = c.shared(layer, "rope_freqs.weight")
    if scaled is not None:
        return scaled
    original = c.hp.integer("rope.scaling.original_context_length", c.hp.integer("context_length"))
    return c.shared(layer, f"rope_factors_{'long' if c.batch.cells > original else 'short'}.weight")
