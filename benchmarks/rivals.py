"""What other estimators say of a file and a line. Run by beside.py with the Python of an environment that has them.

Reads JSON lines {"path", "argv", "context"} on stdin, writes one line of answers for each: bytes on the device, or null.
(The package moe-fit installs a module called moefit too, hence the separate environment.)
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any


@cache
def _shape(path: str) -> Any:
    from mdl_fit import gguf, model  # noqa: PLC0415 - only this environment has it

    return model.Shape(gguf.load(path))


@cache
def _index(path: str) -> Any:
    from moefit import gguf  # noqa: PLC0415 - moe-fit's module of that name

    return gguf.read(path)


def llama_mdl(asked: dict[str, Any]) -> dict[str, int]:
    """Version 0.14: its own parser and its own sum, uncalibrated."""
    from mdl_fit import model  # noqa: PLC0415

    flags, *_ = model.parse_argv(asked["argv"])
    told = model.memory(_shape(asked["path"]), flags)
    host = told.host_weights + told.host_kv + told.host_rs + told.host_compute
    on = {"model": told.gpu_weights, "context": told.gpu_context, "compute": told.gpu_compute}
    return {**on, "host": host}


def moe_fit(asked: dict[str, Any]) -> dict[str, int]:
    """Version 0.1: it sizes the cache by itself; f16 is asked for."""
    from moefit import plan  # noqa: PLC0415

    return {"context": plan.kv_cache_bytes(_index(asked["path"]), asked["context"], 16)}


def _attempt(estimate: Any, asked: dict[str, Any]) -> dict[str, int] | None:
    try:
        found: dict[str, int] = estimate(asked)
    except Exception:  # noqa: BLE001 - whatever a rival raises, it has no answer
        return None
    return found


if __name__ == "__main__":
    for line in sys.stdin:
        question = json.loads(line)
        answers = {"llama-mdl": _attempt(llama_mdl, question), "moe-fit": _attempt(moe_fit, question)}
        print(json.dumps(answers), flush=True)
