"""Random lines with a projector, a draft model, adapters and control vectors, and the headers of those files."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from moefit.gguf.header import Header, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.memory.guests import GuestFiles
from tests.planning.worlds import make_model

MIB = 1 << 20
F16, F32 = (next(q for q in QUANTS.values() if q.name == name) for name in ("f16", "f32"))

PLACING = (
    ("-dev", ("CUDA0", "CUDA1,CUDA0", "CUDA2,CUDA0", "Vulkan1,Vulkan0", "RPC0", "none")),
    ("-ts", ("1,1", "3,1", "0,1", "1,0.5,2")),
    ("-sm", ("none", "layer")),
    ("-mg", ("1",)),
    ("-ngl", ("0", "2", "99")),
    ("-ncmoe", ("1", "3")),
    ("-ot", ("blk[.]0[.]ffn_.*=CPU", "exps=CUDA0", "nothing=CPU")),
    ("-c", ("1024", "8192")),
    ("-ub", ("128", "1024")),
    ("-np", ("1", "2")),
    ("-lm", ("none", "mmap")),
)
OF_GUESTS = (
    ("--mmproj-device", ("CUDA0", "CUDA1", "Vulkan0", "none")),
    ("-devd", ("CUDA0", "CUDA1", "RPC0", "none")),
    ("-ngld", ("0", "1")),
)


def projector(size: int) -> Header:
    """A projector of so many MiB, which takes images of 336 by 336."""
    metadata = {
        "clip.projector_type": "mlp",
        "clip.vision.image_size": 336,
        "clip.vision.patch_size": 14,
        "clip.vision.embedding_length": 1024,
        "clip.vision.feed_forward_length": 4096,
        "clip.vision.attention.head_count": 16,
    }
    return Header(
        3, "little", metadata, (TensorInfo("v.blk.0.ffn_up.weight", (1024, 512 * size), F16, 0),), ()
    )


def adapter(rank: int) -> Header:
    """An adapter of some matrices of the first blocks."""
    names = [f"blk.{i}.attn_{m}.weight" for i in range(3) for m in ("q", "output")]
    tensors = tuple(
        TensorInfo(f"{name}.lora_{half}", (256, rank), F32, 0) for name in names for half in ("a", "b")
    )
    return Header(3, "little", {}, tensors, ())


@st.composite
def guest_lines(draw: st.DrawFn) -> tuple[tuple[str, ...], GuestFiles]:
    """A line, most of the time with something beside its model, and what its files hold."""
    words = ["llama-server", "-m", "random.gguf"]
    for option, values in (*PLACING, *OF_GUESTS):
        if draw(st.integers(0, 5)) == 0:
            words += [option, draw(st.sampled_from(values))]
    files = GuestFiles()
    if draw(st.booleans()):
        words += ["--mmproj", "p.gguf"]
        files = replace(files, mmproj=projector(draw(st.sampled_from([20, 100, 400]))))
    if draw(st.booleans()):
        words += ["-md", "d.gguf", "--spec-type", "draft-simple"]
        layers, width = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        files = replace(files, draft=make_model(layers, width, 0, 0, "q8_0", tied=draw(st.booleans())))
    if draw(st.integers(0, 2)) == 0:
        words += ["--lora", "a.gguf"]
        files = replace(files, loras=(adapter(draw(st.sampled_from([8, 256, 4096]))),))
    if draw(st.integers(0, 3)) == 0:
        words += ["--control-vector", "v.gguf"]
    return tuple(words), files
