"""Fork safety: SQLite is idle and closed during a fork, and the child shares nothing with its parent.

SQLite keeps a list of the locks that the process has, which would be wrong in a child, and its mutexes might
be held there for ever. So a fork waits until no journal is in use, closes the connections, and both
processes open their own when they need them.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from .locks import LockFile

if TYPE_CHECKING:
    from .session import Session
    from .store import Store

__all__ = ["SESSIONS", "add_store"]

#: The open sessions of this process, including those that a claim keeps open after their journal was closed.
SESSIONS: dict[int, Session] = {}

_stores: WeakSet[Store] = WeakSet()
_adding = Lock()
_locked: list[Session] = []


def add_store(store: Store) -> None:
    """Register a journal's store for fork handling while it exists."""
    with _adding:
        _stores.add(store)


def _before() -> None:
    _adding.acquire()
    # Opening a journal takes its own lock first, then that of the journal in which it reserves.
    for store in sorted(_stores, key=lambda one: -one.depth):
        store.lock.acquire()
    _locked[:] = SESSIONS.values()
    for session in _locked:
        session.database.lock()


def _after_in_parent() -> None:
    while _locked:
        _locked.pop().database.unlock()
    for store in _stores:
        store.lock.release()
    _adding.release()


def _after_in_child() -> None:
    global _adding  # noqa: PLW0603  # the parent's one is locked
    _adding = Lock()
    _locked.clear()
    SESSIONS.clear()
    LockFile.forget_all()
    for store in _stores:
        store.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
