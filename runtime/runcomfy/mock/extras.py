"""The libraries of the mock service, and the extra that installs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["needed"]

_LIBRARIES = {"starlette", "uvicorn", "click", "h11", "anyio", "PIL", "av"}


@contextmanager
def needed() -> Iterator[None]:
    """Turn a failed import of one of the libraries into ``MissingExtra``."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        from runcomfy.errors import MissingExtra

        raise MissingExtra("the mock service", "mock") from error
