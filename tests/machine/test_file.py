from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import InputError
from moefit.machine.file import from_json, to_json
from moefit.machine.types import Cpu, Device, Machine, Ram

BYTES = st.integers(0, 1 << 50)
RATES = st.none() | st.integers(10**6, 1 << 50)
DEVICES = st.builds(
    Device,
    name=st.from_regex(r"(CUDA|ROCm|Vulkan|RPC)[0-9]", fullmatch=True),
    free=st.integers(0, 1 << 40),
    total=st.integers(1 << 40, 1 << 50),
    buffer=st.sampled_from(["", "RPC0[127.0.0.1:50052]"]),
    description=st.text(),
    bandwidth=RATES,
    link_bandwidth=RATES,
    pageable_bandwidth=RATES,
    compute=st.none() | st.floats(1, 1e18),
    overhead=BYTES,
    integrated=st.booleans(),
    uuid=st.text(),
    source=st.text(),
    uncapped=st.none() | BYTES,
    latency=st.none() | st.floats(1e-6, 1.0),
    link_now=RATES,
    link_most=RATES,
    held=st.lists(st.tuples(st.text(), BYTES), max_size=2).map(tuple),
    display=st.booleans(),
)
MACHINES = st.builds(
    Machine,
    gpus=st.lists(DEVICES, max_size=3, unique_by=lambda device: device.name).map(tuple),
    ram=st.builds(
        Ram,
        total=BYTES,
        available=BYTES,
        bandwidth=RATES,
        unlocked_limit=RATES,
        bandwidth_by_threads=st.sampled_from([(), ((1, 10), (2, 19))]),
        decoded_by_threads=st.sampled_from([(), ((1, 8), (2, 15))]),
        source=st.text(),
    ),
    cpu=st.builds(
        lambda cores, more, model, nodes, quota: Cpu(cores, cores + more, model, nodes, quota),
        st.integers(1, 256),
        st.integers(0, 256),
        st.text(),
        st.integers(1, 8),
        st.none() | st.floats(0.1, 256),
    ),
    warnings=st.lists(st.text(), max_size=2).map(tuple),
    calibration=st.text(),
    host=st.text(),
    duplicates=st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple),
)
SMALLEST: dict[str, Any] = {
    "gpus": [{"name": "CUDA0", "free": 1, "total": 2}],
    "ram": {"total": 4, "available": 3},
    "cpu": {"cores": 2},
}


@given(MACHINES)
def test_a_machine_reads_back_as_it_was(machine: Machine) -> None:
    assert machine == from_json(json.dumps(to_json(machine)))


@given(MACHINES)
def test_a_plan_that_carries_a_machine_is_a_machine_file_too(machine: Machine) -> None:
    assert machine == from_json(json.dumps({"version": 1, "fits": True, "machine": to_json(machine)}))


def test_the_keys_are_those_of_the_plan_document() -> None:
    machine = to_json(Machine((Device("RPC1", 1, 2, "RPC0[h:1]"),), Ram(4, 3), Cpu(2, 4)))
    assert {"name", "description", "total", "free", "bandwidth", "link_bandwidth", "source"} <= machine[
        "gpus"
    ][0].keys()
    assert "RPC0[h:1]" == machine["gpus"][0]["buffer"]
    assert {"total", "available", "bandwidth"} <= machine["ram"].keys()
    assert {"cores", "threads"} <= machine["cpu"].keys()


def test_what_a_file_leaves_out_is_unknown() -> None:
    machine = from_json(json.dumps(SMALLEST))
    assert Machine((Device("CUDA0", 1, 2, source="file"),), Ram(4, 3), Cpu(2, 2)) == machine


def test_keys_of_a_newer_moefit_are_ignored() -> None:
    newer = SMALLEST | {"nics": [], "gpus": [SMALLEST["gpus"][0] | {"colour": "green"}]}
    assert from_json(json.dumps(SMALLEST)) == from_json(json.dumps(newer))


def changed(part: str, **values: Any) -> dict[str, Any]:
    if part == "gpus":
        return SMALLEST | {"gpus": [SMALLEST["gpus"][0] | values]}
    return SMALLEST | {part: SMALLEST[part] | values}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "machine is not an object"),
        ({}, "machine has no 'gpus'"),
        (SMALLEST | {"gpus": {}}, "machine: 'gpus' is not a list"),
        (SMALLEST | {"gpus": ["CUDA0"]}, "gpus[0] is not an object"),
        (SMALLEST | {"ram": None}, "ram is missing"),
        (SMALLEST | {"cpu": 4}, "cpu is not an object"),
        (changed("gpus", name=None), "gpus[0] has no 'name'"),
        (changed("gpus", free="1GiB"), "gpus[0]: 'free' is not a whole number"),
        (changed("gpus", free=True), "gpus[0]: 'free' is not a whole number"),
        (changed("gpus", total=-1), "gpus[0]: 'total' is out of range"),
        (changed("gpus", compute=float("inf")), "not JSON: Infinity is no number"),
        (changed("gpus", bandwidth=0), "gpus[0]: 'bandwidth' is out of range"),
        (changed("gpus", bandwidth=10**6 - 1), "gpus[0]: 'bandwidth' is out of range"),
        (
            changed("gpus", free=(1 << 30) + 1, total=1 << 30),
            "gpus[0]: more memory free than there is in total",
        ),
        (changed("gpus", link_bandwidth=0), "gpus[0]: 'link_bandwidth' is out of range"),
        (changed("gpus", compute=0.0), "gpus[0]: 'compute' is out of range"),
        (changed("gpus", free=1 << 61), "gpus[0]: 'free' is out of range"),
        (changed("gpus", compute=float("nan")), "not JSON: NaN is no number"),
        (changed("gpus", integrated="no"), "gpus[0]: 'integrated' is not true or false"),
        (changed("ram", bandwidth_by_threads=[[1]]), "'bandwidth_by_threads' is not pairs"),
        (changed("ram", bandwidth_by_threads=[[0, 1]]), "'bandwidth_by_threads' is not pairs"),
        (changed("ram", decoded_by_threads=[[1, "fast"]]), "'decoded_by_threads' is not pairs"),
        (changed("cpu", cores=0), "cpu: 0 cores and 0 threads"),
        (changed("cpu", threads=1), "cpu: 2 cores and 1 thread"),
        (changed("cpu", numa_nodes=1 << 17), "cpu: 'numa_nodes' is out of range"),
        (SMALLEST | {"gpus": SMALLEST["gpus"] * 2}, "two devices have one name"),
        (SMALLEST | {"warnings": 3}, "machine: 'warnings' is not a list"),
        (SMALLEST | {"host": 3}, "machine: 'host' is not a string"),
    ],
)
def test_a_bad_file_is_one_clear_error_that_names_file_and_place(document: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(json.dumps(document), "box.json")
    assert message in caught.value.message
    assert caught.value.message.startswith("box.json: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*SMALLEST, "name", "free", "total", "available", "cores"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_machine_or_one_clear_error(document: object) -> None:
    try:
        from_json(json.dumps(document))
    except InputError as error:
        assert error.message  # noqa: PT017 - a machine is as good an answer


def test_a_file_that_is_not_json_says_so() -> None:
    with pytest.raises(InputError, match="not JSON"):
        from_json("GGUF")
