"""DeepSeek-V4's compressors: the keys that stand for runs of tokens, and the states out of which they are made (src/models/deepseek4.cpp)."""

from __future__ import annotations

from moefit.memory.buffers import pad
from moefit.memory.compressed import SPARSE
from moefit.memory.graph import operations as g
from moefit.memory.graph.blocks import linear, norm
from moefit.memory.graph.context import Context
from moefit.memory.graph.kv_cache import hadamard
from moefit.memory.graph.nodes import F16, F32, I32, I64, Node
from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Compressor:
    """A compressed cache: what the graph reads and writes besides its layer (dsv4_build_reserve_comp_plan)."""

    c: Context
    name: str
    ratio: int
    width: int
    """Values of a compressed key."""

    @property
    def overlap(self) -> bool:
        """Whether a key is made of its own tokens and those before."""
        return self.ratio == SPARSE

    @property
    def rows(self) -> int:
        """Rows of state that sequences have."""
        return (2 if self.overlap else 1) * self.ratio * self.c.batch.sequences

    @property
    def blocks(self) -> int:
        """Keys that a batch may complete."""
        return self.c.batch.tokens // self.ratio + self.c.batch.sequences

    @property
    def cells(self) -> int:
        """Cells of a sequence."""
        return pad(max(1, -(-self.c.batch.cells // self.ratio)), 256)

    def input(self, name: str, count: int) -> Node:
        """One of the plan's inputs."""
        return self.c.input(f"dsv4.{self.name}.{name}", I64 if name == "write_idxs" else I32, count)

    @property
    def mask(self) -> Node:
        """Which compressed keys a token sees."""
        b = self.c.batch
        half = b.flash or self.name == "lid"
        ne = (self.cells, b.tokens // b.streams, 1, b.streams)
        return self.c.input(f"dsv4.{self.name}.mask", F16 if half else F32, *ne)

    @property
    def rotation(self) -> Node | None:
        """The rotation of its keys: of quantised caches, and always the indexer's."""
        if self.name != "lid" and self.c.batch.type_k.block == 1:
            return None
        size = 64
        while self.width % (2 * size) == 0:
            size *= 2
        return self.c.input(f"dsv4.{self.name}.rot", F32, size, size) if self.width % 64 == 0 else None

    def keys(self, layer: int) -> Node:
        """The cache as attention sees it."""
        b = self.c.batch
        cache = self._cache(layer)
        row = cache.nb[1]
        return g.view(
            cache, (self.width, 1, self.cells, b.streams), (cache.nb[0], row, row, row * self.cells)
        )

    def _cache(self, layer: int) -> Node:
        b = self.c.batch
        return self.c.cache(layer, self.name, b.type_k, self.width, self.cells, b.streams)

    def store(self, layer: int, keys: Node) -> None:
        """Write what the batch completes."""
        cache = self._cache(layer)
        if self.c.batch.streams > 1:
            cache = g.reshape(cache, self.width, self.cells * self.c.batch.streams)
        rows = g.view_nd(keys, (self.width, keys.ne[1]), (keys.nb[1],))
        self.c.expand(g.set_rows(cache, rows, self.input("write_idxs", self.blocks)))

    def states(self, layer: int, name: str) -> Node:
        """All rows of a state, snapshots included."""
        snapshots = self.c.batch.snapshots
        width = self.width * (2 if self.overlap else 1)
        state = self.c.cache(layer, f"{self.name}.{name}", F32, width, self.rows * snapshots)
        return g.view_nd(state, (width, self.rows * snapshots), (state.nb[1],))


def _compressed(c: Context, layer: int, name: str, of: Compressor, kv: Node, score: Node) -> Node:
    """Keys out of a run of tokens, weighted by a softmax for each channel (build_*_compressed_kv_from_state)."""
    width, ratio, blocks = of.width, of.ratio, of.blocks
    reads = of.input("read_idxs", (2 if of.overlap else 1) * ratio * blocks)
    if of.overlap:
        kv, score = _with_zero_row(kv), _with_zero_row(score)
    kv, score = g.get_rows(kv, reads), g.get_rows(score, reads)
    if of.overlap:
        parts = []
        for rows in (kv, score):
            halves = [
                g.reshape(
                    g.cont(g.view_nd(rows, (width, ratio * blocks), (rows.nb[1],))), width, ratio, blocks
                )
                for _ in range(2)
            ]
            parts.append(g.concat(halves[0], halves[1], 1))
        kv, score = parts
    else:
        kv, score = (g.reshape(x, width, ratio, blocks) for x in (kv, score))
    values, scores = (g.cont(g.permute(x, 1, 0, 2, 3)) for x in (kv, score))
    cur = g.sum_rows(g.mul(values, g.soft_max(scores)))
    cur = norm(c, g.cont(g.permute(cur, 1, 0, 2, 3)), f"{name}_norm", layer)
    cur = g.rope(cur, of.input("write_pos", blocks))
    return cur if of.rotation is None else hadamard(cur, of.rotation)


def _with_zero_row(x: Node) -> Node:
    row = g.scale(g.view_nd(x, (x.ne[0],)))
    return g.concat(x, g.reshape(row, x.ne[0], 1), 1)


def _restored(layer: int, of: Compressor) -> tuple[Node, Node]:
    """The states, after a roll-back where there are snapshots (dsv4_build_state_restore)."""
    states = of.states(layer, "kv"), of.states(layer, "score")
    if of.c.batch.snapshots == 1:
        return states
    source, target = (of.input(f"restore_{name}", of.rows) for name in ("src", "dst"))
    a, b = (
        g.set_rows(of.states(layer, name), g.get_rows(s, source), target)
        for s, name in zip(states, ("kv", "score"), strict=True)
    )
    return a, b


def projected(c: Context, x: Node, layer: int, name: str, of: Compressor) -> tuple[Node, Node]:
    """The batch's inputs of a compressor and their scores."""
    kv, score = linear(c, f"{name}_kv", x, layer), linear(c, f"{name}_gate", x, layer)
    places = g.get_rows(c.weight(layer, f"{name}_ape"), of.input("state_pos", c.batch.tokens))
    return kv, g.add(score, places)


def advance(c: Context, layer: int, name: str, of: Compressor, kv: Node, score: Node) -> None:
    """Compress what is complete, and keep what is not."""
    before = _restored(layer, of)
    bases = [g.view_nd(s, (s.ne[0], of.rows), (s.nb[1],)) for s in before]
    source = [g.concat(base, new, 1) for base, new in zip(bases, (kv, score), strict=True)]
    of.store(layer, _compressed(c, layer, name, of, source[0], source[1]))
    if c.batch.snapshots > 1:
        count = of.rows * (c.batch.snapshots - 1)
        taken, target = (of.input(f"snapshot_{end}", count) for end in ("src", "dst"))
        for s, new, what in zip(before, (kv, score), ("kv", "score"), strict=True):
            c.expand(g.set_rows(of.states(layer, what), g.get_rows(g.concat(s, new, 1), taken), target))
    kept = min(c.batch.tokens, of.rows)
    taken, target = (of.input(f"persist_{end}", kept) for end in ("src", "dst"))
    for new, what in ((kv, "kv"), (score, "score")):
        c.expand(g.set_rows(of.states(layer, what), g.get_rows(new, taken), target))
