"""What one request of a batch is expected to cost, from the catalogue or from the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from runcomfy.errors import ConfigurationError
from runcomfy.journal import Journal

__all__ = ["PriceEntry", "price_of", "require_price"]

_FACT = "batch price"
#: Inputs that say how long a video or sound is to be, for models that are billed by the second.
_SECONDS = ("duration", "seconds", "length")


class PriceEntry(Protocol):
    """What the catalogue says of a model's price; ``ModelEntry`` is one."""

    @property
    def base_price_usd(self) -> float | None:
        """US dollars for one unit."""
        ...

    @property
    def price_unit(self) -> str | None:
        """``output``, ``image`` or ``second``."""
        ...


def price_of(entry: PriceEntry | None, sample: Mapping[str, Any]) -> float | None:
    """US dollars for one request like ``sample``; ``None`` where the catalogue does not tell enough."""
    if entry is None or entry.base_price_usd is None:
        return None
    if entry.price_unit in (None, "output", "image"):
        return entry.base_price_usd
    if entry.price_unit == "second":
        for name in _SECONDS:
            try:
                return entry.base_price_usd * float(sample[name])
            except (KeyError, TypeError, ValueError):
                continue
    return None


def kept_price(journal: Journal) -> float | None:
    """The price that an earlier run of the batch kept in its journal."""
    text = journal.fact(_FACT)
    return None if text is None else float(text)


def keep_price(journal: Journal, price: float) -> None:
    """Keep the price, so that a later run estimates the same without asking the catalogue."""
    journal.set_fact(_FACT, repr(price))


def require_price(price: float | None, max_cost: float | None, model_id: str) -> None:
    """Raise ``ConfigurationError`` for a budget that nothing can be held against."""
    if max_cost is not None and price is None:
        raise ConfigurationError(
            f"max_cost needs a price, and the catalogue tells none for {model_id}; give one: "
            "price=0.05 (--price 0.05), US dollars for one request"
        )
