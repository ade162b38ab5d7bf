"""From a plan to a systemd service on this host: absolute paths, limits from the plan's bytes, the place of the file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from pwd import getpwnam, getpwuid

from moefit.errors import InputError, UsageError, Warn
from moefit.files import write_atomically
from moefit.folders import user_folder, working_folder
from moefit.formats import paths, unit
from moefit.launch.command import Command, parse
from moefit.llama.executables import find_program, require_program
from moefit.planning.types import Plan
from moefit.reading import read_small
from moefit.shown import is_secret_name

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
_SYSTEM_FOLDERS = (
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/share/systemd/user",
)
_AT_RUN_TIME = ("user.control", "transient", "generator.early", "user", "generator", "generator.late")
_LISTS = {"XDG_CONFIG_DIRS": "/etc/xdg", "XDG_DATA_DIRS": "/usr/local/share:/usr/share"}
"""Lists of folders, and what systemd takes where they are not set."""
_SECRETS = ("LLAMA_API_KEY", "HF_TOKEN", "LLAMA_ARG_MCP_SERVERS_JSON")
"""Variables that set options too, but whose values are nobody else's business."""


def service(
    plan: Plan, name: str, argv: Sequence[str], *, user: bool, replan: bool, run_as: str | None = None
) -> unit.Service:
    """The service that runs `argv`: a plan's line, or with `replan` a command of moefit that plans again at each start.

    The limits come from the plan as it is now; one that is made anew sees the limit, and stays below it.
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
        environment=planned_variables(os.environ) | ({} if replan else dict(plan.environment)),
        secrets=tuple(_kept_back(os.environ)),
        working_directory=str(working_folder()),
        run_as=None if user else service_user(os.environ) if run_as is None else run_as,
        locks_memory=locks,
        memory_max=_memory_max(plan),
        nvidia=any(device.device.backend.name == "CUDA" for device in plan.devices),
        replan=replan,
    )


def planned_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of this moment that the plan depends on: a service starts without them. Secrets are not among them."""
    names = (name for name in sorted(environment) if name.startswith(_CARRIED) and not _is_secret(name))
    return {name: environment[name] for name in names}


def _is_secret(name: str) -> bool:
    return name in _SECRETS or is_secret_name(name)


def _kept_back(environment: Mapping[str, str]) -> Iterator[str]:
    """The secrets among the variables of this moment that a server would read."""
    yield from (name for name in _SECRETS if environment.get(name))
    others = (name for name in sorted(environment) if name.startswith(_CARRIED) and name not in _SECRETS)
    yield from (name for name in others if is_secret_name(name) and environment[name])


def service_user(environment: Mapping[str, str]) -> str | None:
    """Who a system service runs as: whoever asks, also behind sudo; None, which is root, for root alone."""
    if name := environment.get("SUDO_USER"):
        return name if name != "root" else None
    try:
        name = getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
    return name if name != "root" else None


def unknown_user(run_as: str | None, *, user: bool, elsewhere: bool) -> Warn | None:
    """What is to be said of `--run-as`; None for nothing. A unit for a declared machine may name somebody of that one.

    Raises:
        UsageError: there is no such user on this host, or the unit is a user's own.
    """
    if run_as is None:
        return None
    if user:
        raise UsageError(
            "--run-as is for a system unit, and this is a user's, which runs as its user",
            "leave one of them out",
        )
    unit.check_user(run_as)
    try:
        getpwnam(run_as)
    except KeyError:
        if not elsewhere:
            raise UsageError(
                f"--run-as {run_as}: no such user here", f"`useradd --system {run_as}` makes one"
            ) from None
        return Warn("no-user", f"--run-as {run_as}: no such user here: the unit names it as it stands")
    return None


def install(planned: unit.Service, environment: Mapping[str, str], *, private: bool) -> Path:
    """Write a user's unit where systemd looks for it; the path.

    Raises:
        InputError: it cannot be written, or there is a unit of that name that moefit did not write.
    """
    name = unit.unit_file_name(planned)
    config = user_folder(environment, "XDG_CONFIG_HOME", ".config")
    if config is None:
        raise InputError("there is no home to put the unit in", "set HOME, or write it with --output")
    path = config / "systemd" / "user" / name
    for other in (path, *(folder / name for folder in _unit_folders(environment))):
        if os.path.lexists(other) and not is_ours(other):
            raise InputError(
                f"{other}: is a unit that moefit did not write", "choose another name: --name qwen3"
            )
    write_atomically(path, unit.write(planned), private=private)
    return path


def is_ours(path: Path) -> bool:
    """Whether moefit wrote the unit; those of before it marked them begin with their description."""
    try:
        first, second, *_ = (*read_small(path).splitlines()[:2], "", "")
    except (OSError, InputError):
        return False
    return first == unit.MARK or (first == "[Unit]" and second.endswith(", planned by moefit"))


def _unit_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where else a unit of a user's is found: ours would stand before it, or behind. source: systemd.unit(5), User Unit Search Path."""
    config = user_folder(environment, "XDG_CONFIG_HOME", ".config")
    if config is not None:
        yield config / "systemd" / "user.control"
    data = user_folder(environment, "XDG_DATA_HOME", ".local/share")
    if data is not None:
        yield data / "systemd" / "user"
    for runtime in _listed(environment.get("XDG_RUNTIME_DIR", "")):
        yield from (runtime / "systemd" / below for below in _AT_RUN_TIME)
    for variable, usual in _LISTS.items():
        folders = _listed(environment.get(variable) or usual)
        yield from (folder / "systemd" / "user" for folder in folders)
    yield from map(Path, _SYSTEM_FOLDERS)


def _listed(folders: str) -> Iterator[Path]:
    """The absolute ones of several with colons between them; others are ignored, as the XDG specification asks."""
    return (Path(folder) for folder in folders.split(":") if folder.startswith("/"))


def with_absolute_programs(
    command: Command, argv: Sequence[str], environment: Mapping[str, str], *, installing: bool
) -> tuple[tuple[str, ...], tuple[Warn, ...]]:
    """The words of a completed command with absolute paths for the first one and for the program: a service has no PATH of the user's.

    A program that is not on this host keeps its name, with a warning, unless the unit is installed here.

    Raises:
        InputError: it is to be installed, and one of them is not on this host.
    """
    words, warnings = list(paths.absolute(parse(argv, command.table), str(working_folder())).argv), []
    for i in dict.fromkeys((0, *(() if command.container else (len(command.wrapper),)))):
        found = find_program(words[i], environment)
        if found is not None:
            words[i] = os.path.abspath(found)  # noqa: PTH100 - a link stays one
        elif installing:
            require_program(argv[i], environment)
        else:
            warnings.append(
                Warn("no-program", f"{argv[i]}: no such program here: the unit names it as it stands")
            )
    return tuple(words), tuple(warnings)


def _memory_max(plan: Plan) -> int | None:
    """The plan's host bytes with headroom; none where the cache has no limit or the file is mapped.

    Pages of a mapped file are charged to the cgroup that first reads them, the whole file while it is loaded.
    """
    if plan.settings.cache_ram is None:
        return None
    if plan.settings.is_mapped:
        return plan.host.total + plan.model.bytes + _HEADROOM
    return plan.host.total + _HEADROOM
