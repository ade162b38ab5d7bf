"""The memory and processor time that Linux control groups grant this process: version 1, version 2 and both at once."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

from moefit.machine.natural import natural
from moefit.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_LIMIT: Final = 1 << 60
"""Version 1 says "no limit" with the largest page-aligned int64; anything beyond an exbibyte means the same."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the control groups of this process, and every group around them, allow at most."""

    memory: int | None
    """Bytes; None for no limit."""
    memory_left: int | None
    """Bytes of the tightest limit not in use, reclaimable page cache counted as free; None for no limit."""
    cpus: float | None
    """Processors' worth of time; None for no quota."""
    swap: int | None = None
    """Bytes; None for no limit, or in version 1, which counts them with the memory."""


class _Mount(NamedTuple):
    """One mounted cgroup hierarchy."""

    version: int
    controllers: frozenset[str]
    """Those of version 1; empty for version 2, where a group's files tell."""
    root: PurePosixPath
    """The group that is mounted: not `/` in a container that does not hide its host's hierarchy."""
    point: PurePosixPath


def read_limits(root: Path) -> Limits:
    """The limits of this process, read below `root`; a limit that cannot be read is none."""
    memory: list[int] = []
    left: list[int] = []
    cpus: list[float] = []
    swap: list[int] = []
    for version, group in _groups(root):
        swapped = _number(group / "memory.swap.max") if version == 2 else None
        swap += [swapped] if swapped is not None else []
        limit = _memory_limit(version, group)
        if limit is not None:
            memory.append(limit)
            left.append(max(0, limit - _memory_used(version, group)))
        quota = _cpu_quota(version, group)
        if quota is not None:
            cpus.append(quota)
    least = min(memory, default=None), min(left, default=None), min(cpus, default=None)
    return Limits(*least, swap=min(swap, default=None))


def _groups(root: Path) -> Iterator[tuple[int, Path]]:
    """Every group this process is in, with its ancestors up to the mount: (version, folder below `root`)."""
    paths = _memberships(root)
    for mount in _mounts(root):
        names = mount.controllers if mount.version == 1 else frozenset({""})
        path = next((paths[name] for name in names if name in paths), None)
        if path is None:
            continue
        inside = path.relative_to(mount.root) if path.is_relative_to(mount.root) else PurePosixPath()
        point = root / mount.point.relative_to("/")
        for level in (inside, *inside.parents):
            if ".." not in level.parts:
                yield mount.version, point / level


def _memberships(root: Path) -> dict[str, PurePosixPath]:
    """The path of this process's group by controller of version 1, and under the empty name for version 2."""
    paths = {}
    for line in _read(root / "proc/self/cgroup").splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for controller in parts[1].split(","):
                paths[controller] = PurePosixPath(parts[2])
    return paths


def _mounts(root: Path) -> Iterator[_Mount]:
    """The cgroup hierarchies of /proc/self/mountinfo: fields 4 and 5 are root and mount point, the type follows ` - `."""
    for line in _read(root / "proc/self/mountinfo").splitlines():
        head, dash, tail = line.partition(" - ")
        fields, kind = head.split(), tail.split()
        if not dash or len(fields) < 5 or len(kind) < 3 or kind[0] not in {"cgroup", "cgroup2"}:
            continue
        mounted, point = PurePosixPath(fields[3]), PurePosixPath(fields[4])
        if not mounted.is_absolute() or not point.is_absolute():
            continue
        if kind[0] == "cgroup2":
            yield _Mount(2, frozenset(), mounted, point)
        elif not {"memory", "cpu"}.isdisjoint(kind[2].split(",")):
            yield _Mount(1, frozenset(kind[2].split(",")) & {"memory", "cpu"}, mounted, point)


def _memory_limit(version: int, group: Path) -> int | None:
    """The group's own limit in bytes: hard, or the lower mark at which the kernel throttles and reclaims."""
    names = ("memory.max", "memory.high") if version == 2 else ("memory.limit_in_bytes",)
    values = [_number(group / name) for name in names]
    return min((value for value in values if value is not None and value < _NO_LIMIT), default=None)


def _memory_used(version: int, group: Path) -> int:
    """Bytes the group uses less the page cache that the kernel drops when memory is short."""
    used = _number(group / ("memory.current" if version == 2 else "memory.usage_in_bytes")) or 0
    prefix = "" if version == 2 else "total_"
    reclaimable = {f"{prefix}inactive_file", f"{prefix}active_file"}
    for line in _read(group / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key in reclaimable:
            used -= natural(value) or 0
    return max(0, used)


def _cpu_quota(version: int, group: Path) -> float | None:
    """Processors' worth of time a group may use: quota over period."""
    if version == 2:
        fields = _read(group / "cpu.max").split()
        quota, period = map(natural, fields) if len(fields) == 2 else (None, None)
    else:
        quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return quota / period if quota and period else None


def _number(path: Path) -> int | None:
    """The file's one natural number; None for none, `max`, or -1."""
    return natural(_read(path))


def _read(path: Path) -> str:
    """The text of a file, empty where there is none to read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
