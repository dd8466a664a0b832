"""What the tools stand on: one client with the journal, prices, and what this server may spend."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync
from mcp.server.mcpserver.exceptions import ToolError

from runcomfy.batch.estimate import price_of
from runcomfy.client.async_client import AsyncClient
from runcomfy.errors import RunComfyError, UnknownModel
from runcomfy.journal import Entry, Journal
from runcomfy.model.registry import find_model
from runcomfy.model.request import Request
from runcomfy.redaction import clean

from .settings import Settings

__all__ = ["Service", "told"]

#: Seconds that a price is believed.
_FRESH = 600.0
_LONGEST = 1_500


def told(error: Exception) -> ToolError:
    """An error of ours as a tool's: what went wrong, and what to change."""
    return ToolError(clean(str(error).replace("\n", "; "), _LONGEST))


class Service:
    """One client, one journal. It lives as long as the server runs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.journal = Journal(
            settings.journal,
            max_cost_per_day=settings.budget_day,
            prices=lambda model_id, _inputs: self._estimates.get(model_id),
        )
        self.client = AsyncClient(settings.token, base_url=settings.base_url, journal=self.journal)
        #: What submits of this server's life are expected to cost.
        self.spent = 0.0
        self._estimates: dict[str, float] = {}
        self._entries: dict[str, tuple[float, Any]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """Close the client and the journal at the end. Jobs go on; the journal has them."""
        try:
            yield self
        finally:
            await self.client.aclose()
            self.journal.close()

    def model(self, model_id: str) -> type[Request[Any]]:
        """The class of a model that may be used. Raises ``ToolError``."""
        try:
            cls = find_model(model_id)
        except UnknownModel as error:
            meant = f" Did you mean {' or '.join(error.suggestions)}?" if error.suggestions else ""
            raise ToolError(
                f"No model {clean(model_id, 200)!r}.{meant} Use search_models."
            ) from None
        if not self.settings.allows(model_id):
            raise ToolError(
                f"{model_id} is not among the models that this server allows: "
                f"{', '.join(self.settings.allow)}"
            )
        return cls

    async def price(self, model_id: str, inputs: dict[str, Any]) -> float | None:
        """US dollars for one request like this; ``None`` where the catalogue does not tell, or cannot be read."""
        kept = self._entries.get(model_id)
        if kept is None or time.monotonic() - kept[0] > _FRESH:
            try:
                entry = await self.client.model(model_id, timeout=10)
            except RunComfyError:
                return None
            kept = self._entries[model_id] = (time.monotonic(), entry)
        price = price_of(kept[1], inputs)
        if price is not None:
            self._estimates[model_id] = price
        return price

    def fits_budget(self, price: float | None) -> bool:
        """Whether a budget covers a submit, so that no person has to be asked."""
        if price is None:
            return False
        budget = self.settings.budget
        if budget is not None:
            return self.spent + price <= budget
        return self.settings.budget_day is not None  # the journal holds it against the day

    async def entry(self, key: str | None, request_id: str | None) -> Entry:
        """The journal's entry under a key or a request id. Raises ``ToolError``."""
        if (key is None) == (request_id is None):
            raise ToolError("Give key or request_id, one of them.")
        found = await run_sync(self._find, key, request_id)
        if found is None:
            what = f"key {key!r:.100}" if key else f"request id {request_id!r:.100}"
            raise ToolError(f"The journal has no {what}. See history.")
        return found

    def _find(self, key: str | None, request_id: str | None) -> Entry | None:
        account = self.client.account
        if key is not None:
            return self.journal.find(account, key)
        return next(
            (
                entry
                for entry in self.journal.entries(text=request_id, account=account)
                if entry.request_id == request_id
            ),
            None,
        )
