"""The same model in a smaller type, as another file of its repository would have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from shlex import quote
from typing import Final

from moefit.gguf.quants import QUANTS, QuantType
from moefit.launch.launch import Launch
from moefit.launch.sources import ModelSource
from moefit.model import Layer, Model, Tensor
from moefit.planning.types import Help
from moefit.sizes import format_size

_SMALLER: Final = {
    "q8_0": "q6_K", "q6_K": "q5_K", "q5_K": "q4_K", "q4_K": "q3_K", "q3_K": "q2_K", "q4_0": "q3_K", "q5_0": "q4_0",
    "iq4_xs": "iq3_s", "iq4_nl": "iq3_s", "iq3_s": "iq2_s", "iq3_xxs": "iq2_xs", "bf16": "q8_0", "f16": "q8_0",
}  # fmt: skip
"""The next smaller type in which files of the same model are published; MXFP4 has none."""
_TAG: Final = re.compile(r"(?<![A-Za-z0-9])(BF16|F16|I?Q\d\w*)(?![A-Za-z0-9])", re.IGNORECASE)
_PART: Final = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)")
"""Of a model in several files."""
_HUB_CACHE: Final = re.compile(r"/models--([^/]+?)--([^/]+)/snapshots/")
"""Where Hugging Face's own programs keep a repository's files."""
_BY_NAME: Final = {quant.name: quant for quant in QUANTS.values()}


def smaller_models(model: Model, steps: int) -> Iterator[Model]:
    """The model in smaller and smaller types."""
    smaller: Model | None = model
    for _ in range(steps):
        smaller = _smaller_model(smaller) if smaller is not None else None
        if smaller is not None:
            yield smaller


def _smaller_model(model: Model) -> Model | None:
    """The model with every matrix in the next smaller type; None where there is none to name."""
    if not any(t.quant.name in _SMALLER for layer in model.layers for t in layer.tensors):
        return None
    layers = tuple(
        Layer(layer.index, tuple(map(_smaller, layer.tensors)), layer.mtp) for layer in model.layers
    )
    return replace(model, layers=layers)


def _smaller(tensor: Tensor) -> Tensor:
    quant = _type_below(tensor)
    if quant is None:
        return tensor
    rows = tensor.bytes // tensor.quant.row_bytes(tensor.shape[0])
    return replace(tensor, quant=quant, bytes=rows * quant.row_bytes(tensor.shape[0]))


def _type_below(tensor: Tensor) -> QuantType | None:
    name = _SMALLER.get(tensor.quant.name)
    quant = _BY_NAME[name] if name else None
    return (
        quant if quant is not None and len(tensor.shape) > 1 and tensor.shape[0] % quant.block == 0 else None
    )


def smaller_file(model: Model, launch: Launch, smaller: Model) -> Help:
    """Named after the type of most bytes, as files are, in the words that name the model now."""
    sizes: dict[str, int] = {}
    for tensor in smaller.tensors:
        sizes[tensor.quant.name] = sizes.get(tensor.quant.name, 0) + tensor.bytes
    tag = max(sizes, key=lambda name: sizes[name]).upper()
    tag += "_M" if re.fullmatch("Q[345]_K", tag) else ""
    path = launch.constraints.model.path or (model.shards[0] if model.shards else model.path)
    got, words = _words(launch.constraints.model, path, tag)
    return Help("quant", f"a smaller file{got}, about {format_size(smaller.bytes)}", words)


def _words(source: ModelSource, path: str, tag: str) -> tuple[str, str]:
    """How a file of another type is come by, where it is on no server that is known; and the words that then name it."""
    cached = _HUB_CACHE.search(path)
    repo = source.hf_repo or (f"{cached[1]}/{cached[2]}" if cached else None)
    if repo:
        file = f" -hff {quote(_retagged(source.hf_file, tag))}" if source.hf_file else f":{tag}"
        return "", f"-hf {repo.partition(':')[0]}{file}"
    if source.docker_repo:
        return "", f"-dr {source.docker_repo.partition(':')[0]}:{tag}"
    if source.url:
        return "", f"-mu {quote(_retagged(source.url, tag))}"
    named = _retagged(path, tag)
    if named != path:
        return " to download", f"-m {quote(named)}"
    return " made of this one", f"llama-quantize --allow-requantize {quote(path)} {tag}"


def _retagged(name: str, tag: str) -> str:
    """The name of a file with another type in it, in the same case; one of several files as the only one.

    >>> _retagged("a-q4_k_m/m-q4_k_m.gguf", "Q3_K_M"), _retagged("m-Q8_0-00001-of-00002.gguf", "Q6_K")
    ('a-q4_k_m/m-q3_k_m.gguf', 'm-Q6_K.gguf')
    """
    folder, slash, file = name.rpartition("/")
    new = _TAG.sub(lambda old: tag.lower() if old[0].islower() else tag, file, count=1)
    return f"{folder}{slash}{_PART.sub('', new)}" if new != file else name
