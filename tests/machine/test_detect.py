from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from moefit.errors import BrokenError, InputError, UsageError
from moefit.machine.calibration import Calibration, RamRate
from moefit.machine.calibration_file import calibration_path, save_calibration
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.file import to_json
from moefit.machine.types import Device
from moefit.sizes import GIB, MIB
from tests.machine.fake_nvml import LOST, NO_LIBRARY, FakeCard, fake_nvml

SERVED = Device(
    name="CUDA0", free=10 * GIB, total=12 * GIB, description="NVIDIA GeForce RTX 3060", source="llama-server"
)
RPC = Device(name="RPC0", free=4 * GIB, total=8 * GIB, buffer="RPC0[box:50052]", source="llama-server")


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """One RTX 3060."""
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(FakeCard()))


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """No NVIDIA driver."""
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(init=NO_LIBRARY))


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without calibrations; the environment of every test names it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    return folder


def refuse(_known: object = ()) -> tuple[Device, ...]:
    pytest.fail("the server must not be asked")


def fail(_known: object) -> tuple[Device, ...]:
    raise InputError("llama-server --list-devices: no answer in 5 seconds")


@pytest.mark.usefixtures("card")
def test_nvml_alone_tells_where_there_is_no_program_to_ask() -> None:
    machine = detect(MachineOptions(), {})
    assert [("CUDA0", "nvml")] == [(gpu.name, gpu.source) for gpu in machine.gpus]


@pytest.mark.parametrize("asked", [False, True])
def test_the_order_of_unlike_cards_is_a_guess_only_where_no_program_lists_them(
    monkeypatch, asked: bool
) -> None:
    fast = FakeCard(
        "NVIDIA GeForce RTX 3090", "GPU-3090", 24576 * MIB, 24000 * MIB, cores=10496, sm_clock=None
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(FakeCard(), fast))
    ask = (lambda known: tuple(replace(one, source="llama-server") for one in known)) if asked else None
    said = detect(MachineOptions(), {}, ask_server=ask).warnings
    assert asked != any(word.startswith("how CUDA orders unlike cards is a guess") for word in said)


@pytest.mark.usefixtures("card")
def test_the_program_names_what_nvml_describes() -> None:
    vulkan = replace(SERVED, name="Vulkan0")
    [gpu] = detect(MachineOptions(), {}, ask_server=lambda known: (vulkan,) if known else ()).gpus
    assert ("Vulkan0", "nvml", 11900 * MIB, 120 * MIB) == (gpu.name, gpu.source, gpu.free, gpu.overhead)


@pytest.mark.usefixtures("card")
def test_a_program_that_lists_no_device_has_none_whatever_nvml_says() -> None:
    machine = detect(MachineOptions(), {}, ask_server=lambda _: ())
    assert () == machine.gpus
    assert "built for the CPU alone, or its driver fails" in machine.warnings[0]


@pytest.mark.usefixtures("card")
def test_a_card_that_the_program_does_not_list_is_told() -> None:
    machine = detect(MachineOptions(), {}, ask_server=lambda _: (RPC,))
    assert (RPC,) == machine.gpus
    assert "the program does not list NVIDIA GeForce RTX 3060" in machine.warnings[0]


@pytest.mark.usefixtures("card")
def test_a_program_that_fails_leaves_what_nvml_says() -> None:
    machine = detect(MachineOptions(), {}, ask_server=fail)
    assert (["CUDA0"], True) == ([gpu.name for gpu in machine.gpus], "no answer" in machine.warnings[-1])


@pytest.mark.usefixtures("no_card")
def test_the_server_is_asked_when_nvml_finds_nothing() -> None:
    machine = detect(MachineOptions(), {}, ask_server=lambda _: (SERVED,))
    assert ((SERVED,), ()) == (machine.gpus, machine.warnings)


@pytest.mark.usefixtures("no_card")
def test_without_any_gpu_the_machine_is_its_host_and_a_warning() -> None:
    machine = detect(MachineOptions(), {})
    assert () == machine.gpus
    assert ("no NVIDIA GPU: NVML Shared Library Not Found",) == machine.warnings
    assert machine.ram.total > 0


@pytest.mark.usefixtures("card")
def test_a_preferred_server_names_the_devices_and_nvml_adds_the_rates() -> None:
    machine = detect(MachineOptions(), {}, ask_server=lambda _: (RPC, SERVED), prefer_server=True)
    rpc, cuda = machine.gpus
    assert RPC == rpc
    assert (11900 * MIB, 250 * MIB, "nvml") == (cuda.free, cuda.overhead, cuda.source)
    assert cuda.bandwidth is not None


@pytest.mark.usefixtures("no_card")
def test_a_server_that_fails_is_one_more_warning() -> None:
    machine = detect(MachineOptions(), {}, ask_server=fail)
    assert () == machine.gpus
    assert "llama-server --list-devices: no answer in 5 seconds" == machine.warnings[-1]


@pytest.mark.usefixtures("no_card")
def test_a_program_that_hangs_or_crashes_over_its_devices_may_have_gpus_that_nobody_sees(
    tmp_path: Path,
) -> None:
    def breaks(_known: object) -> tuple[Device, ...]:
        raise BrokenError("llama-server --list-devices: failed with signal 11")

    machine = detect(MachineOptions(), {}, ask_server=breaks, root=tmp_path)
    assert "llama-server --list-devices: failed with signal 11" == machine.unseen


@pytest.mark.usefixtures("no_card")
def test_a_program_that_knows_no_such_option_hides_no_gpu(tmp_path: Path) -> None:
    assert "" == detect(MachineOptions(), {}, ask_server=fail, root=tmp_path).unseen


@pytest.mark.usefixtures("card")
def test_a_program_that_crashes_beside_a_card_that_answers_hides_none(tmp_path: Path) -> None:
    def breaks(_known: object) -> tuple[Device, ...]:
        raise BrokenError("llama-server --list-devices: failed with signal 11")

    assert "" == detect(MachineOptions(), {}, ask_server=breaks, root=tmp_path).unseen


@pytest.mark.parametrize("answers", [(), (SERVED,)], ids=["no device", "a device"])
def test_nvml_that_hangs_may_hide_gpus_unless_a_program_lists_one(
    monkeypatch, tmp_path: Path, answers
) -> None:
    hanging = fake_nvml()
    monkeypatch.setattr(hanging, "nvmlInit", lambda: time.sleep(60))
    monkeypatch.setitem(sys.modules, "pynvml", hanging)
    machine = detect(MachineOptions(time_limit=0.3), {}, ask_server=lambda _: answers, root=tmp_path)
    assert ("" if answers else "NVML does not answer in 0.3 seconds (nvmlInit)") == machine.unseen


@pytest.mark.usefixtures("card")
def test_a_server_whose_answer_the_line_needs_must_not_fail() -> None:
    with pytest.raises(InputError, match="no answer in 5 seconds"):
        detect(MachineOptions(), {}, ask_server=fail, prefer_server=True)


@pytest.mark.usefixtures("card")
def test_without_a_server_to_ask_a_warning_says_how_to_declare_what_the_line_names() -> None:
    machine = detect(MachineOptions(), {}, prefer_server=True)
    assert ["CUDA0"] == [gpu.name for gpu in machine.gpus]
    assert "--gpu name=RPC0" in machine.warnings[-1]


def test_a_declared_gpu_replaces_detection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(count=LOST))
    machine = detect(
        MachineOptions(gpus=("rtx-3060",), ram="32GiB", ram_bandwidth="40GB/s", cores=6),
        {},
        ask_server=refuse,
    )
    assert ["NVIDIA GeForce RTX 3060"] == [gpu.description for gpu in machine.gpus]
    assert (32 * GIB, 40 * 10**9, 6) == (machine.ram.available, machine.ram.bandwidth, machine.cpu.cores)
    assert () == machine.warnings


def test_a_machine_file_replaces_detection_and_options_still_apply(tmp_path: Path) -> None:
    written = detect(MachineOptions(gpus=("rtx-3060", "rtx-3090"), ram="64GiB", cores=4), {})
    path = tmp_path / "box.json"
    path.write_text(json.dumps({"version": 1, "machine": to_json(written)}))
    options = MachineOptions(machine_file=str(path), budgets=("CUDA1=8GiB",), excluded=("CUDA0",), cores=8)
    machine = detect(options, {}, ask_server=refuse)
    assert [("CUDA1", 8 * GIB)] == [(gpu.name, gpu.free) for gpu in machine.gpus]
    assert (64 * GIB, 8) == (machine.ram.total, machine.cpu.cores)


def test_a_machine_file_and_a_declared_gpu_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="--gpu and --machine"):
        detect(MachineOptions(gpus=("rtx-3060",), machine_file="box.json"), {})


def test_a_missing_machine_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.json: No such file"):
        detect(MachineOptions(machine_file=str(tmp_path / "nowhere.json")), {})


def test_a_machine_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF\xff\xfe\x80")
    with pytest.raises(InputError, match="not text"):
        detect(MachineOptions(machine_file=str(path)), {})


@pytest.mark.usefixtures("card")
def test_what_was_measured_of_this_host_counts_and_is_named(home: Path) -> None:
    environment = {"HOME": str(home)}
    host = detect(MachineOptions(), environment).host
    save_calibration(
        Calibration(host, "2026-11-24T06:42:40+00:00", (RamRate(1, 7 * 10**9),), ()), environment
    )
    machine = detect(MachineOptions(), environment)
    assert (7 * 10**9, "calibration", f"{host} of 2026-11-24") == (
        machine.ram.bandwidth,
        machine.ram.source,
        machine.calibration,
    )


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(
    "options",
    [MachineOptions(calibrated=False), MachineOptions(ram="32GiB"), MachineOptions(ram_bandwidth="40GB/s")],
)
def test_a_calibration_steps_back_for_what_is_declared_or_refused(
    home: Path, options: MachineOptions
) -> None:
    environment = {"HOME": str(home)}
    host = detect(MachineOptions(), environment).host
    save_calibration(
        Calibration(host, "2026-11-24T06:42:40+00:00", (RamRate(1, 7 * 10**9),), ()), environment
    )
    ram = detect(options, environment).ram
    assert 7 * 10**9 != ram.bandwidth
    assert () == ram.bandwidth_by_threads


@pytest.mark.usefixtures("card")
def test_a_broken_calibration_is_a_warning(home: Path) -> None:
    environment = {"HOME": str(home)}
    path = calibration_path(detect(MachineOptions(), environment).host, environment)
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    machine = detect(MachineOptions(), environment)
    assert machine.ram.bandwidth is None
    assert any("not a calibration" in warning for warning in machine.warnings)


@pytest.mark.usefixtures("card")
def test_a_gpu_option_without_memory_says_more_of_a_device_that_is_there() -> None:
    options = MachineOptions(gpus=("name=RPC0,link=1.2GB/s", "name=CUDA0,bandwidth=300GB/s"))
    cuda, rpc = detect(options, {}, ask_server=lambda _: (SERVED, RPC)).gpus
    assert (300 * 10**9, 11900 * MIB, "nvml") == (cuda.bandwidth, cuda.free, cuda.source)
    assert (1_200_000_000, RPC.free, RPC.buffer) == (rpc.link_bandwidth, rpc.free, rpc.buffer)


@pytest.mark.usefixtures("card")
def test_a_gpu_option_for_a_device_that_is_not_there_needs_memory() -> None:
    with pytest.raises(UsageError, match="there is no RPC3, and no memory is given"):
        detect(MachineOptions(gpus=("name=RPC3,link=1GB/s",)), {})


@pytest.mark.parametrize(
    ("card", "ram", "free", "total"),
    [
        ("m4-pro", "24GiB", 16, 24),
        ("m4-pro", "64GiB", 48, 64),
        ("m4-pro", None, 48, 64),
        ("m4-max 64gb", "36GiB", 27, 36),
        ("strix-halo", "64GiB", 48, 64),
        ("strix-halo,free=96GiB", "32GiB", 96, 32),
        ("780m", "16GiB", 32 / 3, 16),
        ("dgx-spark", "64GiB", 64, 64),
    ],
)
def test_a_card_that_shares_ram_has_its_part_of_it_unless_it_says_how_much(card, ram, free, total) -> None:
    machine = detect(MachineOptions(gpus=(card,), ram=ram), {})
    [gpu] = machine.gpus
    assert (pytest.approx(free, abs=0.001), total) == (gpu.free / GIB, machine.ram.total / GIB)
    assert (ram is None) == any("are assumed, shared with the GPU" in text for text in machine.warnings)


def test_a_card_of_its_own_memory_leaves_ram_alone() -> None:
    [gpu] = detect(MachineOptions(gpus=("rtx-3060",), ram="8GiB"), {}).gpus
    assert 11909 * MIB == gpu.free
