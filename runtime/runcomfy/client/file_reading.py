"""Reading local files within the deadline of a call, because a pipe or a file object may never end."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TypeVar

from runcomfy.drivers.daemon_threads import Left, call
from runcomfy.errors import DeadlineExceeded

__all__ = ["read_within", "read_within_async"]

ValueT = TypeVar("ValueT")


def read_within(
    work: Callable[[], ValueT],
    ends: float | None,
    model_id: str | None,
    discard: Callable[[ValueT], object] | None = None,
) -> ValueT:
    """The return value of the work. Raises ``DeadlineExceeded`` at ``ends``; a later value is discarded."""
    left = Event()
    try:
        return call(lambda: _unless_left(work, left, discard), ends, lambda: False)
    except Left:
        left.set()
        raise _late(model_id) from None
    except BaseException:
        left.set()
        raise


async def read_within_async(
    work: Callable[[], ValueT],
    ends: float | None,
    model_id: str | None,
    discard: Callable[[ValueT], object] | None = None,
) -> ValueT:
    """``read_within`` without blocking the event loop."""
    import anyio

    left = Event()
    seconds = None if ends is None else max(ends - monotonic(), 0.0)
    try:
        with anyio.move_on_after(seconds):
            return await anyio.to_thread.run_sync(
                lambda: _unless_left(work, left, discard), abandon_on_cancel=True
            )
    except BaseException:
        left.set()
        raise
    left.set()
    raise _late(model_id)


def _unless_left(
    work: Callable[[], ValueT], left: Event, discard: Callable[[ValueT], object] | None
) -> ValueT:
    value = work()
    if discard and left.is_set():
        discard(value)
    return value


def _late(model_id: str | None) -> DeadlineExceeded:
    return DeadlineExceeded(
        "the call timed out while a local file was being read; nothing was submitted",
        model_id=model_id,
    )
