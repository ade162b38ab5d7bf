"""Which blocks a file has: as many as block_count says, of which the last are prediction blocks as nextn_predict_layers says.

source: src/llama-model.cpp, llama_model_base::nextn_flags; src/llama-model-loader.cpp, llama_model_loader::done_getting_tensors
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import DAMAGED
from moefit.model.architectures import PredictionBlocks, architecture, is_known

if TYPE_CHECKING:
    from moefit.model.hyperparameters import Hyperparameters


def check_blocks(
    path: str, name: str, hparams: Hyperparameters, blocks: Sequence[Collection[str]], main: int
) -> None:
    """Find a count that the tensors contradict: `blocks` are the names of each block's, of which so many are the main model's.

    Raises:
        InputError: one does.
    """
    if not is_known(name):
        return
    told = f"{name}.block_count is {hparams.blocks}"
    predicts = architecture(name).prediction is not PredictionBlocks.NONE
    for index, names in enumerate(blocks):
        ahead = predicts and any(tensor.startswith("nextn.") for tensor in names)
        if index < main and ahead:
            raise InputError(
                f"{path}: {_counts(name, hparams, told)}, but block {index} is a prediction block", DAMAGED
            )
        if index >= main and names and not ahead:
            raise InputError(
                f"{path}: {_counts(name, hparams, told)}, but block {index} is no prediction block", DAMAGED
            )
        if index < main and not names and blocks[0] and hparams.heads(index) + (hparams.heads() == 0):
            raise InputError(f"{path}: {told}, but no tensor is of block {index}", DAMAGED)


def _counts(name: str, hparams: Hyperparameters, told: str) -> str:
    key = "nextn_predict_layers"
    return f"{told} and {name}.{key} {hparams.integer(key) if hparams.has(key) else 'is missing'}"
