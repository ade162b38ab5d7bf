"""What moefit counts beside the recorded rows of models, to the byte; of one architecture alone by

python -m tests.memory.recorded openelm      # ends in 1 where a row is off, or there is none
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from moefit.memory.compute import dummy_buffers
from moefit.memory.kv import kv
from moefit.memory.weights import weights
from moefit.model.architectures import is_known
from tests import oracle
from tests.oracle.launches import launch

Off = tuple[Any, ...]
"""A row's name, the term, what moefit counts, and what llama.cpp said."""


def all_rows() -> tuple[oracle.Row, ...]:
    """Every recorded row, of real models and of further architectures."""
    return (*oracle.rows(), *oracle.extra_rows())


def weights_and_caches_off(rows: Iterable[oracle.Row]) -> list[Off]:
    """Rows of which weights or context are counted otherwise."""
    return [
        (row.name, term, counted, said)
        for row in rows
        if not _lacks_its_mtp_context(row)
        for term, counted, said in _weights_and_caches(row)
        if counted != said
    ]


def buffers_off(rows: Iterable[oracle.Row]) -> list[Off]:
    """Rows of which compute buffers are counted otherwise."""
    found = [(row.name, "compute", *_buffers(row)) for row in rows if row.devices]
    return [one for one in found if one[2] != one[3]]


def _weights_and_caches(row: oracle.Row) -> Iterable[Off]:
    told = launch(row)
    model = oracle.model(row.model, row.quant)
    for term, count in (("model", weights), ("context", kv)):
        yield term, count(model, told.devices, told.settings, told.placement), _recorded(row, term)


def _recorded(row: oracle.Row, term: str) -> tuple[tuple[int, ...], int]:
    """What the row says, a context for multi-token prediction included: the two share their weights."""
    extra = row.mtp if term == "context" else {}
    devices = [
        getattr(row.device(i), term) + getattr(extra.get(f"RPC{i}", oracle.Bytes()), term)
        for i in range(row.gpus)
    ]
    host = sum(getattr(extra.get(name, oracle.Bytes()), term) for name in ("Host", "CPU"))
    return tuple(devices), getattr(row.host, term) + host


def _lacks_its_mtp_context(row: oracle.Row) -> bool:
    """Some architectures cannot make the context for multi-token prediction: such a server does not start."""
    return "draft-mtp" in row.flags and not row.mtp


def _buffers(row: oracle.Row) -> tuple[tuple[int, ...], tuple[int, ...]]:
    told = launch(row)
    on, host = dummy_buffers(oracle.model(row.model, row.quant), told.devices, told.settings, told.placement)
    real = (*(row.device(i).compute for i in range(row.gpus)), row.host.compute)
    return (*on, host), real


def main(architecture: str) -> int:
    """Hold the rows of one architecture to what was recorded; the exit status."""
    rows = [row for row in all_rows() if oracle.models()[row.model]["architecture"] == architecture]
    off = weights_and_caches_off(rows) + buffers_off(rows)
    known = "" if is_known(architecture) else ", and moefit/model/architectures has no row of it"
    print(f"{architecture}: {len(rows)} recorded rows, {len(off)} terms of them off{known}")  # noqa: T201 - a program's answer
    for name, term, counted, said in off:
        print(f"{name}: {term} {counted} where llama.cpp has {said}")  # noqa: T201
    return int(bool(off or known or not rows))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
