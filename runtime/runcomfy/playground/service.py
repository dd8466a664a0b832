"""What the page asks for: checks, prices, runs. Runs go through a client with a journal, as everywhere."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from runcomfy import snippets
from runcomfy.client.async_client import AsyncClient
from runcomfy.client.settings import BASE_URL
from runcomfy.errors import ConfigurationError, RunComfyError
from runcomfy.journal import Entry, Journal
from runcomfy.model.registry import find_model
from runcomfy.redaction import clean

from .checking import check
from .models import describe_model, listed_models
from .uploads import FILE, Uploads

if TYPE_CHECKING:
    from runcomfy.mock import MockService
    from runcomfy.status import Status

    from .settings import Settings

__all__ = ["Service"]

#: Requests that the history shows at once.
_SHOWN = 1_000
_LONGEST = 2_000


class ConsentNeeded(RunComfyError):
    """A live run whose price nobody confirmed."""


class Service:
    """The page's side of a client. It lives in one event loop: ``open`` and ``close`` are called there."""

    def __init__(self, settings: Settings, uploads: Uploads) -> None:
        self._settings, self._uploads = settings, uploads
        self._mock: MockService | None = None
        self._journal: Journal | None = None
        self._client: AsyncClient | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        #: What is known of runs that this server started, beyond the journal: status, errors.
        self._live: dict[str, dict[str, Any]] = {}
        self._prices: dict[str, dict[str, Any]] = {}
        self._spent = 0.0

    async def open(self) -> None:
        """Start the mock where it is used, and open the journal."""
        settings = self._settings
        if settings.live:
            self._journal = Journal(settings.journal)
            self._client = AsyncClient(
                settings.token, base_url=settings.base_url or BASE_URL, journal=self._journal
            )
            return
        from runcomfy.mock import MockService
        from runcomfy.mock import Settings as MockSettings

        folder = settings.out
        folder.mkdir(parents=True, exist_ok=True)
        path = settings.journal or folder / "mock-journal.db"
        # The mock keeps its requests beside the journal, which would name ids that a new mock does not know.
        self._mock = MockService(
            MockSettings(queue_seconds=1.0, run_seconds=2.0, keep_log=False),
            path=path.with_name("mock.db"),
        )
        self._mock.start()
        self._journal = Journal(path)
        # Every start gives the mock another port; its requests stay under one name.
        self._client = AsyncClient("mock-token", base_url=self._mock.url, journal=self._journal)

    async def close(self) -> None:
        """End; runs go on at the service, and the journal has them."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
        if self._journal is not None:
            self._journal.close()
        if self._mock is not None:
            self._mock.close()

    async def state(self) -> dict[str, Any]:
        """Where runs go, and what they may cost."""
        return {
            "live": self._settings.live,
            "budget": self._settings.budget,
            "spent": self._spent,
            "out": str(self._settings.out),
        }

    async def models(self) -> list[dict[str, str]]:
        """The installed models."""
        return await run_sync(listed_models)

    async def model(self, model_id: str) -> dict[str, Any]:
        """A model's form, and its price where the service tells one."""
        described = await run_sync(describe_model, model_id)
        return {**described, "price": await self._price(model_id)}

    async def _price(self, model_id: str) -> dict[str, Any]:
        if model_id not in self._prices:
            told: dict[str, Any] = {"usd": None, "unit": None, "note": ""}
            try:
                entry = await self._require_client().model(model_id, timeout=5)
            except RunComfyError as error:
                return {**told, "note": clean(str(error).splitlines()[0])}
            told["usd"], told["unit"] = entry.base_price_usd, entry.price_unit
            told["note"] = clean(entry.pricing_note or "")
            self._prices[model_id] = told
        return self._prices[model_id]

    def check(self, model_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """What the validators say of the inputs on the screen."""
        return check(model_id, self._uploads.resolved(payload))

    def snippets(self, model_id: str, payload: dict[str, Any]) -> dict[str, str]:
        """The request as Python, command line, curl and JSON. Uploaded files stand under their names."""
        shown = _with_names(payload, self._uploads)
        cls = find_model(model_id)
        base_url = self._settings.base_url or BASE_URL
        return {
            "python": snippets.python(cls, shown),
            "command": snippets.command_line(model_id, shown),
            "curl": snippets.curl(model_id, shown, base_url),
            "json": snippets.json_text(shown),
        }

    async def run(
        self, model_id: str, payload: dict[str, Any], confirmed: float | None
    ) -> dict[str, Any]:
        """Start a run; its key. A live one needs a budget that it fits in, or the price that a person confirmed.

        Raises ``ValidationError`` and ``ConsentNeeded`` before anything is sent.
        """
        price = (await self._price(model_id))["usd"]
        if self._settings.live:
            self._require_consent(price, confirmed)
        request = find_model(model_id).from_payload(self._uploads.resolved(payload))
        key = f"playground-{secrets.token_hex(8)}"
        self._live[key] = {"state": "sending", "error": "", "position": None, "price": price}
        self._spent += price or 0.0
        self._tasks[key] = asyncio.create_task(self._follow(key, request))
        return {"key": key}

    def _require_consent(self, price: float | None, confirmed: float | None) -> None:
        budget = self._settings.budget
        if budget is not None and price is not None:
            if self._spent + price <= budget:
                return
            raise ConsentNeeded(
                f"the budget of ${budget:g} is reached: ${self._spent:g} is spent or reserved"
            )
        if confirmed is None or (price is not None and confirmed < price):
            told = "unknown" if price is None else f"${price:g}"
            raise ConsentNeeded(f"a live run is billed; its price is {told}. Confirm it first")

    async def _follow(self, key: str, request: Any) -> None:
        live = self._live[key]

        def note(status: Status) -> None:
            live["state"], live["position"] = status.state, status.queue_position

        try:
            result = await self._require_client().run(request, key=key, on_status=note)
            live["state"] = "saving"
            folder = self._settings.out / key
            await run_sync(lambda: folder.mkdir(parents=True, exist_ok=True))
            told = [(file.url, file.kind, await file.save(folder)) for file in result.files]
            journal, client = self._require_journal(), self._require_client()
            await journal.record_files_async(client.account, result.request_id, told)
            live["state"] = "succeeded"
        except (RunComfyError, OSError) as error:
            live["state"], live["error"] = "failed", clean(str(error), _LONGEST)
        finally:
            self._tasks.pop(key, None)

    async def runs(self, text: str) -> list[dict[str, Any]]:
        """The history, newest first."""
        entries = await run_sync(self._entries, text)
        seen = {entry.key for entry in entries}
        begun = [self._begun(key) for key in self._live if key not in seen and not text]
        return [*reversed(begun), *(self._shown(entry) for entry in entries)]

    def _entries(self, text: str) -> list[Entry]:
        found = [*self._require_journal().entries(text=text or None)]
        return found[: -_SHOWN - 1 : -1]

    async def one_run(self, key: str) -> dict[str, Any]:
        """One run as it is now. Raises ``ConfigurationError`` for a key that nothing is known of."""
        entry = await run_sync(self._entry, key)
        if entry is not None:
            return self._shown(entry)
        if key in self._live:
            return self._begun(key)
        raise ConfigurationError(f"no run has the key {key!r:.80}")

    def _entry(self, key: str) -> Entry | None:
        return self._require_journal().entry(key)

    def _begun(self, key: str) -> dict[str, Any]:
        return {"key": key, "model_id": "", "inputs": {}, "files": [], "cost": None, "seconds": None, "created": "", **self._live[key]}  # fmt: skip

    def _shown(self, entry: Entry) -> dict[str, Any]:
        live = self._live.get(entry.key, {})
        running = entry.key in self._tasks
        seconds = None
        if entry.ended_at is not None:
            seconds = max(0.0, (entry.ended_at - entry.claimed_at).total_seconds())
        return {
            "key": entry.key,
            "model_id": entry.model_id,
            "request_id": entry.request_id,
            "state": live.get("state", entry.state) if running else entry.state,
            "position": live.get("position") if running else None,
            "error": clean(entry.error or live.get("error", ""), _LONGEST),
            "inputs": entry.payload or {},
            "files": [
                {"number": number, "kind": file.kind, "name": file.path.name}
                for number, file in enumerate(entry.files)
                if file.path is not None
            ],
            "cost": entry.cost,
            "seconds": seconds,
            "created": entry.claimed_at.isoformat(),
        }

    async def cancel(self, key: str) -> dict[str, Any]:
        """Ask the service to cancel a run, which works while it is queued; the service's word for what came of it."""
        entry = await run_sync(self._entry, key)
        if entry is None or entry.request_id is None:
            raise ConfigurationError("the request has no id yet; try again in a moment")
        outcome = await self._require_client().job(entry.request_id, entry.model_id).cancel()
        return {"cancelled": outcome.cancelled, "outcome": clean(outcome.outcome)}

    async def file(self, key: str, number: int) -> Path | None:
        """A saved file of a run."""
        entry = await run_sync(self._entry, key)
        if entry is None or not 0 <= number < len(entry.files):
            return None
        return entry.files[number].path

    def _require_client(self) -> AsyncClient:
        assert self._client is not None  # noqa: S101  # open made it
        return self._client

    def _require_journal(self) -> Journal:
        assert self._journal is not None  # noqa: S101  # open made it
        return self._journal


def _with_names(value: Any, uploads: Uploads) -> Any:
    """The payload with the path of a local file of that name for each uploaded one."""
    if isinstance(value, Mapping):
        if set(value) == {FILE}:
            try:
                return Path(uploads[str(value[FILE])].name)
            except KeyError:
                return Path("file")
        return {name: _with_names(one, uploads) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_names(one, uploads) for one in value]
    return value
