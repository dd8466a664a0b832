"""``BatchOptions``: how a batch runs, what it may cost, and how its rows become requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from runcomfy.errors import ConfigurationError

__all__ = ["BatchOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch runs. Amounts are in US dollars, times in seconds.

    ``jobs`` requests are in flight at once and ``submits`` of them are being posted: a kill leaves at most so many unknown. ``rate`` is the
    most submits a second. ``price`` is the estimate for one request; without it the catalogue's price is used. ``price_margin`` times the
    estimate is reserved, which makes ``max_cost`` hard up to that factor. ``retry_failed`` runs failed and cancelled rows again;
    unknown ones are never sent again. ``bucket`` (``"s3://bucket/folder"``) is where files are saved instead of the folder. ``name`` is the template of file names, of ``row``, ``key``, ``model``, ``index`` and ``extension``.

    ``map`` maps columns to inputs, or to ``"key"``; columns to ``ignore`` are not sent.

    Raises ``ConfigurationError`` for an invalid value.

    >>> BatchOptions(jobs=50, max_cost=20, set={"quality": "low"})
    """

    jobs: int = 200
    submits: int = 4
    rate: float | None = None
    max_cost: float | None = None
    max_requests: int | None = None
    timeout: float | None = 3600.0
    price: float | None = None
    price_margin: float = 1.0
    retry_failed: bool = False
    skip_invalid: bool = False
    stop_on_error: bool = False
    save: bool = True
    bucket: str | None = None
    accept_restored: bool = False
    allow: Sequence[str] = ()
    name: str = "{row:05}-{index}{extension}"
    #: Columns that are left out.
    ignore: Sequence[str] = ()
    #: Column -> input; inputs set for all rows; templates by input; input -> the values of a product.
    map: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    template: Mapping[str, str] = field(default_factory=dict)
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("jobs", "submits"):
            _require(name, getattr(self, name), int, 1)
        for name in ("rate", "max_cost", "timeout", "price"):
            _require(name, getattr(self, name), (int, float), 0, optional=True)
        _require("max_requests", self.max_requests, int, 1, optional=True)
        _require("price_margin", self.price_margin, (int, float), 1)


def _require(
    name: str,
    value: object,
    kinds: type | tuple[type, ...],
    least: float,
    *,
    optional: bool = False,
) -> None:
    if optional and value is None:
        return
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    if not fits or not least <= value < inf:  # type: ignore[operator]  # a number, as was just asked
        raise ConfigurationError(f"{name} must be a number of at least {least}, got {value!r:.80}")
