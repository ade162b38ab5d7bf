"""Write the header of a real model as a GGUF file, without its weights.

    python scripts/make_header.py qwen3-30b-a3b Q4_K_M examples/qwen3-30b-a3b-q4_k_m.gguf

Metadata, tensor names, shapes and types are those recorded in tests/oracle/models.jsonl.xz. The file ends where the data
would begin, so to every reader it is an unfinished download; `--whole` gives it its full length as a hole (no disk is
used), `--vocabulary` adds token arrays of the model's true length (llama.cpp loads no model without them), `--split N`
writes N shards.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from vocabulary import vocabulary

MODELS = Path(__file__).resolve().parent.parent / "tests" / "oracle" / "models.jsonl.xz"
TYPES = {quant.name.lower(): quant for quant in gguf.GGMLQuantizationType}


def models() -> dict[str, dict[str, Any]]:
    """Every recorded model by name."""
    return {
        model["name"]: model for model in map(json.loads, lzma.decompress(MODELS.read_bytes()).splitlines())
    }


def add_metadata(writer: gguf.GGUFWriter, metadata: dict[str, Any]) -> None:
    """Add values with the types that llama.cpp's converter gives them."""
    for key, value in metadata.items():
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        elif isinstance(value, float):
            writer.add_float32(key, value)
        elif isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_array(key, value)


def write_header(
    path: Path,
    model: dict[str, Any],
    quant: str,
    *,
    vocab: bool = False,
    whole: bool = False,
    shards: int = 1,
    byte_order: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
) -> list[Path]:
    """Write the header of `model` in the recorded quantisation `quant`; returns the files written."""
    architecture = model["architecture"]
    kinds = model["types"][quant].split()
    per_shard = -(-len(kinds) // shards) if shards > 1 else 0
    writer = gguf.GGUFWriter(path, architecture, endianess=byte_order, split_max_tensors=per_shard)
    add_metadata(
        writer, {"general.type": "model", "general.name": model["name"], "general.quantization_version": 2}
    )
    add_metadata(writer, model["metadata"] | {f"{architecture}.vocab_size": model["vocab"]})
    if vocab:
        add_metadata(writer, vocabulary(model["vocab"]))
    for (name, *shape), kind in zip(model["tensors"], kinds, strict=True):
        block, size = gguf.GGML_QUANT_SIZES[TYPES[kind.lower()]]
        elements = int(np.prod(shape, dtype=np.int64))
        writer.add_tensor_info(
            name, shape[::-1], np.dtype(np.float32), elements // block * size, raw_dtype=TYPES[kind.lower()]
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    assert writer.fout is not None
    files = [Path(out.name) for out in writer.fout]
    for out, tensors in zip(writer.fout, writer.tensors, strict=True):
        writer.write_padding(out, out.tell())
        if whole:
            data = sum(gguf.GGUFWriter.ggml_pad(t.nbytes, writer.data_alignment) for t in tensors.values())
            out.flush()
            os.truncate(out.name, out.tell() + data)
    writer.close()
    return files


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a name from tests/oracle, such as qwen3-30b-a3b")
    parser.add_argument("quant", help="a quantisation recorded for it, such as Q4_K_M")
    parser.add_argument("out", type=Path)
    parser.add_argument("--vocabulary", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--split", type=int, default=1, metavar="N")
    a = parser.parse_args()
    known = models()
    if a.model not in known or a.quant not in known[a.model]["types"]:
        parser.error(
            "known: " + ", ".join(f"{name} {'/'.join(m['types'])}" for name, m in sorted(known.items()))
        )
    files = write_header(a.out, known[a.model], a.quant, vocab=a.vocabulary, whole=a.whole, shards=a.split)
    print(*files, sep="\n")


if __name__ == "__main__":
    main()
