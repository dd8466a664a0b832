"""SIGTERM: a command ends in the same orderly way as on Ctrl-C, and reports its job."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["Terminated", "termination"]


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def termination() -> Iterator[None]:
    """Let SIGTERM raise ``Terminated`` meanwhile."""
    try:
        before = signal.signal(signal.SIGTERM, _terminate)
    except ValueError:  # not in the main thread, where signal handlers cannot be set
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise Terminated
