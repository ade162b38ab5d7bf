"""Which architecture is built from which blocks.

To add one: read src/models/NAME.cpp, and give it an entry. If it is a plain decoder, a `Decoder` with the fields that
differ is enough; tensors that a layer has or lacks are seen by themselves. Otherwise write a function
`build(c, layers)` from the blocks, in the order in which the source calls them: only that order, shapes and
in-place operations matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from moefit.memory.graph import decoder
from moefit.memory.graph.context import Context
from moefit.memory.graph.decoder import Decoder
from moefit.memory.graph.moe import Routing, routing

Build = Callable[[Context, Sequence[int]], None]


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture's graph."""

    build: Build
    window: bool = False
    """It has a sliding-window cache."""


def _plain(what: Decoder) -> Build:
    def build(c: Context, layers: Sequence[int]) -> None:
        decoder.build(c, layers, what)

    return build


def _softmax_normalised(c: Context, layer: int) -> Routing:
    return routing(c, layer, normalise=True)


def _softmax(c: Context, layer: int) -> Routing:
    return routing(c, layer, normalise=False)


GENERIC: Final = Architecture(_plain(Decoder()))
"""What an unknown architecture is taken for."""

ARCHITECTURES: Final[dict[str, Architecture]] = {
    "qwen3moe": Architecture(_plain(Decoder(route=_softmax_normalised))),
    "olmoe": Architecture(_plain(Decoder(route=_softmax))),
    "llama": Architecture(_plain(Decoder(route=_softmax_normalised))),
    "qwen3": Architecture(_plain(Decoder())),
}
