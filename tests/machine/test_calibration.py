from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from moefit.errors import InputError
from moefit.machine.calibration import (
    Calibration,
    Learned,
    LinkRate,
    RamRate,
    apply,
    with_learned,
    with_misses,
)
from moefit.machine.calibration_json import from_json, to_json
from moefit.machine.system import fingerprint
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.sizes import GIB

HOST = fingerprint("a processor", 16, 64 * GIB, 1)
DIGITS = "0a1b2c3d-0000-1111-2222-333344445555"
CALIBRATION = Calibration(
    fingerprint=HOST,
    date="2026-11-24T06:42:40+00:00",
    ram=(RamRate(1, 10), RamRate(8, 60), RamRate(16, 55)),
    links=(LinkRate(DIGITS, "a card", pinned=50, pageable=6),),
)
CARD = Device("CUDA0", 1, 2, description="a card", bandwidth=900, link_bandwidth=26, uuid=f"GPU-{DIGITS}")
MACHINE = Machine((CARD,), Ram(64 * GIB, 60 * GIB), Cpu(8, 16, "a processor"), host=HOST)


def test_measured_rates_replace_what_was_assumed() -> None:
    machine = apply(MACHINE, CALIBRATION)
    assert (60, ((1, 10), (8, 60), (16, 55)), "calibration") == (
        machine.ram.bandwidth,
        machine.ram.bandwidth_by_threads,
        machine.ram.source,
    )
    assert [(50, 6, 900)] == [
        (gpu.link_bandwidth, gpu.pageable_bandwidth, gpu.bandwidth) for gpu in machine.gpus
    ]


def test_what_llama_cpp_decoded_at_is_kept_beside_plain_reads_and_corrected_with_them() -> None:
    decoded = replace(CALIBRATION, decoded=(RamRate(1, 5), RamRate(16, 40)))
    assert decoded == from_json(json.dumps(to_json(decoded)))
    assert ((1, 5), (16, 40)) == apply(MACHINE, decoded).ram.decoded_by_threads
    learned = with_learned(decoded, [Learned("CPU", "memory", 0.5)], None)
    assert ((1, 2), (16, 20)) == apply(MACHINE, learned).ram.decoded_by_threads


def test_a_calibration_of_an_earlier_version_has_plain_reads_alone() -> None:
    document = to_json(CALIBRATION)
    del document["decoded"]
    assert CALIBRATION == from_json(json.dumps(document))


def test_a_plan_can_name_the_calibration_it_uses() -> None:
    assert f"{HOST} of 2026-11-24" == apply(MACHINE, CALIBRATION).calibration


def test_another_hosts_calibration_changes_nothing() -> None:
    assert MACHINE == apply(MACHINE, replace(CALIBRATION, fingerprint="another"))


def test_a_declared_machine_is_no_host_and_stays_as_declared() -> None:
    declared = replace(MACHINE, host="")
    assert declared == apply(declared, CALIBRATION)


def test_a_declared_bandwidth_stays() -> None:
    machine = apply(replace(MACHINE, ram=replace(MACHINE.ram, bandwidth=77, source="declared")), CALIBRATION)
    assert (77, ()) == (machine.ram.bandwidth, machine.ram.bandwidth_by_threads)


def test_another_card_in_the_same_host_keeps_its_own_link() -> None:
    other = replace(CARD, uuid="GPU-ffffffff-0000-1111-2222-333344445555")
    assert (other, replace(CARD, uuid="")) == apply(
        replace(MACHINE, gpus=(other, replace(CARD, uuid=""))), CALIBRATION
    ).gpus


def test_with_fewer_threads_only_what_so_few_read_counts() -> None:
    assert 10 == apply(replace(MACHINE, cpu=Cpu(4, 4, "a processor")), CALIBRATION).ram.bandwidth


@pytest.mark.parametrize(
    "other",
    [
        ("another", 16, 64 * GIB, 1),
        ("a processor", 8, 64 * GIB, 1),
        ("a processor", 16, 32 * GIB, 1),
        ("a processor", 16, 64 * GIB, 2),
    ],
)
def test_hosts_differ_by_processor_memory_and_nodes(other: tuple[str, int, int, int]) -> None:
    assert HOST != fingerprint(*other)


def test_a_kernel_that_keeps_a_little_more_for_itself_is_the_same_host() -> None:
    assert HOST == fingerprint("a processor", 16, 64 * GIB - (1 << 28), 1)


def test_a_calibration_reads_back_as_it_was() -> None:
    assert CALIBRATION == from_json(json.dumps(to_json(CALIBRATION)))


def broken(**changes: Any) -> str:
    return json.dumps(to_json(CALIBRATION) | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a calibration"),
        ("[]", "not a calibration: no object"),
        ("{}", "not a calibration: no 'version'"),
        (broken(version=2), "version 2 is not known"),
        (broken(ram=[]), "no memory bandwidth"),
        (broken(ram=[{"threads": 1}]), "bandwidth"),
        (broken(ram=[{"threads": 1, "bandwidth": 0}]), "0 is no positive whole number"),
        (broken(ram=[{"threads": 1, "bandwidth": True}]), "True is no positive whole number"),
        (
            broken(links=[{"uuid": "x", "description": "y", "pinned": "fast", "pageable": 1}]),
            "'fast' is no positive",
        ),
        (broken(links=3), "not a calibration"),
    ],
)
def test_a_bad_file_is_one_clear_error_that_names_it(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(text, "calibration.json")
    assert caught.value.message.startswith("calibration.json: ")
    assert message in caught.value.message


LEARNED = with_learned(
    CALIBRATION, [Learned("CPU", "memory", 0.5), Learned(DIGITS, "pinned", 1.1)], "llama-9-100"
)


def test_learned_factors_correct_the_rates_they_name() -> None:
    machine = apply(replace(MACHINE, gpus=(replace(CARD, source="nvml"),)), LEARNED)
    assert (30, ((1, 5), (8, 30), (16, 27))) == (machine.ram.bandwidth, machine.ram.bandwidth_by_threads)
    assert [(55, 6, 900)] == [
        (gpu.link_bandwidth, gpu.pageable_bandwidth, gpu.bandwidth) for gpu in machine.gpus
    ]


def test_a_declared_card_is_not_corrected() -> None:
    assert [50] == [gpu.link_bandwidth for gpu in apply(MACHINE, LEARNED).gpus]


def test_a_corrected_calibration_says_so() -> None:
    assert f"{HOST} of 2026-11-24, corrected by bench" == apply(MACHINE, LEARNED).calibration


def test_later_lessons_multiply_and_stay_within_two() -> None:
    again = with_learned(
        LEARNED, [Learned("CPU", "memory", 0.8), Learned(DIGITS, "pinned", 1.5)], "qwen3moe-5-50"
    )
    assert {("CPU", "memory"): 0.5, (DIGITS, "pinned"): 1.65} == {
        (one.place, one.figure): one.factor for one in again.learned
    }


def test_a_machine_knows_which_models_ran_on_it() -> None:
    again = with_learned(LEARNED, [], "qwen3moe-5-50")
    found = replace(MACHINE, gpus=(replace(CARD, source="nvml"),))
    assert ("llama-9-100", "qwen3moe-5-50") == apply(found, again).benched


def test_a_machine_with_a_declared_card_is_not_the_one_that_models_ran_on() -> None:
    assert () == apply(MACHINE, LEARNED).benched


def test_misses_of_a_model_are_replaced_and_kept_in_bounds() -> None:
    known = with_misses(with_misses(LEARNED, "a", 2.0), "b", 1000.0)
    assert (("a", 0.5), ("b", 50.0)) == with_misses(known, "a", 0.5).misses
    assert (("a", 2.0), ("b", 50.0)) == apply(MACHINE, known).misses
    assert known == from_json(json.dumps(to_json(known)))


@pytest.mark.parametrize("misses", [[1], {"a": 0}, {"a": "much"}, {"a": 51.0}, {"a": True}])
def test_misses_that_cannot_be_are_refused(misses: object) -> None:
    with pytest.raises(InputError, match="misses"):
        from_json(json.dumps(to_json(LEARNED) | {"misses": misses}))


def test_what_was_learned_is_written_and_read_back() -> None:
    assert LEARNED == from_json(json.dumps(to_json(LEARNED)))


@pytest.mark.parametrize("factor", [0, 3, "1", True, None])
def test_an_odd_factor_is_no_calibration(factor: object) -> None:
    document = to_json(LEARNED)
    document["learned"][0]["factor"] = factor
    with pytest.raises(InputError, match="not a calibration"):
        from_json(json.dumps(document))
