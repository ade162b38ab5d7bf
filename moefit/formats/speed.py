"""How fast a plan is for a person: seconds, how sure they are and what makes them surer, and what the alternatives take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from moefit.formats.page import Line, joined, listed, text_words
from moefit.formats.strip import FULL_MARK, mark
from moefit.planning.types import Plan
from moefit.search.baselines import CPU_MOE, LLAMA_FIT
from moefit.search.candidate import Candidate

_SAME: Final = 1.02
"""Faster or slower by less is not worth a word."""
_NAMES: Final = {LLAMA_FIT: "--fit", CPU_MOE: "--cpu-moe"}


def strategy_name(strategy: str) -> str:
    """What a person calls it: llama.cpp's own by the option that asks for it."""
    return _NAMES.get(strategy, strategy)


def is_all_on_devices(plan: Plan) -> bool:
    """Whether every layer is on a device, so that no strategy has anything to choose."""
    return bool(plan.devices) and all(mark(layer) == FULL_MARK for layer in plan.layers)


def way(plan: Plan) -> str:
    """What the placement is, in a few words: the strategy only where it decided something."""
    if is_all_on_devices(plan):
        return f"fully on {listed([d.device.name for d in plan.devices if d.layers])}"
    if not any(d.layers or d.output or d.expert_layers for d in plan.devices):
        return "all weights on the CPU"
    return strategy_name(plan.strategy)


def speed(plan: Plan) -> Iterator[RenderableType]:
    """The lines of a page about speed."""
    predicted = plan.prediction
    prompt = _ranged("prompt", predicted.prefill_tokens_per_second, predicted.prefill_range)
    yield Line(
        joined([prompt, _ranged("answer", predicted.decode_tokens_per_second, predicted.decode_range)])
    )
    tokens = f"{predicted.prompt_tokens:,} + {predicted.generated_tokens:,} tokens"
    others = dict(seconds_of_others(plan))
    fit = others.pop(_NAMES[LLAMA_FIT], None)
    served = f" for {tokens}{_start(plan)}"
    told = [Text.assemble((f"{predicted.seconds:.1f} s", "bold"), served), *_gain(plan, fit)]
    yield Line(joined(told))
    if others:
        yield Line(joined([f"{name} {seconds:.1f} s" for name, seconds in others.items()], style="dim"))
    yield Line(text_words(Text(_sureness(plan), style="dim")), 2)


def _start(plan: Plan) -> str:
    """The part of the server's start that is in the seconds, where the workload says how many requests share it."""
    start = plan.prediction.start
    if not start:
        return ""
    requests = round(plan.prediction.ready[0] / start)
    return f" with {f'1/{requests:,} of ' if requests > 1 else ''}the start"


def _ranged(phase: str, value: float, ends: tuple[float, float]) -> Text:
    low, high = ends
    span = f"{low:,.0f}-{high:,.0f}" if high >= 10 else f"{low:.1f}-{high:.1f}"
    return Text.assemble(f"{phase} ", (rate(value), "bold"), f" ({span})")


def ready_text(cached: float, from_disk: float) -> str:
    """When the server answers; the larger figure is of a file that is read from a disk."""
    low, high = f"{cached:.0f}", f"{from_disk:.0f}"
    return (
        f"ready in about {low}-{high} s"
        if from_disk > 1.2 * cached and low != high
        else f"ready in about {low} s"
    )


def rate(value: float) -> str:
    """Tokens per second."""
    return f"{value:,.0f} t/s" if value >= 100 else f"{value:.1f} t/s"


def _sureness(plan: Plan) -> str:
    """Where the figures of a prediction come from, and what would make them surer."""
    machine = plan.machine
    by = f" (calibration {machine.calibration})" if machine.calibration else ""
    can_measure = bool(machine.host) and not machine.calibration
    match plan.prediction.confidence:
        case "measured":
            return f"measured: this model ran here{by}"
        case "calibrated":
            return f"calibrated: this machine was measured{by}; moefit bench --save measures the model"
        case "catalogue":
            cure = "; moefit calibrate measures yours" if can_measure else ""
            return f"catalogue: from {_known_of(plan)}{cure}"
        case "guessed":
            return f"guessed: {_guessed(plan)}; {_cure(plan, can_measure=can_measure)}{by}"


def _known_of(plan: Plan) -> str:
    """Whose figures a prediction rests on that nobody measured."""
    if plan.devices:
        return "the datasheets of this kind of card"
    return (
        "the rating of the RAM's modules" if plan.machine.ram.bandwidth is None else "the RAM's stated speed"
    )


def _guessed(plan: Plan) -> str:
    """Which figures of the machine are not known."""
    *devices, last = ("RAM" if name == "CPU" else name for name in plan.prediction.doubt.assumed)
    if devices or last != "RAM":
        return f"the speed of {listed([*devices, last])} is not known"
    if _shares_ram(plan):
        return "the RAM's speed is taken from the GPU's, which shares it"
    if plan.machine.cpu.model:
        return "the RAM's speed is taken from the processor's name"
    return "the RAM's speed is not known"


def _shares_ram(plan: Plan) -> bool:
    return any(gpu.integrated for gpu in plan.machine.gpus)


def _cure(plan: Plan, *, can_measure: bool) -> str:
    if can_measure:
        return "moefit calibrate halves the range"
    if "CPU" in plan.prediction.doubt.assumed and _shares_ram(plan):
        return "say what the CPU reads: --ram-bandwidth 100GB/s"
    modules = "say which modules: --ram-bandwidth ddr5-5600x2"
    if plan.prediction.doubt.assumed == ("CPU",):
        return modules
    figures = "bandwidth= and compute= in --gpu"
    return f"{modules}, and {figures}" if "CPU" in plan.prediction.doubt.assumed else f"say {figures}"


def _gain(plan: Plan, fit: float | None) -> Iterator[Text]:
    """What llama.cpp's own --fit takes, and the gain over it."""
    if fit is not None:
        gain = fit / plan.prediction.seconds
        same = 1 / _SAME < gain < _SAME
        told = "as fast as --fit" if same else f"{gain:.2f}x as fast as --fit"
        yield Text.assemble((told, "bold"), f" here ({fit:.1f} s)")
    elif plan.strategy == LLAMA_FIT:
        yield Text("llama.cpp's own --fit finds the same")


def seconds_of_others(plan: Plan) -> Mapping[str, float]:
    """Seconds of every other way that is known, fits and is a line of its own, the fastest first.

    Where all is on devices the strategies have nothing to choose: then only what llama.cpp does by itself is another way.
    """
    best: dict[str, float] = {}
    lines: list[object] = [(plan.settings, plan.placement, [d.device.name for d in plan.devices])]
    for candidate in sorted(plan.candidates, key=lambda c: c.prediction.seconds):
        name, own = strategy_name(candidate.strategy), _own(candidate)
        if not candidate.fits or name in best or not _is_another(plan, candidate):
            continue
        if candidate.strategy not in _NAMES and own in lines:
            continue
        best[name] = candidate.prediction.seconds
        lines.append(own)
    return dict(sorted(best.items(), key=lambda item: item[1]))


def _own(candidate: Candidate) -> object:
    """What tells a candidate's line from another."""
    names = [device.name for device in candidate.settled.devices]
    return candidate.settings, candidate.settled.placement, names


def _is_another(plan: Plan, candidate: Candidate) -> bool:
    """Whether it is another line: llama.cpp's own way, or that of another strategy which is known to be its best."""
    if candidate.strategy == plan.strategy:
        return False
    if candidate.strategy == CPU_MOE and not candidate.settled.devices:
        return False
    return candidate.strategy in _NAMES or (candidate.strategy in plan.known and not is_all_on_devices(plan))
