"""Recovery: waits for and saves all paid requests; checks which model a request id belongs to.

The journal lies below the client, so it says here what it needs of one, and is handed it. What it does with
it is written once, as steps that a blocking and an asynchronous client carry out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from runcomfy.errors import (
    ConfigurationError,
    DeadlineExceeded,
    DownloadFailed,
    JobCancelled,
    JobFailed,
    NotFound,
    ResultNotReady,
    RunComfyError,
)

from .digests import unsigned_url
from .entry import Account, Entry
from .outcomes import Outcome

__all__ = ["Ask", "AsyncRecoveryClient", "Records", "Recovery", "RecoveryClient", "check_model"]

ReturnT = TypeVar("ReturnT")


class RecoveryClient(Protocol):
    """The client interface that recovery needs."""

    @property
    def account(self) -> Account:
        """The account that the client's requests are billed to."""
        ...

    def with_journal(self, journal: Any, /) -> RecoveryClient:
        """The same client, whose jobs and files record their outcomes in the journal."""
        ...

    def job(self, request_id: str, model: str | None = None) -> Any:
        """A job with ``status``, ``wait`` and ``result``, whose files have ``save``."""
        ...


#: The same for an asynchronous client, whose jobs and files are awaited.
AsyncRecoveryClient: TypeAlias = RecoveryClient


@dataclass(frozen=True, slots=True)
class Ask:
    """One requested call: a method of a job or a file, with its arguments."""

    of: Any
    method: Literal["status", "wait", "result", "save"]
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        """Make the call: its value, or an awaitable."""
        return getattr(self.of, self.method)(*self.arguments, **self.options)


Asks: TypeAlias = Generator[Ask, Any, ReturnT]


class Records(Protocol):
    """The journal interface that recovery needs."""

    def find(self, account: Account, key: str) -> Entry | None:
        """The entry under a key."""
        ...

    def record(self, account: Account, request_id: str, outcome: Outcome) -> bool:
        """Write how a request ended."""
        ...


@dataclass(slots=True)
class Recovery:
    """The entries after a recovery: ``finished``, still ``running``, and ``unknown``.

    ``failed`` are those that could not be followed or saved now, each with its error.
    """

    finished: list[Entry] = field(default_factory=list)
    running: list[Entry] = field(default_factory=list)
    unknown: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, Exception]] = field(default_factory=list)

    def take(self, entry: Entry, outcome: Entry | Exception) -> None:
        """Sort an entry into a group by its state or its error."""
        if isinstance(outcome, DeadlineExceeded):
            self.running.append(entry)
        elif isinstance(outcome, Exception):
            self.failed.append((entry, outcome))
        else:
            self.finished.append(outcome)


def run_asks(asks: Asks[ReturnT]) -> ReturnT:
    """Carry steps out with a blocking client."""
    reply: Any = None
    proceed: Callable[[Any], Ask] = asks.send
    while True:
        try:
            ask = proceed(reply)
        except StopIteration as end:
            value: ReturnT = end.value
            return value
        try:
            reply, proceed = ask.make(), asks.send
        except Exception as error:  # noqa: BLE001  # the steps decide, and raise it again
            reply, proceed = error, asks.throw


async def run_asks_async(asks: Asks[ReturnT]) -> ReturnT:
    """Carry steps out with an asynchronous client."""
    reply: Any = None
    proceed: Callable[[Any], Ask] = asks.send
    while True:
        try:
            ask = proceed(reply)
        except StopIteration as end:
            value: ReturnT = end.value
            return value
        try:
            reply, proceed = await ask.make(), asks.send
        except Exception as error:  # noqa: BLE001  # the steps decide, and raise it again
            reply, proceed = error, asks.throw


def recover_all(
    client: RecoveryClient,
    records: Records,
    entries: Sequence[Entry],
    folder: Path | None,
    timeout: float | None,
    at_once: int,
) -> Recovery:
    """Finish the entries, several at once."""
    recovery = Recovery()

    def work(entry: Entry) -> Entry | Exception:
        try:
            return run_asks(finish(client, records, entry, folder, timeout))
        except (RunComfyError, OSError) as error:
            return error

    with ThreadPoolExecutor(at_once, "runcomfy-recover") as pool:
        for entry, outcome in zip(entries, pool.map(work, entries), strict=True):
            recovery.take(entry, outcome)
    return recovery


async def recover_all_async(
    client: AsyncRecoveryClient,
    records: Records,
    entries: Sequence[Entry],
    folder: Path | None,
    timeout: float | None,
    at_once: int,
) -> Recovery:
    """The same as ``recover_all``, on asyncio and trio."""
    import anyio

    recovery = Recovery()
    waiting = iter(entries)

    async def work() -> None:
        for entry in waiting:
            try:
                asks = finish(client, records, entry, folder, timeout)
                recovery.take(entry, await run_asks_async(asks))
            except (RunComfyError, OSError) as error:
                recovery.take(entry, error)

    async with anyio.create_task_group() as group:
        for _ in range(min(at_once, len(entries))):
            group.start_soon(work)
    return recovery


def finish(
    client: RecoveryClient,
    records: Records,
    entry: Entry,
    folder: Path | None,
    timeout: float | None,
) -> Asks[Entry]:
    """Wait for a request, and save its files into its folder, or else the given one.

    The client records the outcome, without the token.
    """
    job = client.job(entry.request_id or "", entry.model_id)
    try:
        result = yield Ask(job, "wait", options={"timeout": timeout})
    except RunComfyError as error:
        if Outcome.of_error(error) is None:
            raise
        return _now(records, entry)
    place = entry.folder or folder
    if place is not None:
        known = {file.url: file.place for file in _now(records, entry).files}
        for file in result.files:
            saved = known.get(unsigned_url(file.url))
            if saved is None or (isinstance(saved, Path) and not saved.exists()):
                yield from _save(records, entry, file, place, timeout)
    return _now(records, entry)


def _save(
    records: Records, entry: Entry, file: Any, folder: Path, timeout: float | None
) -> Asks[None]:
    try:
        yield Ask(file, "save", (f"{folder}{os.sep}",), {"timeout": timeout})
    except DownloadFailed as error:
        if error.status not in (404, 410):
            raise
        gone = Outcome(
            "expired", error=f"a file of the result is no longer available: {error.message}"
        )
        records.record(entry.account, entry.request_id or "", gone)


def _now(records: Records, entry: Entry) -> Entry:
    return records.find(entry.account, entry.key) or entry


def check_model(client: RecoveryClient, request_id: str, model_id: str) -> Asks[None]:
    """Raise ``ConfigurationError`` if the request is unknown or belongs to another model.

    If the service does not name the model of a request, the request is assumed to be of that model.
    """
    job = client.job(request_id, model_id)
    try:
        status = yield Ask(job, "status")
    except NotFound as error:
        raise ConfigurationError(
            f"the service has no request {request_id!r} of this account; nothing was changed"
        ) from error
    told = status.raw.get("model_id")
    if told is None:
        try:
            told = (yield Ask(job, "result")).raw.get("model_id")
        except (ResultNotReady, JobFailed, JobCancelled) as error:
            told = error.raw.get("model_id") if isinstance(error.raw, Mapping) else None
    if isinstance(told, str) and told != model_id:
        raise ConfigurationError(
            f"request {request_id!r} belongs to the model {told!r:.120}, not to {model_id!r}; nothing was changed"
        )
