from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from moefit.app import units


def test_a_service_is_given_the_variables_that_the_plan_depends_on() -> None:
    environment = {
        "LLAMA_ARG_CTX_SIZE": "8192",
        "CUDA_VISIBLE_DEVICES": "1",
        "GGML_OP_OFFLOAD_MIN_BATCH": "64",
        "HF_TOKEN": "secret",
        "LLAMA_API_KEY": "secret",
        "LLAMA_ARG_MCP_SERVERS_JSON": "secret",
        "HOME": "/root",
    }
    assert ["CUDA_VISIBLE_DEVICES", "GGML_OP_OFFLOAD_MIN_BATCH", "LLAMA_ARG_CTX_SIZE"] == list(
        units.carried(environment)
    )


@pytest.mark.parametrize(
    ("environment", "name", "expected"),
    [
        ({}, "ann", "ann"),
        ({"SUDO_USER": "ann"}, "root", "ann"),
        ({}, "root", None),
        ({"SUDO_USER": "root"}, "root", None),
    ],
)
def test_a_system_service_runs_as_whoever_asks(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str, expected: str | None
) -> None:
    monkeypatch.setattr(units, "getpwuid", lambda _uid: SimpleNamespace(pw_name=name))
    assert expected == units.owner(environment)


def test_a_user_without_a_name_is_left_to_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert None is units.owner({})
