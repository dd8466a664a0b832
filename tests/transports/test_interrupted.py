"""Ctrl-C during a call: the next call of the same client works normally."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import httpcore
import pytest

from runcomfy import drivers, transports
from support.callers import Caller
from support.raw_server import answer_all, raw_server

#: Ctrl-C strikes as functions in these are called, and as they return.
_FOLDERS = (*httpcore.__path__, *transports.__path__, *drivers.__path__)

#: A cancel scope of trio that is not left ends trio, whoever opened it. And httpcore leaves its generators to the garbage
#: collector where the code that reads a body is broken off, which trio warns of.
_SPARED_ON_TRIO = ("_synchronization.py", "transports/body.py")

_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class Strike:
    """Raises ``KeyboardInterrupt`` at one of the moments of what is run inside ``armed``, counted from 1."""

    def __init__(self, moment: int, spared: tuple[str, ...]) -> None:
        self._left = moment
        self._spared = spared
        self._begun: set[FrameType] = set()
        self.struck = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(_FOLDERS) or file.endswith(self._spared):
            return None
        frame.f_trace_lines = False
        if self._is_moment(frame, event):
            self._left -= 1
            if not self._left:
                self.struck = True
                raise KeyboardInterrupt
        return self

    def _is_moment(self, frame: FrameType, event: str) -> bool:
        """Python raises no ``KeyboardInterrupt`` where a coroutine goes on or is left for a while.

        In a generator that is thrown away, the exception would be lost, and there would be nothing to see.
        """
        if frame.f_code.co_flags & _GENERATORS:
            return False
        first = frame not in self._begun
        self._begun.add(frame)
        return (
            first if frame.f_code.co_flags & inspect.CO_COROUTINE else event in {"call", "return"}
        )

    @contextmanager
    def armed(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self)
        try:
            yield
        except BaseException as error:
            if not _is_ctrl_c(error):
                raise
        finally:
            sys.settrace(before)


def _is_ctrl_c(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):  # trio's, from trying the addresses of a host
        return all(map(_is_ctrl_c, error.exceptions))
    return isinstance(error, KeyboardInterrupt)


def _blocking(client: Any, strike: Strike) -> str:
    job = client.job("req-1")
    job.status()
    with strike.armed():
        job.status()
    return str(job.status(timeout=5).state)


async def _awaited(client: Any, strike: Strike) -> str:
    job = client.job("req-1")
    await job.status()
    with strike.armed():
        await job.status()
    return str((await job.status(timeout=5)).state)


@pytest.mark.parametrize("kind", ["sync", "trio"])
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")  # that httpcore was about to await
def test_a_call_broken_off_at_any_moment_does_not_block_the_next(kind: str) -> None:
    spared = () if kind == "sync" else _SPARED_ON_TRIO
    use: Callable[..., Any] = _blocking if kind == "sync" else _awaited
    moment = 0
    struck = True
    with raw_server(answer_all) as server:
        while struck:
            moment += 1
            strike = Strike(moment, spared)
            state = Caller(kind, server.url).call(partial(use, strike=strike))
            assert state == "completed"
            struck = strike.struck
    # Blocking calls are made in another thread, where Ctrl-C does not strike.
    assert moment > (15 if kind == "sync" else 50)
