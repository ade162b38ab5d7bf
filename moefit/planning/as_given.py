"""A line exactly as it stands, as a candidate: what `estimate` shows, and all that `-sm row` and `-sm tensor` leave."""

from __future__ import annotations

from moefit import cost, memory
from moefit.cost.work import work_of
from moefit.launch.defaults import settings
from moefit.launch.resolve import resolve
from moefit.machine.types import CPU, Machine
from moefit.memory.split_modes import SPLIT_MODES, cautious
from moefit.model import Model
from moefit.placement.types import Placement
from moefit.planning.budgets import budgets
from moefit.planning.demand import chosen_devices
from moefit.planning.types import Launch, Options
from moefit.search.search import Candidate
from moefit.search.settle import Settled
from moefit.search.unified import drawn_from_ram

AS_GIVEN = "as given"


def as_given(model: Model, machine: Machine, launch: Launch, options: Options, context: int) -> Candidate:
    """Where llama.cpp would put the line's tensors, with the memory and time that takes.

    Args:
        model: the model.
        machine: the machine.
        launch: the user's command.
        options: the workload and the margins.
        context: tokens, where the line does not say.

    Raises:
        UsageError: the line names a device or a buffer that the machine has not.
    """
    constraints = launch.constraints
    devices = chosen_devices(constraints, machine.gpus)
    everywhere = resolve(model, constraints, machine.gpus)
    places = {machine.gpus.index(device): index for index, device in enumerate(devices)} | {CPU: CPU}
    placement = Placement(
        tuple(places[i] for i in everywhere.slots),
        {name: places[i] for name, i in everywhere.overrides.items()},
    )
    sized = settings(constraints, context=context, devices=devices)
    footprint = memory.footprint(model, devices, sized, placement)
    if sized.split_mode in SPLIT_MODES:
        ledger = memory.ledger(model, sized, devices)
        footprint = cautious(footprint, ledger, sized.split_mode, sized.main_gpu)
    money = budgets(model, devices, sized, constraints, launch.extras, options)
    settled = Settled(devices, money, placement, footprint, unplaced=0)
    prediction = cost.predict(
        work_of(model), machine, devices, sized, placement, options.workload, draft_bytes=launch.draft_bytes
    )
    guests = sum(extra.total for extra in launch.extras if extra.device == "CPU")
    drawn = drawn_from_ram(settled, machine.ram)
    missing = max(0, footprint.host.total + guests + drawn - machine.ram.available)
    if constraints.load_mode in {"mmap", "mmap+mlock"}:
        missing = max(0, missing - footprint.host.loaded)
    return Candidate(AS_GIVEN, sized, settled, prediction, missing)
