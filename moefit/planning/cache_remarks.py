"""What an expert cache rests on, said in a line: what was assumed of its hits, and what llama.cpp makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moefit.cost.hits import HitRate
from moefit.errors import UsageError, Warn
from moefit.machine.types import CPU
from moefit.search.candidate import Candidate
from moefit.search.moe_cache import MOE_CACHE, OPTION
from moefit.search.moe_cache.choose import lost_if_even
from moefit.sizes import MIB, counted, format_size


def check_size(chosen: Candidate) -> None:
    """A cache with which llama.cpp does not start.

    Raises:
        UsageError: it is too small for the experts that one token uses.
    """
    cache = chosen.settled.footprint.moe_cache
    if cache is None or not cache.too_small:
        return
    said = f"{OPTION} {chosen.settings.moe_cache // MIB}"
    raise UsageError(
        f"{said}: too small for the experts that one token uses, and llama.cpp does not start",
        f"a larger one, or leave {OPTION} out",
    )


def cache_remarks(chosen: Candidate, found: Sequence[Candidate] = ()) -> Iterator[Warn]:
    """Notes about the expert cache of a plan or an estimate; `found` is what else a plan could have chosen."""
    if not chosen.settings.moe_cache:
        return
    if chosen.settled.footprint.moe_cache is None:
        yield Warn(
            "moe-cache",
            f"{OPTION} {chosen.settings.moe_cache // MIB} caches nothing: no layer on a device keeps all its experts in plain RAM",
            "--no-repack keeps them plain where the CPU rearranges them" if chosen.settings.repack else None,
        )
        return
    yield from _staked(chosen, found)  # of many notes a page shows the first
    yield from _assumed(chosen)
    yield from _left_behind(chosen)


def _told(rate: HitRate) -> str:
    """What its hits are taken from."""
    if rate.sure:
        sizes = {0.0: "one token uses more than it holds", 1.0: "it holds all"}
        return sizes.get(rate.likely, "as moefit bench saw with this model")
    return f"{rate.least:.0%} if routing were uniform, {rate.most:.0%} at the most, the ends of the range"


def _assumed(chosen: Candidate) -> Iterator[Warn]:
    cache = chosen.settled.footprint.moe_cache
    assert cache is not None
    rate = chosen.prediction.hit_rate
    if rate is not None:
        yield Warn(
            "moe-cache",
            f"the expert cache holds {format_size(sum(cache.devices))}: {rate.likely:.0%} of the experts that a token of the answer uses "
            f"are taken to be there ({_told(rate)})",
            note=True,
        )


def _staked(chosen: Candidate, found: Sequence[Candidate]) -> Iterator[Warn]:
    """Where uniform routing would turn the choice: what each line takes then, for no line is near the best with either routing."""
    if chosen.strategy != MOE_CACHE:
        return
    without = min((c.prediction.seconds for c in found if c.fits and not c.settings.moe_cache), default=None)
    likely = chosen.prediction.seconds
    even = likely + lost_if_even(chosen.prediction)
    if without is not None and without < even:
        yield Warn(
            "moe-cache-routing",
            f"the line takes {likely:.1f} s if this model routes as those that were published, {even:.1f} s if evenly, "
            f"and {without:.1f} s without the cache",
            f"`moefit bench --save` learns how it routes; {OPTION} 0 leaves the cache out",
            note=True,
        )


def _left_behind(chosen: Candidate) -> Iterator[Warn]:
    """Biases on the CPU, as -cmoe and -ncmoe leave them, of experts that are multiplied on a device."""
    cache, placement = chosen.settled.footprint.moe_cache, chosen.settled.placement
    assert cache is not None
    cached = {f"blk.{layer}" for group in cache.groups if group.slots for layer in group.layers}
    layers = {
        layer
        for name, place in placement.overrides.items()
        if place == CPU and name.endswith("_exps.bias") and (layer := name.partition(".ffn_")[0]) in cached
    }
    if layers:
        yield Warn(
            "moe-cache-biases",
            f"the biases of the experts of {counted(len(layers), 'layer')} are on the CPU: with an expert cache a token goes there and back for each of them",
            "-ot '_exps[.]weight=CPU' instead of -cmoe leaves them on the device",
            note=True,
        )
