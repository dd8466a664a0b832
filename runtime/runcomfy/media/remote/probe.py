"""Inspecting remote files: their facts from a few kilobytes, never from internal hosts.

The one implementation is asynchronous, on asyncio and trio. ``probe_urls`` runs it in an event loop of its
own, in a thread of its own, so that it works the same whether or not the caller has a loop running,
as notebooks do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import anyio
from anyio.from_thread import start_blocking_portal

from runcomfy.errors import ConfigurationError
from runcomfy.media.probe import MediaInfo

from .addresses import HOW_TO_ALLOW, AddressPolicy
from .connector import Connector
from .file import RemoteFile
from .range_client import RangeClient

if TYPE_CHECKING:
    pass

__all__ = ["RemoteLimits", "probe_urls", "probe_urls_async"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLimits:
    """The limits of inspecting remote files, and the hosts allowed in addition.

    ``timeout`` is in seconds and covers all files together; ``file_timeout`` is for each, so that one
    slow server does not use up the time of the others. ``concurrency`` files are inspected at once. At most
    ``file_bytes`` of each are read, in at most ``file_requests`` requests (plus at most five redirects each).

    Only the public internet is contacted. ``allow`` lists exceptions as ``"host:port"``, with the host as it is
    written in the URLs.

    Raises ``ConfigurationError`` (a ``ValueError``) for invalid limits.

    >>> limits = RemoteLimits(timeout=10, allow=["media.intranet:443"])
    """

    timeout: float = 30.0
    file_timeout: float = 10.0
    concurrency: int = 48
    file_bytes: int = 1024 * 1024
    file_requests: int = 8
    allow: Iterable[str] = ()

    #: How ``allow`` is given, for messages; the command line has an option for it.
    how_to_allow: ClassVar[str] = HOW_TO_ALLOW

    def __post_init__(self) -> None:
        for name in ("timeout", "file_timeout"):
            _require_above_0(name, getattr(self, name), (int, float), "a number")
        for name in ("concurrency", "file_bytes", "file_requests"):
            _require_above_0(name, getattr(self, name), (int,), "a whole number")
        if not isinstance(self.allow, str):
            object.__setattr__(self, "allow", tuple(self.allow))
        AddressPolicy(self.allow)


def _require_above_0(name: str, value: object, types: tuple[type, ...], words: str) -> None:
    if not isinstance(value, types) or isinstance(value, bool) or not value > 0:  # type: ignore[operator]  # a number
        raise ConfigurationError(f"{name} must be {words} above 0, got {value!r:.80}")


def probe_urls(urls: Iterable[str], limits: RemoteLimits | None = None) -> dict[str, MediaInfo]:
    """The facts of the files behind the URLs, one result per URL.

    A URL that cannot be looked at raises nothing: its ``MediaInfo`` has the reason.

    >>> probe_urls(["https://example.com/cat.png"])
    {'https://example.com/cat.png': MediaInfo(kind='image', format='png', size=20118, width=640, height=480)}
    """
    with start_blocking_portal("asyncio") as portal:
        return portal.call(probe_urls_async, urls, limits)


async def probe_urls_async(
    urls: Iterable[str], limits: RemoteLimits | None = None
) -> dict[str, MediaInfo]:
    """The same as ``probe_urls``, on asyncio and trio."""
    if isinstance(urls, str):
        raise TypeError("probe_urls takes a list of URLs: probe_urls([url])")
    limits = limits or RemoteLimits()
    late = f"the time limit for all files, {limits.timeout:g} s, was reached"
    found = {url: MediaInfo(reason=late) for url in urls}
    waiting = iter([*found])
    fetcher = RangeClient(
        Connector(AddressPolicy(limits.allow, limits.how_to_allow)), kept=limits.concurrency
    )
    try:
        with anyio.move_on_after(limits.timeout):
            async with anyio.create_task_group() as group:
                for _ in range(min(limits.concurrency, len(found))):
                    group.start_soon(_work, waiting, found, fetcher, limits)
    finally:
        await fetcher.close()
    return found


async def _work(
    waiting: Iterator[str], found: dict[str, MediaInfo], fetcher: RangeClient, limits: RemoteLimits
) -> None:
    """Inspect files one after another until none is left."""
    for url in waiting:
        late = f"its server took more than {limits.file_timeout:g} s"
        with anyio.move_on_after(limits.file_timeout) as scope:
            file = RemoteFile(fetcher, url, limits.file_bytes, limits.file_requests)
            found[url] = await file.look()
        if scope.cancelled_caught:
            found[url] = MediaInfo(reason=late)
