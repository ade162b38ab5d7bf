"""The launches with an expert cache that are recorded (b11480 and later): sizes, splits, layers, one to three devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS: Final = (
    ("qwen3-30b-a3b", "Q4_K_M"),
    ("qwen3-30b-a3b", "Q8_0"),
    ("qwen3-30b-a3b", "IQ4_XS"),
    ("gpt-oss-120b", "MXFP4"),
    ("gpt-oss-20b", "MXFP4"),
    ("qwen3-next-80b-a3b", "Q4_K_M"),
    ("glm-4.5-air", "Q4_K_M"),
    ("deepseek-v2-lite", "Q4_K_M"),
    ("deepseek-v2-lite", "Q2_K"),
    ("gemma4-26b-a4b", "Q4_K_M"),
    ("mixtral-8x7b", "Q4_K_M"),
    ("llama4-scout", "Q2_K"),
    ("lfm2-8b-a1b", "Q4_K_M"),
    ("granite-4.0-h-small", "Q4_K_M"),
    ("nemotron-3-nano-30b-a3b", "Q4_K_M"),
    ("qwen3.5-35b-a3b", "Q8_0"),
)
_STATES: Final = frozenset({"ssm_conv1d.weight", "shortconv.conv.weight"})
"""Tensors of layers with a recurrent state, whose views the recorder's devices cannot align to more than 32 bytes."""
_PLAIN: Final = "--no-repack"
"""Experts that the CPU's own layout holds are not in host memory that the cache reads."""


def launches(model: dict[str, Any], quant: str) -> Iterator[dict[str, Any]]:
    """The rows to ask about one model, without answers."""
    stateful = any(name.endswith(tuple(_STATES)) for name, *_ in model["tensors"])
    layers = sum(key[0].endswith(".attn_norm.weight") for key in model["tensors"])
    mib = _expert_mib(model, quant)
    half = layers // 2
    some, part, most = max(1, mib // 10), mib // 4, mib // 2
    for gpus, mode, flags in (
        (1, "rpc", f"-cmoe {_PLAIN} --moe-cache-mib 1"),
        (1, "rpc", f"-cmoe {_PLAIN} --moe-cache-mib {some}"),
        (1, "rpc", f"-cmoe {_PLAIN} --moe-cache-mib {part}"),
        (1, "rpc", f"-cmoe {_PLAIN} --moe-cache-mib {most + 1}"),
        (1, "rpc", f"-cmoe {_PLAIN} --moe-cache-mib {2 * mib}"),
        (1, "rpc", f"-ncmoe {half} {_PLAIN} --moe-cache-mib {part}"),
        (1, "rpc", f"-cmoe -ngl {half} {_PLAIN} --moe-cache-mib {part}"),
        (1, "rpc", f"-ot ffn_up_exps=CPU {_PLAIN} --moe-cache-mib {part}"),
        (1, "rpc", f"-ot _exps[.]weight=CPU {_PLAIN} --moe-cache-mib {part}"),
        (1, "cuda-like", f"-ot _exps[.]weight=CPU -ub 2048 --moe-cache-mib {part}"),
        (2, "cuda-like", f"-ot _exps[.]weight=CPU -ts 2,1 --moe-cache-mib {part}"),
        (1, "rpc", f"-cmoe --moe-cache-mib {part}"),
        (1, "rpc", f"{_PLAIN} --moe-cache-mib {part}"),
        (1, "cuda-like", f"-cmoe --moe-cache-mib {part}"),
        (1, "cuda-like", f"-cmoe --no-host --moe-cache-mib {part}"),
        (2, "rpc", f"-cmoe {_PLAIN} -ts 1,1 --moe-cache-mib {part}"),
        (2, "rpc", f"-cmoe {_PLAIN} -ts 3,1 --moe-cache-mib {most}"),
        (2, "rpc", f"-ncmoe {half} {_PLAIN} -ts 1,2 --moe-cache-mib {part}"),
        (2, "cuda-like", f"-cmoe -ts 0.3,0.7 --moe-cache-mib {part}"),
        (3, "rpc", f"-cmoe {_PLAIN} -ts 2,1,1 --moe-cache-mib {most}"),
        (3, "rpc", f"-cmoe {_PLAIN} -ts 1,0,1 --moe-cache-mib {part}"),
    ):
        row = {"model": model["name"], "quant": quant, "mode": mode, "gpus": gpus, "outputs": 1}
        aligned = {"alignment": 128} if mode == "cuda-like" and not stateful else {}
        yield {**row, "flags": f"-c 8192 {flags}", **aligned}


def _expert_mib(model: dict[str, Any], quant: str) -> int:
    """About the MiB of all expert matrices: 5 bits a weight, or 8.5."""
    bits = 8.5 if quant == "Q8_0" else 4.5
    total = 0
    for name, *shape in model["tensors"]:
        if "_exps.weight" in name:
            size = 1
            for n in shape:
                size *= n
            total += size
    return int(total * bits / 8) >> 20
