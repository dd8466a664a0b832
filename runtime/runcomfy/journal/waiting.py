"""Waiting for futures on a thread, asyncio or trio; multi-step operations are generators, written once.

``Steps`` is a generator that yields futures and is sent their values, like the flows of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from threading import get_ident, local
from time import monotonic
from typing import Any, TypeAlias, TypeVar

from runcomfy.errors import DeadlineExceeded

__all__ = ["Steps", "one", "wait", "wait_async", "waking_together"]

ReturnT = TypeVar("ReturnT")
Steps: TypeAlias = Generator[Future[Any], Any, ReturnT]


#: Runs a function on an event loop soon, called from another thread.
_Call: TypeAlias = Callable[[Callable[[], None]], object]


class _Gathered(local):
    """The wake-ups that this thread has collected."""

    wakes: dict[_Call, list[Callable[[], None]]] | None = None


_gathered = _Gathered()


@contextmanager
def waking_together() -> Iterator[None]:
    """Wake each event loop once for all futures that this thread completes meanwhile: a wake-up costs more than a write."""
    wakes = _gathered.wakes = {}
    try:
        yield
    finally:
        _gathered.wakes = None
        for call, group in wakes.items():
            _wake(call, partial(_each, group))


def one(future: Future[ReturnT]) -> Steps[ReturnT]:
    """The steps that consist of one future."""
    value: ReturnT = yield future
    return value


def wait(steps: Steps[ReturnT], ends: float | None = None) -> ReturnT:
    """Run the steps on this thread, at most until ``ends`` on the monotonic clock."""
    proceed: Callable[[Any], Future[Any]] = steps.send
    reply: Any = None
    try:
        while True:
            try:
                future = proceed(reply)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            try:
                reply = future.result(None if ends is None else max(0.0, ends - monotonic()))
                proceed = steps.send
            except BaseException as error:  # noqa: BLE001  # the steps clean up, and raise it again
                reply, proceed = _raised(future, error), steps.throw
    finally:
        del reply  # an error and the frame that it came through would keep each other


async def wait_async(steps: Steps[ReturnT], ends: float | None = None) -> ReturnT:
    """The same as ``wait``, on asyncio and trio."""
    proceed: Callable[[Any], Future[Any]] = steps.send
    reply: Any = None
    try:
        while True:
            try:
                future = proceed(reply)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            try:
                await _done(future, ends)
                reply, proceed = future.result(0), steps.send
            except BaseException as error:  # noqa: BLE001  # the steps clean up, and raise it again
                reply, proceed = _raised(future, error), steps.throw
    finally:
        del reply


async def _done(future: Future[Any], ends: float | None) -> None:
    """Wait for the future, at most until the deadline."""
    if future.done():
        return
    from sniffio import current_async_library

    if current_async_library() == "asyncio":  # a third of the time that anyio takes
        await _done_on_asyncio(future, ends)
        return
    import anyio
    import anyio.lowlevel

    event = anyio.Event()
    token: Any = anyio.lowlevel.current_token().native_token
    future.add_done_callback(_soon(token.run_sync_soon, event.set))
    with anyio.move_on_after(float("inf") if ends is None else ends - monotonic()):
        await event.wait()


async def _done_on_asyncio(future: Future[Any], ends: float | None) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = None if ends is None else loop.call_later(max(0.0, ends - monotonic()), wake)
    future.add_done_callback(_soon(loop.call_soon_threadsafe, wake))
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()


def _soon(call: _Call, wake: Callable[[], None]) -> Callable[[Future[Any]], None]:
    """What wakes the event loop of this thread, from another thread alone or with others."""
    here = get_ident()

    def done(_: Future[Any]) -> None:
        if get_ident() == here:
            _wake(_at_once, wake)
        elif _gathered.wakes is None:
            _wake(call, wake)
        else:
            _gathered.wakes.setdefault(call, []).append(wake)

    return done


def _at_once(wake: Callable[[], None]) -> None:
    wake()


def _each(wakes: list[Callable[[], None]]) -> None:
    for wake in wakes:
        wake()


def _wake(call: _Call, wake: Callable[[], None]) -> None:
    try:
        call(wake)
    except RuntimeError:  # the event loop has ended, and so has who waited
        return


def _raised(future: Future[Any], error: BaseException) -> BaseException:
    """The error to raise in the steps: a timeout is that of the whole call."""
    if isinstance(error, TimeoutError) and not future.done():
        return DeadlineExceeded("the call timed out; nothing was submitted")
    return error
