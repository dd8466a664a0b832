"""The pytest plugin: the fixture ``runcomfy_mock``. It is loaded by every run of pytest, so it imports pytest alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runcomfy.mock import MockService

__all__ = ["runcomfy_mock"]


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker that gives the fixture its settings."""
    config.addinivalue_line(
        "markers", "runcomfy_mock(**settings): settings of the runcomfy_mock fixture's service"
    )


@pytest.fixture
def runcomfy_mock(request: pytest.FixtureRequest) -> Iterator[MockService]:
    """The RunComfy Model API on this machine, fresh for each test.

    >>> def test_the_program_submits_once(runcomfy_mock):
    ...     my_program(base_url=runcomfy_mock.url, token="any")
    ...     assert runcomfy_mock.accepted == 1
    """
    from . import mock_service

    marker = request.node.get_closest_marker("runcomfy_mock")
    values, settings = (marker.args, marker.kwargs) if marker else ((), {})
    with mock_service(
        *values, **settings
    ) as service:  # values without a name are a mistake, and told
        yield service
