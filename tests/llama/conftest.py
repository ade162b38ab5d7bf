from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from moefit.launch.builds import CHECKED, read_version, reference
from tests import host
from tests.llama.harness import RpcDevices, free_port, rpc_server

PROGRAMS = ("llama-server", "llama-fit-params", "llama-bench", "ggml-rpc-server")
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the real programs is marked `llama`: without them the other tests run whole."""
    for item in items:
        if "llama" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.llama)


@pytest.fixture(scope="session")
def llama() -> Path:
    """The folder of the real programs; a test that needs them fails without, it is never skipped."""
    folder = host.PROGRAMS
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        pytest.fail(f"{folder} lacks {', '.join(missing)}: run scripts/build_llama.sh first", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def build(llama: Path) -> int:
    """The checked build that the programs are of: the folder's own, or what they say themselves."""
    named = re.search(r"llama\.cpp-b(\d+)", str(llama))
    if named:
        return int(named[1])
    said = subprocess.run([llama / "llama-server", "--version"], capture_output=True, text=True, check=True)
    return reference(str(read_version(said.stderr + said.stdout) or CHECKED[0]))


@pytest.fixture(scope="session")
def environment(llama: Path) -> dict[str, str]:
    """The process environment with the real programs first on the PATH, and no settings of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LLAMA_ARG_")}
    return {**kept, "PATH": f"{llama}{os.pathsep}{os.environ['PATH']}", "MOEFIT_LLAMA": str(llama)}


@pytest.fixture(scope="session")
def rpc(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpcDevices]:
    """Two GPU-like devices."""
    logs = tmp_path_factory.mktemp("rpc")
    with ExitStack() as stack:
        ports = [
            stack.enter_context(rpc_server(llama / "ggml-rpc-server", free_port(), logs / f"{index}.log"))
            for index in range(2)
        ]
        yield RpcDevices(tuple(ports))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A random-weight MoE model of 12 layers and 470 MB that llama.cpp really runs."""
    path = tmp_path_factory.mktemp("model") / "moe.gguf"
    make_model(path, "--size", "medium")
    yield path
    path.unlink()  # pytest keeps its temporary folders for three runs


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of 4 layers and 40 MB."""
    path = tmp_path_factory.mktemp("model") / "small.gguf"
    make_model(path, "--size", "small", "--layers", "4")
    return path


def make_model(path: Path, *options: str) -> None:
    """Runs the project's own script."""
    script = ROOT / "scripts" / "make_test_model.py"
    subprocess.run(
        [sys.executable, script, path, *options], check=True, stdin=subprocess.DEVNULL, capture_output=True
    )
