from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from moefit.app import units
from moefit.errors import InputError
from moefit.formats import unit
from moefit.formats.unit import Service
from moefit.launch.settings import Settings


def test_a_service_is_given_the_variables_that_the_plan_depends_on() -> None:
    environment = {
        "LLAMA_ARG_CTX_SIZE": "8192",
        "CUDA_VISIBLE_DEVICES": "1",
        "GGML_OP_OFFLOAD_MIN_BATCH": "64",
        "HF_TOKEN": "secret",
        "LLAMA_API_KEY": "secret",
        "LLAMA_ARG_API_KEY": "secret",
        "LLAMA_ARG_SOME_TOKEN": "secret",
        "LLAMA_ARG_MCP_SERVERS_JSON": "secret",
        "HOME": "/root",
    }
    assert ["CUDA_VISIBLE_DEVICES", "GGML_OP_OFFLOAD_MIN_BATCH", "LLAMA_ARG_CTX_SIZE"] == list(
        units.planned_variables(environment)
    )


@pytest.mark.parametrize(
    ("environment", "name", "expected"),
    [
        ({}, "ann", "ann"),
        ({"SUDO_USER": "ann"}, "root", "ann"),
        ({}, "root", None),
        ({"SUDO_USER": "root"}, "root", None),
        ({"SUDO_USER": "bob@corp"}, "root", "bob@corp"),
    ],
)
def test_a_system_service_runs_as_whoever_asks(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str, expected: str | None
) -> None:
    monkeypatch.setattr(units, "getpwuid", lambda _uid: SimpleNamespace(pw_name=name))
    assert expected == units.service_user(environment)


def test_a_user_without_a_name_is_left_to_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert None is units.service_user({})


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Somebody's folders, and no other unit anywhere."""
    monkeypatch.setattr(units, "_SYSTEM_FOLDERS", (str(tmp_path / "system"),))
    return {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_CONFIG_DIRS": f"relative:{tmp_path}/xdg/one:{tmp_path}/xdg/two",
        "XDG_DATA_DIRS": f"{tmp_path}/share",
    }


QWEN = Service("qwen3", ("/bin/llama-server",), user=True)


@pytest.mark.parametrize(
    "folder",
    [
        ".config/systemd/user",
        ".local/share/systemd/user",
        "run/systemd/user",
        "run/systemd/generator",
        "run/systemd/generator.early",
        "run/systemd/generator.late",
        "run/systemd/transient",
        ".config/systemd/user.control",
        "xdg/two/systemd/user",
        "share/systemd/user",
        "system",
    ],
)
def test_a_unit_of_somebody_elses_is_never_replaced_nor_stood_before(
    home, tmp_path: Path, folder: str
) -> None:
    other = tmp_path / folder / "qwen3.service"
    other.parent.mkdir(parents=True)
    other.write_text("[Unit]\nDescription=PipeWire\n")

    with pytest.raises(InputError, match="is a unit that moefit did not write"):
        units.install(QWEN, home, private=False)

    assert "[Unit]\nDescription=PipeWire\n" == other.read_text()
    assert [other] == list(tmp_path.rglob("qwen3.service"))


def test_a_unit_that_begins_nearly_as_moefits_own_is_somebody_elses(home, tmp_path: Path) -> None:
    path = tmp_path / ".config" / "systemd" / "user" / "qwen3.service"
    path.parent.mkdir(parents=True)
    path.write_text("# Written by moefitter\n[Service]\n")

    with pytest.raises(InputError, match="is a unit that moefit did not write"):
        units.install(QWEN, home, private=False)


def test_a_link_is_somebody_elses_unit_too(home, tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "systemd" / "user"
    folder.mkdir(parents=True)
    (folder / "qwen3.service").symlink_to("/dev/null")  # as `systemctl mask` makes it

    with pytest.raises(InputError, match="is a unit that moefit did not write"):
        units.install(QWEN, home, private=False)


@pytest.mark.parametrize(
    "before", [unit.write(QWEN), "[Unit]\nDescription=llama.cpp server qwen3, planned by moefit\n[Service]\n"]
)
def test_a_unit_of_moefits_own_is_written_anew(home, tmp_path: Path, before: str) -> None:
    path = tmp_path / ".config" / "systemd" / "user" / "qwen3.service"
    path.parent.mkdir(parents=True)
    path.write_text(before)

    assert path == units.install(QWEN, home, private=False)
    assert unit.write(QWEN) == path.read_text()


def test_a_unit_with_a_secret_is_its_owners_alone(home) -> None:
    assert 0o600 == stat.S_IMODE(units.install(QWEN, home, private=True).stat().st_mode)


@pytest.mark.parametrize("name", ["dbus", "pipewire"])
def test_a_unit_that_this_system_has_is_refused(name: str, tmp_path: Path) -> None:
    if not Path(f"/usr/lib/systemd/user/{name}.service").exists():
        pytest.skip("it is not here")
    with pytest.raises(InputError, match="did not write"):
        units.install(replace(QWEN, name=name), {"HOME": str(tmp_path)}, private=False)


@pytest.mark.parametrize(
    ("mode", "cache", "limit"),
    [
        ("none", 0, (10 << 30) + (2 << 30)),
        ("mmap", 0, (10 << 30) + (7 << 30) + (2 << 30)),
        ("none", None, None),
    ],
)
def test_the_limit_is_the_plans_memory_with_two_gibibytes_of_head_room(mode, cache, limit) -> None:
    plan = SimpleNamespace(
        settings=Settings(4096, load_mode=mode, cache_ram=cache),
        host=SimpleNamespace(total=10 << 30),
        model=SimpleNamespace(bytes=7 << 30),
    )

    assert limit == units._memory_max(plan)
