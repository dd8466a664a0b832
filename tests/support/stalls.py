"""How long a server of the tests holds back what a client waits for, and that nobody waits so long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["STALL", "before_the_stall_ends"]

#: Seconds. Long beside every timeout of the tests, so that a busy machine changes no outcome.
STALL = 20.0


@contextmanager
def before_the_stall_ends() -> Iterator[None]:
    """Assert that the block ends by itself, long before the stalled server would end it."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < STALL / 2
