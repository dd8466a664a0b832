"""Work in other threads that the caller can abandon: at a deadline, on Ctrl-C, on close.

This is the one way in which blocking calls keep their deadline: looking up a name, connecting, a client of someone
else's and a slow disk cannot be interrupted, but they need not be waited for.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TypeVar

__all__ = ["Left", "call", "call_all"]

ValueT = TypeVar("ValueT")

#: Where a wait cannot be interrupted, Ctrl-C comes through between two waits, and so does a close.
_LOOK = 0.25

#: Seconds that a thread without work is kept for the next call.
_KEPT = 4.0

Work = Callable[[], object]

#: The threads that wait for work, by what it is handed to them in. A child process has none of them.
_idle: deque[SimpleQueue[Work]] = deque()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


class Left(Exception):
    """The caller abandoned the work."""


def call(work: Callable[[], ValueT], ends: float | None, is_over: Callable[[], bool]) -> ValueT:
    """Return or raise the outcome of the work. Raises ``Left`` at ``ends``, or soon after ``is_over`` is true.

    ``ends`` is on the monotonic clock. It is for the caller to make the work stop that is left behind.
    """
    told: SimpleQueue[tuple[ValueT | None, BaseException | None]] = SimpleQueue()
    context = copy_context()

    def run() -> None:
        try:
            told.put((context.run(work), None))
        except BaseException as error:  # noqa: BLE001  # the caller's thread raises it
            told.put((None, error))

    _start(run)
    while (outcome := _take(told, _rest(ends))) is None:
        if is_over() or (ends is not None and monotonic() >= ends):
            raise Left
    value, error = outcome
    if isinstance(error, Exception):
        raise error
    if error is not None:
        raise error.with_traceback(None)  # the locals of these frames hold the token
    return value  # type: ignore[return-value]  # there is a value where there is no error


def call_all(
    calls: Sequence[Callable[[], ValueT]],
    concurrency: int,
    ends: float | None,
    is_over: Callable[[], bool],
) -> list[ValueT | Exception | None]:
    """The outcome of each call, in order: its value, its error, or ``None`` if it missed the deadline.

    The time ends at ``ends`` on the monotonic clock, or soon after ``is_over`` says so.

    What is no ``Exception`` is raised at once. Calls that are under way then, or at the end, are not
    waited for: it is for the caller to make them stop. Those that wait for their turn are not made.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    told: SimpleQueue[tuple[int, ValueT | BaseException]] = SimpleQueue()
    for number in range(len(calls)):
        waiting.put(number)

    def work() -> None:
        while (number := _take(waiting, 0.0)) is not None:
            try:
                told.put((number, calls[number]()))
            except BaseException as error:  # noqa: BLE001  # the caller's thread raises it or hands it on
                told.put((number, error))

    outcomes: dict[int, ValueT | Exception] = {}
    try:
        for _ in range(min(concurrency, len(calls))):
            _start(partial(copy_context().run, work))
        while len(outcomes) < len(calls):
            rest = _rest(ends)
            if rest <= 0 or is_over():
                break
            if (news := _take(told, rest)) is not None:
                number, outcome = news
                if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
                    raise outcome
                outcomes[number] = outcome
    finally:
        while _take(waiting, 0.0) is not None:
            pass
    return [outcomes.get(number) for number in range(len(calls))]


def _start(work: Work) -> None:
    """Pass the work to an idle thread or a new one."""
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        Thread(target=_serve, args=(inbox,), name="runcomfy", daemon=True).start()
    inbox.put(work)


def _serve(inbox: SimpleQueue[Work]) -> None:
    while True:
        work = _take(inbox, _KEPT)
        if work is not None:
            work()
            del work
            _idle.append(inbox)
            continue
        try:
            _idle.remove(inbox)
        except (ValueError, IndexError):
            continue  # someone has just taken it to hand work over, or is taking another one
        return


def _rest(ends: float | None) -> float:
    """Seconds for one wait."""
    return _LOOK if ends is None else min(_LOOK, ends - monotonic())


def _take(queue: SimpleQueue[ValueT], seconds: float) -> ValueT | None:
    try:
        return queue.get(block=seconds > 0, timeout=seconds if seconds > 0 else None)
    except Empty:
        return None
