"""What flash attention on the CPU costs with each type of KV cache: the figures of VALUE_TIME and CORE_TIME, from one thread.

    python -m benchmarks.cpu_attention LLAMA_BENCH

A model that is nearly all attention answers 128 and 896 tokens; CPU seconds are compared, so that a busy machine changes little.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

LAYERS, WIDTH, HEADS, KV_HEADS, HEAD, VOCABULARY = 4, 64, 40, 8, 128, 512
FEW, MANY = 128, 896
TYPES = ("f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl")


def write(path: Path) -> None:
    """The shape of Qwen3-14B's attention on very narrow layers."""
    writer, rng = gguf.GGUFWriter(path, "qwen3"), np.random.default_rng(0)
    writer.add_block_count(LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(
        ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256)), *map(str, range(VOCABULARY - 259))]
    )
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (VOCABULARY - 259))
    shapes = {"token_embd": (VOCABULARY, WIDTH), "output_norm": (WIDTH,), "output": (VOCABULARY, WIDTH)}
    for i in range(LAYERS):
        block = {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,), "attn_q_norm": (HEAD,), "attn_k_norm": (HEAD,)}
        block |= {"attn_q": (HEADS * HEAD, WIDTH), "attn_output": (WIDTH, HEADS * HEAD)}
        block |= dict.fromkeys(("attn_k", "attn_v"), (KV_HEADS * HEAD, WIDTH))
        block |= dict.fromkeys(("ffn_gate", "ffn_up", "ffn_down"), (WIDTH, WIDTH))
        shapes |= {f"blk.{i}.{name}": shape for name, shape in block.items()}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.normal(0, 0.05, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def seconds(bench: str, model: Path, key: str, value: str) -> float:
    """CPU seconds of what MANY tokens take beyond FEW."""
    used = []
    for tokens in (FEW, MANY):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        words = (
            "-t",
            "1",
            "-fa",
            "1",
            "-ctk",
            key,
            "-ctv",
            value,
            "-p",
            "0",
            "-n",
            str(tokens),
            "-r",
            "1",
            "--no-warmup",
        )
        subprocess.run([bench, "-m", str(model), *words], capture_output=True, check=True)
        used.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return used[1] - used[0]


def main() -> None:
    """A line for each pair of types: nanoseconds for an element, keys and values together."""
    bench = sys.argv[1]
    elements = LAYERS * HEADS * HEAD * sum(range(FEW, MANY))
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "attention.gguf"
        write(model)
        for key, value in (*((one, one) for one in TYPES), ("q8_0", "f16")):
            print(
                f"{key:7} {value:7} {seconds(bench, model, key, value) / elements * 1e9:.3f} ns", flush=True
            )


if __name__ == "__main__":
    main()
