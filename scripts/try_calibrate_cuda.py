"""Runs on a machine with NVIDIA GPUs and prints as JSON what moefit detects and measures there, and what a CUDA context takes.

    python scripts/try_calibrate_cuda.py

`order_agrees` says whether moefit numbers the cards as CUDA does; `context_bytes` is the rise of used memory by one bare
primary context, the floor of the plan's `overhead` term.
"""

from __future__ import annotations

import ctypes
import json
import os
import time
from ctypes import byref, c_int, c_void_p

import pynvml

from moefit.machine import calibration, calibration_json, file
from moefit.machine.calibration_file import load_calibration, save_calibration
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.measure import measure_machine


def context_bytes(index: int, uuid: str) -> int:
    """Bytes by which NVML's free memory of the card falls while CUDA device `index` has a context."""
    cuda = ctypes.CDLL("libcuda.so.1")
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    before = pynvml.nvmlDeviceGetMemoryInfo(handle).free
    device, context = c_int(), c_void_p()
    for code in (
        cuda.cuInit(0),
        cuda.cuDeviceGet(byref(device), index),
        cuda.cuDevicePrimaryCtxRetain(byref(context), device),
    ):
        if code:
            raise SystemExit(f"CUDA error {code}")
    after = pynvml.nvmlDeviceGetMemoryInfo(handle).free
    cuda.cuDevicePrimaryCtxRelease_v2(device)
    pynvml.nvmlShutdown()
    return before - after


def main() -> None:
    machine = detect(MachineOptions(), os.environ)
    contexts = {gpu.name: context_bytes(index, gpu.uuid) for index, gpu in enumerate(machine.gpus)}
    steps: list[str] = []
    start = time.perf_counter()
    measured, warnings = measure_machine(lambda label, share: steps.append(f"{share:.2f} {label}"))
    seconds = time.perf_counter() - start
    path = save_calibration(measured, os.environ)
    loaded = load_calibration(machine.host, os.environ)
    answer = {
        "detected": file.to_json(machine),
        "context_bytes": contexts,
        "seconds": round(seconds, 1),
        "steps": steps,
        "warnings": warnings,
        "calibration": calibration_json.to_json(measured),
        "saved": str(path),
        "reads_back": loaded == measured,
        "order_agrees": [link.uuid for link in measured.links] == [gpu.uuid[-36:] for gpu in machine.gpus],
        "applied": file.to_json(calibration.apply(machine, measured)),
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
