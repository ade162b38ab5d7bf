"""The same model in a smaller type, as another file of its repository would have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
_HUB_CACHE: Final = re.compile(r"/models--(?>([^/]+?)--)([^/]+)/snapshots/")
"""Where Hugging Face's own programs keep a repository's files."""
_HUB_URL: Final = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^/?#]+/[^/?#]+)/", re.IGNORECASE
)
_NEEDS_A_MATRIX: Final = frozenset({"IQ2_XXS", "IQ2_XS", "IQ2_S"})
"""llama-quantize makes these with an importance matrix alone. source: src/llama-quant.cpp, tensor_requires_imatrix"""
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


def smaller_file(model: Model, launch: Launch, smaller: Model) -> Help | None:
    """What is said of a file of the type of most bytes; None where the repository is known to have none."""
    sizes: dict[str, int] = {}
    for tensor in smaller.tensors:
        sizes[tensor.quant.name] = sizes.get(tensor.quant.name, 0) + tensor.bytes
    tag = max(sizes, key=lambda name: sizes[name]).upper()
    tag += "_M" if re.fullmatch("Q[345]_K", tag) else ""
    offered = _offered(tag, launch.siblings) if launch.siblings else tag
    if offered is None:
        return None
    got, words = _words(model, launch, offered)
    return Help("quant", f"a smaller file{got}, about {format_size(smaller.bytes)}", words)


def _offered(tag: str, files: Iterable[str]) -> str | None:
    """The type in the names of a repository's files: itself, or another mixture of the same: `Q3_K_XL` for `Q3_K_M`.

    >>> _offered("Q3_K_M", ["m-Q4_K_M.gguf", "m-UD-Q3_K_XL.gguf", "m-q3_k_m.gguf"]), _offered("Q2_K", ["m-Q8_0.gguf"])
    ('q3_k_m', None)
    """
    family = re.compile(rf"(?<![A-Za-z0-9])({tag.removesuffix('_M')}\w*)[.-]", re.IGNORECASE)
    found = [match[1] for name in files if (match := family.search(name))]
    return min(found, key=lambda one: one.upper() != tag, default=None)


def _words(model: Model, launch: Launch, tag: str) -> tuple[str, str]:
    """How a file of another type is come by, and the words for it; none for a file that is to be looked for."""
    source = launch.constraints.model
    path = source.path or (model.shards[0] if model.shards else model.path)
    doubt = "" if launch.siblings else " if its repository has it"
    if source.hf_repo and source.hf_file:
        file = _retagged(source.hf_file, tag)
        if file in launch.siblings or (file != source.hf_file and not launch.siblings):
            return doubt, f"-hf {source.hf_repo.partition(':')[0]} -hff {quote(file)}"
    if repo := _repository(model, source, path):
        return doubt, f"-hf {repo}:{tag}"
    if source.docker_repo:
        return doubt, f"-dr {source.docker_repo.partition(':')[0]}:{tag}"
    if source.url and (url := _retagged(source.url, tag)) != source.url:
        return " if its server has it", f"-mu {quote(url)}"
    if source.path and not model.truncated and tag not in _NEEDS_A_MATRIX:
        return " to download or make", f"llama-quantize --allow-requantize {quote(path)} {tag}"
    return f" to download, {tag}", ""


def _repository(model: Model, source: ModelSource, path: str) -> str:
    """user/repo of Hugging Face, by the words that name the model, by where the file lies, or by its header; empty where unknown."""
    if source.hf_repo:
        return source.hf_repo.partition(":")[0]
    if source.url:
        found = _HUB_URL.match(source.url)
        return found[1] if found else ""
    cached = _HUB_CACHE.search(path)
    return f"{cached[1]}/{cached[2]}" if cached else model.repository


def _retagged(name: str, tag: str) -> str:
    """The name of a file with another type in it, in the same case; one of several files as the only one.

    >>> _retagged("a-q4_k_m/m-q4_k_m.gguf", "Q3_K_M"), _retagged("m-Q8_0-00001-of-00002.gguf", "Q6_K")
    ('a-q4_k_m/m-q3_k_m.gguf', 'm-Q6_K.gguf')
    """
    folder, slash, file = name.rpartition("/")
    new = _TAG.sub(lambda old: tag.lower() if old[0].islower() else tag, file, count=1)
    return f"{folder}{slash}{_PART.sub('', new)}" if new != file else name
