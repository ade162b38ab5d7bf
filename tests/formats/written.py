"""What every format of a file or a line makes of many lines, with a program's words around them, and units of every kind: to be kept as pages.

A line that a format cannot hold is there with the words of its refusal.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace

from moefit.errors import MoefitError
from moefit.formats import additions, env, held, llama_bench, llama_swap, preset, unit
from moefit.formats.paths import absolute
from moefit.formats.unit import Service
from moefit.launch.command import Command, parse, read_arguments
from moefit.launch.constraints import constraints
from moefit.launch.options import builtin
from moefit.launch.precedence import effective
from moefit.planning.types import Plan

LINES = (
    "llama-server -m a.gguf -c 8192 --fit off",
    "./bin/llama-server -m ./m/a.gguf --mmproj ../p.gguf --alias x/y,z --port 8090 -lm none",
    "env A=1 nice -n 5 build/llama-server -hf u/r:Q4 -hff sub/a.gguf --no-mmap -fa on -nkvo --no-repack --no-host",
    "llama-server --lora a.gguf,/b.gguf --lora-scaled c.gguf:0.5,d.gguf:2 --control-vector-scaled v.gguf:1 -m ~/a.gguf",
    "llama-server -m ${models}/a.gguf --port ${PORT} -dev CUDA1,CUDA0 -ngl all -ts 3,1.5 -mg 1 -ot a[.]b=CPU",
    "llama-server -m a.gguf -ot a=CPU -ncmoe 2 -ot b=CUDA0 -cmoe",
    "llama-server -m a.gguf --rpc h:1,i:2 --rpc j:3 -dev RPC0 -ngl auto",
    "llama-server -m a.gguf --api-key sk-1 --api-key-file k --host 0.0.0.0 --embeddings --offline --jinja --no-warmup",
    "llama-server -m a.gguf --chat-template-file t.jinja --grammar-file g --slot-save-path s --ssl-key-file /k --models-max 2",
    "docker run --rm -p 8091:8080 -v /m:/m ghcr.io/ggml-org/llama.cpp:server-cuda -m /m/a.gguf -c 4096",
    "docker run --network host ghcr.io/ggml-org/llama.cpp:server --port 9 -m /m/a.gguf -ot x=CPU -ot y=CPU",
    "podman run -e A=1 ghcr.io/ggml-org/llama.cpp:server -m /m/a.gguf --prio 2",
    "llama serve -m a.gguf -t 4 -ctk q8_0 -ctv q4_0 -b 512 -ub 256 -sm none",
    "llama-bench -m a.gguf -p 512 -n 128 -ngl 99",
    "llama-server -m 'a b;c.gguf' --alias 'q #1' --chat-template '$x \"y\" `z` \\'",
    "llama-server -m a.gguf --alias ' q' --reasoning-budget 0 --main-gpu 1",
    "llama-server -m a.gguf --alias 'a]b' -ot 'x;y=CPU'",
    "llama-server -m a.gguf --alias '*' -ot 'x,y=CPU' --no-op-offload",
    "llama-server -m a.gguf --alias 'é日本' --port +80",
    "llama-server -m a.gguf -ot 'a\nb=CPU' --api-key 'a\tb'",
    "llama-server -m a.gguf -r x -r y -l 1+1",
    "llama-server -m a.gguf -r x -ncmoe 2 -ncmoe 10 -ncmoe 9",
    "llama-server -m a.gguf -ngl 0 -dev none --no-op-offload -kvo --repack --swa-full --numa distribute",
)
NEEDED = {"GGML_OP_OFFLOAD_MIN_BATCH": "96", "ODD": 'a "b" $c'}
FOLDER = "/home/me/"
UNITS = (
    Service("qwen3", ("/usr/bin/llama-server", "-m", "/m/a b.gguf")),
    Service("qwen3", ("/usr/bin/moefit", "run"), replan=True, memory_max=12345, locks_memory=True, run_as="llama"),
    Service("a:b-c_d.e", ("llama-server", "-m", "/tmp/a.gguf"), user=True, nvidia=False, run_as="llama"),
    Service("q", ("/x", "100%", "$HOME", 'a"b', "c\\d", "e\tf", "\x7f", "\x1f", "\x20", "é", ""), nvidia=False),
    Service("q", ("/x", "--api-key", "sk"), environment={"A": "1 2", "HF_TOKEN": "t$"}, secrets=("LLAMA_API_KEY", "K%")),
    Service("q", ("/x", "-m", "/var/tmp/a"), user=True, secrets=("A",), replan=True),
    Service("q", ("/x",), working_directory="/m/100% models"),
    Service("q", ("/x",), working_directory="/m\\"),
    Service("q", ("/x",), working_directory=" /m"),
    Service("q", ("/x",), working_directory="/m\r"),
    Service("q", ("/x",), working_directory="/m\n"),
    Service("q", ("./x",)),
    Service("q", ("/$x",)),
    Service("q", ()),
    Service("q", ("/x", "a\0b")),
    Service("q", ("/x",), run_as="a b"),
    *(Service(name, ("/x",)) for name in (".", "-x", "x\\", "x\\x2dy", "x.service", "x.", "a" * 240, "a" * 241, "a@b", "")),
)  # fmt: skip
WORDS_OF_MOEFIT = "-ngl 12 -ot blk[.]1[.]ffn=CPU -fa on --fit off --no-host -lm none"


def command(line: str) -> Command:
    """One of the lines, as its program reads it."""
    return parse(shlex.split(line))


def bench(given: Command) -> str:
    settings = effective(given)
    return llama_bench.write(given, settings, constraints(given.name, settings), 2048, 512)


WRITERS: dict[str, Callable[[Command], str]] = {
    "absolute": lambda given: shlex.join(absolute(given, FOLDER).argv),
    "env": lambda given: env.write(given, NEEDED),
    "llama-swap": lambda given: llama_swap.write(given, "q #1", NEEDED),
    "models-ini": lambda given: preset.write(given, next((a.value for a in given.given("-a")), "q")),
    "llama-bench": bench,
}


def tried(write: Callable[[], str]) -> str:
    """What is written, or why nothing is."""
    try:
        return write()
    except MoefitError as error:
        return f"! {error} ({error.hint})\n"


def of_lines(write: Callable[[Command], str]) -> str:
    """What one format makes of every line."""
    return "".join(f"=== {line}\n{tried(lambda line=line: write(command(line)))}\n" for line in LINES)


def units() -> str:
    """Every unit."""
    return "".join(f"=== {one.name}\n{tried(lambda one=one: unit.write(one))}\n" for one in UNITS)


def added() -> str:
    """What moefit adds, by itself."""
    given = command("nice ./llama-server -m a.gguf")
    words = read_arguments(shlex.split(WORDS_OF_MOEFIT), builtin("llama-server", 11549))
    without = tuple(a for a in words if a.option.env)
    unsaid = tuple(replace(a, option=replace(a.option, env=None)) for a in words)
    return "\n".join(
        (
            additions.added_words(words),
            *(
                tried(lambda one=one: additions.added_variables(given, one, NEEDED))
                for one in (without, unsaid)
            ),
            *(tried(lambda one=one: additions.drop_in(one, NEEDED)) for one in (without, unsaid)),
        )
    )


def of_plan(plan: Plan) -> str:
    """A plan's line inside files."""
    table = builtin("llama-server", 11549)
    variables = {"LLAMA_ARG_ALIAS": "two , three"}
    return "".join(
        f"=== {name}\n{tried(write)}\n"
        for name, write in (
            *((form, lambda form=form: held.file(plan, form, table, (), {}, FOLDER)) for form in FORMS),
            *((f"{form}, named", lambda form=form: held.file(plan, form, table, (), variables, FOLDER)) for form in FORMS),
            *((form, lambda form=form: held.additions_alone(plan, form, table)) for form in ALONE),
            ("llama-bench", lambda: held.bench_line(plan, table, (), {}, FOLDER)),
        )
    )  # fmt: skip


FORMS = ("env", "llama-swap", "models-ini")
ALONE = ("additions", "additions-env", "additions-unit")


def texts(plans: dict[str, Callable[[], Plan]]) -> Iterator[tuple[str, Callable[[], str]]]:
    """Every page of this module by name."""
    for name, write in WRITERS.items():
        yield f"lines-{name}.txt", lambda write=write: of_lines(write)
    yield "units.txt", units
    yield "added.txt", added
    for name, plan in plans.items():
        yield f"{name}-held.txt", lambda plan=plan: of_plan(plan())
