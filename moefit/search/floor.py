"""What compute buffers take at the least, by launches that were placed: it bounds others on the same devices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from moefit.search.openings import Opening
from moefit.search.settle import first_guess
from moefit.search.settled import Settled


class Floor:
    """What compute buffers take at least, from launches that were placed before on the same devices."""

    def __init__(self) -> None:
        self._known: dict[frozenset[str], tuple[int, dict[str, int]]] = {}
        self._smallest: dict[frozenset[str], dict[int, dict[str, int]]] = {}

    def learn(self, ubatch: int, settled: Settled) -> None:
        """Remember the first launch on these devices: it was the most promising; and the smallest buffers for each micro-batch."""
        uses = zip(settled.devices, settled.footprint.devices, strict=True)
        compute = {device.name: use.compute for device, use in uses}
        names = frozenset(compute)
        self._known.setdefault(names, (ubatch, compute))
        if settled.unplaced:
            return  # with those layers there it can be a tenth
        before = self._smallest.setdefault(names, {}).setdefault(ubatch, compute)
        self._smallest[names][ubatch] = {name: min(size, before[name]) for name, size in compute.items()}

    def of(self, opening: Opening, part: float) -> Sequence[int]:
        """Bytes of each device of an opening; nothing where no launch was placed on these devices, or on several of them and others.

        Only `part` of them, for what another order or strategy changes; in proportion to the micro-batch where that is smaller.
        """
        names = [device.name for device in opening.task.devices]
        near = _nearest(self._known, frozenset(names)) if names else None
        if near is None:
            return ()
        ubatch, compute = self._known[near]
        return _part_of(compute, names, part * min(1.0, opening.task.settings.ubatch / ubatch))

    def least(self, opening: Opening, part: float) -> Sequence[int]:
        """The same by the smallest buffers that were seen, of the largest micro-batch that is no larger than the opening's."""
        names, wanted = [device.name for device in opening.task.devices], opening.task.settings.ubatch
        near = _nearest(self._smallest, frozenset(names)) if names else None
        near = near or max(
            (devices for devices in self._smallest if devices < {*names}), key=len, default=None
        )
        if not near:
            return ()
        known = self._smallest[near]
        ubatch = max((n for n in known if n <= wanted), default=min(known))
        return _part_of(known[ubatch], names, part * min(1.0, wanted / ubatch))


def sketched_part(opening: Opening, part: float) -> Sequence[int]:
    """`part` of the buffers from which an opening of one device would be settled; nothing of several, whose order changes what each has."""
    task = opening.task
    if len(task.devices) != 1:
        return ()
    return tuple(int(n * part) for n in first_guess(task.model, task.devices, task.settings))


def _part_of(compute: Mapping[str, int], names: Sequence[str], part: float) -> tuple[int, ...]:
    return tuple(int(compute.get(name, 0) * part) for name in names)


def _nearest(known: Collection[frozenset[str]], names: frozenset[str]) -> frozenset[str] | None:
    """These devices, or the fewest that several of them are among: with less beside them, each has no less to compute."""
    if names in known or len(names) == 1:
        return names if names in known else None
    return min((devices for devices in known if names < devices), key=len, default=None)
