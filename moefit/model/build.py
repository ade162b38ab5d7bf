"""From a header to a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moefit.errors import InputError
from moefit.gguf.header import brief
from moefit.model import blocks
from moefit.model.architectures import PredictionBlocks
from moefit.model.architectures import architecture as row_of
from moefit.model.complete import missing_tensor
from moefit.model.consistency import agree
from moefit.model.dimensions import Dimensions
from moefit.model.file_kind import file_kind
from moefit.model.hyperparameter_reader import read
from moefit.model.recurrent import recurrent_layers
from moefit.model.roles import REPLICATED, base_name, block_of, role_of
from moefit.model.shapes import fit, fit_outside, hold_alike, hold_equal
from moefit.model.shared_caches import check_caches
from moefit.model.tokenizer import check_tokenizer, vocabulary
from moefit.model.types import Layer, Model, Role, Tensor
from moefit.model.windows import windows

if TYPE_CHECKING:
    from moefit.gguf.header import Header, TensorInfo
    from moefit.model.architectures import Architecture
    from moefit.model.hyperparameters import Hyperparameters
    from moefit.model.repeats import Repeated

MAX_BLOCK = 1024
"""Tensors of one block; real ones have up to about 60, of files with a tensor for each expert up to 800."""
GGUF_REPOSITORY = re.compile(
    r"https?://huggingface\.co/(\w[\w.-]*/\w[\w.-]*gguf)/?", re.ASCII | re.IGNORECASE
)
ARCHITECTURE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def build(path: str, header: Header) -> Model:
    """The model that a header describes.

    Raises:
        InputError: the header is no language model (mmproj, LoRA, no architecture, no blocks), or its blocks and tensors do
            not agree.
    """
    architecture = _architecture(path, header)
    row = row_of(architecture)
    hparams = read(path, architecture, header)
    agree(path, architecture, hparams)
    repeated = row.repeats(hparams) if row.repeats else None
    count = repeated.count if repeated else hparams.blocks
    mtp = _prediction_blocks(row, hparams, header)

    tensors = [_tensor(info, role) for info in header.tensors if (role := role_of(info.name, architecture))]
    by_block = _by_block(path, f"{architecture}.block_count", tensors, count)
    layers = tuple(
        Layer(index, tuple(of_block), mtp=index >= count - mtp) for index, of_block in enumerate(by_block)
    )
    check_tokenizer(path, header)
    tokens = vocabulary(path, architecture, header)
    lacks = _compare(path, architecture, hparams, tokens, layers, header)
    if repeated:
        layers, hparams = _layers(layers, repeated), repeated.hparams
    output = tuple(t for t in tensors if t.role is Role.OUTPUT)
    shared = _tied(row, header, output)
    return Model(
        path=path,
        architecture=architecture,
        name=_name(header),
        hparams=hparams,
        vocabulary=tokens[0],
        input=tuple(t for t in tensors if t.role is Role.INPUT),
        layers=layers,
        output=(*output, *shared),
        tied=bool(shared),
        lacks=lacks,
        truncated=header.truncated,
        shards=tuple(shard.name for shard in header.shards),
        repository=_repository(header),
    )


def _tied(row: Architecture, header: Header, output: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The token embedding, where it is the output matrix too."""
    embedding = next((info for info in header.tensors if info.name == "token_embd.weight"), None)
    if row.untied or embedding is None or any(t.name == "output.weight" for t in output):
        return ()
    return (_tensor(embedding, Role.OUTPUT),)


def _architecture(path: str, header: Header) -> str:
    """What a language model's header names.

    Raises:
        InputError: it is none, or has no tensors.
    """
    kind = file_kind(header)
    if kind is not None:
        raise InputError(f"{path}: is {kind.description}, not a language model", kind.hint)
    architecture = header.metadata.get("general.architecture")
    if not isinstance(architecture, str) or ARCHITECTURE.fullmatch(architecture) is None:
        raise InputError(f"{path}: names no architecture", "llama.cpp needs general.architecture")
    if not header.tensors:
        raise InputError(
            f"{path}: has no tensors", "it holds a vocabulary only, or is the first part of a set"
        )
    return architecture


def _layers(blocks: tuple[Layer, ...], repeated: Repeated) -> tuple[Layer, ...]:
    """A layer for each pass through a block; its tensors belong to the layer of its number."""
    return tuple(
        Layer(
            index,
            blocks[index].tensors if index < len(blocks) else (),
            block=None if block == index else block,
        )
        for index, block in enumerate(repeated.blocks)
    )


def _compare(
    path: str,
    architecture: str,
    hparams: Hyperparameters,
    tokens: tuple[int, str],
    layers: tuple[Layer, ...],
    header: Header,
) -> str:
    """Hold the tensors to the hyper-parameters; the first tensor that is missing, empty where none is.

    Raises:
        InputError: they do not agree.
    """
    row, main = row_of(architecture), sum(not layer.mtp for layer in layers)
    named = [
        {t.name.partition(f"blk.{i}.")[2]: t.shape for t in layer.tensors} for i, layer in enumerate(layers)
    ]
    blocks.check_blocks(path, architecture, hparams, named, main)
    states = recurrent_layers(row, hparams, layers, main)
    window, windowed = windows(row, hparams, len(layers), main, states)
    check_caches(path, architecture, hparams, window, windowed)
    dimensions = Dimensions(hparams, *tokens, main, states, windowed, row.attends_everywhere)
    outside = {info.name: info.shape for info in header.tensors if block_of(info.name) is None}
    fit(path, architecture, dimensions, named[:main])
    fit_outside(path, architecture, dimensions, outside)
    hold_alike(path, architecture, dimensions)
    hold_equal(path, architecture, dimensions, row.held)
    if main < len(layers) and not any(named[:main]):  # a head: its trunk is in another file (nextn_flags)
        return ""
    return missing_tensor(path, architecture, dimensions, named[:main], outside)


def _prediction_blocks(row: Architecture, hparams: Hyperparameters, header: Header) -> int:
    """Blocks at the end that are loaded only for multi-token prediction."""
    told = hparams.integer("nextn_predict_layers")
    match row.prediction:
        case PredictionBlocks.NONE:
            return 0
        case PredictionBlocks.WITH_PROJECTION:
            probe = f"blk.{hparams.blocks - told}.nextn.eh_proj.weight"
            return told if any(tensor.name == probe for tensor in header.tensors) else 0
        case PredictionBlocks.TOLD:
            return told


def _by_block(path: str, key: str, tensors: list[Tensor], count: int) -> list[list[Tensor]]:
    by_block: list[list[Tensor]] = [[] for _ in range(count)]
    for tensor in tensors:
        if tensor.layer is None:
            continue
        if tensor.layer >= count:
            raise InputError(
                f"{path}: tensor {brief(tensor.name)} is of a block beyond the last, {count - 1}, as {key} {count} says",
                "the file is damaged",
            )
        by_block[tensor.layer].append(tensor)
        if len(by_block[tensor.layer]) > MAX_BLOCK:
            raise InputError(
                f"{path}: block {tensor.layer} has more than {MAX_BLOCK} tensors", "the file is damaged"
            )
    return by_block


def _tensor(info: TensorInfo, role: Role) -> Tensor:
    layer = (block_of(info.name) or 0) if role in (Role.BASE, Role.EXPERT) else None
    replicated = block_of(info.name) is None and base_name(info.name) in REPLICATED
    return Tensor(info.name, info.shape, info.quant, role, layer, info.bytes, replicated)


def _name(header: Header) -> str:
    """general.name, fit to be shown: it may hold anything."""
    name = header.metadata.get("general.name")
    if not isinstance(name, str):
        return ""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name[:200])


def _repository(header: Header) -> str:
    """user/repo of Hugging Face, of a header that names one of GGUF files; most name that of the weights they were made of."""
    for key in ("general.repo_url", "general.url"):
        url = header.metadata.get(key)
        found = GGUF_REPOSITORY.fullmatch(url) if isinstance(url, str) else None
        if found:
            return found[1]
    return ""
