"""What a graph is built from: hyper-parameters, weights, caches and one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from itertools import islice
from typing import Final

from moefit.gguf.quants import QuantType
from moefit.memory.graph import operations as g
from moefit.memory.graph.batch import Batch
from moefit.memory.graph.layer_tensors import Layers, name_in_file, name_in_layer
from moefit.memory.graph.nodes import Graph, Node
from moefit.memory.hparams import Hparams
from moefit.model import Hyperparameters, MissingError, Model, Tensor
from moefit.model.architectures import Architecture, architecture
from moefit.values import dataclass

UNEVEN: Final = frozenset({"attn_q", "attn_qkv", "attn_v", "attn_sinks", "ffn_gate_inp", "ffn_up_shexp"})
"""Tensors by which layers of one model differ in kind: of other optional ones every layer that could has one, or none."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Where everything is: backend indices, the CPU's being the last."""

    layers: tuple[int, ...]
    """Of each layer's slot."""
    output: int
    tensors: Mapping[str, int]
    """Exceptions, by tensor name."""
    cpu: int


OUTPUT_LAYER: Final = -1
HOST_LAYER: Final = -2
"""In the place of a layer: what lives with the output, or on the CPU."""
SHARED: Final = frozenset({"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
"""Tensors of the file that every layer has on its own device (TENSOR_DUPLICATED)."""
SOMEWHERE: Final = 0
"""The backend of what is not put to its home yet."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A tensor of the graph that has memory before it: where it lives is all that a placement changes."""

    node: Node
    layer: int
    """Whose home it has unless it is an exception; or OUTPUT, or HOST."""
    name: str = ""
    """As the file has it; empty for what no exception moves."""
    short: str = ""
    """Within its layer; empty for a tensor outside the layers."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A graph before one of its layers: what that reads, and how much there is of everything."""

    state: Node
    counts: tuple[int, ...]
    """Of what a context lists, in the order of `_LISTS` and `_TABLES`, and of the graph's nodes and leaves."""
    carried: dict[str, Node]
    asked: dict[str, dict[bool, int]]


_LISTS: Final = ("leaves", "pinned", "attention", "fused", "lacking")
_TABLES: Final = ("_stored", "_inputs")
"""To which a layer adds, and from which nothing is taken."""


@dataclass(slots=True)
class Context:
    """One graph being built (llm_graph_context).

    Where its tensors live is noted, not decided: `graph.built` puts them to a launch's homes.
    """

    model: Model
    memory: Hparams
    """What each layer caches."""
    tensors: Layers
    batch: Batch
    homes: Homes
    """Those of the first launch: which layers share a device."""
    graph: Graph = field(default_factory=Graph)
    leaves: list[Leaf] = field(default_factory=list)
    pinned: list[tuple[Node, int]] = field(default_factory=list)
    """Nodes that a batch that pins keeps at the home of a layer (or HOST)."""
    attention: list[tuple[int, Node]] = field(default_factory=list)
    """Flash attention operations with their layer."""
    fused: list[tuple[int, Node]] = field(default_factory=list)
    """Fused operations of hyper-connections with their layer."""
    lacking: list[str] = field(default_factory=list)
    """Tensors that a graph of this kind has, and that it was built without."""
    carried: dict[str, Node] = field(default_factory=dict)
    """What a layer leaves for later ones: an indexer's choice."""
    stages: list[Beginning] = field(default_factory=list)
    """The graph before each of its layers, where it is built in steps."""
    resumed: Node | None = None
    """What the next layer reads, where the graph begins with the layers of another."""
    _asked: dict[str, dict[bool, int]] = field(default_factory=dict)
    """Optional tensor -> whether a layer has it -> the last such layer."""
    _stored: dict[str, Node] = field(default_factory=dict)
    _inputs: dict[str, Node] = field(default_factory=dict)

    @property
    def row(self) -> Architecture:
        """What its architecture is."""
        return architecture(self.model.architecture)

    @property
    def hp(self) -> Hyperparameters:
        """What the file says."""
        return self.model.hparams

    def reach(self, state: Node) -> None:
        """Note how far the graph is before a layer that reads this."""
        held = [len(getattr(self, name)) for name in (*_LISTS, *_TABLES)]
        counts = (*held, len(self.graph.nodes), len(self.graph.leafs))
        asked = {name: dict(seen) for name, seen in self._asked.items()}
        self.stages.append(Beginning(state, counts, dict(self.carried), asked))

    def before(self, layers: int) -> Context:
        """A context that begins with so many of this one's layers, all of them before its last."""
        stage = self.stages[layers]
        *held, nodes, leafs = stage.counts
        begun = Context(self.model, self.memory, self.tensors, self.batch, self.homes)
        for name, count in zip(_LISTS, held, strict=False):
            setattr(begun, name, getattr(self, name)[:count])
        for name, count in zip(_TABLES, held[len(_LISTS) :], strict=True):
            setattr(begun, name, dict(islice(getattr(self, name).items(), count)))
        begun.graph = self.graph.first(nodes, leafs)
        begun.carried = dict(stage.carried)
        begun._asked = {name: dict(seen) for name, seen in stage.asked.items()}
        begun.stages = self.stages[:layers]
        begun.resumed = stage.state
        return begun

    def expand(self, *nodes: Node) -> None:
        """Append to the graph in this order (ggml_build_forward_expand)."""
        for node in nodes:
            self.graph.expand(node)

    def has(self, layer: int, name: str) -> bool:
        """Whether the layer has the tensor; `.weight` may be left out."""
        there = self._tensor(layer, name) is not None
        self._asked.setdefault(name, {})[there] = layer
        return there

    def weight(self, layer: int, name: str) -> Node:
        """A layer's tensor.

        Raises:
            MissingError: the layer has none of that name.
        """
        tensor = self._tensor(layer, name)
        if tensor is None:
            raise MissingError(name_in_file(layer, name))
        return self._node(tensor, tensor.name, self._home(layer))

    def find(self, layer: int, name: str) -> Node | None:
        """A layer's tensor, or None."""
        tensor = self._tensor(layer, name)
        self._asked.setdefault(name, {})[tensor is not None] = layer
        return None if tensor is None else self._node(tensor, tensor.name, self._home(layer))

    def check_complete(self) -> None:
        """What some layers of a kind have, the others must have, too, but for what makes them of another kind.

        Raises:
            MissingError: a layer lacks a norm, a gate or a bias that others have; or something was seen to be missing.
        """
        for name in self.lacking[:1]:
            raise MissingError(name)
        for name, seen in self._asked.items():
            if len(seen) > 1 and name.removesuffix(".weight") not in UNEVEN and not name.endswith(".scale"):
                raise MissingError(name_in_file(seen[False], name))

    def _home(self, layer: int) -> int:
        """The layer with which a layer's tensors live."""
        block = self.model.layers[layer].block
        return layer if block is None else block

    def _tensor(self, layer: int, name: str) -> Tensor | None:
        of = self.tensors.of[layer]
        return of.get(name) or of.get(f"{name}.weight")

    def outside(self, name: str, *, on_output: bool = True) -> Node | None:
        """A tensor outside the layers, on the output's backend or on the CPU."""
        tensor = self.tensors.outside.get(name)
        if tensor is None:
            return None
        home = self.homes.output if on_output else self.homes.cpu
        return self._node(tensor, f"{name}@{home}", OUTPUT_LAYER if on_output else HOST_LAYER)

    def output_weight(self, name: str) -> Node:
        """A tensor outside the layers, on the output's backend.

        Raises:
            MissingError: the file has none of that name.
        """
        found = self.outside(name)
        if found is None:
            raise MissingError(name)
        return found

    def on_first(self, name: str) -> Node | None:
        """A tensor of the file that is kept with the first layer (LLM_TENSOR_LAYER_REPEATING without a layer), or None."""
        tensor = self.tensors.outside.get(name)
        return None if tensor is None else self._node(tensor, f"{name}@{self.homes.layers[0]}", 0)

    def first_weight(self, name: str) -> Node:
        """The same.

        Raises:
            MissingError: the file has none of that name.
        """
        found = self.on_first(name)
        if found is None:
            raise MissingError(name)
        return found

    def shared(self, layer: int, name: str) -> Node | None:
        """One of the SHARED tensors where this layer has it, or None where the file has none."""
        assert name in SHARED
        tensor = self.tensors.outside.get(name)
        if tensor is None:
            return None
        return self._node(tensor, f"{name}@{self.homes.layers[layer]}", layer)

    def on_host(self, type_: QuantType, *ne: int) -> Node:
        """A weight on the CPU that is no tensor of this file."""
        node = g.stored(type_, SOMEWHERE, *ne, weight=True)
        self.leaves.append(Leaf(node, HOST_LAYER))
        return node

    def _node(self, tensor: Tensor, key: str, layer: int) -> Node:
        node = self._stored.get(key)
        if node is None:
            node = self._stored[key] = g.stored(tensor.quant, SOMEWHERE, *tensor.shape, weight=True)
            self.leaves.append(Leaf(node, layer, tensor.name, name_in_layer(tensor.name)))
        return node

    def cache(self, layer: int, name: str, type_: QuantType, *ne: int) -> Node:
        """A layer's cache tensor; on the CPU with --no-kv-offload."""
        key = f"cache.{name}.{layer}"
        node = self._stored.get(key)
        if node is None:
            node = self._stored[key] = g.stored(type_, SOMEWHERE, *ne, weight=False)
            self.leaves.append(Leaf(node, layer if self.batch.kv_offload else HOST_LAYER))
        return node

    def input(self, name: str, type_: QuantType, *ne: int) -> Node:
        """The graph's input of that name, made on first use."""
        node = self._inputs.get(name)
        if node is None:
            node = self._inputs[name] = g.input_(type_, *ne)
        return node

    def derived(self, name: str, make: Callable[[], Node]) -> Node:
        """A view that several layers share, made on first use."""
        node = self._inputs.get(name)
        if node is None:
            node = self._inputs[name] = make()
        return node

    def pin(self, node: Node, layer: int) -> None:
        """Keep a node on its layer's device where the batch pins."""
        if layer >= 0:
            self.pinned.append((node, layer))

    def pin_to_host(self, node: Node) -> None:
        """Keep a node on the CPU where the batch pins."""
        self.pinned.append((node, HOST_LAYER))
