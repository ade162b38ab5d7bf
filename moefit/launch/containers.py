"""`docker run` and `docker exec`, podman and nerdctl alike: what they start, and what that sees of files, variables and cards.

source: the reference pages of docker run and docker exec (their options without a value); .devops/ of llama.cpp (the images' entrypoints).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from moefit.errors import UsageError
from moefit.launch.wrappers import bare_name
from moefit.values import dataclass

ENGINES: Final = frozenset({"docker", "podman", "nerdctl"})
_RUN: Final = frozenset({"run", "create"})
_VALUES: Final = "aceghlmpuvwHL"
"""Short options that take a value; a cluster such as -it ends in one at most."""
_GLOBAL: Final = frozenset(
    {"--context", "--config", "--host", "--log-level", "--namespace", "--connection", "--url"}
)
_FLAGS: Final = frozenset(
    {
        *(
            "--detach",
            "--interactive",
            "--tty",
            "--rm",
            "--init",
            "--privileged",
            "--read-only",
            "--quiet",
            "--latest",
        ),
        *(
            "--publish-all",
            "--no-healthcheck",
            "--oom-kill-disable",
            "--sig-proxy",
            "--disable-content-trust",
            "--help",
        ),
        *(
            "--replace",
            "--rmi",
            "--tls-verify",
            "--no-hosts",
            "--no-hostname",
            "--env-host",
            "--http-proxy",
            "--passwd",
        ),
        *("--read-only-tmpfs", "--use-api-socket", "--debug", "--tls", "--remote", "--tlsverify"),
    }
)
"""Long options without a value; all others have one."""
_TOOLS: Final = {
    **dict.fromkeys(("--server", "-s"), "llama-server"),
    **dict.fromkeys(("--run", "-r"), "llama-cli"),
    **dict.fromkeys(("--bench", "-b"), "llama-bench"),
    **dict.fromkeys(("--perplexity", "-p"), "llama-perplexity"),
}
"""First words of llama.cpp's `full` images. source: .devops/tools.sh"""


@dataclass(frozen=True, slots=True)
class Container:
    """What a container's program sees."""

    engine: str
    """docker, podman ..., as written."""
    at: int
    """Index in the line where an option of `run` or `exec` may stand."""
    end: int
    """Index behind the image, or the container's name: what follows is inside."""
    mounts: tuple[tuple[str, str], ...] = ()
    """Folder or file of the host, and where the container has it; the deepest counts."""
    variables: tuple[tuple[str, str | None], ...] = ()
    """`-e NAME=VALUE`; None for the host's own value."""
    variable_files: tuple[str, ...] = ()
    """--env-file."""
    folder: str = "/app"
    """Where relative paths begin (-w); llama.cpp's images are in /app."""
    published: str | None = None
    """The first port of the host that leads into it (-p), perhaps a macro."""
    memory: int | None = None
    """Bytes of RAM that it may use (--memory)."""
    cards: str | None = None
    """Indexes or UUIDs of `--gpus device=...`; None for all."""
    build: int | None = None
    """llama.cpp's build, where the image's tag names one."""

    def on_host(self, path: str) -> str | None:
        """The host's path of a file that the container knows by `path`; None where nothing is mounted there.

        >>> Container("docker", 2, 3, (("/tank", "/models"),)).on_host("/models/a/b.gguf")
        '/tank/a/b.gguf'
        """
        inside = path if path.startswith("/") else f"{self.folder}/{path}"
        deepest = sorted(self.mounts, key=lambda mount: -len(mount[1]))
        for host, there in deepest:
            if inside == there or inside.startswith(f"{there.rstrip('/')}/"):
                rest = inside[len(there) :].lstrip("/")
                return f"{host.rstrip('/')}/{rest}" if rest else host
        return None


@dataclass(frozen=True, slots=True)
class Contained:
    """A container's command, cut."""

    container: Container
    size: int
    """Words up to and with the image, or the container's name."""
    entry: str | None
    """What the image starts by itself: then the words that follow are its options."""
    is_stated: bool = False
    """--entrypoint says so."""


def read_engine(words: Sequence[str], engine: int) -> Contained:
    """Read the engine's own words, which begin at `engine`.

    Raises:
        UsageError: a command of the engine that moefit cannot see through.
    """
    name = bare_name(words[engine])
    options, at = _options(words, engine + 1, everything=False)
    if at < len(words) and words[at] == "container":
        at += 1
    verb = words[at] if at < len(words) else ""
    if any(option in {"-H", "--host"} and value.startswith(("ssh:", "tcp:")) for option, value in options):
        raise UsageError(
            f"{name} runs it on another machine, and moefit plans for this one", "run moefit there"
        )
    if verb not in _RUN and verb != "exec":
        raise UsageError(
            f"{name} {verb}: moefit sees through {name} run and {name} exec only".replace("  ", " "),
            "write the llama-server command alone after --, with the host's path of the model",
        )
    options, end = _options(words, at + 1)
    if end >= len(words):
        raise UsageError(f"{name} {verb} names no {'container' if verb == 'exec' else 'image'}")
    container = _container(name, (at + 1, end + 1), options)
    if verb in _RUN:
        container = replace(container, build=tagged_build(words[end]))
    entry = _entry(words[end], options) if verb in _RUN else None
    stated = any(option == "--entrypoint" and value for option, value in options)
    return Contained(container, end + 1 - engine, entry, is_stated=stated)


def _options(words: Sequence[str], at: int, *, everything: bool = True) -> tuple[list[tuple[str, str]], int]:
    """Options with their values, and where the first word stands that is none."""
    found: list[tuple[str, str]] = []
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        word = words[at]
        at += 1
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            takes = name not in _FLAGS if everything else name in _GLOBAL
        else:
            letter = next((i for i, c in enumerate(word) if i and c in _VALUES), None)
            takes, equals, value = letter is not None, "", ""
            if letter is not None:
                name, value = f"-{word[letter]}", word[letter + 1 :].removeprefix("=")
                equals = value
        if takes and not equals and at < len(words):
            value = words[at]
            at += 1
        found.append((name, value))
    return found, at


def _container(engine: str, places: tuple[int, int], options: Sequence[tuple[str, str]]) -> Container:
    mounts = [
        m for name, value in options if name in {"-v", "--volume", "--mount"} for m in _mount(name, value)
    ]
    variables = [
        (name, value if equals else None)
        for option, text in options
        if option in {"-e", "--env"}
        for name, equals, value in [text.partition("=")]
    ]
    folders = [value for name, value in options if name in {"-w", "--workdir"}]
    cards = [found for name, value in options for found in _cards(name, value)]
    files = tuple(value for name, value in options if name == "--env-file")
    return Container(
        engine,
        *places,
        tuple(mounts),
        tuple(variables),
        files,
        folders[-1] if folders else "/app",
        next((port for name, value in options for port in _published(name, value)), None),
        next((size for name, value in options for size in _memory(name, value)), None),
        cards[-1] if cards else None,
    )


def _mount(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Bind mounts only: what a named volume holds is not to be seen."""
    if name == "--mount":
        keys = dict(part.partition("=")[::2] for part in value.split(","))
        host = keys.get("source") or keys.get("src") or ""
        there = keys.get("target") or keys.get("destination") or keys.get("dst") or ""
        if keys.get("type", "bind") != "bind":
            return
    else:
        host, _, rest = value.partition(":")
        there = rest.partition(":")[0]
    if there.startswith("/") and re.match(r"[./~$]", host):
        yield host, there


def _memory(name: str, value: str) -> Iterator[int]:
    """A number with b, k, m or g. source: docker/go-units, RAMInBytes."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", value.lower())
    if name in {"-m", "--memory"} and found:
        yield int(float(found[1]) * 1024 ** "bkmgt".index(found[2] or "b"))


def _published(name: str, value: str) -> Iterator[str]:
    """`-p [IP:]HOST:CONTAINER`; a port without the host's is chosen by the engine."""
    parts = value.rsplit(":", 2)
    if name in {"-p", "--publish"} and len(parts) > 1:
        yield parts[-2]


def _cards(name: str, value: str) -> Iterator[str]:
    if name == "--gpus" and (found := re.search(r"device=([\w,-]+)", value)):
        yield found[1]
    if (
        name == "--device"
        and (found := re.fullmatch(r"nvidia\.com/gpu=([\w,-]+)", value))
        and found[1] != "all"
    ):
        yield found[1]


def _entry(image: str, options: Sequence[tuple[str, str]]) -> str | None:
    """What the image starts: --entrypoint, or what llama.cpp's own images do; None where the first word after it says."""
    stated = [value for name, value in options if name == "--entrypoint"]
    if stated:
        return stated[-1] or None
    tag = image.rpartition(":")[2]
    if tag.startswith("full"):
        return None
    return "llama-cli" if tag.startswith("light") else "llama-server"


def tagged_build(image: str) -> int | None:
    """The build that a tag of llama.cpp's images ends with.

    >>> tagged_build("ghcr.io/ggml-org/llama.cpp:server-cuda-b11434"), tagged_build("local/llama.cpp:b12191@sha256:0f")
    (11434, 12191)
    >>> tagged_build("ghcr.io/ggml-org/llama.cpp:server-cuda"), tagged_build("host:5000/b11434")
    (None, None)
    """
    found = re.search(r":(?:[\w.-]*-)?b(\d{4,6})(?:@[\w:]+)?$", image, re.ASCII)
    return int(found[1]) if found else None


def tool(word: str) -> str | None:
    """The program that a first word of a `full` image asks for."""
    return _TOOLS.get(word)
