"""The backend of the page: models, prices, checks, snippets, runs. Runs go through a client with a journal."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from runcomfy import snippets
from runcomfy.client.async_client import AsyncClient
from runcomfy.client.settings import BASE_URL
from runcomfy.errors import RunComfyError
from runcomfy.journal import Journal
from runcomfy.journal.allowance import Allowance
from runcomfy.journal.prices import price_of
from runcomfy.model.registry import find_model
from runcomfy.redaction import clean

from .checking import check
from .models import describe_model, listed_models
from .runs import Runs
from .uploads import FILE, Uploads

if TYPE_CHECKING:
    from runcomfy.mock import MockService

    from .settings import PlaygroundSettings

__all__ = ["PlaygroundService"]


class ConsentNeeded(RunComfyError):
    """A live run whose price was not confirmed."""


class PlaygroundService:
    """The backend over one client. It belongs to one event loop, where ``open`` and ``close`` are called."""

    runs: Runs
    _client: AsyncClient
    _journal: Journal
    _allowance: Allowance

    def __init__(self, settings: PlaygroundSettings, uploads: Uploads) -> None:
        self._settings, self._uploads = settings, uploads
        self._mock: MockService | None = None
        #: Entries of the catalogue, by model id.
        self._entries: dict[str, Any] = {}

    async def open(self) -> None:
        """Start the mock if it is used, open the journal, and resume the runs of an earlier server."""
        settings = self._settings
        if settings.live:
            base_url, token, path = settings.base_url or BASE_URL, settings.token, settings.journal
        else:
            base_url, token, path = self._start_mock()
        self._journal = Journal(path)
        try:
            self._client = AsyncClient(token, base_url=base_url, journal=self._journal)
        except BaseException:
            self._journal.close()
            raise
        self._allowance = Allowance(self._journal, self._client.account, settings.budget)
        self.runs = Runs(self._client, self._journal, settings.out)
        await self.runs.resume()

    def _start_mock(self) -> tuple[str, str, Path]:
        from runcomfy.mock import MockService
        from runcomfy.mock import Settings as MockSettings

        folder = self._settings.out
        folder.mkdir(parents=True, exist_ok=True)
        path = self._settings.journal or folder / "mock-journal.db"
        # The mock stores its requests and its port next to the journal, whose entries belong to one address.
        kept = path.with_name("mock-port")
        self._mock = MockService(
            MockSettings(queue_seconds=1.0, run_seconds=2.0, keep_log=False),
            path=path.with_name("mock.db"),
            port=_free_port(kept),
        )
        self._mock.start()
        kept.write_text(self._mock.url.rpartition(":")[2], encoding="ascii")
        return self._mock.url, "mock-token", path

    async def close(self) -> None:
        """Close everything; runs continue at the service, and the journal has their ids."""
        if hasattr(self, "runs"):
            await self.runs.close()
            await self._client.aclose()
            self._journal.close()
        if self._mock is not None:
            self._mock.close()

    async def state(self) -> dict[str, Any]:
        """The mode of runs and their budget, for the page."""
        spent = await run_sync(lambda: self._allowance.spent)
        return {
            "live": self._settings.live,
            "budget": self._settings.budget,
            "spent": spent,
            "out": str(self._settings.out),
        }

    async def models(self) -> list[dict[str, str]]:
        """The installed models."""
        return await run_sync(listed_models)

    async def model(self, model_id: str) -> dict[str, Any]:
        """A model's form, and its price if the service reports one."""
        described = await run_sync(describe_model, model_id)
        charge: dict[str, Any] = {"usd": None, "unit": None, "note": ""}
        try:
            entry = await self._entry(model_id)
            charge = {
                "usd": entry.base_price_usd,
                "unit": entry.price_unit,
                "note": clean(entry.pricing_note or ""),
            }
        except RunComfyError as error:
            charge["note"] = clean(str(error).splitlines()[0])
        return {**described, "price": charge}

    async def _entry(self, model_id: str) -> Any:
        if model_id not in self._entries:
            self._entries[model_id] = await self._client.model(model_id, timeout=5)
        return self._entries[model_id]

    def _price(self, model_id: str, payload: dict[str, Any]) -> float | None:
        """The price of these inputs in US dollars, if the catalogue has been read."""
        declared = set(find_model(model_id)._wire_names.values())
        known = {name: value for name, value in payload.items() if name in declared}
        return price_of(self._entries.get(model_id), known)

    def check(self, model_id: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The validation report of the form's inputs, and the price of a run."""
        report = check(model_id, self._uploads.resolved(payload))
        for finding in (*report["errors"], *report["warnings"], *report["unchecked"]):
            finding["text"] = self._uploads.named(finding["text"])
        return {**report, "price": self._price(model_id, payload)}

    def snippets(self, model_id: str, payload: dict[str, Any]) -> dict[str, str]:
        """The request as Python, command line, curl and JSON, with uploaded files under their names."""
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
        self, model_id: str, payload: dict[str, Any], key: str, confirmed: float | None
    ) -> dict[str, Any]:
        """Start a run under the page's key. A live one needs a budget that it fits in, or the price that a person confirmed.

        Raises ``ValidationError`` and ``ConsentNeeded`` before anything is sent. The same key starts nothing a second time.
        """
        self.runs.require_key(key)
        if await self.runs.has(key):
            return {"key": key, "new": False}
        request = find_model(model_id).from_payload(self._uploads.resolved(payload))
        if self._settings.live:
            await self._require_consent(model_id, payload, key, confirmed)
        self.runs.start(key, request, lambda: self._allowance.release(key))
        return {"key": key, "new": True}

    async def _require_consent(
        self, model_id: str, payload: dict[str, Any], key: str, confirmed: float | None
    ) -> None:
        try:
            await self._entry(model_id)
        except RunComfyError:
            self._entries.pop(model_id, None)  # then its price is not known
        price = self._price(model_id, payload)
        allowance = self._allowance
        if allowance.limit is not None and price is not None:
            if await run_sync(allowance.take, key, price):
                return
            raise ConsentNeeded(
                f"the budget of ${allowance.limit:g} is reached: ${allowance.spent:g} is spent or reserved"
            )
        if confirmed is None or (price is not None and confirmed < price):
            amount = "unknown" if price is None else f"${price:g}"
            raise ConsentNeeded(f"a live run is billed; its price is {amount}. Confirm it first")
        await run_sync(allowance.charge, key, price or 0.0)


def _free_port(kept: Path) -> int:
    """The port of the last server if it is free; else 0."""
    try:
        port = int(kept.read_text(encoding="ascii"))
        with socket.create_server(("127.0.0.1", port)):
            return port
    except (OSError, ValueError, OverflowError):
        return 0


def _with_names(value: Any, uploads: Uploads) -> Any:
    """The payload with each uploaded file replaced by a path of the same name."""
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
