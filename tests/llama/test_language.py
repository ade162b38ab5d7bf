"""What moefit knows of llama.cpp's command language, asked of the real programs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from moefit.formats import env, llama_bench, preset
from moefit.launch import option_data
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.help_page import parse_help
from moefit.launch.options import builtin
from moefit.launch.precedence import Config, effective
from moefit.launch.resolve import fixed_tensors
from moefit.llama.help import option_table
from moefit.machine.types import CPU, Device
from tests.formats.test_env import read_file
from tests.llama.harness import RpcDevices, ended, free_port

pytestmark = pytest.mark.llama

UP = "blk.0.ffn_up_exps.weight"


def run(program: Path, *words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_built_in_tables_are_what_the_programs_say(llama: Path, build: int) -> None:
    """llama-completion and llama-perplexity are compared where they are built."""
    built = [program for program in option_data.PROGRAMS if (llama / program).exists()]
    assert {"llama-server", "llama-cli", "llama-fit-params", "llama-bench"} <= set(built)
    for program in built:
        answer = subprocess.run([llama / program, "--help"], capture_output=True, text=True, check=True)
        assert builtin(program, build).options == parse_help(program, answer.stdout).options


def test_a_program_that_is_asked_has_the_built_in_options(
    llama: Path, environment: dict[str, str], tmp_path: Path, build: int
) -> None:
    variables = environment | {"XDG_CACHE_HOME": str(tmp_path)}
    table = option_table(str(llama / "llama-server"), "llama-server", variables)
    assert table is not None
    assert builtin("llama-server", build).options == table.options


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("--ctx_size 4096 --list-devices", True),
        ("-fa 1 -ngl all -ctk q8_0 --no-kv-offload --list-devices", True),
        ("-c 32k --list-devices", True),
        ("--ctx-size=4096 --list-devices", False),
        ("-no_kvu --list-devices", False),
        ("--no-mmap --list-devices", False),
        ("--draft-max 8 --list-devices", False),
        ("-fa -c --list-devices", False),
        ("model.gguf --list-devices", False),
        ("-np 0 --list-devices", False),
        ("-ot exps=CUDA9 --list-devices", False),
        ("-ot (exps=CPU --list-devices", True),
    ],
)
def test_the_real_llama_server_takes_and_refuses(
    llama: Path, environment: dict[str, str], line: str, *, accepted: bool
) -> None:
    """--list-devices ends it once the words before were read; what moefit is stricter about is taken here."""
    assert accepted == (run(llama / "llama-server", *line.split(), environment=environment).returncode == 0)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("LLAMA_ARG_CTX_SIZE=4096\nLLAMA_ARG_FIT=off\n", True), ("LLAMA_ARG_CTX_SIZE=x\n", False)],
)
def test_the_real_llama_server_reads_variables(
    llama: Path, environment: dict[str, str], text: str, *, accepted: bool
) -> None:
    answer = run(llama / "llama-server", "--list-devices", environment=environment | read_file(text))
    assert accepted == (answer.returncode == 0)


def test_every_variable_of_an_environment_file_is_one_that_the_real_llama_server_reads(
    llama: Path, environment: dict[str, str]
) -> None:
    """It warns when the line says again what a variable said."""
    line = "-c 4096 -ngl 20 -ts 1,1 -ot a=CPU -cmoe -nkvo -kvu -fa on -lm none -ub 256 --alias x --fit off"
    variables = read_file(env.write(parse(["llama-server", *line.split()])))
    words = [*line.split(), "--list-devices"]
    answer = run(llama / "llama-server", *words, environment=environment | variables)
    warned = set(re.findall(r"warn: (\w+) environment variable is set", answer.stderr))
    assert set(variables) == warned


@contextmanager
def router(llama: Path, file: Path, environment: Mapping[str, str]) -> Iterator[str]:
    port = str(free_port())
    words = [
        llama / "llama-server",
        "--models-preset",
        file,
        "--port",
        port,
        "--no-models-autoload",
        "--offline",
    ]
    places = {"LLAMA_CACHE": str(file.parent), "HF_HOME": str(file.parent)}
    process = subprocess.Popen(
        words,
        env={**environment, **places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ended(process):
        yield f"http://127.0.0.1:{port}"


def models_of(url: str) -> list[dict[str, object]]:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5) as answer:
                found: list[dict[str, object]] = json.load(answer)["data"]
                return found
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def test_the_real_router_starts_the_line_that_its_preset_was_written_from(
    llama: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """The router says with which arguments it would start each model."""
    line = (
        "-m /x/a.gguf -c 4096 -ngl 20 -ot blk[.](1|2)[.]ffn_(up|down)_exps=CPU -ncmoe 3 -nkvo -kvu -fa on -lm none "
        '--alias a,b --chat-template-kwargs {"enable_thinking":false} --fit off'
    )
    command = parse(["llama-server", *line.split()])
    file = tmp_path / "models.ini"
    file.write_text(preset.write(command, "qwen3"))
    with router(llama, file, environment) as url:
        models = models_of(url)
    status = next(m["status"] for m in models if m["id"] == "qwen3")
    assert isinstance(status, dict)
    started = {(a.option, a.value, a.positive) for a in parse(status["args"]).arguments}
    wanted = {(a.option, a.value, a.positive) for a in command.arguments if a.option.name != "--alias"}
    assert wanted <= started


def test_the_real_router_refuses_an_unknown_key(
    llama: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "models.ini"
    file.write_text("[x]\nno-such-key = 1\n")
    assert 0 != run(llama / "llama-server", "--models-preset", str(file), environment=environment).returncode


def test_the_real_llama_bench_takes_the_line(llama: Path, environment: dict[str, str]) -> None:
    """It reads every option before it fails for want of the model."""
    command = parse(
        shlex.split(
            "llama-server -m /nowhere.gguf -ngl all -ts 3,1 -ot 'blk[.](1|2)[.]ffn=CPU,x=CPU' -ub 128 -b 256 -ctk q8_0 -fa on "
            "-nkvo --no-op-offload --no-host --no-repack -lm none -lzm off -sm layer -mg 0 -t 1 --numa distribute --prio 0 "
            "--poll 50 -C 0x1 --cpu-strict 0 --embedding --offline"
        )
    )
    given = effective(command)
    line = llama_bench.write(command, given, constraints(command.name, given), 16, 4)
    answer = run(llama / "llama-bench", *shlex.split(line)[1:], environment=environment)
    assert "invalid parameter" not in answer.stderr
    assert "/nowhere.gguf" in answer.stderr


def real_buffers(llama: Path, environment: Mapping[str, str], model: Path, *words: str) -> dict[str, str]:
    """The buffer that the real loader gives each tensor which an override takes."""
    line = ["-m", str(model), *words, "-lv", "5", "-c", "256", "--fit-print", "on"]
    answer = run(llama / "llama-fit-params", *line, environment=environment)
    found = re.findall(
        r"tensor (\S+) \([^)]*\) buffer type overridden to (\S+)", answer.stderr + answer.stdout
    )
    return {name: "CPU" if buffer.startswith("CPU") else buffer for name, buffer in found}


@pytest.mark.parametrize(
    ("file", "variable", "line"),
    [
        ("", "", f"-ot {UP}=0"),
        ("", f"{UP}=0", f"-ot {UP}=1"),
        (f"ot = {UP}=1", f"{UP}=0", f"-ot {UP}=CPU"),
        (f"ot = {UP}=1\ncpu-moe = false", "", ""),
        (f"override-tensor = x=1\not = {UP}=1", "", ""),
        ("n-cpu-moe = 1", f"{UP}=0", ""),
        ("", f"exps=1,{UP}=0", "-cmoe"),
        ("", "", f"-ncmoe 1 -ot {UP}=1"),
        ("", "", f"-ot {UP}=1 -ncmoe 1"),
        ("", "", "-ot blk.1.=0 --override-tensor exps=1"),
    ],
)
def test_overrides_of_files_variables_and_line_land_where_the_real_loader_puts_them(
    llama: Path,
    environment: dict[str, str],
    small_model: Path,
    rpc: RpcDevices,
    tmp_path: Path,
    file: str,
    variable: str,
    line: str,
) -> None:
    """0 and 1 stand for the buffers of the two devices."""
    name = re.compile(r"=([01])(?=,|\s|$)")
    file, variable, line = (
        name.sub(lambda m: "=" + rpc.buffers[int(m[1])], text) for text in (file, variable, line)
    )
    path = tmp_path / "llama.cpp" / "config.ini"
    path.parent.mkdir()
    path.write_text(f"[*]\nrpc = {rpc.option[1]}\n{file}\n")
    variables = environment | {"XDG_CONFIG_HOME": str(tmp_path)}
    variables |= {"LLAMA_ARG_OVERRIDE_TENSOR": variable} if variable else {}
    real = real_buffers(llama, variables, small_model, *line.split())
    command = parse(["llama-fit-params", *line.split()])
    given = effective(command, [Config(str(path), path.read_text())], variables)
    devices = [Device(f"RPC{i}", 1, 1, buffer=buffer) for i, buffer in enumerate(rpc.buffers)]
    ours = fixed_tensors(constraints(command.name, given).overrides, devices, real)
    assert real
    assert real == {n: "CPU" if device == CPU else devices[device].buffer for n, device in ours.items()}
