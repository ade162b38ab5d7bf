"""Random models, machines and lines for property tests: small, but of the real shapes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from moefit.cost.workload import Workload
from moefit.gguf.header import Header, Shard, SkippedArray, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.model import Model, build
from moefit.search.request import Options

MIB = 1 << 20
GIB = 1 << 30
QUANT = {q.name: q for q in QUANTS.values()}


@cache
def make_model(layers: int, width: int, experts: int, dense: int, quant: str, *, tied: bool) -> Model:
    """A Qwen3-MoE (or, without experts, Qwen3) of any size; the first `dense` layers have no experts."""
    arch = "qwen3moe" if experts else "qwen3"
    q, f32 = QUANT[quant], QUANT["f32"]
    hidden, vocabulary, inner = width * 256, 8192, 512
    tensors = [TensorInfo("token_embd.weight", (hidden, vocabulary), q, 0)]
    for i in range(layers):
        blk = f"blk.{i}."
        shapes = {
            "attn_norm.weight": ((hidden,), f32),
            "attn_q.weight": ((hidden, hidden), q),
            "attn_k.weight": ((hidden, 256), q),
            "attn_v.weight": ((hidden, 256), q),
            "attn_output.weight": ((hidden, hidden), q),
            "attn_q_norm.weight": ((128,), f32),
            "attn_k_norm.weight": ((128,), f32),
            "ffn_norm.weight": ((hidden,), f32),
        }
        if experts and i >= dense:
            shapes |= {
                "ffn_gate_inp.weight": ((hidden, experts), f32),
                "ffn_gate_exps.weight": ((hidden, inner, experts), q),
                "ffn_down_exps.weight": ((inner, hidden, experts), q),
                "ffn_up_exps.weight": ((hidden, inner, experts), q),
            }
        else:
            shapes |= {
                "ffn_gate.weight": ((hidden, inner * 4), q),
                "ffn_down.weight": ((inner * 4, hidden), q),
                "ffn_up.weight": ((hidden, inner * 4), q),
            }
        tensors += [TensorInfo(blk + name, shape, kind, 0) for name, (shape, kind) in shapes.items()]
    tensors.append(TensorInfo("output_norm.weight", (hidden,), f32, 0))
    if not tied:
        tensors.append(TensorInfo("output.weight", (hidden, vocabulary), q, 0))
    metadata = {
        "general.architecture": arch,
        "general.name": "random",
        f"{arch}.block_count": layers,
        f"{arch}.context_length": 16384,
        f"{arch}.embedding_length": hidden,
        f"{arch}.feed_forward_length": inner * 4,
        f"{arch}.attention.head_count": hidden // 128,
        f"{arch}.attention.head_count_kv": 2,
        f"{arch}.attention.key_length": 128,
        f"{arch}.attention.value_length": 128,
        f"{arch}.attention.layer_norm_rms_epsilon": 1e-6,
        f"{arch}.expert_count": experts,
        f"{arch}.expert_used_count": min(experts, 2),
        f"{arch}.expert_feed_forward_length": inner,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": SkippedArray(vocabulary),
    }
    header = Header(3, "little", metadata, tuple(tensors), (Shard("random.gguf", None, 0),))
    return build("random.gguf", header)


def models() -> st.SearchStrategy[Model]:
    return st.builds(
        make_model,
        layers=st.integers(1, 5),
        width=st.integers(1, 4),
        experts=st.sampled_from([0, 4, 16, 64]),
        dense=st.integers(0, 1),
        quant=st.sampled_from(["q4_K", "q8_0", "f16"]),
        tied=st.booleans(),
    )


def few_models() -> st.SearchStrategy[Model]:
    """Models of which there are so few that most draws meet one whose graphs are known."""
    return st.builds(
        make_model,
        layers=st.integers(1, 4),
        width=st.integers(1, 2),
        experts=st.sampled_from([0, 16]),
        dense=st.just(0),
        quant=st.just("q8_0"),
        tied=st.booleans(),
    )


@st.composite
def machines(draw: st.DrawFn, most: int = 3, least: int = 0, links: tuple[int, ...] = (6, 12, 25)) -> Machine:
    backend = draw(st.sampled_from(["CUDA", "CUDA", "Vulkan", "RPC"]))
    gpus = []
    for i in range(draw(st.integers(least, most))):
        free = draw(st.integers(300, 2600)) * MIB
        bandwidth, link = draw(st.sampled_from([200, 400, 1000])), draw(st.sampled_from(links))
        gpus.append(
            Device(
                f"{backend}{i}",
                free,
                free,
                bandwidth=bandwidth * 10**9,
                link_bandwidth=link * 10**9,
                overhead=100 * MIB,
            )
        )
    ram = draw(st.integers(1, 64)) * GIB
    return Machine(tuple(gpus), Ram(ram, ram, 50 * 10**9), Cpu(8, 16))


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, ...]:
    """A user's line: a few constraints, most of the time none."""
    words = ["llama-server", "-m", "random.gguf"]
    for option, values in (
        ("-c", ("1024", "4096", "8192")),
        ("-ub", ("128", "1024")),
        ("-ngl", ("0", "2", "99")),
        ("-ncmoe", ("1", "3")),
        ("-lm", ("none", "mmap")),
        ("-np", ("1", "2")),
        ("-ctk", ("q8_0",)),
        ("-cram", ("0",)),
    ):
        if draw(st.integers(0, 4)) == 0:
            words += [option, draw(st.sampled_from(values))]
    return tuple(words)


def launch(words: tuple[str, ...]) -> Launch:
    command = parse(words)
    given = effective(command)
    return Launch(command, given, constraints(command.name, given))


OPTIONS = Options(Workload(2048, 512))
QUICK = replace(OPTIONS, thorough=False)
