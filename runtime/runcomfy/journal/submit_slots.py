"""``SubmitSlots``: limits concurrent submits, and thereby how many a kill can leave unknown."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from threading import Lock

__all__ = ["SubmitSlots"]


class SubmitSlots:
    """A fair counting semaphore for threads and tasks.

    A caller passes a future, which is done once it has a slot. ``leave`` may be called at any time and more than
    once, so that an interruption always frees the slot.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._inside: set[Future[None]] = set()
        self._waiting: deque[Future[None]] = deque()
        self._lock = Lock()

    def enter(self, future: Future[None]) -> None:
        """Wait for a slot."""
        with self._lock:
            self._waiting.append(future)
        self._admit()

    def leave(self, future: Future[None]) -> None:
        """Free the slot, or stop waiting for it."""
        with self._lock:
            self._inside.discard(future)
            if future in self._waiting:
                self._waiting.remove(future)
        self._admit()

    @property
    def free(self) -> int:
        """The number of free slots."""
        return self._count - len(self._inside)

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits for a slot."""
        return bool(self._waiting)

    def _admit(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or not self.free:
                    return
                future = self._waiting.popleft()
                self._inside.add(future)
            future.set_result(None)
