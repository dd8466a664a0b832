"""Testing programs that use runcomfy, without an account and without a network.

>>> from runcomfy.testing import mock_service
>>> with mock_service() as service:
...     my_program(base_url=service.url, token="any")
>>> assert service.accepted == 1

With pytest, the fixture ``runcomfy_mock`` is a new service for each test. Needs the extra ``mock``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runcomfy.mock import Asked, Fault, MockService

__all__ = ["all_faults", "mock_service"]


def mock_service(
    *,
    path: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    watch: Callable[[Asked], object] | None = None,
    **settings: Any,
) -> MockService:
    """A local mock of the RunComfy Model API, for ``with`` or ``async with``.

    ``settings`` are those of ``runcomfy.mock.Settings``. ``path`` is an SQLite file that stores its requests;
    ``watch`` is called with each request after its response. Raises ``MissingExtra`` if its libraries are not
    installed, and ``TypeError`` for an unknown setting.

    >>> with mock_service(polls_in_queue=3) as service:
    ...     result = service.client().run(GptImage2Edit(prompt="add a hat", images=[url]))
    """
    from runcomfy.mock.extras import needed

    with needed():
        from runcomfy.mock.service import MockService
        from runcomfy.mock.settings import Settings
    known = [*Settings.__dataclass_fields__, "path", "host", "port", "watch"]
    for name in settings.keys() - set(known):
        from runcomfy.model.suggestions import did_you_mean

        advice = did_you_mean(name, known) or f"; the settings are {', '.join(known)}"
        raise TypeError(f"the mock service has no setting {name!r}{advice}")
    return MockService(Settings(**settings), path=path, host=host, port=port, watch=watch)


def all_faults() -> dict[str, Fault]:
    """Every fault of the mock service, by name.

    >>> all_faults()["answer_lost"].about
    'the service does it, then the connection is closed without a byte'
    """
    from runcomfy.mock.extras import needed

    with needed():
        from runcomfy.mock.faults import FAULTS
    return FAULTS
