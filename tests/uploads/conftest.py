"""The service that the tests of uploads submit to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.callers import Caller
from support.scripted_server import ScriptedServer, serve
from support.uploads import CALLERS


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve() as scripted:
        yield scripted


@pytest.fixture(params=CALLERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def caller(kind: str, server: ScriptedServer) -> Caller:
    return Caller(kind, server.url)
