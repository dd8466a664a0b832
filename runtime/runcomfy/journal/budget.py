"""Budgets, in whole micro-dollars, and the check before a submit."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeGuard

from runcomfy.errors import BudgetReached, ConfigurationError

from .entry import Limits

__all__ = ["Budget", "Period", "dollars", "micros_of_cost", "micros_of_estimate"]

Period: TypeAlias = Literal["total", "day"]

_MICROS = 1_000_000
#: US dollars above which a number is none that a request costs. SQLite's integers end at 9 times as many.
_MOST = 1e9


def dollars(micros: int) -> float:
    """Micro-dollars as US dollars."""
    return micros / _MICROS


def micros_of_cost(cost: object) -> int | None:
    """The cost that the service reports, in micro-dollars; ``None`` if it is not a valid number.

    >>> micros_of_cost(0.04), micros_of_cost(-1), micros_of_cost(float("nan")), micros_of_cost("0.04")
    (40000, None, None, None)
    """
    return round(cost * _MICROS) if _is_amount(cost) else None


def micros_of_estimate(estimate: float | None, name: str = "estimate") -> int | None:
    """A price or a limit in micro-dollars, rounded up. Raises ``ConfigurationError`` if it is invalid."""
    if estimate is None:
        return None
    if not _is_amount(estimate):
        raise ConfigurationError(f"{name} must be a number of US dollars, got {estimate!r:.80}")
    # 0.07 * 1,000,000 is 70,000.00000000001 in floats.
    return math.ceil(round(estimate * _MICROS, 3))


def _is_amount(value: Any) -> TypeGuard[float]:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value <= _MOST


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits in micro-dollars; ``None`` for no limit. ``margin`` is by how much estimates may be too low."""

    total: int | None = None
    day: int | None = None
    margin: float = 1.0

    @classmethod
    def of(
        cls, max_cost: float | None, max_cost_per_day: float | None, price_margin: float
    ) -> Budget:
        """The budget of limits in US dollars. Raises ``ConfigurationError``."""
        number = isinstance(price_margin, (int, float)) and not isinstance(price_margin, bool)
        if not number or not 1 <= price_margin <= 1000:
            raise ConfigurationError(
                f"price_margin must be a factor from 1 to 1000, got {price_margin!r:.80}"
            )
        return cls(
            micros_of_estimate(max_cost, "max_cost"),
            micros_of_estimate(max_cost_per_day, "max_cost_per_day"),
            price_margin,
        )

    def stricter(self, other: Budget) -> Budget:
        """The lower of each pair of limits, and the higher margin."""
        return Budget(
            _lower(self.total, other.total),
            _lower(self.day, other.day),
            max(self.margin, other.margin),
        )

    def limits(self) -> Limits:
        """The budget in US dollars."""
        return Limits(_in_dollars(self.total), _in_dollars(self.day), self.margin)

    def reserve(self, estimate: int | None) -> int:
        """The amount reserved for a request with this estimate."""
        return 0 if estimate is None else math.ceil(round(estimate * self.margin, 3))

    def room(self, connection: sqlite3.Connection, day: str) -> int | None:
        """What may still be reserved; ``None`` if there is no limit."""
        rooms = [
            limit - sum(_totals(connection, when))
            for when, limit in ((None, self.total), (day, self.day))
            if limit is not None
        ]
        return min(rooms, default=None)

    def check(
        self, connection: sqlite3.Connection, day: str, estimate: int | None, model_id: str
    ) -> None:
        """Raise ``BudgetReached`` if the request would exceed a limit, or its price is unknown."""
        for period, limit in (("total", self.total), ("day", self.day)):
            if limit is None:
                continue
            settled, reserved = _totals(connection, day if period == "day" else None)
            needed = None if estimate is None else self.reserve(estimate)
            if needed is None or settled + reserved + needed > limit:
                raise _reached(period, limit, settled, reserved, needed, model_id)


def _totals(connection: sqlite3.Connection, day: str | None) -> tuple[int, int]:
    query = "SELECT coalesce(sum(settled), 0), coalesce(sum(reserved), 0) FROM totals"
    found = (
        connection.execute(query)
        if day is None
        else connection.execute(f"{query} WHERE day = ?", (day,))
    )
    settled, reserved = found.fetchone()
    return settled, reserved


def _in_dollars(micros: int | None) -> float | None:
    return None if micros is None else dollars(micros)


def _lower(one: int | None, other: int | None) -> int | None:
    limits = [limit for limit in (one, other) if limit is not None]
    return min(limits, default=None)


def _reached(
    period: str, limit: int, settled: int, reserved: int, needed: int | None, model_id: str
) -> BudgetReached:
    name = "the budget" if period == "total" else "the day's budget (UTC)"
    if needed is None:
        message = (
            f"{name} is {_dollars(limit)}, but the price of {model_id} is unknown; nothing was sent. Pass a "
            "price, or remove the budget"
        )
    else:
        message = (
            f"{name} of {_dollars(limit)} is reached: {_dollars(settled)} is spent and {_dollars(reserved)} "
            f"reserved for requests in flight, and {model_id} needs {_dollars(needed)}; nothing was sent"
        )
    return BudgetReached(
        message,
        period=period,
        limit=dollars(limit),
        settled=dollars(settled),
        reserved=dollars(reserved),
        needed=None if needed is None else dollars(needed),
    )


def _dollars(micros: int) -> str:
    return f"{dollars(micros):.6f}".rstrip("0").rstrip(".") + " USD"
