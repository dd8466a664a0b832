"""The pytest plugin: the fixture ``runcomfy_mock``, and a setting that forbids real submits.

It is loaded by every run of pytest, so it imports pytest alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runcomfy.mock import MockService

__all__ = ["runcomfy_mock"]

#: The variables that clients read.
_BASE_URL, _TOKEN, _FORBID = "RUNCOMFY_BASE_URL", "RUNCOMFY_TOKEN", "RUNCOMFY_FORBID_REMOTE"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the setting."""
    parser.addini(
        "runcomfy_forbid_submits",
        "forbid submits of runcomfy clients to anything but this machine, in every test",
        type="bool",
        default=False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker for the fixture's settings, and forbid real submits if configured."""
    config.addinivalue_line(
        "markers", "runcomfy_mock(**settings): settings of the runcomfy_mock fixture's service"
    )
    if config.getini("runcomfy_forbid_submits"):
        before = os.environ.get(_FORBID)
        os.environ[_FORBID] = "1"

        def restore() -> None:
            os.environ.pop(_FORBID) if before is None else os.environ.update({_FORBID: before})

        config.add_cleanup(restore)


@pytest.fixture
def runcomfy_mock(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MockService]:
    """A local mock of the RunComfy Model API, new for each test.

    Clients without ``base_url`` and ``token`` use it, in child processes too. Meanwhile, submits to other machines
    are refused.

    >>> def test_the_program_submits_once(runcomfy_mock):
    ...     my_program()
    ...     assert runcomfy_mock.accepted == 1
    """
    from . import mock_service

    marker = request.node.get_closest_marker("runcomfy_mock")
    values, settings = (marker.args, marker.kwargs) if marker else ((), {})
    # Positional arguments are a mistake, which mock_service reports.
    with mock_service(*values, **settings) as service:
        monkeypatch.setenv(_BASE_URL, service.url)
        monkeypatch.setenv(_TOKEN, "mock-token")
        monkeypatch.setenv(_FORBID, "1")
        yield service
