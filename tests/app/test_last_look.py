"""A plan is made for the memory of one moment, and a server starts in another."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from moefit.app.last_look import look_again, warn_of_limits, what_has_changed
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.sizes import GIB, MIB
from moefit.values import dataclass
from tests.machine.tree import write

CARD = Device(name="CUDA0", free=10 * GIB, total=12 * GIB)
BEFORE = Machine((CARD,), Ram(64 * GIB, 60 * GIB), Cpu(8, 16))
PLAN: Any = SimpleNamespace(
    argv=("llama-server", "-ngl", "99"),
    devices=(SimpleNamespace(device=CARD, left=200 * MIB),),
    host_left=2 * GIB,
    host=SimpleNamespace(total=20 * GIB),
    settings=SimpleNamespace(load_mode="none"),
)


@dataclass(frozen=True)
class Asked:
    machine: Machine


def after(card: int = 0, ram: int = 0) -> Machine:
    """The machine once others have taken so many bytes."""
    taken = replace(BEFORE.ram, available=BEFORE.ram.available - ram)
    return replace(BEFORE, gpus=(replace(CARD, free=CARD.free - card),), ram=taken)


@pytest.mark.parametrize(
    ("now", "short"),
    [
        (BEFORE, ""),
        (after(card=200 * MIB), ""),
        (after(card=201 * MIB), "201 MiB of CUDA0 have been taken"),
        (after(ram=2 * GIB), ""),
        (after(ram=3 * GIB), "3.00 GiB of RAM have been taken"),
        (after(card=-GIB, ram=-GIB), ""),
        (replace(BEFORE, gpus=()), "CUDA0 has gone"),
        (replace(BEFORE, gpus=(CARD, replace(CARD, name="CUDA1"))), "CUDA1 has come"),
    ],
)
def test_what_has_changed_is_what_others_took_beyond_what_was_left_or_a_card_more(
    now: Machine, short: str
) -> None:
    assert short == what_has_changed(PLAN, BEFORE, now)


def test_a_card_that_comes_changes_nothing_for_a_line_that_names_its_devices() -> None:
    named: Any = SimpleNamespace(**{**vars(PLAN), "argv": ("llama-server", "-dev", "CUDA0")})
    assert "" == what_has_changed(named, BEFORE, replace(BEFORE, gpus=(CARD, replace(CARD, name="CUDA1"))))


@pytest.mark.parametrize(("taken", "short"), [(64 * MIB, ""), (65 * MIB, "65 MiB of RAM have been taken")])
def test_ram_that_moves_by_itself_makes_no_plan_anew_where_the_plan_has_all_of_it(
    taken: int, short: str
) -> None:
    full: Any = SimpleNamespace(**{**vars(PLAN), "host_left": 1000})
    assert short == what_has_changed(full, BEFORE, after(ram=taken))


def test_a_plan_that_still_fits_is_kept() -> None:
    made = look_again(Asked(BEFORE), PLAN, lambda: after(card=MIB), lambda _: pytest.fail("it fits"))
    assert (PLAN, ()) == made


def test_a_plan_that_no_longer_fits_is_made_again_once_for_the_machine_as_it_is() -> None:
    asked: list[Machine] = []
    another, [note] = look_again(
        Asked(BEFORE), PLAN, lambda: after(card=GIB), lambda again: asked.append(again.machine) or "another"
    )
    assert ("another", [after(card=GIB)], True) == (another, asked, note.note)


def test_the_last_card_that_has_gone_is_a_driver_that_fails() -> None:
    asked: list[Machine] = []
    look_again(
        Asked(BEFORE), PLAN, lambda: replace(BEFORE, gpus=()), lambda again: asked.append(again.machine)
    )
    assert ["CUDA0 has gone"] == [machine.unseen for machine in asked]


STATUS = "CapEff:\t0000000000000000\n"
LIMITS = "Max locked memory         8388608              8388608              bytes\n"
SWAP = "MemTotal: 1 kB\nSwapTotal: 8388608 kB\n"


def codes(tmp_path, *, load_mode: str = "none", left: int = 2 * GIB, **files: str) -> list[str]:
    names = {"status": "proc/self/status", "limits": "proc/self/limits", "meminfo": "proc/meminfo"}
    root = write(tmp_path, {names.get(name, name): text for name, text in files.items()})
    plan = SimpleNamespace(
        **vars(PLAN) | {"settings": SimpleNamespace(load_mode=load_mode), "host_left": left}
    )
    return [warning.code for warning in warn_of_limits(plan, root)]


@pytest.mark.parametrize(
    ("load_mode", "status", "limits", "expected"),
    [
        ("mlock", STATUS, LIMITS, ["memlock"]),
        ("mmap+mlock", STATUS, LIMITS, ["memlock"]),
        ("none", STATUS, LIMITS, []),
        ("mlock", STATUS, LIMITS.replace("8388608", "unlimited"), []),
        ("mlock", STATUS, LIMITS.replace("8388608", str(32 * GIB)), []),
        ("mlock", "CapEff:\t000001ffffffffff\n", LIMITS, []),
    ],
)
def test_memory_that_may_not_be_locked_is_said(tmp_path, load_mode, status, limits, expected) -> None:
    assert expected == codes(tmp_path, load_mode=load_mode, status=status, limits=limits, meminfo=SWAP)


@pytest.mark.parametrize(
    ("left", "meminfo", "expected"),
    [
        (100 * MIB, "SwapTotal: 0 kB\n", ["no-swap"]),
        (100 * MIB, SWAP, []),
        (2 * GIB, "SwapTotal: 0 kB\n", []),
    ],
)
def test_little_ram_without_swap_behind_it_is_said(tmp_path, left, meminfo, expected) -> None:
    assert expected == codes(tmp_path, left=left, meminfo=meminfo)


def test_a_cgroup_may_forbid_swap(tmp_path) -> None:
    mount = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    group = {
        "proc/self/cgroup": "0::/a\n",
        "proc/self/mountinfo": mount,
        "sys/fs/cgroup/a/memory.swap.max": "0\n",
    }
    write(tmp_path, group)
    assert ["no-swap"] == codes(tmp_path, left=100 * MIB, meminfo=SWAP)
