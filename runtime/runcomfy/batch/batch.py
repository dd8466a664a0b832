"""``Batch``: the folder and journal of a batch, its pre-flight check and its run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from runcomfy.buckets import Bucket
from runcomfy.errors import NotFound, RunComfyError
from runcomfy.journal import Account, Journal
from runcomfy.journal.prices import PriceEntry, price_of
from runcomfy.model.request import Request

from . import estimate
from .folder import RESULTS, ROWS, batch_folder, is_used, open_journal, write_results
from .known_rows import Known, known_rows
from .name_template import check_name
from .options import BatchOptions
from .outcome import BatchOutcome, BatchSummary
from .preflight import Preflight, faults, look_at, require_good
from .rows import BatchRow, RowSource
from .runner import PAUSED, Runner

__all__ = ["Batch", "BatchRunner", "MakeRunner", "single_error"]


#: Timeout in seconds for the price from the catalogue.
_ASKING = 20.0


class _Client(Protocol):
    @property
    def account(self) -> Account: ...
    def with_journal(self, journal: Journal) -> Any: ...
    async def model(self, model_id: str, *, timeout: float | None) -> PriceEntry: ...


class BatchRunner(Protocol):
    """What carries a batch out: ``Runner`` on this machine, or an engine's."""

    summary: BatchSummary

    @property
    def running(self) -> int:
        """Rows in flight."""
        ...

    def stop(self, reason: str = "interrupt") -> None:
        """Start no further row; wait for those in flight."""
        ...

    async def run(
        self,
        rows: Iterable[BatchRow],
        known: Mapping[str, Known],
        why_bad: Callable[[BatchRow], str],
        tell: Callable[[int, BatchOutcome], object],
    ) -> BatchSummary:
        """Run the rows that are left."""
        ...


class MakeRunner(Protocol):
    """Makes the runner of a batch from its client, journal, model, folder and options."""

    def __call__(
        self,
        client: Any,
        journal: Journal,
        model: type[Request[Any]],
        folder: Path,
        options: BatchOptions,
        /,
    ) -> BatchRunner:
        """The runner."""
        ...


class Batch:
    """One batch in its folder: ``prepare`` checks every row, ``run`` submits the remaining ones.

    ``user`` is the user's journal, in which the batch also reserves its costs; ``make_runner`` is the engine. A context manager that locks
    the folder. A new folder is created once every row is valid. Raises ``JournalBusy`` if another process runs the batch, and other kinds
    of ``JournalError``.

    >>> with Batch(client, GptImage2Edit, source, "folder", BatchOptions(max_cost=20)) as batch:
    ...     await batch.prepare()
    ...     summary = await batch.run(print)
    """

    def __init__(
        self,
        client: _Client,
        model: type[Request[Any]],
        source: RowSource,
        folder: str | os.PathLike[str],
        options: BatchOptions,
        user: Journal | None = None,
        make_runner: MakeRunner = Runner,
    ) -> None:
        check_name(options.name)
        if options.bucket is not None:
            Bucket(options.bucket)  # raises for one that cannot be
        self._client, self._model, self._source = client, model, source
        self.folder = batch_folder(folder)
        self.options = options
        self._price = options.price
        self.found = Preflight()
        self._known: Mapping[str, Known] = {}
        self._user = user
        self._journal: Journal | None = None
        self._open_files = ExitStack()
        self._make_runner = make_runner
        self._runner: BatchRunner | None = None
        self._stopping = False

    def _estimate(self, _model_id: str, _payload: Mapping[str, Any]) -> float | None:
        return self._price

    def __enter__(self) -> Self:
        if is_used(self.folder):
            self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open_files.close()

    def _open(self) -> None:
        """Open or create the folder's journal, and lock the folder."""
        journal = open_journal(self.folder, self.options, self._estimate, self._user)
        with ExitStack() as opened:
            opened.enter_context(journal)
            opened.enter_context(journal.runner())
            journal.require_account(self._client.account)
            self._open_files = opened.pop_all()
        self._journal = journal

    @property
    def journal(self) -> Journal:
        """The folder's journal, once the folder exists."""
        assert self._journal is not None  # noqa: S101  # prepare opens it
        return self._journal

    @property
    def price(self) -> float | None:
        """The estimate for one request in US dollars, if known."""
        return self._price

    @property
    def summary(self) -> BatchSummary:
        """The counts as they are now."""
        return self._runner.summary if self._runner else BatchSummary()

    @property
    def running(self) -> int:
        """Rows in flight."""
        return self._runner.running if self._runner else 0

    @property
    def paused(self) -> bool:
        """Whether it was paused, from here or from another terminal."""
        return self.journal.fact(PAUSED) is not None

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested."""
        return self._stopping

    def stop(self, reason: str = "interrupt") -> None:
        """Start no further row; wait for those in flight."""
        self._stopping = True
        if self._runner is not None:
            self._runner.stop(reason)

    async def prepare(self, *, dry: bool = False) -> Preflight:
        """Validate all rows, compare them with the folder, and find the price. Submits nothing; with ``dry``, writes nothing.

        Raises ``InvalidRows``, ``RowsUnreadable``, ``KeyConflict``, ``ConfigurationError``, ``BucketError``.
        """
        from anyio.to_thread import run_sync

        there = self._journal
        if there is not None:
            self._known = await run_sync(known_rows, there, self._client.account)
        self.found = await run_sync(look_at, self._source, self._model, self.options, self._known)
        require_good(self.found, self.options, self._source.name)
        if self._price is None and there is not None:
            self._price = estimate.kept_price(there)
        if self._price is None:
            self._price = await self._asked_price()
        estimate.require_price(self._price, self.options.max_cost, self._model.model_id)
        if not dry:
            done = self.found.known["succeeded"] == self.found.rows
            if self.options.bucket is not None and self.options.save and not done:
                await run_sync(Bucket(self.options.bucket).require_writable)
            await run_sync(self._keep)
        return self.found

    def _keep(self) -> None:
        """Make the folder, and keep in it what later runs and other terminals need to know."""
        if self._journal is None:
            self._open()
        self.journal.set_fact(ROWS, str(self.found.rows))
        if self._price is not None:
            estimate.keep_price(self.journal, self._price)
        # It is stored, not given to the journal, so that another terminal can raise it as well as lower it.
        self.journal.set_limits(
            max_cost=self.options.max_cost, price_margin=self.options.price_margin
        )

    async def _asked_price(self) -> float | None:
        """The price from the catalogue. Without a budget, a batch runs even if it is unknown."""
        sample: Mapping[str, Any] = next(iter(self.found.samples), {})
        try:
            entry = await self._client.model(self._model.model_id, timeout=_ASKING)
        except NotFound:  # models that are not in the catalogue can be run too
            return None
        except RunComfyError as error:
            if self.options.max_cost is None:
                return None
            error.add_note(
                "max_cost needs a price; without the catalogue, pass one: price=0.05 (--price 0.05)"
            )
            raise
        return price_of(entry, sample)

    async def run(self, tell: Callable[[BatchOutcome], object]) -> BatchSummary:
        """Run the remaining rows, and write ``results.jsonl``. ``tell`` is called with each outcome, in input order."""
        client = self._client.with_journal(self.journal)
        self._runner = self._make_runner(
            client, self.journal, self._model, self.folder, self.options
        )
        ordered = _InOrder(tell)
        try:
            summary = await self._runner.run(self._source, self._known, self._why_bad, ordered.take)
        except BaseException:
            with suppress(OSError):  # on a full disk the first error says so
                write_results(self.folder, ordered.outcomes())
            raise
        write_results(self.folder, ordered.outcomes())
        spent = self.journal.spend().values()
        summary.settled = sum(one.settled for one in spent)
        summary.reserved = sum(one.reserved for one in spent)
        return summary

    def _why_bad(self, row: BatchRow) -> str:
        """Why a row is not sent, ``""`` for a good one."""
        if not self.found.is_bad(row):
            return ""
        return "; ".join(map(str, faults(row, self._model, self.options)))

    @property
    def results(self) -> Path:
        """The path of ``results.jsonl``."""
        return self.folder / RESULTS


class _InOrder:
    """Passes outcomes on in input order, whatever order they arrive in."""

    def __init__(self, tell: Callable[[BatchOutcome], object]) -> None:
        self._tell = tell
        self._outcomes: dict[int, BatchOutcome] = {}
        self._next = 0

    def take(self, index: int, outcome: BatchOutcome) -> None:
        """Take the outcome of the row with this index."""
        self._outcomes[index] = outcome
        while (ready := self._outcomes.get(self._next)) is not None:
            self._next += 1
            self._tell(ready)
            if ready.result is not None:  # passed on, and too large to keep
                self._outcomes[self._next - 1] = _without_result(ready)

    def outcomes(self) -> Iterator[BatchOutcome]:
        """All outcomes so far, in order."""
        for index in sorted(self._outcomes):
            yield self._outcomes[index]


def _without_result(outcome: BatchOutcome) -> BatchOutcome:
    from dataclasses import replace

    return replace(outcome, result=None)


@contextmanager
def single_error() -> Iterator[None]:
    """Raise one error of a task group: first a requested stop, then our own errors, then any other."""
    try:
        yield
    except BaseExceptionGroup as group:
        for wanted in (KeyboardInterrupt, RunComfyError, BaseException):
            found: BaseException | None = group.subgroup(wanted)
            while isinstance(found, BaseExceptionGroup):
                found = found.exceptions[0]
            if found is not None:
                raise found from None
        raise
