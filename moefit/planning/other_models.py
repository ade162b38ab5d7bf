"""Files beside a model that are made for another: llama-server stops at them once the model is loaded, or goes on without them.

Each row of the two tables says which line of llama.cpp it follows; docs/refusals.md is written from them, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from moefit.errors import UsageError, Warn
from moefit.gguf.header import Header, TensorInfo
from moefit.memory.guests import GuestFiles
from moefit.memory.projector import TYPES
from moefit.model import Model
from moefit.model.architectures import architecture
from moefit.shown import word_shown
from moefit.values import dataclass

_OUTPUT: Final = {
    "gemma3": ("mm.input_projection.weight", 0),
    "gemma3nv": ("mm.input_projection.weight", 0),
    "gemma4v": ("mm.input_projection.weight", 1),
    "gemma4uv": ("mm.input_projection.weight", 1),
    "glm4v": ("mm.down.weight", 1),
    "idefics3": ("mm.model.fc.weight", 1),
    "internvl": ("mm.model.mlp.3.weight", 1),
    "kimivl": ("mm.2.weight", 1),
    "lfm2": ("mm.2.weight", 1),
    "llama4": ("mm.model.fc.weight", 1),
    "pixtral": ("mm.2.weight", 1),
    "qwen2.5vl_merger": ("mm.2.bias", 0),
    "qwen2a": ("mm.a.fc.weight", 1),
    "qwen2vl_merger": ("mm.2.bias", 0),
    "qwen3vl_merger": ("mm.2.bias", 0),
    "ultravox": ("mm.a.mlp.2.weight", 1),
    "voxtral": ("mm.a.mlp.2.weight", 1),
}
"""Type of a projector -> the tensor, and its dimension, that is as wide as the model. source: tools/mtmd/clip.cpp, clip_n_mmproj_embd"""
_DEEPSTACK: Final = "v.deepstack."


@dataclass(frozen=True, slots=True)
class OtherModel:
    """One kind of file."""

    options: str
    """As a line has them."""
    when: str
    """The condition, in words."""
    says: str
    """llama.cpp's own reason; {} is what the file has."""
    instead: str
    """What to write."""
    source: str
    found: Callable[[GuestFiles, Model], str | None]
    """What of a file does not go with the model; None where all does."""


def adapters(files: GuestFiles, model: Model) -> str | None:
    """The first adapter of another architecture, or of tensors that the model has not so."""
    return next(filter(None, (_adapter(header, model) for header in files.loras)), None)


def _adapter(header: Header, model: Model) -> str | None:
    made_for = header.metadata.get("general.architecture")
    if made_for != model.architecture:
        return f"model arch and LoRA arch mismatch ({model.architecture} and {word_shown(str(made_for))})"
    known = {tensor.name: tensor.shape for tensor in model.tensors}
    pairs: dict[str, dict[str, TensorInfo]] = {}
    for tensor in header.tensors:
        name, _, half = tensor.name.rpartition(".")
        if half in {"lora_a", "lora_b"}:
            pairs.setdefault(name, {})[half] = tensor
        elif not tensor.name.endswith("_norm.weight"):
            return f"LoRA tensor '{word_shown(tensor.name)}' has unexpected suffix"
    return next(filter(None, (_pair(name, pair, known) for name, pair in sorted(pairs.items()))), None)


def _pair(name: str, pair: dict[str, TensorInfo], known: dict[str, tuple[int, ...]]) -> str | None:
    """What is wrong with two matrices that change one tensor."""
    if len(pair) < 2:
        return f"LoRA tensor pair for '{word_shown(name)}' is missing one component"
    if name not in known:
        return f"LoRA tensor '{word_shown(name)}' does not exist in base model"
    wide, high = (*known[name], 1)[:2]
    (a_wide, a_high), (b_wide, b_high) = ((*pair[half].shape, 1)[:2] for half in ("lora_a", "lora_b"))
    if name.endswith("token_embd.weight"):  # the two stand the other way round
        fits = (wide, high) == (b_high, a_high)
    else:
        fits = (wide, high, a_high) == (a_wide, b_high, b_wide)
    return None if fits else f"tensor '{word_shown(name)}' has incorrect shape"


def projector(files: GuestFiles, model: Model) -> str | None:
    """Another width than the model's, where the projector's kind tells which tensor has it."""
    if files.mmproj is None or architecture(model.architecture).lists_deepstack:
        return None
    shapes = {tensor.name: tensor.shape for tensor in files.mmproj.tensors}
    own = model.embedding * (1 + model.hparams.integer("n_deepstack_layers"))
    deep = {name.split(".")[2] for name in shapes if name.startswith(_DEEPSTACK)}
    for kind in (files.mmproj.metadata.get(key) for key in TYPES):
        tensor, at = _OUTPUT.get(str(kind), ("", 0))
        if tensor in shapes and at < len(shapes[tensor]):
            wide = shapes[tensor][at] * (1 + len(deep))
            return None if wide == own else f"(n_embd = {own}) and mmproj (n_embd = {wide})"
    return None


def control_vectors(files: GuestFiles, model: Model) -> str | None:
    """The first file with something else than a direction of the model's width for each layer."""
    return next(filter(None, (_directions(header, model) for header in files.control_vectors)), None)


def _directions(header: Header | None, model: Model) -> str | None:
    if header is None:
        return "failed to load control vector file"
    for tensor in header.tensors:
        start, _, number = tensor.name.partition(".")
        if start != "direction" or not number[:1].isdecimal() or number.startswith("0"):
            return f"invalid direction tensor {word_shown(tensor.name)}"
        if tensor.quant.name != "f32" or len(tensor.shape) != 1:
            return (
                f"invalid direction tensor {word_shown(tensor.name)}: {tensor.quant.name}, not one row of f32"
            )
        if tensor.shape[0] != model.embedding:
            return f"control vector n_embd does not match model ({tensor.shape[0]} and {model.embedding})"
    return None if header.tensors else "no direction tensors found"


OTHER_MODELS: Final = (
    OtherModel(
        "--lora",
        "the adapter is made for another architecture, or for tensors that the model does not have, or not in this shape",
        "{}",
        "take an adapter of this model, or leave it out",
        "src/llama-adapter.cpp:151, llama_adapter_lora_init_impl",
        adapters,
    ),
    OtherModel(
        "--mmproj",
        "the projector is made for a model of another width",
        "mismatch between text model {}",
        "take the projector of this model, or --no-mmproj",
        "tools/mtmd/mtmd.cpp:606, mtmd_context::mtmd_context",
        projector,
    ),
)
"""In the order in which they are looked for."""
LEFT_OUT: Final = (
    OtherModel(
        "--control-vector",
        "a file is none, or is made for a model of another width",
        "{}: no valid control vector files passed",
        "take a control vector of this model, or leave it out",
        "common/common.cpp:1945, common_control_vector_load_one; src/llama-adapter.cpp:113, llama_adapter_cvec::apply",
        control_vectors,
    ),
)
"""What llama-server goes on without: a warning."""


def refuse_others(files: GuestFiles, model: Model) -> None:
    """Refuse a line's files that are made for another model.

    Raises:
        UsageError: with llama.cpp's reason and what to take instead.
    """
    for row, name in _found(OTHER_MODELS, files, model):
        raise UsageError(f"{row.options}: llama.cpp refuses it: {row.says.format(name)}", row.instead)


def left_out(files: GuestFiles, model: Model) -> Iterator[Warn]:
    """What the server does without."""
    for row, name in _found(LEFT_OUT, files, model):
        yield Warn("ignored", f"llama.cpp ignores {row.options}: {row.says.format(name)}", row.instead)


def _found(rows: Iterable[OtherModel], files: GuestFiles, model: Model) -> Iterator[tuple[OtherModel, str]]:
    for row in rows:
        if (name := row.found(files, model)) is not None:
            yield row, name
