"""A failing driver is not a machine without GPUs: what starts a server refuses, what only looks says it first."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path

import pytest

from moefit.app import machine
from moefit.cli import main
from moefit.cli.shared import with_rpc
from moefit.errors import UsageError
from moefit.machine.detect import detect
from tests.machine.fake_nvml import LOST, NO_LIBRARY, FakeCard, fake_nvml
from tests.machine.tree import write

EXAMPLE = Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf"
HOST = {"proc/meminfo": "MemTotal: 67108864 kB\nMemAvailable: 62914560 kB\n"}
AMD = {
    "sys/class/drm/card0/device/vendor": "0x1002\n",
    "sys/class/drm/card0/device/uevent": "DRIVER=amdgpu\n",
    "sys/class/drm/card0/device/mem_info_vram_total": f"{24 << 30}\n",
}
APU = AMD | {"sys/class/drm/card0/device/mem_info_vram_total": f"{512 << 20}\n"}
EVIDENCE = {
    "NVIDIA's device files": {"dev/nvidia0": "", "dev/nvidiactl": ""},
    "NVIDIA's control alone": {"dev/nvidiactl": ""},
    "a Jetson": {"dev/nvgpu": ""},
    "AMD's driver for computing": {"dev/kfd": ""},
    "an AMD card": AMD,
}
STARTS = [["args"], ["run"], ["run", "--dry-run"], ["unit", "--name", "x", "--dry-run"]]


@pytest.fixture
def moefit(capsys, monkeypatch, tmp_path, whole):
    """The program on a host of `files`, whose NVML is `nvml` and whose llama-server lists `listed`: exit status and streams."""
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "MOEFIT_LLAMA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")

    server = tmp_path / "llama-server"

    def run(*words: str, files=None, nvml=None, line: str = "", listed: str = "  (none)"):
        server.write_text(f'#!/bin/sh\n[ "$1" = --list-devices ] && echo "Available devices:\n{listed}"\n')
        server.chmod(0o755)
        root = write(tmp_path / "root", HOST | (files or {}))
        monkeypatch.setattr(machine, "detect", partial(detect, root=root))
        monkeypatch.setitem(sys.modules, "pynvml", nvml or fake_nvml(init=NO_LIBRARY))
        with pytest.raises(SystemExit) as end:
            main([*words, "--", str(server), "-m", str(whole), *shlex.split(line)])
        return end.value.code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("words", STARTS, ids=" ".join)
@pytest.mark.parametrize("files", EVIDENCE.values(), ids=EVIDENCE)
def test_what_starts_a_server_refuses_where_a_gpu_does_not_answer(moefit, words, files) -> None:
    status, out, err = moefit(*words, files=files)
    assert (3, "") == (status, out)
    assert "and no GPU answers" in err
    assert "--allow-cpu or -dev none plans for the CPU" in err


@pytest.mark.parametrize("nvml", [fake_nvml(count=LOST), fake_nvml(FakeCard(handle=LOST))])
def test_the_error_says_what_the_driver_says(moefit, nvml) -> None:
    status, _, err = moefit("args", files=EVIDENCE["NVIDIA's device files"], nvml=nvml)
    assert 3 == status
    assert "NVIDIA's device files are here (/dev/nvidia0), and no GPU answers: " in err
    assert "GPU is lost" in err.splitlines()[-2]


FAILING = {
    "no answer at all": fake_nvml(init=LOST),
    "no count": fake_nvml(count=LOST),
    "every card lost": fake_nvml(FakeCard(handle=LOST), FakeCard(free=LOST)),
    "a card that the program does not list": fake_nvml(FakeCard()),
}


@pytest.mark.parametrize("nvml", FAILING.values(), ids=FAILING)
def test_an_nvml_that_is_there_and_fails_shows_gpus_without_device_files(moefit, nvml) -> None:
    status, out, err = moefit("args", nvml=nvml)
    assert (3, "") == (status, out)
    assert "and no GPU answers" in err


def test_a_card_that_fails_and_is_hidden_on_purpose_is_not_missed(moefit, monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert 0 == moefit("args", nvml=FAILING["every card lost"])[0]


@pytest.mark.parametrize("command", ["plan", "estimate"])
def test_what_only_looks_says_it_first_and_goes_on(moefit, command) -> None:
    status, out, err = moefit(command, files=EVIDENCE["an AMD card"])
    assert (0, True) == (status, "RAM" in out)
    assert "an AMD card is here" in err.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["args", "--allow-cpu"], ""),
        (["args"], "-dev none"),
        (["args", "--gpu", "rtx-3060"], ""),
    ],
)
def test_the_cpu_will_do_where_the_user_says_so_or_declares_the_machine(moefit, words, line) -> None:
    status, out, _ = moefit(*words, files=EVIDENCE["NVIDIA's device files"], line=line)
    assert (0, True) == (status, bool(out))


WITHOUT_MEMORY = {
    "none": "  CUDA0: card (0 MiB, 0 MiB free)",
    "less than none": "  CUDA0: card (-1 MiB, -1 MiB free)",
    "words for figures": "  CUDA0: card (unknown MiB, unknown MiB free)",
    "no figure": "  CUDA0: card",
    "a device of each kind": "  ROCm0: a (0 MiB, 0 MiB free)\n  Vulkan0: a (0 MiB, 0 MiB free)",
}


@pytest.mark.parametrize("line", ["", "-dev CUDA0,ROCm0"])
@pytest.mark.parametrize("listed", WITHOUT_MEMORY.values(), ids=WITHOUT_MEMORY)
def test_a_device_that_the_program_lists_without_memory_is_a_failing_driver(moefit, listed, line) -> None:
    status, out, err = moefit("args", listed=listed, line=line)
    assert (3, "") == (status, out)
    assert " without memory, and no GPU answers" in err


def test_a_device_without_memory_beside_one_that_answers_is_left_out_with_a_warning(moefit) -> None:
    listed = "  CUDA0: dead (0 MiB, 0 MiB free)\n  CUDA1: card (24000 MiB, 24000 MiB free)"
    status, out, err = moefit("args", listed=listed)
    assert 0 == status
    assert "warning: the program lists CUDA0 (dead) without memory: left out, for its driver fails" in err
    assert ("CUDA0" in out, "-dev CUDA1" in out) == (False, True)


def test_an_accelerator_without_memory_of_its_own_is_no_gpu(moefit) -> None:
    status, _, err = moefit("args", listed="  BLAS: OpenBLAS (0 MiB, 0 MiB free)")
    assert (0, False) == (status, "OpenBLAS" in err)


def test_cards_hidden_on_purpose_are_no_failure(moefit, monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert 0 == moefit("args", files=EVIDENCE["NVIDIA's device files"], nvml=fake_nvml(FakeCard()))[0]


@pytest.mark.parametrize("files", [{}, APU, APU | {"dev/kfd": ""}], ids=["none", "APU", "APU for computing"])
def test_a_host_without_cards_is_served_from_its_cpu(moefit, files) -> None:
    assert 0 == moefit("args", files=files)[0]


TWO = "\n".join(f"  CUDA{i}: NVIDIA GeForce RTX 3060 (11909 MiB, 11700 MiB free)" for i in range(2))


def test_a_device_that_is_expected_and_not_there_is_an_error_that_names_it(moefit) -> None:
    status, out, err = moefit(
        "run", "--expect", "CUDA0,CUDA1", nvml=fake_nvml(FakeCard()), listed=TWO.splitlines()[0]
    )
    assert (3, "") == (status, out)
    assert "CUDA1 should be here, and the devices are: CUDA0" in err


def test_a_unit_that_plans_again_expects_the_devices_it_was_made_for(moefit) -> None:
    cards = fake_nvml(FakeCard(), FakeCard(uuid="GPU-2"))
    _, out, _ = moefit("unit", "--name", "x", "--replan", "--dry-run", nvml=cards, listed=TWO, line="-ts 1,1")
    assert " --expect CUDA0,CUDA1 " in next(
        line for line in out.splitlines() if line.startswith("ExecStart=")
    )


def test_a_unit_for_a_declared_machine_expects_nothing(moefit) -> None:
    _, out, _ = moefit("unit", "--name", "x", "--replan", "--dry-run", "--gpu", "rtx-3060")
    assert "--expect" not in out


def test_rpc_servers_before_the_dashes_stand_right_after_the_program() -> None:
    words = ("numactl", "-N", "0", "llama-server", "-ot", "exps=RPC0[box:1]")
    expected = ("numactl", "-N", "0", "llama-server", "--rpc", "box:1,box:2", "-ot", "exps=RPC0[box:1]")
    assert expected == with_rpc(words, ["box:1", "box:2"])
    assert ("llama-server", "--rpc", "box:1") == with_rpc(None, ["box:1"])
    assert words == with_rpc(words, [])


def test_rpc_servers_are_named_in_one_place() -> None:
    with pytest.raises(UsageError, match="--rpc stands before and after --"):
        with_rpc(("llama-server", "--rpc", "box:1"), ["box:2"])
