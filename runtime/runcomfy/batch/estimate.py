"""The price that a batch reserves for one request: stored for later runs, and required by a budget."""

from __future__ import annotations

from runcomfy.errors import ConfigurationError
from runcomfy.journal import Journal

__all__ = ["keep_price", "kept_price", "require_price"]

_FACT = "batch price"


def kept_price(journal: Journal) -> float | None:
    """The price that an earlier run of the batch stored in its journal."""
    text = journal.fact(_FACT)
    return None if text is None else float(text)


def keep_price(journal: Journal, price: float) -> None:
    """Store the price, so that a later run uses the same estimate without reading the catalogue."""
    journal.set_fact(_FACT, repr(price))


def require_price(price: float | None, max_cost: float | None, model_id: str) -> None:
    """Raise ``ConfigurationError`` for a budget without a price to compare it with."""
    if max_cost is not None and price is None:
        raise ConfigurationError(
            f"max_cost needs a price, and the catalogue has none for {model_id}; pass one: "
            "price=0.05 (--price 0.05), in US dollars per request"
        )
