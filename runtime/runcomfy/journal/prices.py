"""What a request is expected to cost, as far as the catalogue says: what budgets reserve and people consent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["PriceEntry", "price_of"]

#: Inputs that say how many images are made, and how many seconds; the first that is given counts.
_COUNTS = (
    "n", "num_images", "num_outputs", "num_samples", "number_of_images", "numImages", "max_images", "batch_size",
)  # fmt: skip
_SECONDS = ("duration", "seconds", "duration_seconds", "length")
#: A larger number is not what a request has of images or seconds.
_MOST = 1e6


class PriceEntry(Protocol):
    """The price of a model in the catalogue; ``ModelEntry`` satisfies it."""

    @property
    def base_price_usd(self) -> float | None:
        """US dollars for one unit."""
        ...

    @property
    def price_unit(self) -> str | None:
        """``output``, ``image`` or ``second``."""
        ...


def price_of(entry: PriceEntry | None, payload: Mapping[str, Any]) -> float | None:
    """The price in US dollars per request; ``None`` if the catalogue and the inputs do not determine it.

    ``payload`` holds inputs that the model declares: an input of another name changes no price.
    """
    if entry is None or entry.base_price_usd is None or entry.base_price_usd < 0:
        return None
    if entry.price_unit in (None, "output", "request"):
        return entry.base_price_usd
    if entry.price_unit == "image":
        given = _given(payload, _COUNTS)
        images = 1.0 if given is None else _number(given)
        return None if images is None else entry.base_price_usd * images
    seconds = _number(_given(payload, _SECONDS)) if entry.price_unit == "second" else None
    return None if seconds is None else entry.base_price_usd * seconds


def _given(payload: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((payload[name] for name in names if payload.get(name) is not None), None)


def _number(value: Any) -> float | None:
    """A number above 0, or a text such as ``"10"`` or ``"10s"``; ``None`` for ``"auto"``, -1 and the like."""
    if isinstance(value, str) and value.removesuffix("s").isdecimal() and len(value) < 10:
        value = int(value.removesuffix("s"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value <= _MOST else None
