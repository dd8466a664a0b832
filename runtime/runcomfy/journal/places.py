"""``Places``: how many submits may be posting at once. A kill leaves no more of them unknown."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from threading import Lock

__all__ = ["Places"]


class Places:
    """So many places, given in the order in which they were asked for, to threads and tasks alike.

    Whoever wants one brings a future, which is done when it has it. Leaving may be repeated, and comes at any
    time, so that an interruption at any moment leaves no place behind.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._inside: set[Future[None]] = set()
        self._waiting: deque[Future[None]] = deque()
        self._lock = Lock()

    def enter(self, future: Future[None]) -> None:
        """Wait for a place."""
        with self._lock:
            self._waiting.append(future)
        self._admit()

    def leave(self, future: Future[None]) -> None:
        """Give the place back, or wait for it no longer."""
        with self._lock:
            self._inside.discard(future)
            if future in self._waiting:
                self._waiting.remove(future)
        self._admit()

    @property
    def free(self) -> int:
        """How many places nobody has."""
        return self._count - len(self._inside)

    def _admit(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or not self.free:
                    return
                future = self._waiting.popleft()
                self._inside.add(future)
            future.set_result(None)
