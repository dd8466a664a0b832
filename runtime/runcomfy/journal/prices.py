"""The estimated price of a request by the catalogue: budgets reserve it, and users consent to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["PriceEntry", "price_of"]

#: Inputs for the number of images and of seconds; the first that is present counts.
_COUNTS = (
    "n", "num_images", "num_outputs", "num_samples", "number_of_images", "numImages", "max_images", "batch_size",
)  # fmt: skip
_SECONDS = ("duration", "seconds", "duration_seconds", "length")
#: The largest plausible number of images or seconds.
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

    ``payload`` holds declared inputs only, since an unknown input does not change the price.
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
    """The value of a positive number or of a string such as ``"10"`` or ``"10s"``; ``None`` for ``"auto"``, -1 and others."""
    if isinstance(value, str) and value.removesuffix("s").isdecimal() and len(value) < 10:
        value = int(value.removesuffix("s"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value <= _MOST else None
