"""Which GPUs a CUDA program sees and how it numbers them: CUDA_DEVICE_ORDER and CUDA_VISIBLE_DEVICES.

The rules are those of the CUDA C++ Programming Guide, section "CUDA environment variables".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moefit.machine.natural import natural
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GUESSED: Final = "how CUDA orders unlike cards is a guess"
"""What is said where nothing tells the order but speed; a program's own list does."""
_UUID_DIGITS: Final = 36
"""Characters of a UUID without its GPU- or MIG- in front."""


@dataclass(frozen=True, slots=True)
class NumberedGpu:
    """One GPU as far as its number is concerned."""

    uuid: str
    """GPU-...; of the card, also where a part of it (MIG) is what CUDA sees."""
    name: str
    speed: int
    """Cores times clock; 0 when the driver does not tell."""
    mig: tuple[str, ...] = ()
    """UUIDs of its MIG devices, where the card is in MIG mode."""


@dataclass(frozen=True, slots=True)
class Visible:
    """One device a CUDA program sees."""

    index: int
    """Of the candidate, in the order the candidates were given."""
    mig: str = ""
    """UUID of the part of the card that is seen; empty for the whole card."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a CUDA program sees."""

    devices: tuple[Visible, ...]
    """In CUDA's order: CUDA0, CUDA1, ..."""
    guessed: bool
    """The order, and with it what a number means, rests on a guess at how CUDA ranks unlike cards."""
    warnings: tuple[str, ...]


def visible_gpus(candidates: Sequence[NumberedGpu], environment: Mapping[str, str]) -> Order:
    """What a CUDA program sees of `candidates`, which come in PCI bus order, as NVML lists them.

    CUDA_DEVICE_ORDER=PCI_BUS_ID keeps that order. The default, FASTEST_FIRST, ranks by a heuristic that NVIDIA does not
    publish; cores times clock is the guess at it, with the bus order between equals, so like cards need none.
    CUDA_VISIBLE_DEVICES then picks by number or by the beginning of a UUID; the first entry that names nothing, or something
    already named, ends the list. A card in MIG mode shows one part, the first unless one is named: CUDA sees no more at once.
    """
    order = list(range(len(candidates)))
    guessed = False
    if environment.get("CUDA_DEVICE_ORDER", "").strip().upper() != "PCI_BUS_ID":
        guessed = len({candidate.name for candidate in candidates}) > 1
        if all(candidate.speed for candidate in candidates):
            order.sort(key=lambda index: -candidates[index].speed)
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return Order(tuple(_unparted(candidates, index) for index in order), guessed, ())
    chosen: list[Visible] = []
    by_number = False
    for entry in (part.strip() for part in listed.split(",")):
        found = _find(candidates, order, entry)
        if found is None or found in chosen:
            problem = "names no GPU" if found is None else "is there twice"
            warning = f"CUDA_VISIBLE_DEVICES={listed}: {entry} {problem}, so CUDA ignores it and what follows"
            on_purpose = entry in {"", "-1", "NoDevFiles"}
            return Order(tuple(chosen), guessed and by_number, () if on_purpose else (warning,))
        by_number = by_number or natural(entry) is not None
        chosen.append(found)
    return Order(tuple(chosen), guessed and by_number, ())


def devices_by_uuid(candidates: Sequence[NumberedGpu], uuids: Sequence[str]) -> tuple[Visible, ...] | None:
    """The same from the UUIDs that CUDA itself lists, in its order; None if one of them is no candidate's."""
    known = {}
    for index, candidate in enumerate(candidates):
        known[candidate.uuid[-_UUID_DIGITS:]] = Visible(index)
        known.update({mig[-_UUID_DIGITS:]: Visible(index, mig) for mig in candidate.mig})
    found = [known.get(uuid[-_UUID_DIGITS:]) for uuid in uuids]
    devices = tuple(device for device in found if device is not None)
    return devices if len(devices) == len(uuids) else None


def _unparted(candidates: Sequence[NumberedGpu], index: int) -> Visible:
    """The candidate without a choice of part."""
    return Visible(index, next(iter(candidates[index].mig), ""))


def _find(candidates: Sequence[NumberedGpu], order: Sequence[int], entry: str) -> Visible | None:
    """What one entry of CUDA_VISIBLE_DEVICES names, if anything: a number in the order, or the beginning of one UUID."""
    place = natural(entry)
    if place is not None:
        return _unparted(candidates, order[place]) if place < len(order) else None
    if not entry.startswith(("GPU-", "MIG-")):
        return None
    parts = [Visible(index, mig) for index in order for mig in candidates[index].mig if mig.startswith(entry)]
    cards = [_unparted(candidates, index) for index in order if candidates[index].uuid.startswith(entry)]
    found = parts or cards
    return found[0] if len(found) == 1 else None
