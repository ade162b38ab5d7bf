from dataclasses import replace

from moefit.launch.settings import Settings
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.guest import Guest
from moefit.memory.guests import GuestFiles
from moefit.placement.types import Placement
from moefit.search.budgets import budgets, charged, devices_of_guests
from moefit.search.guest_memory import seated
from moefit.search.request import Request
from tests import oracle
from tests.planning.worlds import OPTIONS, launch

GIB = 1 << 30
CARDS = (Device("CUDA0", 8 * GIB, 8 * GIB), Device("CUDA1", 8 * GIB, 8 * GIB))
MODEL = oracle.model("small-llama", "Q4_K_M")
MACHINE = Machine(CARDS, Ram(GIB, GIB), Cpu(8, 16))


def request(*words, files=GuestFiles()):  # noqa: B008 - it is never changed
    return Request(MODEL, MACHINE, launch(("llama-server", "-m", "m.gguf", *words)), OPTIONS, files)


def test_a_draft_models_buffers_count_at_the_micro_batch_of_the_launch():
    asked = request(files=GuestFiles(draft=MODEL))
    small, large = (
        seated(asked, CARDS, replace(Settings(8192), ubatch=n), Placement((0,) * 9)) for n in (512, 2048)
    )
    assert small[0].compute < large[0].compute


def test_guests_are_taken_from_the_budget_of_their_device():
    found = (Guest("draft", "CUDA0", model=1000, compute=100), Guest("mmproj", "CUDA1", 7, 0, 7))
    taken = charged(budgets(request(), CARDS, Settings(8192)), CARDS, found, 0)
    assert [1100, 14] == [budget.guests for budget in taken]


def test_a_device_that_holds_guests_alone_has_a_budget_too():
    found = (Guest("mmproj", "CUDA1", 7, 0, 7), Guest("draft", "CPU", 9))
    alone = devices_of_guests(request(), CARDS[:1], Settings(8192), found, 0)
    assert [("CUDA1", 14)] == [(device.name, budget.guests) for device, budget in alone]


def test_page_tables_are_kept_for_what_is_pinned_alone():
    given = budgets(request(), CARDS, Settings(8192))
    none, some = (charged(given, CARDS, (), pinned)[0].reserved for pinned in (0, GIB))
    assert some - none == 2 << 20


def test_a_margin_of_the_users_holds_page_tables_too():
    asked = replace(request(), options=replace(OPTIONS, margins={"": 300}))
    taken = charged(budgets(asked, CARDS, Settings(8192)), CARDS, (), GIB)
    assert [300, 300] == [budget.reserved for budget in taken]
