from __future__ import annotations

from collections.abc import Mapping

import pytest

from moefit.app import line as lines
from moefit.app import machine
from moefit.machine.detect import MachineOptions
from moefit.machine.types import Cpu, Machine, Ram


def test_the_machine_is_seen_with_the_variables_of_an_env_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def detect(_options: MachineOptions, environment: Mapping[str, str], **_asked: object) -> Machine:
        seen.update(environment)
        return Machine((), Ram(1, 1), Cpu(1, 1))

    monkeypatch.setattr(machine, "detect", detect)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    line = "nice env CUDA_VISIBLE_DEVICES=1 llama-server -m a.gguf"
    machine.read_machine(MachineOptions(), lines.read_line(line.split()))
    assert "1" == seen["CUDA_VISIBLE_DEVICES"]
