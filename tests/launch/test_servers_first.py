"""Whatever names a device of an RPC server stands behind the --rpc that brings it."""

from __future__ import annotations

import pytest

from moefit.launch.command import parse
from moefit.launch.servers_first import servers_first

LINES = [
    ("-dev RPC0 --rpc a:1", "--rpc a:1 -dev RPC0", "-dev"),
    ("-c 1 -ot x=RPC0[a:1] -fa on --rpc a:1", "-c 1 --rpc a:1 -ot x=RPC0[a:1] -fa on", "-ot"),
    ("--rpc a:1 -dev RPC0,RPC1 --rpc b:1 -c 1", "--rpc a:1 --rpc b:1 -dev RPC0,RPC1 -c 1", "-dev"),
    ("-devd RPC0 -md d.gguf --rpc a:1", "--rpc a:1 -devd RPC0 -md d.gguf", "-devd"),
    ("--rpc a:1 -dev RPC0", "--rpc a:1 -dev RPC0", ""),
    ("-dev CUDA0 -ts 1,2 --rpc a:1", "-dev CUDA0 -ts 1,2 --rpc a:1", ""),
    ("-dev RPC0", "-dev RPC0", ""),
]


@pytest.mark.parametrize(("line", "expected", "needing"), LINES)
def test_servers_come_before_their_devices(line: str, expected: str, needing: str) -> None:
    moved, why = servers_first(parse(["llama-server", *line.split()]))
    assert (expected, needing) == (" ".join(moved.argv[1:]), why)
