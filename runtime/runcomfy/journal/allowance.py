"""``Allowance``: the spending limit of one server process, counted from the journal's costs of its requests."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .states import FREE

if TYPE_CHECKING:
    from .entry import Account
    from .journal import Journal

__all__ = ["Allowance"]


class Allowance:
    """A budget in US dollars for the requests of one server. ``limit=None`` allows nothing.

    A request counts with its estimate until the journal has its cost. Thread-safe.

    >>> allowance = Allowance(journal, account, 5.0)
    >>> allowance.take("hat-1", 0.04), allowance.spent
    (True, 0.04)
    """

    def __init__(self, journal: Journal, account: Account, limit: float | None) -> None:
        self.limit = limit
        self._journal, self._account = journal, account
        self._lock = threading.Lock()
        #: Key -> the estimated or actual cost of the request, and whether it is final.
        self._taken: dict[str, tuple[float, bool]] = {}

    @property
    def spent(self) -> float:
        """The amount spent or reserved."""
        with self._lock:
            return self._spent()

    def has_room(self, price: float | None) -> bool:
        """Whether a request of this price fits. One of unknown price never does."""
        with self._lock:
            return self._has_room(price)

    def take(self, key: str, price: float | None) -> bool:
        """Reserve the price of a request, if it fits; of two at once of which one fits, one gets it."""
        with self._lock:
            before = self._taken.pop(key, None)
            if price is not None and self._has_room(price):
                self._taken[key] = (price, False)
                return True
            if before is not None:
                self._taken[key] = before
            return False

    def charge(self, key: str, price: float) -> None:
        """Count a request that a person consented to, whether it fits or not."""
        with self._lock:
            self._taken[key] = (price, False)

    def release(self, key: str) -> None:
        """Release the reservation of a key, if the journal shows that nothing was sent."""
        entry = self._journal.find(self._account, key)
        if entry is None or entry.state in FREE:
            with self._lock:
                self._taken.pop(key, None)

    def _has_room(self, price: float | None) -> bool:
        if self.limit is None or price is None:
            return False
        return round(self._spent() + price, 6) <= self.limit

    def _spent(self) -> float:
        for key, (_, final) in self._taken.items():
            if not final:
                self._taken[key] = self._counted(key, self._taken[key][0])
        return sum(amount for amount, _ in self._taken.values())

    def _counted(self, key: str, price: float) -> tuple[float, bool]:
        entry = self._journal.find(self._account, key)
        if entry is None or not entry.ended or entry.state in FREE:
            return price, False
        return price if entry.cost is None else entry.cost, True
