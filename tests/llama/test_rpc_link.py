"""The way to an RPC server is measured in its own words, and plans rest on it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moefit.cost.device_rates import device_rates
from moefit.errors import DriverError
from moefit.llama import rpc_link
from moefit.llama.rpc_link import measure_servers
from moefit.machine.servers import ServerRate, from_json, to_json, with_rates
from moefit.machine.types import Device
from moefit.sizes import GIB
from tests.llama.harness import free_port, rpc_server

SLOW = ServerRate("box:50052", 118_000_000, 0.0004)
LISTED = Device("RPC0", GIB, GIB, "RPC0[box:50052]", source="llama-server")


def quiet(_what: str, _share: float) -> None:
    pass


@contextmanager
def speaking(version: int) -> Iterator[str]:
    """A server that greets in a version of its own, and hangs up then."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                client, _ = listening.accept()
                with client:
                    client.recv(64)
                    client.sendall((28).to_bytes(8, "little") + bytes([version]) + bytes(27))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(("version", "why"), [(99, "it speaks version 99"), (7, "it hangs up")])
def test_a_server_that_cannot_be_measured_is_a_warning(version: int, why: str) -> None:
    with speaking(version) as address:
        assert ((), (f"the way to {address} is not measured: {why}",)) == measure_servers([address], quiet)


def test_one_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_link, "_LIMIT", 0.2)
    monkeypatch.setattr(rpc_link, "greet", lambda _servers: 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert ((), (f"the way to {address} is not measured: it does not answer in 0.2 seconds",)) == (
            measure_servers([address], quiet)
        )


def test_one_that_answers_before_it_has_what_is_sent_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """4 PB/s were, and kept in a calibration."""
    monkeypatch.setattr(rpc_link, "_say", lambda *_: None)
    monkeypatch.setattr(rpc_link, "_ask", lambda _link, _command, _message, size: bytes([7] * size))
    monkeypatch.setattr(rpc_link, "_timed", lambda _do: 0.05)
    with socket.socket() as link, pytest.raises(OSError, match="before it can have what is sent"):
        rpc_link._measure(link, "box:1")


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(DriverError, match="no RPC server at 127"):
        measure_servers([f"127.0.0.1:{free_port()}"], quiet)


def test_a_measured_way_replaces_what_is_assumed_of_its_devices() -> None:
    found = with_rates(LISTED, [SLOW])
    assert (118_000_000, 0.0004) == (found.link_bandwidth, found.latency)
    assert 2 * 0.0004 == pytest.approx(device_rates(found).hop)


@pytest.mark.parametrize(
    "device",
    [
        Device("RPC0", GIB, GIB, "RPC0[other:50052]", source="llama-server"),
        Device("RPC0", GIB, GIB, "RPC0[box:50052]", source="declared"),
        Device("CUDA0", GIB, GIB, source="llama-server"),
    ],
)
def test_other_devices_and_declared_ones_stay_as_they_are(device: Device) -> None:
    assert device == with_rates(device, [SLOW])


def test_what_is_kept_is_what_is_read() -> None:
    assert (SLOW,) == from_json(to_json([SLOW]))


@pytest.mark.parametrize("latency", [0, -1.0, 60, "fast", True])
def test_a_latency_that_cannot_be_is_refused(latency: object) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        from_json([{"address": "box:1", "bandwidth": 1, "latency": latency}])


@pytest.mark.llama
def test_a_real_server_on_loopback_is_quick(llama: Path, tmp_path: Path) -> None:
    with rpc_server(llama / "ggml-rpc-server", free_port(), tmp_path / "log") as port:
        [rate], warnings = measure_servers([f"127.0.0.1:{port}"], quiet)
    assert () == warnings
    assert rate.bandwidth > 10_000_000
    assert 1e-6 < rate.latency < 0.1
