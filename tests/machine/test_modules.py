"""Modules from udev's record, as systemd 252 writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moefit.errors import UsageError
from moefit.machine.declared import declare_host
from moefit.machine.modules import Modules, parse_modules, read_modules
from moefit.machine.system import read_ram
from moefit.machine.types import Cpu, Ram


def record(*slots: dict[str, str]) -> str:
    lines = [
        f"E:MEMORY_DEVICE_{i}_{key}={value}" for i, slot in enumerate(slots) for key, value in slot.items()
    ]
    return "\n".join(["I:1", "E:MEMORY_ARRAY_LOCATION=System Board Or Motherboard", *lines, "G:systemd"])


def module(kind: str = "DDR5", speed: int = 5600, **more: str) -> dict[str, str]:
    return {
        "SIZE": "17179869184",
        "TYPE": kind,
        "SPEED_MTS": "4800",
        "CONFIGURED_SPEED_MTS": str(speed),
        **more,
    }


EMPTY = {"SIZE": "0", "PRESENT": "0", "TYPE": "Unknown"}


def dell(channels: int, *filled: int) -> list[dict[str, str]]:
    """Twelve slots for each of two processors, as PowerEdges' firmware has them: a set is one slot of every channel."""
    slots = [(letter, number) for letter in "AB" for number in range(1, 13)]
    named = [
        {"LOCATOR": f"{letter}{number}", "SET": str(1 + index // channels)}
        for index, (letter, number) in enumerate(slots)
    ]
    return [
        module("DDR4", 2666, **name) if number in filled else {**EMPTY, **name}
        for name, (_, number) in zip(named, slots, strict=True)
    ]


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        (
            [EMPTY, module(BANK_LOCATOR="P0 CHANNEL A"), EMPTY, module(BANK_LOCATOR="P0 CHANNEL B")],
            Modules("DDR5", 5600, 2),
        ),
        ([module("DDR4", 3200, LOCATOR="DIMM_A2", BANK_LOCATOR="BANK 1")], Modules("DDR4", 3200, 1)),
        (
            [
                module("DDR5", 6000, LOCATOR=f"Controller{c}-ChannelA-DIMM{d}", BANK_LOCATOR="BANK 0")
                for c in (0, 1)
                for d in (0, 1)
            ],
            Modules("DDR5", 6000, 2),
        ),
        ([module("DDR4", 3200, LOCATOR=f"DIMM {i}") for i in range(4)], Modules("DDR4", 3200, 2)),
        (
            [module("DDR4", 3200, BANK_LOCATOR=f"P0 CHANNEL {c}") for c in "ABCDEFGH"],
            Modules("DDR4", 3200, 8),
        ),
        (
            [module("LPDDR5X", 7500, BANK_LOCATOR=f"P0 CHANNEL {c}", DATA_WIDTH="32") for c in "ABCD"],
            Modules("LPDDR5", 7500, 2),
        ),
        (
            [module("DDR5", 4800, BANK_LOCATOR=f"P0_Node0_Channel{c}_Dimm0") for c in range(12)],
            Modules("DDR5", 4800, 12),
        ),
        *(
            (
                [module("DDR4", 3200, LOCATOR=slot.format(c, d)) for c in "ABCDEF" for d in (1, 2)],
                Modules("DDR4", 3200, 6),
            )
            for slot in ("CPU1_DIMM_{}{}", "DIMM_P0_{}{}", "P1-DIMM{}{}", "DIMM_CH{}_{}", "CPU0_CH{}_DIMM{}")
        ),
        (
            [module("DDR4", 3200, LOCATOR=f"DIMM_P{p}_{c}0") for p in (0, 1) for c in "ABCDEFGH"],
            Modules("DDR4", 3200, 16),
        ),
        (dell(6, 1, 2, 4, 5), Modules("DDR4", 2666, 8)),  # PowerEdge R740: six channels of two
        (dell(6, *range(1, 13)), Modules("DDR4", 2666, 12)),
        (dell(6, 1, 7), Modules("DDR4", 2666, 2)),
        (dell(4, *range(1, 9)), Modules("DDR4", 2666, 8)),  # R730, R930: four of three
        *(
            ([module("DDR4", 2400, LOCATOR=name.format(n)) for n in numbers for name in names], expected)
            for names, numbers, expected in (
                (["PROC 1 DIMM {}", "PROC 2 DIMM {}"], range(1, 13), Modules("DDR4", 2400, 12)),  # HPE
                (["CPU1_DIMM{}", "CPU2_DIMM{}"], range(1, 7), Modules("DDR4", 2400, 12)),  # ThinkStation P920
                (["DIMM {}"], range(1, 9), Modules("DDR4", 2400, 4)),  # workstations of four channels
                (["DIMM {}"], (1, 2, 3), Modules("DDR4", 2400, 2)),
                (["DIMM_A{}"], (1, 2, 3, 4), Modules("DDR4", 2400, 2)),  # PowerEdge T330
                (["DIMM_A{}", "DIMM_B{}"], range(1, 9), Modules("DDR4", 2400, 8)),  # PowerEdge without sets
                (["DIMM {}"], "AB", Modules("DDR4", 2400, 2)),
                (["CPU1_{}1", "CPU1_{}2"], "ABCDEF", Modules("DDR4", 2400, 6)),
                (["DDR4_{}1", "DDR4_{}2"], "AB", Modules("DDR4", 2400, 2)),  # ASRock
                (["CPU0_C{}D0", "CPU0_C{}D1"], range(8), Modules("DDR4", 2400, 8)),  # Inspur
                (["CPU0 CH{}/D0", "CPU0 CH{}/D1"], range(8), Modules("DDR4", 2400, 8)),
                (["P1-DIMM{}1", "P2-DIMM{}1"], "ABCDEFGH", Modules("DDR4", 2400, 16)),  # Supermicro
            )
        ),
        (
            [
                module("DDR5", 4800, LOCATOR=f"P1-DIMM{c}1", BANK_LOCATOR="P0_Node0_Channel0_Dimm0")
                for c in "ABCDEFGH"
            ],
            Modules("DDR5", 4800, 8),
        ),
        (
            [
                *(
                    module("DDR4", 2400, LOCATOR=f"PROC {p} DIMM {n}", SET=str(n))
                    for p in (1, 2)
                    for n in (1, 4, 9, 12)
                ),
                *(
                    {**EMPTY, "LOCATOR": f"PROC {p} DIMM {n}"}
                    for p in (1, 2)
                    for n in (2, 3, 5, 6, 7, 8, 10, 11)
                ),
            ],
            Modules("DDR4", 2400, 8),
        ),
        ([module("DDR5", 4800, LOCATOR=f"PROC 1 DIMM {n}") for n in range(1, 13)], Modules("DDR5", 4800, 12)),
        (
            [
                module("LPDDR4", 4267, LOCATOR="Motherboard", BANK_LOCATOR=f"BANK {n}", DATA_WIDTH="16")
                for n in range(8)
            ],
            Modules("LPDDR4", 4267, 2),
        ),
        (
            [
                module("DDR4", 2667, LOCATOR=f"Channel{c}-DIMM0", BANK_LOCATOR=f"BANK {n}")
                for n, c in ((0, "A"), (2, "B"))
            ],
            Modules("DDR4", 2667, 2),
        ),
        (
            [
                module("DDR4", 2400, LOCATOR=f"SODIMM{n}", BANK_LOCATOR=f"CHANNEL {c} DIMM0")
                for n, c in enumerate("AB")
            ],
            Modules("DDR4", 2400, 2),
        ),
        ([module("RAM", 0)], None),
        ([{"SIZE": "17179869184", "TYPE": "DDR4"}], None),
        ([module(), module("DDR4")], None),
        ([], None),
    ],
)
def test_kind_speed_and_channels_are_read_from_the_slots(
    slots: list[dict[str, str]], expected: Modules | None
) -> None:
    assert expected == read_modules(record(*slots))


def test_the_host_is_read_with_its_modules(tmp_path: Path) -> None:
    database = tmp_path / "run/udev/data/+dmi:id"
    database.parent.mkdir(parents=True)
    database.write_text(record(module(BANK_LOCATOR="P0 CHANNEL A")))
    ram = read_ram(tmp_path)
    assert (Modules("DDR5", 5600, 1), "udev") == (ram.modules, ram.source)


def test_modules_of_a_hypervisor_are_not_believed(tmp_path: Path) -> None:
    """An instance of a cloud shows one module of DDR4, whatever its 192 processors read from."""
    database = tmp_path / "run/udev/data/+dmi:id"
    database.parent.mkdir(parents=True)
    database.write_text(record(module("DDR4", 2933)))
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags\t\t: fpu vme hypervisor lahf_lm\n")
    ram = read_ram(tmp_path)
    assert (None, "unknown") == (ram.modules, ram.source)


def test_a_rating_and_a_measured_rate_are_different_numbers() -> None:
    host = Ram(1 << 35, 1 << 35), Cpu(8, 8)
    rated, _ = declare_host(*host, None, "ddr5-5600x2", None)
    measured, _ = declare_host(*host, None, "60GB/s", None)
    assert (None, Modules("DDR5", 5600, 2)) == (rated.bandwidth, rated.modules)
    assert (60 * 10**9, None) == (measured.bandwidth, measured.modules)


@pytest.mark.parametrize(
    "text",
    ["ddr4-3200x8", "DDR4-3200\u00d78", "ddr4-3200*8", "8x ddr4-3200", "ddr4 3200 x8", "DDR4-3200 MT/s x 8"],
)
def test_a_rating_may_be_written_as_shops_do(text: str) -> None:
    assert parse_modules(text) == Modules("DDR4", 3200, 8)


@pytest.mark.parametrize(
    "text",
    ["ddr5", "ddr5-56000x2", "ddr5-5600x0", "ddr5-5600x99", "ddr9-5600", "ddr55600", "2xddr5-5600x2", "fast"],
)
def test_a_bad_rating_is_one_line_that_shows_both_ways(text: str) -> None:
    assert parse_modules(text) is None
    with pytest.raises(UsageError) as caught:
        declare_host(Ram(1 << 35, 1 << 35), Cpu(8, 8), None, text, None)
    assert caught.value.hint == "a measured rate, 60GB/s, or the modules' rating, ddr5-5600x2"
