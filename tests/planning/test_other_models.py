"""Files beside a model that are made for another are refused, as llama-server refuses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from moefit.errors import UsageError
from moefit.gguf.header import Header, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.memory.guests import GuestFiles
from moefit.planning.other_models import left_out, refuse_others
from tests.oracle import model as recorded

MODEL = recorded("small-llama", "Q4_K_M")
WIDTH = MODEL.embedding
Q = next(tensor for tensor in MODEL.tensors if tensor.name == "blk.0.attn_q.weight")
INSIDE, OUTSIDE = Q.shape[:2]


def file(shapes: Mapping[str, tuple[int, ...]], quant: int = 0, **metadata: Any) -> Header:
    told = {key.replace("__", "."): value for key, value in metadata.items()}
    tensors = tuple(TensorInfo(name, shape, QUANTS[quant], 0) for name, shape in shapes.items())
    return Header(3, "little", told, tensors, ())


def adapter(shapes: Mapping[str, tuple[int, ...]], made_for: str = MODEL.architecture) -> GuestFiles:
    return GuestFiles(loras=(file(shapes, general__architecture=made_for),))


def projector(kind: str, **shapes: tuple[int, ...]) -> GuestFiles:
    named = {name.replace("__", "."): shape for name, shape in shapes.items()}
    return GuestFiles(mmproj=file(named, clip__projector_type=kind))


def vector(shapes: Mapping[str, tuple[int, ...]], quant: int = 0) -> GuestFiles:
    return GuestFiles(control_vectors=(file(shapes, quant),))


NAME = "blk.0.attn_q.weight"
EMBEDDED = "token_embd.weight"
PAIR = {f"{NAME}.lora_a": (INSIDE, 8), f"{NAME}.lora_b": (8, OUTSIDE)}
TAKEN = {
    "an adapter": adapter({**PAIR, "blk.0.attn_norm.weight": (WIDTH,)}),
    "an adapter of the embedding": adapter(
        {f"{EMBEDDED}.lora_a": (8, MODEL.vocabulary), f"{EMBEDDED}.lora_b": (8, WIDTH)}
    ),
    "a projector": projector("gemma3", mm__input_projection__weight=(WIDTH, 1152)),
    "a projector with deepstack": projector(
        "qwen3vl_merger", mm__2__bias=(WIDTH // 2,), v__deepstack__8__fc1__weight=(8, 8)
    ),
    "a projector of another kind": projector("resampler", mm__2__weight=(8, 8)),
    "directions": vector({f"direction.{n}": (WIDTH,) for n in (1, 2, 31)}),
}
REFUSED = {
    "--lora: llama.cpp refuses it: model arch and LoRA arch mismatch (llama and qwen3)": adapter(
        PAIR, "qwen3"
    ),
    "pair for 'blk.0.attn_q.weight' is missing one": adapter({f"{NAME}.lora_a": (INSIDE, 8)}),
    "'blk.99.attn_q.weight' does not exist": adapter(
        {name.replace("0", "99"): shape for name, shape in PAIR.items()}
    ),
    "'blk.0.attn_q.weight' has incorrect shape": adapter(PAIR | {f"{NAME}.lora_a": (INSIDE + 1, 8)}),
    "tensor 'token_embd.weight' has incorrect shape": adapter(
        {f"{EMBEDDED}.lora_a": (WIDTH, 8), f"{EMBEDDED}.lora_b": (8, MODEL.vocabulary)}
    ),
    "LoRA tensor 'blk.0.attn_q.weight' has unexpected suffix": adapter({NAME: (8, 8)}),
    f"mismatch between text model (n_embd = {WIDTH}) and mmproj (n_embd = 2560)": projector(
        "gemma3", mm__input_projection__weight=(2560, 1152)
    ),
    f"(n_embd = {WIDTH}) and mmproj (n_embd = 5120)": projector("pixtral", mm__2__weight=(8, 5120)),
}
LEFT_OUT = {
    "llama.cpp ignores --control-vector: control vector n_embd does not match": vector(
        {"direction.1": (WIDTH + 1,)}
    ),
    "invalid direction tensor token_embd.weight": vector({EMBEDDED: (8, 8)}),
    "invalid direction tensor direction.0": vector({"direction.0": (WIDTH,)}),
    "invalid direction tensor direction.2: f16": vector({"direction.2": (WIDTH,)}, 1),
    "no direction tensors found": vector({}),
    "failed to load control vector file": GuestFiles(control_vectors=(None,)),
}


@pytest.mark.parametrize("files", TAKEN.values(), ids=TAKEN)
def test_a_file_of_this_model_is_taken(files: GuestFiles) -> None:
    refuse_others(files, MODEL)
    assert [] == list(left_out(files, MODEL))


@pytest.mark.parametrize(("says", "files"), REFUSED.items(), ids=REFUSED)
def test_a_file_of_another_model_is_refused(says: str, files: GuestFiles) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_others(files, MODEL)

    assert says in caught.value.message


@pytest.mark.parametrize(("says", "files"), LEFT_OUT.items(), ids=LEFT_OUT)
def test_a_control_vector_of_another_model_is_told(says: str, files: GuestFiles) -> None:
    (told,) = left_out(files, MODEL)

    assert says in told.message
