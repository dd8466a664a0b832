"""Work in other threads that the caller can abandon: at a deadline, on Ctrl-C, on close.

Blocking calls keep their deadline only in this way: DNS, connecting, a caller's client and a slow disk cannot be
interrupted, but they can be abandoned.
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

#: Seconds of one wait. Waits cannot be interrupted, so Ctrl-C and a close take effect between two of them.
_LOOK = 0.25

#: Seconds for which an idle thread is kept.
_KEPT = 4.0

Work = Callable[[], object]

#: The queues of the idle threads. After a fork, the child has none of these threads.
_idle: deque[SimpleQueue[Work]] = deque()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


class Left(Exception):
    """The caller abandoned the work."""


def call(work: Callable[[], ValueT], ends: float | None, is_over: Callable[[], bool]) -> ValueT:
    """Return or raise the outcome of the work. Raises ``Left`` at ``ends``, or soon after ``is_over`` is true.

    ``ends`` is on the monotonic clock. The caller has to stop work that it abandons.
    """
    outcomes: SimpleQueue[tuple[ValueT | None, BaseException | None]] = SimpleQueue()
    context = copy_context()

    def run() -> None:
        try:
            outcomes.put((context.run(work), None))
        except BaseException as error:  # noqa: BLE001  # the caller's thread raises it
            outcomes.put((None, error))

    _start(run)
    while (outcome := _take(outcomes, _rest(ends))) is None:
        if is_over() or (ends is not None and monotonic() >= ends):
            raise Left
    value, error = outcome
    if isinstance(error, Exception):
        raise error
    if error is not None:
        raise error.with_traceback(None)  # local variables in these frames hold the token
    return value  # type: ignore[return-value]  # there is a value where there is no error


def call_all(
    calls: Sequence[Callable[[], ValueT]],
    concurrency: int,
    ends: float | None,
    is_over: Callable[[], bool],
) -> list[ValueT | Exception | None]:
    """The outcome of each call, in order: its value, its error, or ``None`` if it missed the deadline.

    The deadline is ``ends`` on the monotonic clock, or the moment when ``is_over`` becomes true.

    A ``BaseException`` that is not an ``Exception`` is raised at once. Calls that are running then, or at the
    deadline, are abandoned, and the caller has to stop them. Calls that have not started are dropped.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    ended: SimpleQueue[tuple[int, ValueT | BaseException]] = SimpleQueue()
    for number in range(len(calls)):
        waiting.put(number)

    def work() -> None:
        while (number := _take(waiting, 0.0)) is not None:
            try:
                ended.put((number, calls[number]()))
            except BaseException as error:  # noqa: BLE001  # the caller's thread raises it or hands it on
                ended.put((number, error))

    outcomes: dict[int, ValueT | Exception] = {}
    try:
        for _ in range(min(concurrency, len(calls))):
            _start(partial(copy_context().run, work))
        while len(outcomes) < len(calls):
            rest = _rest(ends)
            if rest <= 0 or is_over():
                break
            if (news := _take(ended, rest)) is not None:
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
