"""What a request is going to cost, as far as the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runcomfy import ModelEntry

__all__ = ["estimate"]

#: Inputs that say how many images are made, and how many seconds.
_COUNTS = ("n", "num_images", "num_outputs", "num_samples", "number_of_images", "numImages")
_SECONDS = ("duration", "seconds", "duration_seconds")


def estimate(entry: ModelEntry, payload: Mapping[str, Any]) -> float | None:
    """US dollars for one request; ``None`` where it cannot be told."""
    price = entry.base_price_usd
    if price is None:
        return None
    if entry.price_unit in (None, "output", "request"):
        return price
    if entry.price_unit == "image":
        return price * (_number(payload, _COUNTS) or 1)
    if entry.price_unit == "second":
        seconds = _number(payload, _SECONDS)
        return None if seconds is None else price * seconds
    return None


def _number(payload: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    """The first of these inputs that is a number, or a text such as ``"10"`` or ``"10s"``."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value.removesuffix("s").isdecimal():
            value = int(value.removesuffix("s"))
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None
