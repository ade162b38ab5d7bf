"""A model's tensors by layer, and their names within a layer and in the file."""

from __future__ import annotations

from typing import Final

from moefit.memory.memo import per_object
from moefit.model import Model, Tensor

SIDES: Final = ("", "dec.", "enc.")
"""Before the names of tensors, where a model has a decoder and an encoder."""


class Layers:
    """The model's tensors by layer and short name: `attn_q.weight` of layer 3 is `blk.3.attn_q.weight`."""

    def __init__(self, model: Model) -> None:
        self.own: tuple[dict[str, Tensor], ...] = tuple(
            {short: t for t in layer.tensors if (short := name_in_layer(t.name))} for layer in model.layers
        )
        self.of: tuple[dict[str, Tensor], ...] = tuple(
            self.own[layer.index if layer.block is None else layer.block] for layer in model.layers
        )
        """What a layer computes with: its own, or those of the block that it repeats."""
        every = (*model.input, *model.output, *(t for layer in model.layers for t in layer.tensors))
        self.outside: dict[str, Tensor] = {t.name: t for t in every if not name_in_layer(t.name)}


@per_object(8)
def layers_of(model: Model) -> Layers:
    """The tensors of `model`, told apart once."""
    return Layers(model)


def name_in_layer(name: str) -> str:
    """A tensor's name within its layer, empty for one outside the layers.

    >>> name_in_layer("blk.3.attn_q.weight"), name_in_layer("enc.blk.3.attn_q.weight"), name_in_layer("output.weight")
    ('attn_q.weight', 'enc.attn_q.weight', '')
    """
    side, block, rest = name.partition("blk.")
    return side + rest.partition(".")[2] if block and side in SIDES else ""


def name_in_file(layer: int, short: str) -> str:
    """The name of a layer's tensor in the file.

    >>> name_in_file(3, "attn_q.weight"), name_in_file(3, "enc.attn_q.weight")
    ('blk.3.attn_q.weight', 'enc.blk.3.attn_q.weight')
    """
    side = short[:4]  # it is asked for every leaf of every graph
    return f"{side}blk.{layer}.{short[4:]}" if side in SIDES else f"blk.{layer}.{short}"
