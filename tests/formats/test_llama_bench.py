from __future__ import annotations

import shlex

import pytest

from moefit.errors import UsageError
from moefit.formats import llama_bench
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective


def write(line: str, prompt: int | None = None, generated: int | None = None) -> str:
    command = parse(line.split())
    given = effective(command)
    return llama_bench.write(command, given, constraints(command.name, given), prompt, generated)


def test_its_own_syntax_is_used() -> None:
    line = "nice ./bin/llama-server -m a.gguf -c 8192 -dev CUDA1,CUDA0 -ngl 49 -ts 25,24 -ot a[.]b=CPU,c=CUDA0 -ub 1024 -lm none --fit off"
    assert (
        "nice ./bin/llama-bench -m a.gguf -ub 1024 -lm none -dev CUDA1/CUDA0 -ngl 49 -ts 25/24 -ot 'a[.]b=CPU;c=CUDA0' -p 2048 -n 512"
        == write(line, 2048, 512)
    )


def test_flags_take_a_number() -> None:
    assert "llama-bench -fa on -nkvo 1 -nopo 1 --no-host 1 --repack 0" == write(
        "llama-server -fa on -nkvo --no-op-offload --no-host --no-repack"
    )


def test_expert_options_keep_their_place_among_overrides() -> None:
    line = write("llama-server -ncmoe 1 -ot a=CUDA0 -cmoe")
    found = constraints("llama-bench", effective(parse(shlex.split(line)))).overrides
    wanted = constraints(
        "llama-server", effective(parse(["llama-server", "-ncmoe", "1", "-ot", "a=CUDA0", "-cmoe"]))
    ).overrides
    assert [(r.pattern, r.buffer) for r in wanted] == [(r.pattern, r.buffer) for r in found]


def test_what_only_serving_needs_is_left_out() -> None:
    assert "llama-bench -m a.gguf -t 8" == write(
        "llama-server -m a.gguf --host 0.0.0.0 --port 80 --api-key x --jinja --temp 0.7 -np 4 -kvu -t 8 -cram 0 --alias q"
    )


def test_a_benchs_own_command_stays() -> None:
    assert "llama-bench -m a.gguf -p 1,2" == write("llama-bench -m a.gguf -p 1,2")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--lora x.gguf", "llama-bench cannot be told --lora x.gguf"),
        ("--spec-type draft-mtp", "cannot be told --spec-type draft-mtp"),
        ("-mu http://x/y.gguf", "cannot be told -mu"),
        ("-m a,b.gguf", "would read -m a,b.gguf as a list of tests"),
        ("-ot a;b=CPU", "cut the pattern 'a;b' apart"),
    ],
)
def test_what_cannot_be_carried_is_refused(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write(f"llama-server {line}")
