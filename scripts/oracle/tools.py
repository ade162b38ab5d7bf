"""The recorder and its helper, compiled against a llama.cpp source and build."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
INCLUDES = ("include", "ggml/include", "ggml/src", "src", "common", "vendor")
LIBRARIES = ("llama-common", "llama", "ggml", "ggml-base", "ggml-cpu")


def compile_tool(name: str, source: Path, build: Path, folder: Path) -> Path:
    """Compile NAME.cpp of this folder.

    Args:
        name: recorder or shapes.
        source: llama.cpp's source.
        build: its build folder; bin/ has the libraries.
        folder: where the program goes.
    """
    program = folder / name
    libraries = build / "bin"
    cuda = [f"-l{'ggml-cuda'}"] if (libraries / "libggml-cuda.so").exists() else []
    command = [
        "g++",
        "-std=c++17",
        "-O1",
        *(f"-I{source / part}" for part in INCLUDES),
        str(HERE / f"{name}.cpp"),
        "-o",
        str(program),
        f"-L{libraries}",
        *(f"-l{library}" for library in LIBRARIES),
        *cuda,
        f"-Wl,-rpath,{libraries}",
    ]
    subprocess.run(command, check=True)
    return program
