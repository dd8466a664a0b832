"""The shared state of the tools: one client with the journal, prices, and the spending limits."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync
from mcp.server.mcpserver.exceptions import ToolError

from runcomfy.client.async_client import AsyncClient
from runcomfy.client.job import AsyncJob
from runcomfy.errors import RunComfyError, SubmissionUnknown, UnknownModel
from runcomfy.journal import Entry, Journal
from runcomfy.journal.allowance import Allowance
from runcomfy.journal.prices import price_of
from runcomfy.journal.states import FREE
from runcomfy.model.registry import find_model
from runcomfy.model.request import Request
from runcomfy.redaction import clean

from .settings import AgentSettings

__all__ = ["AgentService", "tool_error"]

#: Seconds for which a price is cached.
_FRESH = 600.0
_LONGEST = 1_500
_UNKNOWN = "It may have been billed. Do not submit it under another key; a person has to look."
#: Python advice in messages of the library; agents have a tool for it.
_CODE = re.compile(r'client\.job\("([^"]*)"(?:, "[^"]*")?\)\.wait\(\)')
#: Seconds for which a cancelled submit waits for its response, which has the request id.
_LAST_SUBMITS = 5.0
#: The estimated cost of the current submit, which the journal reserves for it.
ESTIMATE: ContextVar[float | None] = ContextVar("estimate", default=None)


def tool_error(error: Exception) -> ToolError:
    """Convert one of our errors to a ``ToolError`` with the cause and the next step."""
    words = _CODE.sub(r"call wait with request_id \1", str(error))
    words = clean(words.replace("\n", "; "), _LONGEST)
    if isinstance(error, SubmissionUnknown):
        words = f"{_UNKNOWN} {words}"
    return ToolError(words)


class AgentService:
    """One client and one journal, for the lifetime of the server."""

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self.journal = Journal(
            settings.journal,
            max_cost_per_day=settings.budget_day,
            prices=lambda *_: ESTIMATE.get(),
        )
        self.client = AsyncClient(settings.token, base_url=settings.base_url, journal=self.journal)
        #: The spending limit of this server process.
        self.allowance = Allowance(self.journal, self.client.account, settings.budget)
        #: Key -> the price in the last consent question.
        self.asked: dict[str, float | None] = {}
        self._entries: dict[str, tuple[float, Any]] = {}
        self._submits: set[asyncio.Task[AsyncJob[Any]]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[AgentService]:
        """Close the service at the end. Jobs continue; the journal has their ids."""
        try:
            yield self
        finally:
            await self.close()

    async def close(self) -> None:
        """Wait some seconds for the submits in flight, and close the client and the journal."""
        await self._finish(self._submits)
        await self.client.aclose()
        self.journal.close()

    async def submit(self, request: Request[Any], key: str, folder: Path) -> AsyncJob[Any]:
        """Submit. When the call is cancelled in flight, the journal still gets the request id, if it comes soon."""
        task = asyncio.create_task(self.client.submit(request, key=key, folder=folder))
        self._submits.add(task)
        task.add_done_callback(self._submits.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await self._finish({task})
            raise

    async def _finish(self, submits: set[asyncio.Task[AsyncJob[Any]]]) -> None:
        """Wait for these submits, and cancel those that take too long."""
        submits = {*submits}
        with anyio.CancelScope(shield=True):
            if submits:
                _, late = await asyncio.wait(submits, timeout=_LAST_SUBMITS)
                for task in late:
                    task.cancel()
            await asyncio.gather(*submits, return_exceptions=True)

    def model(self, model_id: str) -> type[Request[Any]]:
        """The request class of an allowed model. Raises ``ToolError``."""
        try:
            cls = find_model(model_id)
        except UnknownModel as error:
            meant = f" Did you mean {' or '.join(error.suggestions)}?" if error.suggestions else ""
            raise ToolError(
                f"No model {clean(model_id, 200)!r}.{meant} Use search_models."
            ) from None
        self._require_allowed(model_id)
        return cls

    def _require_allowed(self, model_id: str) -> None:
        if not self.settings.allows(model_id):
            raise ToolError(
                f"{clean(model_id, 200)} is not among the models that this server allows: "
                f"{', '.join(self.settings.allow)}"
            )

    async def catalogue_entry(self, model_id: str) -> Any:
        """The catalogue entry of a model; ``None`` if there is none or the catalogue cannot be read."""
        kept = self._entries.get(model_id)
        if kept is None or time.monotonic() - kept[0] > _FRESH:
            try:
                entry = await self.client.model(model_id, timeout=10)
            except RunComfyError:
                return None
            kept = self._entries[model_id] = (time.monotonic(), entry)
        return kept[1]

    async def price(self, cls: type[Request[Any]], inputs: dict[str, Any]) -> float | None:
        """The price in US dollars per request like this; ``None`` if the catalogue has no price or cannot be read."""
        declared = set(cls._wire_names.values())
        known = {name: value for name, value in inputs.items() if name in declared}
        return price_of(await self.catalogue_entry(cls.model_id), known)

    async def may_be_sent(self, key: str) -> bool:
        """Whether a submit under this key may send a POST: the key is new, not sent, or in use by another caller."""
        entry = await run_sync(self.journal.find, self.client.account, key)
        return entry is None or entry.state in FREE or entry.state == "posting"

    def covers(self, price: float | None) -> bool:
        """Whether a budget covers a submit, so that no consent is needed."""
        if self.settings.budget is not None:
            return self.allowance.has_room(price)
        # The journal holds it against the day.
        return self.settings.budget_day is not None and price is not None

    def reserve(self, key: str, price: float | None, estimate: float, *, covered: bool) -> bool:
        """Count a submit that goes out now; ``False`` if the budget that covered it is used up by others."""
        if covered and self.settings.budget is not None:
            return self.allowance.take(key, price)
        if covered and not self.covers(price):
            return False
        self.allowance.charge(key, estimate)
        return True

    async def entry(self, key: str | None, request_id: str | None) -> Entry:
        """The journal's entry under a key or a request id. Raises ``ToolError``."""
        if (key is None) == (request_id is None):
            raise ToolError("Pass either key or request_id.")
        found = await run_sync(self._find, key, request_id)
        if found is None:
            what = f"key {key!r:.100}" if key else f"request id {request_id!r:.100}"
            raise ToolError(f"The journal has no {what}. See history.")
        self._require_allowed(found.model_id)
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
