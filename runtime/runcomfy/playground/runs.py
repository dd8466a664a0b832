"""The runs of the page: started, followed to their saved files, cancelled, and remembered by the journal."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from runcomfy.client.settings import RUN_TIMEOUT
from runcomfy.errors import ConfigurationError, RunComfyError
from runcomfy.redaction import clean

if TYPE_CHECKING:
    from runcomfy.client.async_client import AsyncClient
    from runcomfy.client.job import AsyncJob
    from runcomfy.journal import Entry, Journal
    from runcomfy.status import Status

__all__ = ["Runs"]

#: Keys of runs that a playground started; only these are resumed after a restart.
_PREFIX = "playground-"
_KEY = re.compile(_PREFIX + r"[0-9a-f]{16,64}")
#: The maximum number of runs shown.
_MOST = 1_000
_LONGEST = 2_000
#: Seconds for which closing waits for the responses of submits in flight.
_LAST_SUBMITS = 5.0


class Runs:
    """The runs of one client and its journal. It lives in one event loop."""

    def __init__(self, client: AsyncClient, journal: Journal, out: Path) -> None:
        self._client, self._journal, self._out = client, journal, out
        self._tasks: dict[str, asyncio.Task[None]] = {}
        #: Submits of this server, until their runs end.
        self._submits: dict[str, asyncio.Task[AsyncJob[Any]]] = {}
        #: The status and errors of the runs that this server follows, which are not in the journal.
        self._live: dict[str, dict[str, Any]] = {}

    async def resume(self) -> None:
        """Follow the runs that an earlier server left unfinished or unsaved."""
        for entry in await run_sync(self._left):
            if entry.request_id is not None:
                self._follow(
                    entry.key, entry.model_id, self._client.job(entry.request_id, entry.model_id)
                )

    def _left(self) -> list[Entry]:
        found = self._journal.entries(
            state=("submitted", "succeeded"), text=_PREFIX, account=self._client.account
        )
        return [
            entry
            for entry in found
            if _KEY.fullmatch(entry.key) and (entry.state == "submitted" or not entry.saved)
        ]

    def require_key(self, key: str) -> None:
        """Raise ``ConfigurationError`` for a key that is not in the page's form."""
        if not _KEY.fullmatch(key):
            raise ConfigurationError(
                f"a run's key must be {_PREFIX} followed by 16 to 64 hexadecimal digits"
            )

    async def has(self, key: str) -> bool:
        """Whether the key already has a run: a page that lost the response repeats the call with the same key."""
        return key in self._live or await run_sync(self._entry, key) is not None

    def start(self, key: str, request: Any, done: Callable[[], None]) -> None:
        """Start a run, unless the key has one; ``done`` is called when it has ended, however."""
        if key in self._live:
            return
        # Not `run`, which cancels its request when interrupted: closing the page must not cancel it.
        submit = self._client.submit(request, key=key, folder=self._out / key, timeout=RUN_TIMEOUT)
        self._submits[key] = asyncio.create_task(submit)
        self._follow(key, type(request).model_id, self._submits[key], done)

    def _follow(
        self,
        key: str,
        model_id: str,
        begun: AsyncJob[Any] | asyncio.Task[AsyncJob[Any]],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        live = self._live[key] = {
            "model_id": model_id, "state": "sending", "error": "", "position": None,
        }  # fmt: skip

        def note(status: Status) -> None:
            live["state"], live["position"] = status.state, status.queue_position

        async def followed() -> None:
            try:
                job = await begun if isinstance(begun, asyncio.Task) else begun
                result = await job.wait(on_status=note)
                live["state"] = "saving"
                if result.files:
                    await result.save(self._out / key)
                live["state"] = "succeeded"
            except (RunComfyError, OSError) as error:
                live["state"], live["error"] = "failed", clean(str(error), _LONGEST)
            finally:
                self._tasks.pop(key, None)
                self._submits.pop(key, None)
                await run_sync(done)

        self._tasks[key] = asyncio.create_task(followed())

    async def history(self, text: str, count: int) -> dict[str, Any]:
        """The newest runs, and whether there are more."""
        count = max(1, min(count, _MOST))
        entries = await run_sync(lambda: self._journal.latest(count + 1, text=text or None))
        seen = {entry.key for entry in entries}
        begun = [self._begun(key) for key in self._live if key not in seen and not text]
        shown = [*reversed(begun[-count:]), *(self._shown(entry) for entry in entries[:count])]
        return {"runs": shown, "more": len(entries) > count}

    async def one(self, key: str) -> dict[str, Any]:
        """The current state of a run. Raises ``ConfigurationError`` for an unknown key."""
        entry = await run_sync(self._entry, key)
        if entry is not None:
            return self._shown(entry)
        if key in self._live:
            return self._begun(key)
        raise ConfigurationError(f"no run has the key {key!r:.80}")

    async def cancel(self, key: str) -> dict[str, Any]:
        """Cancel a queued run. Returns the outcome that the service reports."""
        entry = await run_sync(self._entry, key)
        if entry is None or entry.request_id is None:
            raise ConfigurationError("the request has no id yet; try again in a moment")
        outcome = await self._client.job(entry.request_id, entry.model_id).cancel()
        return {"cancelled": outcome.cancelled, "outcome": clean(outcome.outcome)}

    async def file(self, key: str, number: int) -> Path | None:
        """A saved file of a run."""
        entry = await run_sync(self._entry, key)
        if entry is None or not 0 <= number < len(entry.files):
            return None
        return entry.files[number].path

    async def close(self) -> None:
        """Follow nothing any longer; runs continue at the service, and the journal has them."""
        if self._submits:
            # A submit that is left before its response may be billed, and nobody would know its id.
            await asyncio.wait([*self._submits.values()], timeout=_LAST_SUBMITS)
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entry(self, key: str) -> Entry | None:
        return self._journal.entry(key)

    def _begun(self, key: str) -> dict[str, Any]:
        return {"key": key, "inputs": {}, "files": [], "cost": None, "seconds": None, "created": "", **self._live[key]}  # fmt: skip

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
