"""A systemd service that runs a command: the planned line, or `moefit run`, which plans again at each start.

source: systemd.service(5), systemd.exec(5), systemd.syntax(7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from moefit.errors import UsageError
from moefit.shown import secrets_by_name
from moefit.values import dataclass

_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9:_.-]|\\x[0-9a-f]{2})*")
_USER: Final = re.compile(
    r"(?:[A-Za-z0-9.-]{1,220}\\)?[A-Za-z_][A-Za-z0-9_.-]{0,30}(?:@[A-Za-z0-9.-]{1,220})?[$]?"
)
"""With the domain of a directory service: bob@corp, CORP\\bob. source: systemd's User/Group Name Syntax, relaxed mode"""
_KEYS: Final = "%d/api-keys"
"""A file that systemd gives to the service alone, as --api-key-file takes it."""
MARK: Final = "# Written by moefit: `moefit unit --install` replaces no other file."
"""How every unit of moefit's begins."""
_PLANNING_SECONDS: Final = 180
"""A driver that starts takes seconds, the header of a remote model up to two minutes."""
_PREFIXES: Final = "@-:+!|"
"""What ExecStart may begin with, quoted or not. source: systemd.service(5), Special executable prefixes"""
_SAFE: Final = re.compile(r"[A-Za-z0-9_@+=:,./\[\]-]+")
_NEVER: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Service:
    """What the unit is about."""

    name: str
    """The unit's name without .service."""
    argv: tuple[str, ...]
    """What ExecStart runs; the first word is an absolute path."""
    user: bool = False
    """For the user's own manager (systemctl --user) instead of the system's."""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Variables set now whose values do not belong in a unit, which everyone may read: named in a comment."""
    working_directory: str | None = None
    """Needed when the command names files by relative paths."""
    run_as: str | None = None
    """User= of a system unit; None where nobody said, and systemd takes root."""
    locks_memory: bool = False
    """Pages are locked (a load mode with mlock) or pinned for the GPU."""
    memory_max: int | None = None
    """Bytes: what the plan needs on the host, with room to spare."""
    nvidia: bool = True
    """CUDA devices are used: its setuid helper creates /dev/nvidia* after a boot."""
    replan: bool = False
    """ExecStart is moefit itself, which plans, says that it is ready, and becomes the server."""


def unit_file_name(service: Service) -> str:
    """The file that holds the unit.

    Raises:
        UsageError: systemd would not take the name.
    """
    name = service.name
    if not _NAME.fullmatch(name) or len(name) > 240 or name.endswith((".", ".service")):
        raise UsageError(
            f"{name!r} is no name for a systemd unit",
            "use letters, digits and : - _ . within it, such as --name qwen3, and leave .service out",
        )
    return f"{service.name}.service"


def check_user(name: str) -> None:
    """Whether systemd would take it.

    Raises:
        UsageError: it would not.
    """
    if not _USER.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a user", "--run-as takes one, such as llama")


def write(service: Service) -> str:
    """The unit's text.

    Raises:
        UsageError: a name, path or word that a unit cannot hold.
    """
    unit_file_name(service)
    if service.run_as is not None:
        check_user(service.run_as)
    sections = {
        "Unit": _unit(service),
        "Service": (*_service(service), *_limits(service), *_hardening(service)),
        "Install": (f"WantedBy={'default' if service.user else 'multi-user'}.target",),
    }
    return f"{MARK}\n" + "\n".join(
        f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in sections.items()
    )


def command_line(argv: Sequence[str]) -> str:
    """The words as ExecStart takes them: quoted, with systemd's specifiers (%) and variables ($) doubled.

    Raises:
        UsageError: a word that a unit cannot hold, or a program that is neither an absolute path nor a name that systemd looks up.
    """
    if not argv or (not argv[0].startswith("/") and "/" in argv[0]):
        raise UsageError(
            f"a unit needs the program's absolute path, not {' '.join(argv[:1])!r}", "write /.../llama-server"
        )
    if "$" in argv[0]:
        raise UsageError(f"systemd cannot start a program with $ in its path: {argv[0]}")
    if argv[0][0] in _PREFIXES:
        raise UsageError(
            f"systemd takes the {argv[0][0]} of {argv[0]!r} for an order of its own",
            "write /.../llama-server",
        )
    return " ".join(_word(word, variables=True) for word in argv)


def environment_line(name: str, value: str) -> str:
    """One variable of a service.

    Raises:
        UsageError: a value that a unit cannot hold.
    """
    return f"Environment={_word(f'{name}={value}', variables=False)}"


def _unit(service: Service) -> Iterator[str]:
    yield f"Description={_text(f'llama.cpp server {service.name}, planned by moefit')}"
    yield "Documentation=https://github.com/ggml-org/llama.cpp/tree/master/tools/server"
    if not service.user:
        yield "Wants=network-online.target"
        yield "After=network-online.target nvidia-persistenced.service"
    yield "# what fails ten times in an hour stays down: `systemctl reset-failed` lets it start again"
    yield "StartLimitIntervalSec=3600"
    yield "StartLimitBurst=10"


def _service(service: Service) -> Iterator[str]:
    if service.replan:
        yield "# moefit says when it has planned and becomes the server"
        yield "Type=notify"
        yield f"TimeoutStartSec={_PLANNING_SECONDS}"
    else:
        yield "Type=exec"
    if service.run_as and not service.user:
        yield f"User={_text(service.run_as)}"
    if service.working_directory:
        yield f"WorkingDirectory={_text(service.working_directory)}"
    for name, value in service.environment.items():
        yield environment_line(name, value)
    yield from _secrets(service)
    yield f"ExecStart={command_line(service.argv)}"
    yield "Restart=on-failure"
    yield "RestartSec=5"
    yield "# from 5 s to 2 min; systemd before 254 waits 5 s each time"
    yield "RestartSteps=6"
    yield "RestartMaxDelaySec=120"
    if service.replan:
        yield "# bad usage and an error of moefit's own do not get better by themselves"
        yield "RestartPreventExitStatus=2 70"
    yield "TimeoutStopSec=60"


def _secrets(service: Service) -> Iterator[str]:
    """Where secrets can be instead: a unit's text is told to everyone by `systemctl show`, whoever may read the file."""
    folder = "%h/.config/moefit" if service.user else "/etc/moefit"
    if service.secrets:
        yield f"# not written here: {' '.join(map(_text, service.secrets))}; a file only the service may read can hold it:"
        yield f"# EnvironmentFile={folder}/{service.name}.env"
    credential = f"LoadCredential=api-keys:{folder}/{service.name}.keys"
    if _KEYS in service.argv:
        yield credential
    elif service.secrets or secret_names(service):
        yield f"# and keys of the server, one a line, with --api-key-file {_KEYS} in the command:"
        yield f"# {credential}"


def secret_names(service: Service) -> tuple[str, ...]:
    """What the unit holds a secret of: options, variables, URLs with a password."""
    environment = [f"{name}={value}" for name, value in service.environment.items()]
    return secrets_by_name([*service.argv, *environment])


def _limits(service: Service) -> Iterator[str]:
    if service.locks_memory:
        yield "LimitMEMLOCK=infinity"
    if service.memory_max is not None:
        yield f"MemoryMax={service.memory_max}"
    yield "OOMPolicy=stop"


def _hardening(service: Service) -> Iterator[str]:
    """CUDA opens /dev/nvidia*, maps memory that it writes and executes, and after a boot calls a setuid helper.

    So neither PrivateDevices nor MemoryDenyWriteExecute, and with CUDA nothing that implies NoNewPrivileges. A user's manager
    cannot set up mounts, and has little to protect from its own user.
    """
    if not service.nvidia:
        yield "NoNewPrivileges=yes"
        yield "RestrictSUIDSGID=yes"
        yield "LockPersonality=yes"
    if service.user:
        return
    yield "ProtectSystem=full"
    yield "ProtectControlGroups=yes"
    if not any(word.startswith(("/tmp/", "/var/tmp/")) for word in service.argv):  # noqa: S108 - a user's own path
        yield "PrivateTmp=yes"
    if not service.nvidia:
        yield "ProtectKernelModules=yes"
        yield "ProtectKernelTunables=yes"
        yield "ProtectKernelLogs=yes"
    yield "UMask=0077"


def _word(text: str, *, variables: bool) -> str:
    """One word: C escapes inside double quotes, % doubled but in the file of keys, $ doubled where systemd replaces variables."""
    if text == _KEYS:
        return text
    if _NEVER.search(text):
        raise UsageError("a unit cannot hold a word with a NUL byte or bytes that are no UTF-8")
    doubled = text.replace("%", "%%")
    if variables:
        doubled = doubled.replace("$", "$$")
    if _SAFE.fullmatch(text):
        return text
    return '"' + "".join(map(_escape, doubled)) + '"'


def _escape(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return f"\\x{ord(char):02x}" if ord(char) < 0x20 or ord(char) == 0x7F else char


def _text(value: str) -> str:
    """A value that is one string: no line break, % doubled."""
    if (
        _NEVER.search(value)
        or "\n" in value
        or "\r" in value
        or value != value.strip()
        or value.endswith("\\")
    ):
        raise UsageError(f"a unit cannot hold the line break, odd byte or odd end of {value!r}")
    return value.replace("%", "%%")
