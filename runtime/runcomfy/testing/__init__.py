"""Testing programs that use runcomfy, without an account and without a network.

>>> from runcomfy.testing import mock_service
>>> with mock_service() as service:
...     my_program(base_url=service.url, token="any")
>>> assert service.accepted == 1

With pytest, the fixture ``runcomfy_mock`` is such a service, fresh for each test. Needs the extra ``mock``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runcomfy.mock import MockService

__all__ = ["mock_service"]

_LIBRARIES = {"starlette", "uvicorn", "h11", "PIL", "av"}


def mock_service(
    *, path: str | Path | None = None, host: str = "127.0.0.1", port: int = 0, **settings: Any
) -> MockService:
    """The RunComfy Model API on this machine, to be used with ``with`` or ``async with``.

    ``settings`` are those of ``runcomfy.mock.Settings``. ``path`` is an SQLite file that keeps its
    requests. Raises ``MissingExtra`` where its libraries are not installed.

    >>> with mock_service(polls_in_queue=3) as service:
    ...     result = service.client().run(GptImage2Edit(prompt="add a hat", images=[url]))
    """
    try:
        from runcomfy.mock.service import MockService
        from runcomfy.mock.settings import Settings
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        from runcomfy.errors import MissingExtra

        raise MissingExtra("the mock service", "mock") from error
    return MockService(Settings(**settings), path=path, host=host, port=port)
