"""More devices than llama.cpp takes: a plan is for the best of them, and the line names those that it uses."""

from __future__ import annotations

import pytest

from moefit.cost.workload import Workload
from moefit.errors import UsageError
from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.planning.most_devices import with_the_best
from moefit.search.request import Options, Request
from tests.oracle import model as recorded
from tests.planning.worlds import launch

SMALL = {3, 7, 11}
CARDS = [f"name=CUDA{i},free={1 if i in SMALL else 2}GiB,bandwidth=400GB/s" for i in range(18)]


def request(*words: str, beside: tuple[str, ...] = ()) -> Request:
    machine = Machine(parse_gpus(CARDS), Ram(64 << 30, 64 << 30), Cpu(8, 16), accelerators=beside)
    line = ("llama-server", "-m", "m.gguf", "-c", "4096", *words, "--fit", "off")
    model = recorded("tiny-olmoe-4l", "Q4_K_M")
    return Request(model, machine, launch(line), Options(Workload(2048, 512), thorough=False))


def test_the_best_fifteen_are_planned_for_and_the_others_are_said():
    fewer, [said] = with_the_best(request())
    assert [f"CUDA{i}" for i in range(18) if i not in SMALL] == [gpu.name for gpu in fewer.machine.gpus]
    assert ("CUDA3", "CUDA7", "CUDA11") == fewer.machine.hidden
    assert "CUDA3, CUDA7, CUDA11 are left out: llama.cpp takes at most 15 devices" == said.message


def test_an_accelerator_takes_the_place_of_a_device():
    _, [said] = with_the_best(request(beside=("BLAS",)))
    assert said.message.endswith("are left out: llama.cpp takes at most 14 devices beside BLAS")
    fifteen = ",".join(f"CUDA{i}" for i in range(15))
    with pytest.raises(UsageError, match="at most 14 devices, and these are 15"):
        estimate(request("-dev", fifteen, beside=("BLAS",)))


@pytest.mark.parametrize("words", [(), ("-ts", "1,1"), ("-ot", "exps=CUDA17")])
def test_a_line_that_llama_cpp_would_load_with_all_of_them_is_an_error(words):
    with pytest.raises(UsageError, match="at most 15 devices, and these are 18"):
        (plan if words else estimate)(request(*words))
