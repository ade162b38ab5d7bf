from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from moefit.errors import UsageError
from moefit.formats import preset
from moefit.launch.command import parse
from moefit.launch.precedence import parse_ini
from tests.formats.argvs import COMMANDS

LLAMA = Path(os.environ.get("MOEFIT_LLAMA", Path.home() / ".cache/moefit/llama.cpp-b11434/build/bin"))


def write(line: str) -> str:
    return preset.write(parse(line.split()), "qwen3")


def test_options_become_keys() -> None:
    assert (
        "[qwen3]\nmodel = a.gguf\nctx-size = 4096\nkv-offload = false\ncpu-moe = true\n"
        "override-tensor = blk[.](1|2)[.]ffn=CPU\nfit = off\n"
        == write("llama-server -m a.gguf -c 4096 -nkvo -cmoe -ot blk[.](1|2)[.]ffn=CPU --fit off")
    )


def test_what_is_the_routers_business_is_a_comment_without_its_value() -> None:
    assert "[qwen3]\n; set on the router's own line: --port --api-key\nctx-size = 1\n" == write(
        "llama-server --port 80 --api-key sesame -c 1"
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--alias", "a;b"], "semicolon of --alias"),
        (["--alias", "a#b"], "number sign of --alias"),
        (["--alias", "a\nb"], "line break of --alias"),
        (["--alias", " a"], "space at an end of --alias"),
        (["--control-vector-layer-range", "1", "2"], "two values"),
        (["-r", "a", "-r", "b"], "--reverse-prompt more than once"),
        (["-ot", "exps=CUDA0", "-cmoe"], "in the order -cmoe, -ncffn, -ncmoe, -ot"),
    ],
)
def test_what_cannot_be_carried_is_refused(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        preset.write(parse(["llama-server", *argv]), "x")


@pytest.mark.parametrize("name", ["", "*", "default", "a]b", "a\nb", "a;b", " a"])
def test_a_name_that_is_no_section_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot have a section"):
        preset.write(parse(["-c", "1"]), name)


@settings(max_examples=200, deadline=None)
@given(COMMANDS)
def test_values_come_back_or_are_refused(argv: list[str]) -> None:
    command = parse(argv)
    try:
        text = preset.write(command, "x")
    except UsageError:
        return
    section = parse_ini(text, "models.ini")["x"]
    expected = {s.option.name.lstrip("-"): expected_value(s) for s in preset.settle(command, "a test", ())}
    expected.pop("api-key", None)
    assert expected == section


def expected_value(setting: preset.Setting) -> str:
    return setting.value if setting.option.arity else ("true" if setting.positive else "false")


@contextmanager
def router(file: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        LLAMA / "llama-server",
        "--models-preset",
        file,
        "--port",
        str(port),
        "--no-models-autoload",
        "--offline",
    ]
    environment = {**os.environ, "LLAMA_CACHE": str(file.parent), "HF_HOME": str(file.parent)}
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def ask(url: str) -> dict[str, object]:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5) as answer:
                found: dict[str, object] = json.load(answer)
                return found
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(url)


@pytest.mark.llama
def test_the_real_router_starts_the_same_line(tmp_path: Path) -> None:
    """The router says with which arguments it would start each model: they mean what the line means."""
    line = "-m /x/a.gguf -c 4096 -ngl 20 -ot blk[.](1|2)[.]ffn_(up|down)_exps=CPU -ncmoe 3 -nkvo -kvu -fa on -lm none --fit off"
    file = tmp_path / "models.ini"
    file.write_text(preset.write(parse(["llama-server", *line.split()]), "qwen3"))
    with router(file) as url:
        models = ask(url)["data"]
    assert isinstance(models, list)
    args = next(m["status"]["args"] for m in models if m["id"] == "qwen3")
    started = {(a.option, a.value, a.positive) for a in parse(args).arguments}
    wanted = {(a.option, a.value, a.positive) for a in parse(line.split()).arguments}
    assert wanted <= started


@pytest.mark.llama
def test_the_real_router_refuses_an_unknown_key(tmp_path: Path) -> None:
    file = tmp_path / "models.ini"
    file.write_text("[x]\nno-such-key = 1\n")
    answer = subprocess.run(
        [LLAMA / "llama-server", "--models-preset", file], capture_output=True, timeout=20, check=False
    )
    assert 0 != answer.returncode
