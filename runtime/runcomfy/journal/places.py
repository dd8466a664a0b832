"""``Places``: how many submits may be posting at once. A kill leaves no more of them unknown."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from threading import Lock

__all__ = ["Places"]


class Places:
    """So many places, given in the order in which they were asked for, to threads and tasks alike."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[Future[None]] = deque()
        self._lock = Lock()

    def acquire(self) -> Future[None]:
        """A place, once the future is done. A future that is cancelled before has none."""
        future: Future[None] = Future()
        with self._lock:
            if not self._free:
                self._waiting.append(future)
                return future
            self._free -= 1
        future.set_result(None)
        return future

    def release(self) -> None:
        """Give a place back; whoever has waited longest gets it."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                future.set_result(None)
                return
