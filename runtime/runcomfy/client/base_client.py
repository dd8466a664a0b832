"""``BaseClient``: what ``Client`` and ``AsyncClient`` do alike, without waiting for anything."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from runcomfy.batch.batch import MakeRunner
    from runcomfy.batch.iteration import BatchRun
    from runcomfy.engines import EngineName, Shards
    from runcomfy.engines.shards import ClientFactory
    from runcomfy.journal.entry import Account
    from runcomfy.journal.journal import Journal
    from runcomfy.model.request import Request

    from .async_client import AsyncClient
    from .records import JournalRecords
    from .settings import ClientSettings

__all__ = ["BaseClient"]


class BaseClient:
    """The account, the journal and the batches of a client, of either kind."""

    _settings: ClientSettings
    _records: JournalRecords | None
    #: The journal that this client opened, and closes.
    _owned: Journal | None
    #: Whether the connections are another client's.
    _shared: bool

    @property
    def account(self) -> Account:
        """The account that requests are billed to: the service, and a fingerprint of the token."""
        return self._settings.account

    @property
    def journal(self) -> Journal | None:
        """The journal that records submits, if one is set."""
        return None if self._records is None else self._records.journal

    def with_journal(self, journal: Journal | str | os.PathLike[str]) -> Self:
        """A client that shares settings and connections, and uses another journal.

        Closing it leaves these connections open.
        """
        other = copy(self)
        other._shared, other._owned = True, None
        other._keep_journal(journal)
        return other

    def batch(
        self,
        model: type[Request[Any]] | str,
        rows: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Request[Any]],
        *,
        out: str | os.PathLike[str],
        engine: EngineName = "local",
        address: str | None = None,
        **options: Any,
    ) -> BatchRun:
        """Run many requests of one model as a batch in the folder ``out``; the same call resumes it.

        ``rows`` are requests or payloads, or the path of a JSON Lines, CSV, TSV or Parquet file. ``options`` are those of
        ``runcomfy.batch.BatchOptions``. Iterate over the returned batch with ``for`` or ``async for``: it yields a ``BatchOutcome``
        for each row, in row order. With ``engine="ray"``, the rows run on a Ray cluster, at ``address`` or on this machine.

        Raises ``InvalidRows`` and ``KeyConflict`` before anything is paid, ``JournalError``, and ``ConfigurationError`` if the client
        was created with ``http``: a batch runs on its own thread and needs its own connections.

        >>> for outcome in client.batch(GptImage2Edit, rows, out="folder", max_cost=20):
        ...     print(outcome.key, outcome.state, outcome.files)
        """
        from runcomfy.batch.iteration import BatchRun

        make_runner = self.engine(engine, address)
        client = self._asynchronous()
        return BatchRun(
            client, model, rows, out, options, user=self.journal, make_runner=make_runner
        )

    def engine(self, name: EngineName, address: str | None = None) -> MakeRunner:
        """The factory of runners for an engine. Raises ``ConfigurationError`` and ``MissingExtra``."""
        from runcomfy.engines import find_engine

        return find_engine(name, address, self._client_factory())

    def shards(
        self,
        model: type[Request[Any]] | str,
        *,
        out: str | os.PathLike[str],
        **options: Any,
    ) -> Shards:
        """A batch folder for the workers of any engine on this machine: ``shards.run(rows)`` never pays for a row twice.

        ``options`` are those of ``batch``. The shards can be pickled and hold no token. Raises ``JournalError`` and ``ConfigurationError``.

        >>> shards = client.shards(GptImage2Edit, out="folder", max_cost=20, price=0.04)
        >>> futures = dask.map(shards.run, [rows[:50], rows[50:]], pure=False)
        """
        from runcomfy.batch.folder import batch_folder
        from runcomfy.batch.options import BatchOptions
        from runcomfy.engines import Shards
        from runcomfy.model.registry import find_model

        found = find_model(model) if isinstance(model, str) else model
        chosen = BatchOptions(**options)
        return Shards.make(found, batch_folder(out), chosen, self._client_factory(), self.journal)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._settings.base_url!r})"

    def _keep_journal(self, journal: Journal | str | os.PathLike[str]) -> None:
        """Record what this client submits in this journal."""
        raise NotImplementedError

    def _client_factory(self) -> ClientFactory:
        """What makes asynchronous clients with the same settings in other processes."""
        raise NotImplementedError

    def _asynchronous(self) -> AsyncClient:
        """An asynchronous client with the same settings and its own connections."""
        raise NotImplementedError
