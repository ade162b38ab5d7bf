from __future__ import annotations

from collections.abc import Iterator

import pytest

from moefit.gguf.http import Client
from tests.remote.server import Web, serving


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Web]:
    """A second server, on another port: another origin."""
    with serving() as found:
        yield found


@pytest.fixture
def client() -> Iterator[Client]:
    """Impatient, so that tests are fast."""
    with Client(timeout=0.3, deadline=0.6, attempts=3, pause=0.001) as found:
        yield found
