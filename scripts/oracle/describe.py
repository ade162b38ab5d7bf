"""A model's header as JSON: hyper-parameters from models.py, tensors from llama.cpp itself, types as a Q4_K_M file has them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from oracle import gguf_file
from oracle.models import EVERYWHERE, Recorded

OPTIONAL = re.compile(
    r"(?<!ssm_conv1d)(?<!ssm_dt)[.](bias|scale|input_scale)$|^rope_(freqs|factors_(long|short))[.]|ssm_\w+[.](scale|input_scale)$"
)
MISSING = re.compile(r"(?:missing tensor|check_tensor_dims: tensor) '([^']+)'")
TRIES = 2000


def describe(model: Recorded, shapes: Path, recorder: Path) -> dict[str, Any]:
    """The header that a file of this model would have.

    Raises:
        RuntimeError: llama.cpp does not make such a model; the message is its own.
    """
    prefix = model.architecture
    metadata = {_key(prefix, key): value for key, value in {**EVERYWHERE, **model.metadata}.items()}
    tensors = _tensors(model, metadata, shapes)
    if model.tied:
        tensors.pop("output.weight", None)
    kept = {name for name in tensors if _wanted(name, model)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        for _ in range(TRIES):
            chosen = {name: shape for name, shape in tensors.items() if name in kept}
            header = {**_general(model), **metadata}
            gguf_file.write(path, header, [(n, s, kind(n, s)) for n, s in chosen.items()])
            complaint = _complaint(path, recorder)
            if complaint is None:
                break
            found = MISSING.search(complaint)
            if not found or found[1] in kept or found[1] not in tensors:
                raise RuntimeError(f"{model.name}: {complaint.strip()[-1400:]}")
            # What is required in one block is required in all of them.
            tail = re.sub(r"^blk\.\d+", "", found[1])
            kept |= {name for name in tensors if re.sub(r"^blk\.\d+", "", name) == tail}
        else:
            raise RuntimeError(f"{model.name}: too many missing tensors")
    return {
        "name": model.name,
        "architecture": prefix,
        "kind": "moe" if any("_exps" in n for n in chosen) else "dense",
        "vocab": model.vocab,
        "tokenizer": "none",
        "metadata": metadata,
        "tensors": [[name, *shape] for name, shape in chosen.items()],
        "types": {"Q4_K_M": " ".join(kind(name, shape) for name, shape in chosen.items())},
    }


def _key(prefix: str, key: str) -> str:
    """xIELU's keys have no prefix."""
    return key if key.startswith(("xielu.", "tokenizer.")) else f"{prefix}.{key}"


def kind(name: str, shape: tuple[int, ...]) -> str:
    """The type that llama-quantize would give a tensor, near enough: memory depends only on its size."""
    if "tid2eid" in name:
        return "i32"
    small = len(shape) < 2 or "norm" in name or "ffn_gate_inp" in name or not name.endswith(".weight")
    if small or re.search(
        r"\.(ssm_(conv1d|a|d|dt)|shortconv\.conv|time_mix_(first|lerp|w1|w2|decay)|hc_|altup|laurel)", name
    ):
        return "f32"
    if shape[0] % 256 == 0:
        return "q6_K" if re.search(r"^(output|token_embd)\.|attn_v\.|ffn_down", name) else "q4_K"
    return "q5_0" if shape[0] % 32 == 0 else "f16"


def general(name: str, architecture: str, vocab: int) -> dict[str, Any]:
    """The keys that every file has; the vocabulary has a size and no words, which loads fastest."""
    return {
        "general.architecture": architecture,
        "general.type": "model",
        "general.name": name,
        "general.file_type": 15,
        "general.quantization_version": 2,
        "tokenizer.ggml.model": "none",
        f"{architecture}.vocab_size": vocab,
    }


def _general(model: Recorded) -> dict[str, Any]:
    return general(model.name, model.architecture, model.vocab)


def _tensors(model: Recorded, metadata: dict[str, Any], shapes: Path) -> dict[str, tuple[int, ...]]:
    nextn = f"{model.architecture}.nextn_predict_layers"
    done = _made(model, metadata, shapes)
    if done.returncode and nextn in metadata:
        # An architecture that never loads such blocks cannot make them either: take them for ordinary ones.
        done = _made(model, {**metadata, nextn: 0}, shapes)
    if done.returncode:
        raise RuntimeError(f"{model.name}: {done.stderr.strip()[-400:]}")
    found: dict[str, tuple[int, ...]] = {}
    for line in done.stdout.splitlines():
        name, *dims = line.split()
        found.setdefault(name, tuple(map(int, dims)))
    return found | _nextn(model, found) | dict(model.adds)


def _made(model: Recorded, metadata: dict[str, Any], shapes: Path) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metadata.gguf"
        gguf_file.write(path, {**_general(model), **metadata})
        return subprocess.run([shapes, path], capture_output=True, text=True, check=False)


def _nextn(model: Recorded, found: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """What a nextn block has beside an ordinary block's tensors, where shapes could not tell."""
    width, blocks = model.metadata["embedding_length"], model.metadata["block_count"]
    count = model.metadata.get("nextn_predict_layers", 0)
    more: dict[str, tuple[int, ...]] = {}
    for block in range(blocks - count, blocks):
        if f"blk.{block}.nextn.eh_proj.weight" not in found:
            more[f"blk.{block}.nextn.eh_proj.weight"] = (2 * width, width)
            more[f"blk.{block}.nextn.enorm.weight"] = (width,)
            more[f"blk.{block}.nextn.hnorm.weight"] = (width,)
    return more


def _wanted(name: str, model: Recorded) -> bool:
    if any(re.search(pattern, name) for pattern in model.cuts):
        return False
    return not OPTIONAL.search(name) or bool(model.keep and re.search(model.keep, name))


def _complaint(path: Path, recorder: Path) -> str | None:
    """What the loader says against the file; None if it loads."""
    command = [recorder, "-m", path, "-c", "256", "-ngl", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"ORACLE_LOG": "1"})
    return None if done.returncode == 0 else done.stderr
