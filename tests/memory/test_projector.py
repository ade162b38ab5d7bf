"""What llama.cpp b11434 said about synthetic projectors (mtmd_get_memory_usage, less the weights)."""

import pytest

from moefit.errors import UsageError
from moefit.gguf.header import Header, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.memory.guest import Guest
from moefit.memory.projector import ImageTokens, mmproj

F16, F32 = QUANTS[1], QUANTS[0]
GEMMA3 = {"width": 1152, "inner": 4304, "heads": 16, "patch": 14, "image": 896, "kind": "gemma3"}
QWEN = {"width": 1280, "inner": 3456, "heads": 16, "patch": 14, "image": 560, "kind": "qwen2.5vl_merger"}


def header(*, width, inner, heads, patch, image, kind, **more):
    metadata = {
        "general.architecture": "clip",
        "clip.projector_type": kind,
        "clip.vision.embedding_length": width,
        "clip.vision.feed_forward_length": inner,
        "clip.vision.attention.head_count": heads,
        "clip.vision.patch_size": patch,
        "clip.vision.image_size": image,
        **more,
    }
    gate = "ffn_gate" if "qwen" in kind else "ffn_up"
    tensors = (
        TensorInfo(f"v.blk.0.{gate}.weight", (width, inner), F16, 0),
        TensorInfo("v.blk.0.ln1.bias", (3,), F32, 0),
    )
    return Header(3, "little", metadata, tensors, ())


def test_weights_are_counted_with_the_alignment_of_their_buffer():
    assert 1152 * 4304 * 2 + 32 == mmproj(header(**GEMMA3), "CUDA0").model


def test_an_image_of_fixed_size_takes_what_the_real_encoder_takes():
    assert 979960256 - 852820416 == mmproj(header(**GEMMA3), "CUDA0").compute


def test_without_flash_attention_every_attention_matrix_is_kept():
    assert 2039808448 - 852820416 == mmproj(header(**GEMMA3), "CUDA0", flash_attention=False).compute


def test_a_windowed_encoder_is_bounded_at_the_size_of_image_that_was_recorded():
    windowed = header(**QWEN, **{"clip.vision.n_wa_pattern": 8})
    recorded = 2103232576 - 1362988032

    assert (
        recorded
        <= mmproj(windowed, "CUDA0", image_tokens=ImageTokens(most=46 * 46)).compute
        <= 1.1 * recorded
    )


def test_a_projector_for_any_size_counts_its_largest_image():
    small = mmproj(header(**QWEN), "CUDA0", image_tokens=ImageTokens(most=256)).compute
    assert 16 * small == mmproj(header(**QWEN), "CUDA0").compute


def test_an_image_of_fixed_size_stays_what_it_is():
    fixed = header(**GEMMA3)
    assert mmproj(fixed, "CUDA0") == mmproj(fixed, "CUDA0", image_tokens=ImageTokens(2048, 64))


def test_the_smallest_image_cannot_be_larger_than_the_largest():
    projector = header(**QWEN)
    mmproj(projector, "CUDA0", image_tokens=ImageTokens(least=4096))
    with pytest.raises(UsageError, match="--image-min-tokens 4097: the largest image takes 4096"):
        mmproj(projector, "CUDA0", image_tokens=ImageTokens(least=4097))
    with pytest.raises(UsageError, match="the largest image takes 64"):
        mmproj(projector, "CUDA0", image_tokens=ImageTokens(least=65, most=64))


def test_the_line_comes_before_the_files_largest_image_where_the_projector_says_so():
    told = header(**{**GEMMA3, "kind": "glm5v"}, **{"clip.vision.image_max_pixels": 28 * 14 * 14})
    asked = mmproj(told, "CUDA0", image_tokens=ImageTokens(most=14))
    assert 2 * mmproj(told, "CUDA0").compute == asked.compute


def test_the_largest_image_can_be_told_in_pixels():
    told = header(**{**GEMMA3, "kind": "phi4"}, **{"clip.vision.image_max_pixels": 28 * 14 * 14})
    assert 4 * 28 * (3 * 1152 + 4304) == mmproj(told, "CUDA0").compute


def test_an_audio_encoder_counts_thirty_seconds():
    metadata = {
        "clip.audio.embedding_length": 1280,
        "clip.audio.feed_forward_length": 5120,
        "clip.audio.attention.head_count": 20,
    }
    assert 4 * 3000 * (3 * 1280 + 5120) == mmproj(Header(3, "little", metadata, (), ()), "CPU").compute


def test_a_projector_that_says_nothing_takes_its_weights_alone():
    assert Guest("mmproj", "CPU") == mmproj(Header(3, "little", {}, (), ()), "CPU")
