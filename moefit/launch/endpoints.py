"""The addresses of `--rpc`.

source: ggml/src/ggml-rpc/ggml-rpc.cpp, parse_endpoint (HOST:PORT, cut at the first colon: so no IPv6 address)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from moefit.errors import UsageError

_LOOPBACK: Final = r"localhost|127(?:\.\d{1,3}){3}"

_PORT: Final = "ggml-rpc-server listens on port 50052 unless -p says another"
_IPV4: Final = "llama.cpp takes a name or an IPv4 address, and no URL"
_NOBODY: Final = "RPC knows no users: HOST:PORT alone"


def endpoints(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Hosts and ports of the values of `--rpc`.

    Raises:
        UsageError: one is no HOST:PORT.
    """
    found = []
    for text in (part.strip() for value in values for part in value.split(",")):
        if "@" in text:  # what stands before it may be a secret
            raise UsageError(f"--rpc ***@{text.rpartition('@')[2]}: not HOST:PORT", _NOBODY)
        host, colon, port = text.partition(":")
        if not host or not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 1 << 16:
            raise UsageError(f"--rpc {text}: not HOST:PORT", _IPV4 if text.count(":") > 1 else _PORT)
        found.append((host, int(port)))
    return tuple(found)


def exposed(values: Iterable[str]) -> tuple[str, ...]:
    """The servers that other machines can reach: RPC has no authentication."""
    return tuple(
        f"{host}:{port}"
        for host, port in endpoints(values)
        if not re.fullmatch(_LOOPBACK, host, re.IGNORECASE)
    )
