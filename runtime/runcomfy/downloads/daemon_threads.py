"""Calls in threads of their own, for a caller who must be able to leave: at a deadline, on Ctrl-C, on close."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TypeVar

__all__ = ["run_all"]

ValueT = TypeVar("ValueT")

#: Where a wait cannot be interrupted, Ctrl-C comes through between two waits, and so does a close.
_LOOK = 0.25


def run_all(
    calls: Sequence[Callable[[], ValueT]],
    concurrency: int,
    ends: float | None,
    is_over: Callable[[], bool],
) -> list[ValueT | Exception | None]:
    """What came of each call, in order: its value, its error, or ``None`` if it had not ended in time.

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

    for _ in range(min(concurrency, len(calls))):
        Thread(target=copy_context().run, args=(work,), daemon=True).start()
    outcomes: dict[int, ValueT | Exception] = {}
    try:
        while len(outcomes) < len(calls):
            rest = _LOOK if ends is None else min(_LOOK, ends - monotonic())
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


def _take(queue: SimpleQueue[ValueT], seconds: float) -> ValueT | None:
    try:
        return queue.get(block=seconds > 0, timeout=seconds or None)
    except Empty:
        return None
