"""How programs that start another one (numactl, env, sudo ...) read their words, by base name: a table.

source: the synopsis of each manual page (coreutils, util-linux, numactl, sudo, systemd-run, flatpak, distrobox, toolbox).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How one such program reads its words."""

    values: tuple[str, ...] = ()
    """Options that a word of their own follows."""
    operands: int = 0
    """Words before the other program: a mask, a duration, a container."""
    passes: bool = True
    """The other program sees the environment."""
    keeps: tuple[str, ...] = ()
    """Options with which it does, although it usually does not."""
    drops: tuple[str, ...] = ()
    """Options with which it does not, although it usually does."""
    sets: tuple[str, ...] = ()
    """Options whose value is NAME=VALUE for the other program."""
    assigns: bool = False
    """NAME=VALUE words are for the other program."""
    folders: tuple[str, ...] = ()
    """Options that name the folder in which the other program starts."""
    leaves: tuple[str, ...] = ()
    """Options with which it starts in a folder that the line does not name."""
    stays: tuple[str, ...] = ()
    """Options with which alone it starts in this folder; empty where it does without."""
    why_not: str | None = None
    """Set where moefit cannot plan for what it starts: the reason."""
    instead: str | None = None
    """And what to write."""


_ELSEWHERE: Final = "runs the command on another machine, and moefit plans for this one"
_THERE: Final = (
    "run moefit there, or write the command without {name} and describe that machine with --machine FILE"
)
_STRING: Final = "takes the command as one string"
_INSIDE: Final = "write the words inside the quotes after --"
_OUTSIDE: Final = "write the llama-server command alone after --, with the host's path of the model"


def _remote(*values: str) -> Wrapper:
    return Wrapper(values, passes=False, why_not=_ELSEWHERE, instead=_THERE)


_STRINGS: Final = Wrapper(why_not=_STRING, instead=_INSIDE)

WRAPPERS: Final[Mapping[str, Wrapper]] = {
    "env": Wrapper(
        ("-u", "--unset", "-C", "--chdir", "-S", "--split-string", "-a", "--argv0"),
        drops=("-", "-i", "--ignore-environment"),
        assigns=True,
        folders=("-C", "--chdir"),
    ),
    "sudo": Wrapper(
        (
            "-u",
            "-g",
            "-p",
            "-C",
            "-D",
            "-R",
            "-T",
            "-h",
            "-r",
            "-t",
            "-U",
            "--user",
            "--group",
            "--prompt",
            "--chdir",
            "--chroot",
            "--host",
            "--role",
            "--type",
        ),
        passes=False,
        keeps=("-E", "--preserve-env"),
        assigns=True,
        folders=("-D", "--chdir"),
        leaves=("-i", "--login"),
    ),
    "doas": Wrapper(("-u", "-C"), passes=False),
    "run0": Wrapper(
        ("-u", "-g", "-D", "--user", "--group", "--chdir"),
        passes=False,
        sets=("--setenv",),
        folders=("-D", "--chdir"),
    ),
    "pkexec": Wrapper(("--user",), passes=False, stays=("--keep-cwd",)),
    "runuser": Wrapper(
        ("-u", "--user", "-g", "--group", "-G"), drops=("-", "-l", "--login"), leaves=("-", "-l", "--login")
    ),
    "setpriv": Wrapper(
        ("--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"),
        drops=("--reset-env",),
    ),
    "gosu": Wrapper(operands=1),
    "su-exec": Wrapper(operands=1),
    "setuidgid": Wrapper(operands=1),
    "nice": Wrapper(("-n", "--adjustment")),
    "ionice": Wrapper(("-c", "-n", "--class", "--classdata")),
    "chrt": Wrapper(("-T", "-P", "-D", "--sched-runtime", "--sched-period", "--sched-deadline"), operands=1),
    "taskset": Wrapper(operands=1),
    "numactl": Wrapper(
        (
            "-i",
            "-p",
            "-P",
            "-m",
            "-w",
            "-N",
            "-C",
            "-l",
            "--interleave",
            "--preferred",
            "--membind",
            "--weighted-interleave",
            "--cpunodebind",
            "--physcpubind",
        )
    ),
    "numad": Wrapper(),
    "stdbuf": Wrapper(("-i", "-o", "-e", "--input", "--output", "--error")),
    "nohup": Wrapper(),
    "setsid": Wrapper(),
    "timeout": Wrapper(("-k", "-s", "--kill-after", "--signal"), operands=1),
    "time": Wrapper(("-f", "-o", "--format", "--output")),
    "exec": Wrapper(("-a",), drops=("-c", "-cl", "-lc")),
    "command": Wrapper(),
    "choom": Wrapper(("-n", "--adjust")),
    "prlimit": Wrapper(("-o", "--output")),
    "cpulimit": Wrapper(("-l", "-c", "--limit", "--cpu")),
    "cgexec": Wrapper(("-g",)),
    "schedtool": Wrapper(("-a", "-p", "-n", "-e")),
    "chroot": Wrapper(operands=1, why_not="gives the command another root folder", instead=_OUTSIDE),
    "unshare": Wrapper(),
    "nsenter": Wrapper(("-t", "--target")),
    "strace": Wrapper(("-o", "-e", "-p", "-s")),
    "ltrace": Wrapper(("-o", "-e", "-p", "-s")),
    "gdb": Wrapper(("-ex", "-x")),
    "valgrind": Wrapper(),
    "perf": Wrapper(("-o", "-e", "-F"), operands=1),
    "nsys": Wrapper(("-o", "-t"), operands=1),
    "ncu": Wrapper(("-o", "-k", "-c")),
    "systemd-inhibit": Wrapper(),
    "caffeinate": Wrapper(("-t", "-w")),
    "systemd-run": Wrapper(
        (
            "-p",
            "-u",
            "-t",
            "--unit",
            "--property",
            "--description",
            "--slice",
            "--uid",
            "--gid",
            "--nice",
            "--working-directory",
            "--on-active",
            "--on-boot",
            "--on-calendar",
            "-M",
            "--machine",
        ),
        passes=False,
        keeps=("--scope",),
        sets=("-E", "--setenv"),
        folders=("--working-directory",),
        stays=("--scope", "-d", "--same-dir"),
    ),
    "flatpak": Wrapper(("--command", "--filesystem", "--share", "--device"), operands=2, sets=("--env",)),
    "flatpak-spawn": Wrapper(("--directory",), passes=False, sets=("--env",), folders=("--directory",)),
    "distrobox": Wrapper(("-n", "--name"), operands=2),
    "distrobox-enter": Wrapper(("-n", "--name"), operands=1),
    "toolbox": Wrapper(("-c", "--container", "-d", "--distro", "-r", "--release"), operands=1, passes=False),
    "apptainer": Wrapper(
        ("-B", "--bind", "--env"), operands=2, drops=("-e", "--cleanenv", "-C"), sets=("--env",)
    ),
    "singularity": Wrapper(
        ("-B", "--bind", "--env"), operands=2, drops=("-e", "--cleanenv", "-C"), sets=("--env",)
    ),
    "firejail": Wrapper(),
    "bwrap": Wrapper(("--bind", "--ro-bind", "--dev-bind"), drops=("--clearenv",)),
    "proxychains": Wrapper(("-f",)),
    "proxychains4": Wrapper(("-f",)),
    "screen": Wrapper(("-S", "-L", "-c")),
    "tmux": Wrapper(passes=False),
    "srun": Wrapper(("-n", "-c", "-p", "-t", "-w", "-N", "-J"), why_not=_ELSEWHERE, instead=_THERE),
    "prime-run": Wrapper(),
    "optirun": Wrapper(("-b", "-c")),
    "gamemoderun": Wrapper(),
    "mangohud": Wrapper(),
    "wsl": Wrapper(("-d", "-u", "--distribution", "--user", "--cd"), passes=False),
    "cmd": Wrapper(("/c", "/C", "/k")),
    "ssh": _remote("-p", "-i", "-l", "-o", "-J", "-L", "-R", "-D", "-F", "-W"),
    "autossh": _remote("-p", "-i", "-l", "-o", "-M", "-L"),
    "mosh": _remote("-p"),
    "rsh": _remote("-l"),
    "pdsh": _remote("-w", "-l"),
    "kubectl": _remote("-n", "-c"),
    "oc": _remote("-n", "-c"),
    "k3s": _remote(),
    "lxc": Wrapper(
        why_not="runs the command in a container whose folders moefit cannot see", instead=_OUTSIDE
    ),
    "incus": Wrapper(
        why_not="runs the command in a container whose folders moefit cannot see", instead=_OUTSIDE
    ),
    **dict.fromkeys(
        ("docker-compose", "podman-compose"),
        Wrapper(
            why_not="keeps image, mounts and variables in a file that moefit does not read",
            instead=_OUTSIDE,
        ),
    ),
    **dict.fromkeys(
        ("sh", "bash", "dash", "zsh", "fish", "ksh", "su", "watch", "script", "parallel"), _STRINGS
    ),
    **dict.fromkeys(("nix-shell", "powershell", "pwsh", "eval", "xargs"), _STRINGS),
}
"""By base name. What is not here is taken for a program that passes its environment on, as all do that do nothing about it."""
