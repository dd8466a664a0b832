"""What several files of cases about the clients share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from client_callers import KINDS, Caller
from scripted_server import ScriptedServer, json_reply, serve


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A service at which every request waits in the queue, until a case says otherwise."""
    with serve() as scripted:
        scripted.script(status=[json_reply(status="in_queue")])
        yield scripted


@pytest.fixture(params=KINDS)
def caller(request: pytest.FixtureRequest, server: ScriptedServer) -> Caller:
    """Each kind of client in turn."""
    return Caller(request.param, server.url)
