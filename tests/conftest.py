"""What all tests share: how hypothesis runs, and which tests wait for the night."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from runcomfy.model import jsonschema_fallback as _fallback
from support.callers import KINDS, Caller
from support.scripted_server import ScriptedServer, json_reply, serve

# A change must not fail over an example that the next run does not repeat, so every run draws the same
# ones. The night draws new ones, and prints how to repeat what failed.
settings.register_profile(
    "change",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly", parent=settings.get_profile("change"), derandomize=False, print_blob=True
)

#: Tests that `make test` leaves out, by marker. `.ci/run` runs the slow ones as well.
_LONG = {
    "slow": "campaigns and real builds; runs with -m slow (make test-slow)",
    "nightly": "drawn anew each night; runs with -m nightly (make nightly)",
}


def pytest_configure(config: pytest.Config) -> None:
    for name, runs in _LONG.items():
        config.addinivalue_line("markers", f"{name}: {runs}")
    settings.load_profile("nightly" if "nightly" in config.option.markexpr else "change")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts its background jobs so, and programs under test would ignore Ctrl-C as well.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr:
        return
    long = [item for item in items if any(map(item.get_closest_marker, _LONG))]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """The command line sets up the library's log for its process, which is the tests' own where they call it."""
    log = logging.getLogger("runcomfy")
    handlers, level, propagate = [*log.handlers], log.level, log.propagate
    yield
    log.handlers[:], log.propagate = handlers, propagate
    log.setLevel(level)


@pytest.fixture(autouse=True)
def fresh_validators() -> Iterator[None]:
    """Tests generate one module name again and again, each time with another schema."""
    _fallback._validator.cache_clear()
    yield
    _fallback._validator.cache_clear()


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
