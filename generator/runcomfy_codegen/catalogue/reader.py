"""The pages of the live catalogue, read through the client, one call at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runcomfy.client.client import Client
from runcomfy.client.settings import BASE_URL
from runcomfy.errors import RequestError, ServerFault, UnexpectedAnswer
from runcomfy_codegen.errors import SourceError

from .entries import CatalogueModel, UnusableEntry, read_entries

if TYPE_CHECKING:
    from runcomfy.client.catalogue import CataloguePage

__all__ = ["BASE_URL", "EntryPage", "CatalogueQuery", "open_client", "read_catalogue"]

#: Entries requested per page.
_PAGE: Final = 100
#: Seconds for a page, and for one entry, retries included.
PAGE_TIMEOUT, ENTRY_TIMEOUT = 120.0, 15.0
#: Single entries in a row that cannot be read before the service as a whole counts as unreadable.
_PATIENCE: Final = 3
#: The longest pause, in seconds, that the service gets between two good responses.
_LONGEST_PAUSE: Final = 60.0


@dataclass(frozen=True, slots=True)
class CatalogueQuery:
    """A filter of catalogue models."""

    search: str | None = None
    category: str | None = None
    kind: str | None = None

    @property
    def everything(self) -> bool:
        """Whether the filter matches every model."""
        return not (self.search or self.category or self.kind)


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries of the catalogue, one after the other; ``offset`` is where the next ones begin."""

    entries: list[CatalogueModel | UnusableEntry]
    offset: int
    total: int | None
    #: The ids of all entries, usable or not.
    names: list[str] = field(default_factory=list)
    #: Whether the catalogue ends here, by what it says of its length.
    is_last: bool = False


def open_client(base_url: str) -> Client:
    """A client of the service, with the token that programs use. Raises ``MissingToken``."""
    return Client(base_url=base_url)


def read_catalogue(
    client: Client,
    query: CatalogueQuery,
    offset: int = 0,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[EntryPage]:
    """The catalogue from ``offset`` to its end. Raises ``RequestError``, and ``SourceError`` for JSON that cannot be read.

    If a page cannot be read, its entries are fetched one by one, so that only the bad entry is lost.
    """
    limit, repeated = _PAGE, 0
    seen: set[str] = set()
    #: The entries that could not be read since the last response that could.
    unread: list[CatalogueModel | UnusableEntry] = []
    while True:
        try:
            page = _fetch(client, query, offset, limit)
            found = [*unread, *_completed(client, page)]
        except (RequestError, SourceError) as error:
            if not _is_about_the_page(error):
                raise
            if limit > 1:
                limit = 1
                continue
            reason = f"the response cannot be read: {_in_one_line(error)}"
            unread.append(UnusableEntry(f"entry {offset + 1}", reason))
            if len(unread) >= _PATIENCE:
                raise
            offset += 1
            continue
        unread = []
        offset += len(page.entries)
        names = [one.model_id if isinstance(one, CatalogueModel) else one.name for one in found]
        repeated = repeated + 1 if seen.issuperset(names) else 0
        seen.update(names)
        is_last = len(page.entries) < limit if page.total is None else offset >= page.total
        yield EntryPage(found, offset, page.total, names, is_last)
        # A service that ignores the offset sends the first page again and again.
        ignored = repeated >= (_PATIENCE if limit == 1 else 1)
        if ignored or not page.entries or (page.total is not None and is_last):
            return
        if limit == 1 and offset % _PAGE == 0:
            limit = _PAGE
        if page.retry_after:
            pause(min(page.retry_after, _LONGEST_PAUSE))


def _fetch(client: Client, query: CatalogueQuery, offset: int, limit: int) -> CataloguePage:
    return client.catalogue_page(
        query.search,
        category=query.category,
        kind=query.kind,
        include_schema=True,
        limit=limit,
        offset=offset,
        timeout=PAGE_TIMEOUT if limit > 1 else ENTRY_TIMEOUT,
    )


def _is_about_the_page(error: RequestError | SourceError) -> bool:
    """Whether another page may be fine: this one cannot be read or made, at once or after all attempts."""
    if isinstance(error, SourceError):
        return True
    kinds = (UnexpectedAnswer, ServerFault)
    return isinstance(error, kinds) or isinstance(error.__cause__, kinds)


def _completed(client: Client, page: CataloguePage) -> Iterator[CatalogueModel | UnusableEntry]:
    """The entries of a page; schemas missing from the list are fetched individually."""
    for entry in read_entries(page.body, page.offset):
        if isinstance(entry, UnusableEntry) and entry.lacks_schema:
            try:
                found = client.model(entry.name, timeout=ENTRY_TIMEOUT)
                yield from read_entries(found.body)
            except (RequestError, SourceError, ValueError) as error:
                reason = f"its schema cannot be fetched: {_in_one_line(error)}"
                yield UnusableEntry(entry.name, reason)
        else:
            yield entry


def _in_one_line(error: Exception) -> str:
    text = error.problem if isinstance(error, SourceError) else str(error)
    return "; ".join(line.strip() for line in text.splitlines())
