"""Running a shard of rows in this process; and ``Shards``, for engines whose workers share this machine's disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from runcomfy.batch.batch import single_error
from runcomfy.batch.folder import open_journal
from runcomfy.batch.known_rows import Known
from runcomfy.batch.options import BatchOptions
from runcomfy.batch.outcome import BatchOutcome, BatchSummary
from runcomfy.batch.preflight import look_at, require_good
from runcomfy.batch.rows import BatchRow, RowSource
from runcomfy.batch.runner import BatchClient, Runner
from runcomfy.errors import ConfigurationError
from runcomfy.journal import Account, Journal
from runcomfy.model.request import Request

__all__ = ["ClientFactory", "Shard", "Shards", "WorkerClient", "run_shard"]


class WorkerClient(Protocol):
    """The asynchronous client interface that a worker needs."""

    @property
    def account(self) -> Account:
        """Who pays."""
        ...

    def with_journal(self, journal: Any, /) -> BatchClient:
        """The same client, which keeps this journal."""
        ...

    def leave_running(self) -> None:
        """Leave requests running when a task is cancelled, because another process resumes them."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


@dataclass(frozen=True, slots=True)
class ClientFactory:
    """A picklable factory of clients for the same account. It holds no token: each process finds its own."""

    account: Account
    make: Callable[[], WorkerClient]
    #: Name and value of the token's environment variable, for processes started on this machine. Not pickled.
    token: Callable[[], tuple[str, str]] | None = field(default=None, repr=False)

    def client(self) -> WorkerClient:
        """A new client. Raises ``MissingToken``, and ``ConfigurationError`` if the token belongs to another account."""
        client = self.make()
        if client.account != self.account:
            raise ConfigurationError(
                f"a worker has the token of the {client.account}, but the batch belongs to the {self.account}; nothing was "
                "sent there. Use the same token on every node: RUNCOMFY_TOKEN, or runcomfy-py login"
            )
        # When an engine ends a worker, the batch goes on: its paid requests must not be cancelled.
        client.leave_running()
        return client

    def __reduce__(self) -> tuple[Any, ...]:
        return ClientFactory, (self.account, self.make)


@dataclass(frozen=True, slots=True)
class Shard:
    """Some rows of a batch, and the journal's entries of those that are resubmitted."""

    model: type[Request[Any]]
    folder: Path
    options: BatchOptions
    rows: Sequence[BatchRow]
    known: Mapping[str, Known] = field(default_factory=dict)


async def run_shard(
    client: WorkerClient,
    journal: Any,
    shard: Shard,
    tell: Callable[[int, BatchOutcome], object],
    limited: Callable[[float | None], object] | None = None,
) -> BatchSummary:
    """Run the rows against a journal that is open. It may be run again, anywhere, however the last run ended.

    ``limited`` is called when the service limits the rate, with the seconds to wait.
    """
    runner = Runner(
        client.with_journal(journal),
        journal,
        shard.model,
        shard.folder,
        shard.options,
        shared=True,
        limited=limited,
    )
    return await runner.run(shard.rows, shard.known, lambda _: "", tell)


@dataclass(frozen=True, slots=True)
class Shards:
    """A batch folder whose rows another engine runs, in any number of processes of this machine. It can be pickled.

    ``run`` pays a row once, however often the engine calls it again: the folder's journal knows. Make it with ``client.shards``.

    >>> shards = client.shards(GptImage2Edit, out="folder", max_cost=20)
    >>> futures = dask.map(shards.run, [rows[:50], rows[50:]], pure=False)
    """

    model: type[Request[Any]]
    folder: Path
    options: BatchOptions
    client_factory: ClientFactory
    open_journal: Callable[[], Journal]

    @classmethod
    def make(
        cls,
        model: type[Request[Any]],
        folder: Path,
        options: BatchOptions,
        client_factory: ClientFactory,
        user: Journal | None,
    ) -> Shards:
        """Open the folder's journal, or make it, and store the budget in it. Raises ``JournalError`` and its kinds."""
        if options.max_cost is not None and options.price is None:
            raise ConfigurationError("max_cost needs price=…, US dollars for one request")
        for name in ("rate", "max_requests", "stop_on_error"):
            if getattr(options, name):
                raise ConfigurationError(
                    f"shards are independent, so {name} is not available for them"
                )
        folder = folder.resolve()
        with open_journal(folder, options, lambda *_: options.price, user) as journal:
            journal.set_limits(max_cost=options.max_cost, price_margin=options.price_margin)
            return cls(model, folder, replace(options), client_factory, journal.opener())

    def run(self, rows: Iterable[Mapping[str, Any] | Request[Any]]) -> list[BatchOutcome]:
        """Run rows to their end, their files saved; their outcomes, in order. Every row needs a ``key``.

        Raises ``InvalidRows``, ``KeyConflict``, ``ConfigurationError`` and ``JournalError`` before anything of them is sent.
        """
        import anyio

        given = list(rows)
        if not all(isinstance(row, Mapping) and row.get("key") for row in given):
            raise ConfigurationError("every row of a shard needs a 'key' that no other shard has")
        source = RowSource(self.model, given, self.options)
        found: dict[int, BatchOutcome] = {}

        async def main() -> None:
            client = self.client_factory.client()
            try:
                with self._journal() as journal:
                    known = {
                        row.key: Known.of(entry)
                        for row in source
                        if (entry := journal.find(client.account, row.key)) is not None
                    }
                    found_rows = look_at(source, self.model, self.options, known)
                    require_good(found_rows, self.options, source.name)
                    shard = Shard(self.model, self.folder, self.options, [*source], known)
                    await run_shard(client, journal, shard, found.__setitem__)
            finally:
                await client.aclose()

        with single_error():
            anyio.run(main)
        return [replace(found[index], result=None) for index in sorted(found)]

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        price = self.options.price
        with self.open_journal() as journal:
            journal.set_prices(lambda *_: price)
            yield journal
