"""From a plan to a systemd service on this host: absolute paths, limits from the plan's bytes, the place of the file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from pwd import getpwuid

from moefit.files import write_atomically
from moefit.formats import unit
from moefit.llama.programs import require_program
from moefit.planning.types import Plan

_HEADROOM = 2 << 30
"""Bytes of host memory beyond the plan's own: the program, its threads, HTTP buffers, CUDA's host side."""
_CARRIED = (
    "LLAMA_ARG_",
    "GGML_",
    "CUDA_",
    "HIP_",
    "ROCR_",
    "ONEAPI_",
    "LLAMA_CACHE",
    "HF_HOME",
    "HF_HUB_CACHE",
)
"""How variables begin that set options, choose devices or say where models are."""
_SECRETS = ("LLAMA_API_KEY", "HF_TOKEN", "LLAMA_ARG_MCP_SERVERS_JSON")
"""Variables that set options too, but whose values are nobody else's business."""


def service(plan: Plan, name: str, argv: Sequence[str], *, user: bool, replan: bool) -> unit.Service:
    """The service that runs `argv`: a plan's line, or with `replan` a command of moefit that plans again at each start.

    The limits come from the plan; one that is made anew at each start gets none.
    """
    locks = plan.settings.load_mode in {
        "none",
        "mlock",
        "mmap+mlock",
    }  # with none, experts may sit in pinned memory
    return unit.Service(
        name=name,
        argv=tuple(argv),
        user=user,
        environment=carried(os.environ) | ({} if replan else dict(plan.environment)),
        secrets=tuple(name for name in _SECRETS if os.environ.get(name)),
        working_directory=str(Path.cwd()),
        run_as=None if user else owner(os.environ),
        locks_memory=locks,
        memory_max=None if replan else _memory_max(plan),
        nvidia=any(device.device.backend.name == "CUDA" for device in plan.devices),
        replan=replan,
    )


def carried(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of this moment that the plan depends on: a service starts without them. Secrets are not among them."""
    names = (name for name in sorted(environment) if name.startswith(_CARRIED) and name not in _SECRETS)
    return {name: environment[name] for name in names}


def owner(environment: Mapping[str, str]) -> str | None:
    """Who a system service runs as: whoever asks, also behind sudo; None, which is root, for root alone."""
    if name := environment.get("SUDO_USER"):
        return name if name != "root" else None
    try:
        name = getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
    return name if name != "root" else None


def install(planned: unit.Service, environment: Mapping[str, str], *, private: bool) -> Path:
    """Write a user's unit where systemd looks for it; the path.

    Raises:
        InputError: it cannot be written.
    """
    stated = environment.get("XDG_CONFIG_HOME", "")
    config = Path(stated) if os.path.isabs(stated) else Path.home() / ".config"  # noqa: PTH117 - a text, perhaps empty
    path = config / "systemd" / "user" / unit.file_name(planned)
    write_atomically(path, unit.write(planned), private=private)
    return path


def absolute(argv: Sequence[str], program: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words with whole paths for the first one and for the program: a service has no PATH of the user's.

    Raises:
        InputError: one of them is not on this host.
    """
    at = {0, list(argv).index(program)}
    return tuple(
        os.path.abspath(require_program(word, environment)) if i in at else word  # noqa: PTH100 - a link stays one
        for i, word in enumerate(argv)
    )


def _memory_max(plan: Plan) -> int | None:
    """The plan's host bytes with headroom; none where the cache has no limit or the file is mapped.

    Pages of a mapped file are charged to the cgroup that first reads them, the whole file while it is loaded.
    """
    if plan.settings.cache_ram is None:
        return None
    if plan.settings.is_mapped:
        return plan.host.total + plan.model.bytes + _HEADROOM
    return plan.host.total + _HEADROOM
