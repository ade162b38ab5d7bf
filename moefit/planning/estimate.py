"""What a line takes exactly as it stands, nothing chosen and nothing added."""

from __future__ import annotations

from moefit import cost, memory
from moefit.launch.complete import Completion
from moefit.launch.defaults import settings
from moefit.launch.resolve import resolve
from moefit.machine.types import CPU, Machine
from moefit.model import Model
from moefit.placement.search import Candidate
from moefit.placement.settle import Settled
from moefit.placement.types import Placement
from moefit.planning.budgets import budgets
from moefit.planning.demand import chosen_devices
from moefit.planning.describe import describe
from moefit.planning.types import Launch, Options, Plan
from moefit.work import work_of

AS_GIVEN = "as given"


def estimate(model: Model, machine: Machine, launch: Launch, options: Options) -> Plan:
    """Memory and speed of the user's line with `--fit off`; without `-c` it has the trained context, as in llama.cpp.

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
    sized = settings(
        constraints, context=constraints.context or model.trained_context or 4096, devices=devices
    )
    settled = Settled(
        devices,
        budgets(model, devices, sized, constraints, launch.extras, options),
        placement,
        memory.footprint(model, devices, sized, placement),
        unplaced=0,
    )
    prediction = cost.predict(work_of(model), machine, devices, sized, placement, options.workload)
    missing = max(0, settled.footprint.host.total - machine.ram.available)
    given = Candidate(AS_GIVEN, sized, settled, prediction, missing)
    words = Completion(launch.command.argv, launch.command.arguments, (), ())
    return describe(model, machine, constraints, launch.extras, given, (), words)
