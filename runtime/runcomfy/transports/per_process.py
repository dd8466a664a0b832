"""``PerProcess``: one resource per process, because connections cannot be shared after a fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["PerProcess"]

ThingT = TypeVar("ThingT")


class PerProcess(Generic[ThingT]):
    """Creates the resource on first use. Thread-safe.

    A child process creates its own, under its own lock, so a fork while another thread holds the lock does no
    harm. The parent's resource is left alone.
    """

    def __init__(self, make: Callable[[], ThingT]) -> None:
        self._make = make
        self._here: _Here[ThingT] = _Here()

    def get(self) -> ThingT:
        """The resource of this process."""
        here = self._of_this_process()
        with here.lock:
            if here.thing is None:
                here.thing = self._make()
            return here.thing

    def take(self) -> ThingT | None:
        """Remove and return the resource of this process, if there is one."""
        here = self._of_this_process()
        with here.lock:
            thing, here.thing = here.thing, None
            return thing

    def _of_this_process(self) -> _Here[ThingT]:
        if self._here.process != os.getpid():
            self._here = _Here()
        return self._here


class _Here(Generic[ThingT]):
    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = Lock()
        self.thing: ThingT | None = None
