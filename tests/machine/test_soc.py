"""GPUs of systems on a chip are not passed over without a word."""

from __future__ import annotations

import pytest

from moefit.machine.detect import MachineOptions, detect
from moefit.machine.soc import soc_gpus
from tests.machine.tree import write

ASK = "GPU is here: put a llama-server on the PATH, which names it"


@pytest.mark.parametrize(
    ("driver", "maker"),
    [("asahi", "an Apple"), ("panthor", "a Mali"), ("panfrost", "a Mali"), ("msm_dpu", "an Adreno")],
)
def test_the_kernels_driver_says_whose_it_is(tmp_path, driver, maker) -> None:
    write(tmp_path, {"sys/class/drm/card0/device/uevent": f"DRIVER={driver}\nOF_NAME=gpu\n"})
    assert (f"{maker} {ASK}",) == soc_gpus(tmp_path, "linux")


def test_a_display_alone_is_no_gpu(tmp_path) -> None:
    write(tmp_path, {"sys/class/drm/card0/device/uevent": "DRIVER=simpledrm\n"})
    assert () == soc_gpus(tmp_path, "linux")


@pytest.mark.parametrize(("processor", "words"), [("arm64", (f"an Apple {ASK}",)), ("x86_64", ())])
def test_a_mac_with_apples_processor_has_one(tmp_path, processor, words) -> None:
    assert words == soc_gpus(tmp_path, "darwin", processor)


def test_detection_says_so_where_no_program_was_asked(tmp_path) -> None:
    write(tmp_path, {"sys/class/drm/card0/device/uevent": "DRIVER=asahi\n"})
    machine = detect(MachineOptions(calibrated=False), {}, root=tmp_path)
    assert f"an Apple {ASK}" in machine.warnings
