"""Multimodal projectors: the weights of an mmproj file and what encoding the largest image takes.

The estimate follows two recorded encoders to the byte (gemma3 with and without flash attention) and bounds a third
(qwen2.5vl). source: tools/mtmd/clip.cpp, clip_model_loader::load_hparams and reserve_compute_meta
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.errors import UsageError
from moefit.gguf.header import brief
from moefit.memory.buffers import FLOAT, HOST, pad
from moefit.memory.guest import Guest
from moefit.model.hyperparameter_reader import integer
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.header import Header

IMAGE_TOKENS: Final = {
    "deepseek4v": 384,
    "gemma4uv": 1120,
    "gemma4v": 1120,
    "glm4v": 4096,
    "hunyuanvl": 16384,
    "kimik25": 4096,
    "kimivl": 1024,
    "lfm2": 256,
    "ling3vl": 4096,
    "minimax_m3": 576,
    "muse-glimmer": 4096,
    "pixtral": 1024,
    "qwen2.5vl_merger": 4096,
    "qwen2vl_merger": 4096,
    "qwen3vl_merger": 4096,
}
"""Tokens of the largest image, for projectors that take images of any size (set_limit_image_tokens)."""
PIXELS_OF_FILE: Final = frozenset({"hunyuanvl", "kimik25"})
"""Those of that table that prefer what the file says, when it says so, to anything else."""
ADJUSTABLE: Final = frozenset({"glm5v", "lightonocr"})
"""Projectors whose file says the largest image, but for what the line says (set_limit_image_tokens without numbers)."""
MERGE: Final = {"gemma4v": 3, "pixtral": 1, "kimivl": 1, "lfm2": 1}
"""Patches of one token along a side, where the file does not say; 2 for the others of that table."""
DESCRIBED: Final = frozenset({"gemma3", "qwen2.5vl_merger"})
"""Projectors whose encoders were recorded."""
TYPES: Final = ("clip.projector_type", "clip.vision.projector_type", "clip.audio.projector_type")
AUDIO_FRAMES: Final = 3000
"""Frames of 30 s of audio, the longest piece that is encoded at once."""


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """What the line says of the tokens that an image may take; None leaves it to the projector."""

    least: int | None = None
    """--image-min-tokens."""
    most: int | None = None
    """--image-max-tokens."""


AS_BUILT: Final = ImageTokens()


def mmproj(
    header: Header, device: str, *, flash_attention: bool = True, image_tokens: ImageTokens = AS_BUILT
) -> Guest:
    """What a projector takes on the device that runs it.

    Args:
        header: of the mmproj file.
        device: name of the device, or CPU.
        flash_attention: False with `-fa off`, which keeps every attention matrix.
        image_tokens: what the line says of them.

    Raises:
        UsageError: `--image-min-tokens` is more than the largest image takes, which llama.cpp refuses.
    """
    weights = sum(pad(tensor.bytes, HOST.alignment) for tensor in header.tensors)
    vision = _vision(header, image_tokens, flash_attention=flash_attention)
    audio = _audio(header, flash_attention=flash_attention)
    kinds = [_text(header, key) for key in TYPES if key in header.metadata]
    known = DESCRIBED.issuperset(kinds)
    note = (
        ""
        if known
        else f"the projector: {' and '.join(map(brief, kinds))}: its compute buffer is an estimate"
    )
    return Guest("mmproj", device, model=weights, compute=max(vision, audio), note=note)


def _vision(header: Header, image_tokens: ImageTokens, *, flash_attention: bool) -> int:
    patches = _patches(header, image_tokens)
    windowed = any(f"clip.vision.{key}" in header.metadata for key in ("n_wa_pattern", "wa_layer_indexes"))
    return _encoder(header, "vision", patches, windowed=windowed, flash_attention=flash_attention)


def _audio(header: Header, *, flash_attention: bool) -> int:
    return _encoder(header, "audio", AUDIO_FRAMES, windowed=False, flash_attention=flash_attention)


def _encoder(header: Header, kind: str, positions: int, *, windowed: bool, flash_attention: bool) -> int:
    """Bytes of one encoder layer's intermediates for so many positions."""
    width = _number(header, f"clip.{kind}.embedding_length")
    inner = _number(header, f"clip.{kind}.feed_forward_length")
    heads = _number(header, f"clip.{kind}.attention.head_count")
    gated = any(".ffn_gate." in tensor.name for tensor in header.tensors)
    forward = max(3 * width + inner, 2 * width + 2 * inner if gated else 0)
    if flash_attention:
        # A window's mask is kept as f32 and as f16.
        elements = forward + windowed * positions * 3 // 2
    else:
        elements = max(forward, 6 * width + heads * positions) + windowed * positions
    return FLOAT * positions * elements if width else 0


def _patches(header: Header, image_tokens: ImageTokens) -> int:
    """Patches of the largest image."""
    patch = _number(header, "clip.vision.patch_size")
    if not patch:
        return 0
    kind = _text(header, "clip.vision.projector_type") or _text(header, "clip.projector_type")
    pixels = _number(header, "clip.vision.image_max_pixels")
    tokens = None if pixels and kind in PIXELS_OF_FILE else IMAGE_TOKENS.get(kind)
    if tokens is not None or (image_tokens.most and kind in ADJUSTABLE):
        return _allowed(image_tokens, tokens or 0) * _merge(header, kind) ** 2
    if pixels:
        return pixels // patch**2
    return (_number(header, "clip.vision.image_size") // patch) ** 2


def _allowed(asked: ImageTokens, most: int) -> int:
    allowed = asked.most or most
    if asked.least and asked.least > allowed:
        raise UsageError(
            f"--image-min-tokens {asked.least}: the largest image takes {allowed}",
            f"--image-max-tokens {asked.least} allows larger ones",
        )
    return allowed


def _merge(header: Header, kind: str) -> int:
    told = _number(header, "clip.vision.spatial_merge_size") or _number(
        header, "clip.vision.projector.scale_factor"
    )
    return told or MERGE.get(kind, 2)


def _number(header: Header, key: str) -> int:
    return integer(header.shards[0].name if header.shards else "mmproj", header, key)


def _text(header: Header, key: str) -> str:
    found = header.metadata.get(key)
    return found if isinstance(found, str) else ""
