"""Checks before a request is paid for: whether an equal one is in progress, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcomfy.arguments import whole_path
from runcomfy.errors import BudgetReached, ConfigurationError, SubmissionUnknown

from .requests import ModelInputs

if TYPE_CHECKING:
    from runcomfy import Client, Journal

    from .service import Service

__all__ = ["check_before_paying", "prices", "ways"]


def ways(wanted: ModelInputs, count: int, folder: Path | None) -> list[dict[str, Any]]:
    """The options of each submit: its key, whether to resubmit it, and where its files go."""
    keys = [wanted.key] * count
    if wanted.key is not None and count > 1:
        keys = [f"{wanted.key}/{number}" for number in range(1, count + 1)]
    place = None if folder is None else whole_path("folder", folder)
    return [{"key": key, "again": wanted.again, "folder": place} for key in keys]


def prices(wanted: ModelInputs) -> dict[str, float] | None:
    """The price estimates for the journal's budgets."""
    return None if wanted.price is None else {wanted.model_id: wanted.price}


def check_before_paying(
    service: Service, wanted: ModelInputs, count: int, journal: Journal
) -> None:
    """Refuse what would very likely be paid twice, and what would cost too much.

    Raises ``SubmissionUnknown`` if an identical request is under way or unknown and neither ``--key`` nor
    ``--again`` is given, and ``BudgetReached`` above ``--max-cost``.
    """
    if wanted.max_cost is None and (wanted.key is not None or wanted.again):
        return
    with service.client() as client:
        if wanted.key is None and not wanted.again:
            _refuse_equal(client, wanted, journal)
        if wanted.max_cost is not None:
            _refuse_cost(client, wanted, count, wanted.max_cost)


def _refuse_equal(client: Client, wanted: ModelInputs, journal: Journal) -> None:
    from runcomfy.journal import describe

    try:
        digest = describe(wanted.payload).digest
    except ConfigurationError:
        return  # a file that cannot be read: the checks of the client name it
    found = journal.same_payload(client.account, wanted.model_id, digest)
    if not found:
        return
    entry = found[-1]
    if entry.state == "unknown":
        raise entry.unknown_error()
    since = entry.claimed_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    raise SubmissionUnknown(
        f"an identical request has been {'running' if entry.request_id else 'in submission'} since {since}; "
        "nothing was sent. To submit another one, which is paid for too: --again",
        request_id=entry.request_id,
        model_id=wanted.model_id,
    )


def _refuse_cost(client: Client, wanted: ModelInputs, count: int, limit: float) -> None:
    from runcomfy.journal.prices import price_of

    price = wanted.price
    if price is None:
        price = price_of(client.model(wanted.model_id), wanted.payload)
    if price is None:
        raise BudgetReached(
            f"the price of a request to {wanted.model_id} is unknown, so --max-cost cannot be checked; pass "
            "--price",
            period="total",
            limit=limit,
            settled=0.0,
            reserved=0.0,
            needed=None,
        )
    if price * count > limit:
        raise BudgetReached(
            f"{count} x ${price:g} exceeds --max-cost ${limit:g}; nothing was submitted",
            period="total",
            limit=limit,
            settled=0.0,
            reserved=0.0,
            needed=price * count,
        )
