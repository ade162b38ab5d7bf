from __future__ import annotations

import stat
from pathlib import Path

import pytest

from moefit.errors import BrokenError, DriverError, InputError
from moefit.llama.devices import list_devices, parse_list
from moefit.sizes import MIB
from tests.llama.harness import RpcDevices, free_port

PRINTED = """Available devices:
  CUDA0: NVIDIA GeForce RTX 3060 (11909 MiB, 11700 MiB free)
  Vulkan0: AMD Radeon RX 7900 XTX (RADV NAVI31) (24560 MiB, 24000 MiB free)
  Vulkan1: Intel(R) UHD Graphics 770 (ADL-S GT1) (32000 MiB, 30000 MiB free)
  MTL0: Apple M3 Max (49152 MiB, 49151 MiB free)
  GPUOpenCL: QUALCOMM Adreno(TM) 830 (8000 MiB, 8000 MiB free)
  BLAS: OpenBLAS (0 MiB, 0 MiB free)
  RPC0: box:50052 (8000 MiB, 7000 MiB free)
  RPC1: box:50052 (8000 MiB, 7000 MiB free)
  RPC2: 127.0.0.1:50053 (24105 MiB, 24105 MiB free)
"""
DEVICES = [device for device in parse_list(PRINTED) if not device.is_accelerator]


def script(path: Path, body: str) -> str:
    """A program that stands in for llama-server."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_devices_are_read_in_the_order_printed_without_accelerators() -> None:
    names = ["CUDA0", "Vulkan0", "Vulkan1", "MTL0", "GPUOpenCL", "RPC0", "RPC1", "RPC2"]
    assert names == [device.name for device in DEVICES]


def test_accelerators_are_in_the_list_that_a_machine_is_made_of() -> None:
    assert ["BLAS"] == [device.name for device in parse_list(PRINTED) if device.is_accelerator]


def test_buffers_of_rpc_devices_count_within_their_server() -> None:
    buffers = {device.name: device.buffer_name for device in DEVICES}
    expected = {"RPC0": "RPC0[box:50052]", "RPC1": "RPC1[box:50052]", "RPC2": "RPC0[127.0.0.1:50053]"}
    assert expected == {name: buffer for name, buffer in buffers.items() if name.startswith("RPC")}
    assert ("CUDA0", "OpenCL") == (buffers["CUDA0"], buffers["GPUOpenCL"])


def test_memory_is_the_servers_own_and_its_context_is_paid() -> None:
    cuda = DEVICES[0]
    assert (11909 * MIB, 11700 * MIB, 0, "llama-server") == (
        cuda.total,
        cuda.free,
        cuda.overhead,
        cuda.source,
    )


def test_rates_of_known_cards_come_from_the_catalogue() -> None:
    assert [360 * 10**9, 960 * 10**9, None] == [device.bandwidth for device in DEVICES[:3]]


def test_gpus_without_memory_of_their_own_are_known_by_name() -> None:
    assert ["Vulkan1", "MTL0", "GPUOpenCL"] == [device.name for device in DEVICES if device.integrated]


def test_no_devices_is_an_answer() -> None:
    assert () == parse_list("Available devices:\n  (none)\n")


@pytest.mark.parametrize(
    ("description", "mib", "integrated"),
    [
        ("Intel(R) Arc(tm) Graphics (MTL)", 16000, True),
        ("Intel(R) Arc(TM) 140V GPU (16GB)", 16384, True),
        ("Intel(R) Arc(tm) A750 Graphics (DG2)", 8128, False),
        ("Intel(R) Arc(TM) A770M Graphics", 16000, False),
        ("Intel(R) Iris(R) Xe Graphics (RPL-P)", 12000, True),
        ("AMD Radeon(TM) 860M Graphics", 36682, True),
        ("AMD Radeon(TM) 8060S Graphics", 110456, True),
        ("AMD Radeon(TM) Graphics", 110511, True),
        ("AMD Radeon Graphics", 32752, False),
        ("AMD Radeon RX 6600M", 8176, False),
        ("NVIDIA GB10", 124610, True),
        ("Intel(R) Graphics (ARL)", 48000, True),
        ("Intel(R) Graphics (LNL)", 16000, True),
        ("Intel(R) Arc(TM) B390 Graphics", 24000, True),
        ("Intel(R) Arc(TM) B390 GPU (PTL)", 24000, True),
        ("Intel(R) UHD Graphics 770", 32000, True),
        ("Intel(R) HD Graphics 4000 (IVB GT2)", 1536, True),
        ("Intel(R) Arc(tm) B580 Graphics (BMG G21)", 12000, False),
        ("Intel(R) Graphics (BMG G21)", 12000, False),
        ("Intel(R) Arc(TM) Pro B60 Graphics", 24000, False),
        ("Intel(R) Arc(TM) A370M Graphics (DG2)", 4000, False),
        ("Intel(R) Data Center GPU Max 1550", 65536, False),
        ("Intel(R) Iris(R) Xe MAX Graphics (DG1)", 4000, False),
        ("AMD Custom GPU 0405 (RADV VANGOGH)", 8000, True),
        ("AMD Radeon Vega 8 Graphics (RADV RAVEN)", 3000, True),
        ("Vega 8 (RADV RAVEN)", 3000, True),
        ("AMD Radeon 780M Graphics (RADV PHOENIX)", 32000, True),
        ("AMD Radeon Graphics (RADV RAPHAEL_MENDOCINO)", 16000, True),
        ("AMD Radeon 8060S Graphics (RADV GFX1151)", 110000, True),
        ("AMD Radeon RX Vega (RADV VEGA10)", 8176, False),
        ("AMD Radeon RX Vega 64", 8176, False),
        ("AMD Radeon VII (RADV VEGA20)", 16368, False),
        ("AMD Radeon RX 9070 XT (RADV GFX1201)", 16304, False),
        ("AMD Radeon RX 7600M XT (RADV NAVI33)", 8176, False),
        ("AMD Radeon Graphics (RADV GFX1201)", 16304, False),
        ("AMD Radeon Graphics (RADV NAVI22)", 12272, False),
        ("AMD Radeon Graphics (RADV GFX1103_R1)", 16304, True),
        ("AMD Instinct MI210", 65520, False),
        ("QUALCOMM Adreno(TM) 830", 8000, True),
        ("Turnip Adreno (TM) 740", 8000, True),
        ("Mali-G715 (Panfrost)", 8000, True),
        ("ARM Immortalis-G925", 8000, True),
        ("Orin (nvgpu)", 60000, True),
        ("AMD BC-250 (RADV GFX1013)", 8000, True),
        ("llvmpipe (LLVM 19.1.7, 256 bits)", 24000, True),
        ("SwiftShader Device (Subzero)", 24000, True),
        ("NVIDIA Thor", 120000, True),
        ("NVIDIA RTX A1000 Laptop GPU", 4000, False),
        ("NVIDIA GH200 480GB", 96000, False),
        ("NVIDIA GeForce GTX 1650", 3715, False),
    ],
)
def test_public_device_names_are_told_apart(description: str, mib: int, *, integrated: bool) -> None:
    [device] = parse_list(f"Available devices:\n  Vulkan0: {description} ({mib} MiB, {mib} MiB free)\n")
    assert (description, integrated) == (device.description, device.integrated)


def test_the_server_is_told_of_rpc_before_it_lists(tmp_path: Path) -> None:
    program = script(tmp_path / "llama-server", 'echo "  RPC0: $* $GGML_NO_BACKTRACE (1 MiB, 1 MiB free)"')
    [device] = list_devices(program, {"PATH": "/bin"}, rpc=["a:1,b:2", "c:3"])
    assert "--rpc a:1,b:2,c:3 --list-devices 1" == device.description


@pytest.mark.parametrize("fault", ["kill -ABRT $$", "exec sleep 60"], ids=["ends", "hangs"])
def test_a_program_that_fails_over_its_servers_is_said_with_them(tmp_path: Path, fault: str) -> None:
    program = script(tmp_path / "llama-server", fault)
    with pytest.raises(DriverError, match="--rpc box:1"):
        list_devices(program, {"PATH": "/bin:/usr/bin"}, ["box:1"], 0.2)


def test_a_server_that_does_not_answer_is_stopped(tmp_path: Path) -> None:
    program = script(tmp_path / "llama-server", "exec sleep 60")
    with pytest.raises(InputError, match=r"no answer in 0\.2 seconds"):
        list_devices(program, {"PATH": "/bin:/usr/bin"}, time_limit=0.2)


@pytest.mark.parametrize(
    ("body", "breaks"),
    [
        ("kill -SEGV $$", True), ("exit 139", True), ("exit 137", True), ("sleep 60", True), ("echo 'Available devices:'; kill -ABRT $$", True),
        ("exit 127", True), ("echo '  CUDA0: card (9 MiB, 9 MiB free)'; exit 1", True),
        ("echo 'ggml_cuda_init: failed to initialize CUDA: unknown error' >&2; echo 'Available devices:'", True),
        ("exit 1", False), ("echo hello", False), ("exit 0", False),
    ],
)  # fmt: skip
def test_a_crash_or_a_hang_is_told_from_a_program_that_does_not_know_the_option(
    tmp_path: Path, body, breaks
) -> None:
    program = script(tmp_path / "llama-server", body)
    with pytest.raises(DriverError) as caught:
        list_devices(program, {"PATH": "/bin:/usr/bin"}, time_limit=0.5)
    assert breaks == isinstance(caught.value, BrokenError)


@pytest.mark.parametrize(
    ("says", "lists"),
    [
        ("CUDA: no CUDA-capable device is detected", ""),
        ("ROCm: no ROCm-capable device is detected", ""),
        ("CUDA: CUDA driver version is insufficient for CUDA runtime version", ""),
        ("CUDA: unknown error", "  Vulkan0: card (9 MiB, 9 MiB free)"),
    ],
)
def test_a_backend_without_a_card_is_no_failing_driver(tmp_path: Path, says: str, lists: str) -> None:
    body = (
        f"echo 'ggml_cuda_init: failed to initialize {says}' >&2; echo 'Available devices:'; echo '{lists}'"
    )
    program = script(tmp_path / "llama-server", body)
    assert bool(lists) == bool(list_devices(program, {"PATH": "/bin:/usr/bin"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Available devices:\r  CUDA0: a (2 MiB, 1 MiB free)\r", ["CUDA0"]),
        ("Available devices:\r\n  CUDA0: a (2 MiB, 1 MiB free)\r\n", ["CUDA0"]),
        ("Available devices:\n  (none)\n", []),
        ("Available devices:\n", []),
        ("Available devices:\n\n  \n", []),
    ],
)
def test_lines_end_as_they_may(text, expected) -> None:
    assert expected == [device.name for device in parse_list(text)]


@pytest.mark.parametrize("row", ["  : a (2 MiB, 1 MiB free)", "  CUDA0 a", "?", "  CUDA0=a (2 MiB)", "\x00"])
def test_a_list_of_which_no_row_is_a_device_is_none(row) -> None:
    with pytest.raises(DriverError, match="is no device"):
        parse_list(f"Available devices:\n{row}\n")


def test_digits_are_those_that_a_program_prints() -> None:
    [device] = parse_list("Available devices:\n  CUDA0: a (\u0661\u0662 MiB, \u0663 MiB free)\n")
    assert 0 == device.total


def test_a_server_that_fails_is_quoted(tmp_path: Path) -> None:
    program = script(tmp_path / "llama-server", "echo error: invalid argument: --list-devices >&2; exit 1")
    with pytest.raises(InputError, match="failed with status 1: error: invalid argument"):
        list_devices(program, {})


@pytest.mark.parametrize("name", ["missing", "folder", "data"])
def test_what_is_no_program_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "data").write_text("data")
    with pytest.raises(InputError) as caught:
        list_devices(str(tmp_path / name), {})
    assert caught.value.hint is not None


@pytest.mark.llama
def test_two_real_rpc_servers_are_two_devices_with_their_own_buffers(
    llama: Path, environment: dict[str, str], rpc: RpcDevices
) -> None:
    devices = list_devices(str(llama / "llama-server"), environment, rpc=[rpc.option[1]])
    assert ["RPC0", "RPC1"] == [device.name for device in devices]
    assert list(rpc.buffers) == [device.buffer_name for device in devices]
    assert all(0 < device.free <= device.total for device in devices)


@pytest.mark.llama
def test_a_real_server_without_devices_lists_none(llama: Path, environment: dict[str, str]) -> None:
    assert () == list_devices(str(llama / "llama-server"), environment)


@pytest.mark.llama
def test_an_rpc_server_that_is_not_there_is_named(llama: Path, environment: dict[str, str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(InputError, match=f"no RPC server at {address}"):
        list_devices(str(llama / "llama-server"), environment, rpc=[address])
