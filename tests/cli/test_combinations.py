"""No combination of the options that place layers ends in an error of moefit's own."""

from __future__ import annotations

import random

import pytest

from moefit.cli import main
from tests.drawn import several
from tests.llama.conftest import make_model

MACHINES = (
    ("name=Vulkan0,free=12GiB", "name=Vulkan1,free=8GiB,integrated=yes"),
    ("name=CUDA0,free=6GiB", "name=CUDA1,free=2GiB"),
    ("name=CUDA0,free=6GiB", "name=ROCm0,free=6GiB,integrated=yes", "name=RPC0,free=4GiB,buffer=RPC0[h:1]"),
    ("name=CUDA0,free=11GiB",),
    ("name=Vulkan0,free=8GiB,integrated=yes",),
    (
        "name=CUDA0,free=300MiB",
        "name=OpenCL0,free=2GiB",
        "name=SYCL0,free=1GiB,link=1GB/s",
        "name=MTL0,free=3GiB",
    ),
    (*(f"name=CUDA{number},free=1GiB" for number in range(6)), "name=Other0,free=1GiB,integrated=yes"),
)
SPLITS = (
    "1",
    "1,0",
    "0,1",
    "1,0.5",
    "0,0",
    "3,1,2",
    "1,1,1,1",
    "0.001,1000",
    "1,",
    "nan,1",
    "-1,1",
    "1e38,1",
    "1/2",
)
LAYERS = ("0", "1", "2", "3", "99", "auto", "all", "-1", "-2", "1000000")


def combination(seed: int) -> tuple[list[str], list[str]]:
    """A machine, and options of llama-server."""
    draw = random.Random(seed)
    machine = draw.choice(MACHINES)
    names = [spec.split(",")[0].removeprefix("name=") for spec in machine]
    some = draw.sample(names, draw.randint(1, len(names)))
    overrides = (
        "exps=CPU",
        f"blk.0.ffn={names[0]}",
        f".*={names[-1]}",
        "=CPU",
        "exps=",
        "exps=X",
        "[=CPU",
        "output=CPU",
    )
    options = {
        "-dev": (",".join(some), "none", names[0], "CUDA9", f"{names[-1]},{names[-1]}"),
        "-ts": SPLITS,
        "-ngl": LAYERS,
        "-ot": overrides,
        "-mg": ("0", "1", "2", "-1", "7"),
        "-sm": ("none", "layer", "row", "tensor"),
        "-ncmoe": ("0", "1", "99"),
    }
    line = [
        word
        for option, values in options.items()
        if draw.random() < 0.5
        for word in (option, draw.choice(values))
    ]
    return [word for spec in machine for word in ("--gpu", spec)], line


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """A mixture of experts of two layers."""
    path = tmp_path_factory.mktemp("model") / "small.gguf"
    make_model(path, "--size", "small", "--layers", "2")
    return str(path)


@pytest.mark.parametrize("seed", range(several(20, 40)))
def test_five_combinations_are_planned_or_refused_in_a_line(seed: int, model: str, capsys) -> None:
    for number in range(5 * seed, 5 * seed + 5):
        machine, line = combination(number)
        command = "args" if number % 2 else "estimate"
        host = ["--ram", "32GiB", "--cores", "4"]
        with pytest.raises(SystemExit) as end:
            main([command, *machine, *host, "--", "llama-server", "-m", model, "-c", "4096", *line])
        _, err = capsys.readouterr()
        assert end.value.code in {0, 1, 2}, (machine, line, err)


@pytest.mark.parametrize("split", [[], ["-ts", "1,0.5"], ["-ts", "0,1"], ["-sm", "none", "-mg", "1"]])
@pytest.mark.parametrize("command", ["args", "estimate", "plan"])
def test_an_integrated_second_device_may_be_named(command: str, split: list[str], model: str, capsys) -> None:
    machine = [word for spec in MACHINES[0] for word in ("--gpu", spec)]
    with pytest.raises(SystemExit) as end:
        main(
            [
                command,
                *machine,
                "--ram",
                "32GiB",
                "--",
                "llama-server",
                "-m",
                model,
                "-dev",
                "Vulkan0,Vulkan1",
                *split,
            ]
        )
    assert (0, True) == (end.value.code, "Vulkan" in capsys.readouterr().out)
