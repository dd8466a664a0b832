"""``Runner``: executes the scheduler's steps over a client, saves files, and reports outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import anyio
from anyio.to_thread import run_sync

from runcomfy.errors import JournalError, RunComfyError
from runcomfy.journal import Account, Journal
from runcomfy.model.request import Request

from .known_rows import Known
from .name_template import FileNames
from .options import BatchOptions
from .outcome import WAITING, BatchOutcome, BatchSummary
from .row_feed import RowFeed
from .row_outcomes import BatchPaused, BatchStopped, failed, meaning_of, recorded, unwritten
from .rows import BatchRow
from .schedule_driver import Flow, ScheduleDriver
from .scheduler import Ended, Kind, ScheduleLimits, Stop, schedule

__all__ = ["BatchClient", "Runner"]

#: Seconds between two checks for requests from another terminal.
_LOOK = 1.0
#: The journal's texts that another terminal writes.
PAUSED = "batch paused"


class BatchClient(Protocol):
    """The asynchronous client interface that a batch needs."""

    @property
    def account(self) -> Account:
        """Who pays."""
        ...

    async def run(
        self,
        request: Request[Any],
        payload: None = None,
        *,
        key: str | None = None,
        again: bool = False,
        timeout: float | None = None,
        allow: Iterable[str] = (),
    ) -> Any:
        """Claim, submit, wait and fetch; a key already in the journal is not resubmitted."""
        ...


class Runner:
    """Runs the rows of one batch. ``stop`` may be called from any thread, and ``summary`` read at any time."""

    def __init__(
        self,
        client: BatchClient,
        journal: Journal,
        model: type[Request[Any]],
        folder: Path,
        options: BatchOptions,
        *,
        shared: bool = False,
        limited: Callable[[float | None], object] | None = None,
    ) -> None:
        self._client, self._journal, self._model = client, journal, model
        self._folder, self._options = folder, options
        #: Whether other runners save files into the folder at the same time.
        self._shared = shared
        #: Called when the service limits the rate, with the seconds to wait, so that other runners slow down too.
        self._limited = limited
        self._names = FileNames(folder, options.name, model.model_id, {})
        self.summary = BatchSummary()
        #: How many rows are in flight.
        self.running = 0
        self._stopped = ""
        #: What stopped the batch before its end, such as a journal that cannot be written any longer.
        self._error: Exception | None = None
        #: Keys of rows that are paid again because they failed.
        self._repeated: set[str] = set()

    def stop(self, reason: str = "interrupt") -> None:
        """Submit nothing more; wait for the rows in flight. Rows that wait for their turn to submit do not get it."""
        self._stopped = self._stopped or reason
        if not self._shared:
            with suppress(JournalError):  # it is closed, and grants nothing
                self._journal.refuse_claims(lambda: BatchStopped("the batch was stopped"))

    async def run(
        self,
        rows: Iterable[BatchRow],
        known: Mapping[str, Known],
        why_bad: Callable[[BatchRow], str],
        tell: Callable[[int, BatchOutcome], object],
    ) -> BatchSummary:
        """Run the rows. ``known`` holds their journal entries; ``why_bad`` returns why one is invalid. ``tell`` is called with the index and outcome of each row.

        Raises ``JournalError`` if the journal cannot be written any longer, and what reading ``rows`` or calling ``tell`` raises.
        In each case nothing more is submitted, and what is in flight is followed to its end before.
        """
        self.know(known)
        if not self._stopped and not self._shared:  # an earlier run may have been stopped
            self._journal.refuse_claims(None)
        feed = RowFeed(rows, lambda row: self.tell_if_over(row, known, why_bad, tell))
        limits = ScheduleLimits(
            self._options.jobs,
            self._options.rate,
            self._options.max_requests,
            self._options.stop_on_error,
        )
        left = await self._drive(schedule(feed, limits, monotonic()), feed, tell)
        if self._error is None or isinstance(self._error, JournalError):
            await self._leave(feed, left, tell)
        if self._error is not None:
            raise self._error
        return self.summary

    def know(self, known: Mapping[str, Known]) -> None:
        """Note the files of earlier runs, so that no row gets the file name of another."""
        self._names = FileNames(
            self._folder, self._options.name, self._model.model_id, known, shared=self._shared
        )

    async def _drive(
        self, flow: Flow, feed: RowFeed, tell: Callable[[int, BatchOutcome], object]
    ) -> list[BatchRow]:
        """Execute the flow's steps until it ends; returns the rows that it put back."""
        left: list[BatchRow] = []
        async with anyio.create_task_group() as group:
            driver = ScheduleDriver(
                flow, lambda row: group.start_soon(self._rows, row, driver, tell)
            )
            group.start_soon(self._read, feed, driver)
            group.start_soon(self._watch, driver)
            self.summary.stopped, self.summary.reason, left = await driver.run()
            group.cancel_scope.cancel()
        return left

    async def _leave(
        self, feed: RowFeed, left: list[BatchRow], tell: Callable[[int, BatchOutcome], object]
    ) -> None:
        """Report the rows that were not started."""
        for row in left:
            self.tell(row, BatchOutcome(row.number, row.key, WAITING), tell)
        while rows := await run_sync(feed.more):
            for row in rows:
                self.tell(row, BatchOutcome(row.number, row.key, WAITING), tell)

    def tell(
        self, row: BatchRow, outcome: BatchOutcome, tell: Callable[[int, BatchOutcome], object]
    ) -> None:
        """Count an outcome, and pass it on."""
        self.summary.states[outcome.state] += 1
        tell(row.index, outcome)

    def tell_if_over(
        self,
        row: BatchRow,
        known: Mapping[str, Known],
        why_bad: Callable[[BatchRow], str],
        tell: Callable[[int, BatchOutcome], object],
    ) -> bool:
        """Report a row that needs no work, because it is invalid or an earlier run completed it. Returns whether it did."""
        if wrong := why_bad(row):
            outcome = BatchOutcome(row.number, row.key, "invalid", error=wrong)
        else:
            there = known.get(row.key)
            if there is None:
                return False
            if not self._is_over(there):
                if self._is_repeated(there):
                    self._repeated.add(row.key)
                    self._journal.repeat_once(row.key, there.attempts)
                return False
            outcome = recorded(row, there)
        self.tell(row, outcome, tell)
        return True

    def _is_over(self, entry: Known) -> bool:
        if entry.state == "succeeded":
            return entry.saved or not self._options.save
        if entry.state in ("failed", "cancelled"):
            return not self._is_repeated(entry)
        return entry.state in ("unknown", "expired")

    def _is_repeated(self, there: Known) -> bool:
        """Whether the row is resubmitted: only if the service reported a failure, and only on request."""
        return self._options.retry_failed and there.state in ("failed", "cancelled")

    async def _rows(
        self,
        row: BatchRow | None,
        driver: ScheduleDriver,
        tell: Callable[[int, BatchOutcome], object],
    ) -> None:
        """Run a row, and after it those that may start then."""
        while row is not None:
            kind, retry_after = await self._row(row, driver, tell)
            if kind == "limited" and self._limited is not None:
                self._limited(retry_after)
            if self._stopped:  # the row may have noticed it before the watcher did
                driver.hear(Stop(monotonic(), self._stopped))
            row = driver.next_row(Ended(monotonic(), row, kind, retry_after))

    async def _row(
        self,
        row: BatchRow,
        driver: ScheduleDriver,
        tell: Callable[[int, BatchOutcome], object],
    ) -> tuple[Kind, float | None]:
        """Run a row, and report its outcome. Returns its meaning for the batch, and the seconds to wait."""
        kind: Kind
        try:
            outcome, kind, retry_after = await self.outcome_of(row)
        except JournalError as error:
            self._halt(error, "journal", driver)
            outcome, kind, retry_after = unwritten(row, error), "not_sent", None
        try:
            if outcome.state:
                self.tell(row, outcome, tell)
        except Exception as error:  # noqa: BLE001  # it is raised when the rows in flight have ended
            self._halt(error, "failure", driver)
        return kind, retry_after

    async def _read(self, feed: RowFeed, driver: ScheduleDriver) -> None:
        try:
            await feed.read(driver.hear)
        except Exception as error:  # noqa: BLE001  # it is raised when the rows in flight have ended
            self._halt(error, "rows", driver)

    def _halt(self, error: Exception, reason: str, driver: ScheduleDriver) -> None:
        """Start no further row, and wait for those in flight. A shard raises at once, because it is run again completely."""
        if self._shared:
            raise error
        if self._error is None:
            self._error = error
            words = f"{error}; the batch has stopped"
            kind = JournalError if isinstance(error, JournalError) else BatchStopped
            self._journal.refuse_claims(lambda: kind(words))
        driver.hear(Stop(monotonic(), reason))

    async def outcome_of(self, row: BatchRow) -> tuple[BatchOutcome, Kind, float | None]:
        """Run one row. Returns its outcome, the meaning for the batch, and the seconds to wait; the state is empty if it is requeued."""
        self.running += 1
        try:
            outcome = await self._run(row)
        except JournalError:
            raise
        except RunComfyError as error:
            kind, state = meaning_of(error)
            return failed(row, state, error), kind, getattr(error, "retry_after", None)
        finally:
            self.running -= 1
        return outcome, "done" if outcome.state == "succeeded" else "error", None

    async def _run(self, row: BatchRow) -> BatchOutcome:
        request = self._model.from_payload(row.payload or {})
        result = await self._client.run(
            request,
            key=row.key,
            again=row.key in self._repeated,
            timeout=self._options.timeout,
            allow=self._options.allow,
        )
        files: list[Path] = []
        objects: list[str] = []
        if self._options.save:
            try:
                if self._options.bucket is None:
                    files = await self._save(row, result)
                else:
                    objects = await self._put(row, result, self._options.bucket)
            except (OSError, RunComfyError) as error:
                if isinstance(error, JournalError):
                    raise
                told = failed(row, "unsaved", error)
                return BatchOutcome(
                    row.number, row.key, "unsaved", result.request_id, result.cost, (), told.error
                )
        return BatchOutcome(
            row.number,
            row.key,
            "succeeded",
            result.request_id,
            result.cost,
            tuple(files),
            None,
            tuple(objects),
            result,
        )

    async def _save(self, row: BatchRow, result: Any) -> list[Path]:
        paths: list[Path] = []
        for index, file in enumerate(result.files, 1):
            extension = Path(file.name).suffix
            wanted = self._names.path(row, index, extension)
            wanted.parent.mkdir(parents=True, exist_ok=True)
            # The name is unique to this row, so an existing file is from an earlier attempt.
            paths.append(await file.save(wanted, overwrite=True, exact=False))
        return paths

    async def _put(self, row: BatchRow, result: Any, bucket: str) -> list[str]:
        urls: list[str] = []
        for index, file in enumerate(result.files, 1):
            name = self._names.object_name(row, index, Path(file.name).suffix)
            urls.append(await file.put(bucket, name, overwrite=True, exact=False))
        return urls

    def _pause(self, *, paused: bool) -> None:
        """Let no row that waits for its turn submit while the batch is paused."""
        if not self._shared:
            self._journal.refuse_claims(
                (lambda: BatchPaused("the batch is paused")) if paused else None
            )
        if self._stopped:  # meanwhile, by another thread
            self.stop(self._stopped)

    async def _watch(self, driver: ScheduleDriver) -> None:
        """Pass on stop and pause requests from another thread or terminal."""
        paused = False
        while True:
            if self._stopped:
                driver.hear(Stop(monotonic(), self._stopped))
                return
            try:
                wanted = await run_sync(self._journal.fact, PAUSED) is not None
            except JournalError as error:
                self._halt(error, "journal", driver)
                return
            if wanted != paused:
                paused = wanted
                self._pause(paused=paused)
                driver.hear(Stop(monotonic(), paused=paused))
            await anyio.sleep(_LOOK)
