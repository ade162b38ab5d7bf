"""What the doctor finds of llama.cpp's programs."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata

import pytest

from moefit.llama import help as help_page
from moefit.llama.program_findings import program_findings
from moefit.machine.finding import PERCENTS
from moefit.machine.types import Cpu, Device, Machine, Ram

GIB = 1 << 30
MACHINE = Machine((Device("CUDA0", 12 * GIB, 12 * GIB, source="nvml"),), Ram(64 * GIB, 60 * GIB), Cpu(8, 16))
HELP = (
    "----- common params -----\n\n-m,    --model FNAME    model path to load\n-c,    --ctx-size N    size\n"
)


@pytest.fixture
def server(tmp_path):
    """Makes a llama-server that lists these devices; what the doctor finds of it."""

    def make(devices, status=0, machine=MACHINE, known="", page=HELP, helped=0):
        path = tmp_path / "llama-server"
        listed = f"Available devices:\n{devices}"
        path.write_text(
            f'#!/bin/sh\ncase "$*" in *--list-devices*) printf "{listed}"; exit {status};; *) cat {tmp_path}/help; exit {helped};; esac\n'
        )
        path.chmod(0o755)
        (tmp_path / "help").write_text(page + known)
        environment = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "HOME": str(tmp_path),
        }
        return {finding.code: finding for finding in program_findings(machine, environment)}

    return make


def test_no_program_is_the_first_thing_to_mend(tmp_path):
    found = list(program_findings(MACHINE, {"PATH": str(tmp_path)}))
    assert ["no-program"] == [finding.code for finding in found]


def test_a_build_without_the_gpu_that_the_driver_sees_is_found(server):
    assert "cpu-only" in server("")


def test_a_build_that_sees_it_is_not(server):
    assert "cpu-only" not in server("  CUDA0: NVIDIA GeForce RTX 3060 (12288 MiB, 11000 MiB free)\\n")


def test_a_build_that_sees_fewer_gpus_than_the_driver_is_found(server):
    two = replace(MACHINE, gpus=(*MACHINE.gpus, replace(MACHINE.gpus[0], name="CUDA1")))
    assert "gpu-unseen" in server(
        "  CUDA0: NVIDIA GeForce RTX 3060 (12288 MiB, 11000 MiB free)\n", machine=two
    )


def test_a_build_without_an_expert_cache_alone_costs_percents(server):
    known = "".join(f"{name} N    text\n" for name in ("-ot", "-lm", "-fit", "-ncmoe", "-ctxcp"))
    found = server("", known=known)["old-build"]
    assert (PERCENTS, True) == (found.cost, found.what.count("--moe-cache-mib") == 1)


def test_a_program_that_fails_is_told(server):
    assert "program-fails" in server("", status=1)


CARD = "  CUDA0: NVIDIA GeForce RTX 3060 (12288 MiB, 11000 MiB free)\\n"


@pytest.mark.parametrize(
    ("page", "status", "said"),
    [
        ("", 0, "--help lists nothing:"),
        ("", 1, "--help lists nothing and ends with exit status 1:"),
        ("usage: other\n-x,    --other N    something else\n", 0, "--help lists no option of llama-server:"),
        (HELP, 1, "--help ends with exit status 1:"),
        (HELP, 127, "--help ends with exit status 127:"),
    ],
)
def test_a_program_that_does_not_answer_help_is_told(server, page, status, said):
    found = server(CARD, page=page, helped=status)
    assert said in found["no-help"].what
    assert "old-build" not in found


def test_a_program_that_hangs_at_help_is_told(server, monkeypatch):
    monkeypatch.setattr(help_page, "_LIMIT", 0.2)
    found = server(CARD, page="", helped="0; sleep 9")
    assert "no-help" in found


def test_devices_without_memory_are_told(server):
    assert (
        "CUDA0 (NVIDIA GeForce RTX 3060) without memory"
        in server("  CUDA0: NVIDIA GeForce RTX 3060 (0 MiB, 0 MiB free)\\n")["gpu-dead"].what
    )


def test_a_card_that_sysfs_shows_and_a_build_does_not_is_found(server):
    amd = Device("ROCm0", 24 * GIB, 24 * GIB, description="AMD Radeon RX 7900 XTX", source="sysfs")
    found = server("", machine=replace(MACHINE, gpus=(amd,)))["cpu-only"]
    assert ("AMD Radeon RX 7900 XTX" in found.what, "GGML_HIP" in found.fix) == (True, True)


def test_a_build_older_than_what_plans_write_is_told_with_what_is_lost(server):
    found = server("")["old-build"]
    assert ("-ot" in found.what, "-lm" in found.what) == (True, True)


def test_the_other_program_of_nearly_the_same_name_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(metadata, "distribution", lambda name: name)
    codes = {finding.code for finding in program_findings(MACHINE, {"PATH": str(tmp_path)})}
    assert {"no-program", "namesake"} == codes
