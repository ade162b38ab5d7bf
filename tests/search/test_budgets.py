from dataclasses import replace

from moefit.launch.settings import Settings
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.guest import Guest
from moefit.search.budgets import budgets
from moefit.search.request import Request
from tests import oracle
from tests.planning.worlds import OPTIONS, launch

GIB = 1 << 30
CARDS = (Device("CUDA0", 8 * GIB, 8 * GIB), Device("CUDA1", 8 * GIB, 8 * GIB))


def test_a_draft_models_buffers_count_at_the_micro_batch_of_the_launch():
    model = oracle.model("small-llama", "Q4_K_M")
    guests = (Guest("draft", "CUDA0", model=1000, compute=100, ubatch=512), Guest("mmproj", "CUDA0", 7, 0, 7))

    def taken(ubatch: int) -> list[int]:
        line = launch(("llama-server", "-m", "m.gguf"))
        request = Request(model, Machine(CARDS, Ram(GIB, GIB), Cpu(8, 16)), line, OPTIONS, guests=guests)
        found = budgets(request, CARDS, replace(Settings(8192), ubatch=ubatch))
        return [budget.guests for budget in found]

    assert [[1114, 0], [1414, 0]] == [taken(512), taken(2048)]
