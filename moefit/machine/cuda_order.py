"""Which GPUs a CUDA program sees and how it numbers them: CUDA_DEVICE_ORDER and CUDA_VISIBLE_DEVICES.

The rules are those of the CUDA C++ Programming Guide, section "CUDA environment variables".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Candidate:
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


def visible_devices(
    candidates: Sequence[Candidate], environment: Mapping[str, str]
) -> tuple[tuple[Visible, ...], tuple[str, ...]]:
    """What a CUDA program sees, in CUDA's order, and warnings; `candidates` come in PCI bus order, as NVML lists them.

    CUDA_DEVICE_ORDER=PCI_BUS_ID keeps that order. The default, FASTEST_FIRST, ranks by a heuristic that NVIDIA does not
    publish; cores times clock is taken for it, with the bus order between equals, and a warning where cards differ.
    CUDA_VISIBLE_DEVICES then picks by number or by the beginning of a UUID; the first entry that names nothing, or something
    already named, ends the list. A card in MIG mode shows one part, the first unless one is named: CUDA sees no more at once.
    """
    order = list(range(len(candidates)))
    warnings: list[str] = []
    if environment.get("CUDA_DEVICE_ORDER", "").strip().upper() != "PCI_BUS_ID":
        order, warnings = _fastest_first(candidates)
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return tuple(_whole(candidates, index) for index in order), tuple(warnings)
    chosen: list[Visible] = []
    for entry in (part.strip() for part in listed.split(",")):
        found = _find(candidates, order, entry)
        if found is None or found in chosen:
            if entry not in {"", "-1", "NoDevFiles"}:
                problem = "names no GPU" if found is None else "is there twice"
                warnings.append(
                    f"CUDA_VISIBLE_DEVICES={listed}: {entry} {problem}, so CUDA ignores it and what follows"
                )
            break
        chosen.append(found)
    return tuple(chosen), tuple(warnings if len(chosen) > 1 or not chosen else _about_list(warnings))


def _about_list(warnings: list[str]) -> list[str]:
    """The warnings that still matter with one GPU left: its place in the order no longer does."""
    return [warning for warning in warnings if warning.startswith("CUDA_VISIBLE_DEVICES")]


def _fastest_first(candidates: Sequence[Candidate]) -> tuple[list[int], list[str]]:
    """The candidates' indices as FASTEST_FIRST is taken to order them, and a warning where that is a guess."""
    order = list(range(len(candidates)))
    if len({candidate.name for candidate in candidates}) < 2:
        return order, []
    if all(candidate.speed for candidate in candidates):
        order.sort(key=lambda index: -candidates[index].speed)
    listed = ", ".join(f"CUDA{place} {candidates[index].name}" for place, index in enumerate(order))
    return order, [
        f"CUDA's own order of unlike cards is not known; taken as {listed} (CUDA_DEVICE_ORDER=PCI_BUS_ID makes it sure)"
    ]


def _whole(candidates: Sequence[Candidate], index: int) -> Visible:
    """The candidate without a choice of part."""
    return Visible(index, next(iter(candidates[index].mig), ""))


def _find(candidates: Sequence[Candidate], order: Sequence[int], entry: str) -> Visible | None:
    """What one entry of CUDA_VISIBLE_DEVICES names, if anything: a number in the order, or the beginning of one UUID."""
    if entry.isdigit():
        place = int(entry)
        return _whole(candidates, order[place]) if place < len(order) else None
    if not entry.startswith(("GPU-", "MIG-")):
        return None
    parts = [Visible(index, mig) for index in order for mig in candidates[index].mig if mig.startswith(entry)]
    cards = [_whole(candidates, index) for index in order if candidates[index].uuid.startswith(entry)]
    found = parts or cards
    return found[0] if len(found) == 1 else None
