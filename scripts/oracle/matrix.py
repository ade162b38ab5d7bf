"""Which launches are recorded of a model."""

from __future__ import annotations

from typing import Any

Launch = tuple[str, int, int, str]
"""Mode, GPU-like devices, outputs (0: the whole micro-batch, as llama-fit-params reserves), flags."""

ALWAYS: list[Launch] = [
    ("rpc", 1, 0, "-c 8192"),
    ("rpc", 1, 1, "-c 8192"),
    ("rpc", 1, 1, "-c 32768 -ub 2048"),
    ("rpc", 1, 4, "-c 8192 -np 4 -no-kvu"),
    ("rpc", 1, 4, "-c 16384 -np 4 -kvu"),
    ("rpc", 1, 3, "-c 5000 -np 3 -no-kvu -ub 256"),
    ("rpc", 1, 1, "-c 8192 -fa off"),
    ("rpc", 1, 1, "-c 8192 -ctk q8_0 -ctv q8_0"),
    ("rpc", 1, 1, "-c 8192 --swa-full"),
    ("rpc", 1, 1, "-c 8192 --no-kv-offload"),
    ("rpc", 2, 1, "-c 8192 -ts 3,1"),
    ("rpc", 0, 1, "-c 8192"),
    ("cuda-like", 1, 1, "-c 8192"),
    ("cuda-like", 1, 4, "-c 32768 -ub 1024 -np 4 -kvu"),
    ("cuda-like", 2, 1, "-c 8192"),
]
CACHE_TYPES = ("f32", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl")


def matrix(described: dict[str, Any]) -> list[Launch]:
    """The launches of one model."""
    blocks = int(described["metadata"][f"{described['architecture']}.block_count"])
    half = blocks // 2
    rows = [*ALWAYS, ("rpc", 1, 1, f"-c 8192 -ngl {half}"), ("cuda-like", 1, 1, f"-c 8192 -ngl {half}")]
    if described["kind"] == "moe":
        rows += [
            ("rpc", 1, 1, "-c 8192 --cpu-moe"),
            ("rpc", 1, 1, f"-c 8192 --n-cpu-moe {half}"),
            ("rpc", 2, 1, r"-c 8192 -ot blk\.(0|1|2|3)\.ffn_.*_exps=RPC0[127.0.0.1:{P1}]"),
            ("cuda-like", 1, 1, "-c 8192 --cpu-moe"),
            ("cuda-like", 1, 1, f"-c 8192 --n-cpu-moe {half}"),
            ("cuda-like", 1, 1, "-c 8192 --cpu-moe -ub 2048"),
            ("cuda-like", 1, 1, "-c 8192 -ot ffn_(up|gate|gate_up)_exps=CPU"),
            ("cuda-like", 2, 1, f"-c 8192 --n-cpu-moe {half}"),
        ]
    if described["metadata"].get(f"{described['architecture']}.nextn_predict_layers"):
        rows += [
            ("rpc", 1, 8, "-c 8192 -np 2 -no-kvu --spec-type draft-mtp --spec-draft-n-max 3"),
            ("cuda-like", 1, 4, "-c 16384 -np 1 --cpu-moe --spec-type draft-mtp --spec-draft-n-max 3"),
        ]
    if described["name"] in {"small-llama", "small-gemma3", "dots3-note"}:
        rows += [("cuda-like", 1, 1, f"-c 8192 -ctk {kind} -ctv {kind}") for kind in CACHE_TYPES]
    if described["name"] in {"bge-base", "embeddinggemma", "small-qwen3"}:
        rows += [
            ("rpc", 1, 0, f"-c 8192 -kvu -np 4 --embeddings --pooling {kind}")
            for kind in ("none", "mean", "cls", "last", "rank")
        ]
        rows.append(("rpc", 2, 0, "-c 8192 -kvu -np 16 --embeddings -ub 2048 --pooling mean"))
        rows.append(("cuda-like", 1, 0, f"-c 8192 -kvu -np 4 --embeddings --pooling mean -ngl {half}"))
    return rows
