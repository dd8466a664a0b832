"""Range requests with checked redirects and reused connections."""

from __future__ import annotations

from http import HTTPStatus

import httpx

from runcomfy.protocol.content_range import content_length, read_range_header
from runcomfy.protocol.redirects import MOST_REDIRECTS, REDIRECTS
from runcomfy.transports.config import USER_AGENT

from .connector import Connector, Origin
from .http1 import ConnectionLost, Http1Connection, NotLookedAt

__all__ = ["RangeResponse", "RangeClient", "target"]

_PORTS = {"http": 80, "https": 443}
#: A redirect's body that is read so that the connection can be used again.
_SMALL = 4096


class RangeResponse:
    """The response to a range request; ``url`` is the final URL after redirects.

    ``start`` is the place of the first byte, ``stop`` that after the last one announced, ``total``
    the size of the file. ``None`` stands for what the server did not say.
    """

    def __init__(self, url: httpx.URL, status: int, headers: dict[str, str]) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self.start = 0
        self.stop: int | None = None
        self.total: int | None = None
        if status == HTTPStatus.OK:
            self.stop = self.total = content_length(headers)

    def read_range(self, asked: int) -> None:
        """Read the range of a 206 from its head. Raises ``NotLookedAt`` if it is inconsistent."""
        found = read_range_header(self.headers)
        if found is None or found.first is None or found.last is None:
            raise NotLookedAt("the server does not report which part of the file it sent")
        if found.first != asked:
            raise NotLookedAt("the server sent a different part of the file than requested")
        if not found.makes_sense:
            raise NotLookedAt("the server's Content-Range is inconsistent")
        self.start, self.stop, self.total = found.first, found.last + 1, found.total

    def is_empty_file(self) -> bool:
        """Whether the range is unsatisfiable because the file is empty."""
        found = read_range_header(self.headers)
        return self.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and bool(
            found and found.first is None and found.total == 0
        )


class RangeClient:
    """Sends range requests, reusing the most recent connections."""

    def __init__(self, connector: Connector, kept: int) -> None:
        self._connector = connector
        self._most_idle = kept
        #: Idle connections, those that were used last at the end.
        self._idle: list[tuple[Origin, Http1Connection]] = []

    async def get(
        self, url: httpx.URL, start: int, stop: int
    ) -> tuple[RangeResponse, Http1Connection]:
        """Request the bytes from ``start`` to ``stop``; the body is not read yet.

        The connection is to be given back by ``release``. Raises ``NotLookedAt``.
        """
        for _ in range(MOST_REDIRECTS + 1):
            answer, connection = await self._ask(url, start, stop)
            if answer.status not in REDIRECTS:
                return answer, connection
            try:
                length = content_length(answer.headers)
                if length is not None and length <= _SMALL:
                    await connection.read(length)
            finally:
                await self.release(answer, connection)
            url = _next_hop(url, answer.headers.get("location", ""))
        raise NotLookedAt(f"its server redirects more than {MOST_REDIRECTS} times")

    async def release(self, answer: RangeResponse, connection: Http1Connection) -> None:
        """Keep the connection if the response was read completely; close it otherwise."""
        if not connection.reusable():
            await connection.close()
            return
        self._idle.append((_origin(answer.url), connection))
        if len(self._idle) > self._most_idle:
            _, oldest = self._idle.pop(0)
            await oldest.close()

    async def close(self) -> None:
        """Close all idle connections."""
        while self._idle:
            _, connection = self._idle.pop()
            await connection.close()

    def _take_idle(self, origin: Origin) -> Http1Connection | None:
        for place in reversed(range(len(self._idle))):
            if self._idle[place][0] == origin:
                return self._idle.pop(place)[1]
        return None

    async def _ask(
        self, url: httpx.URL, start: int, stop: int
    ) -> tuple[RangeResponse, Http1Connection]:
        origin = _origin(url)
        headers = [
            ("Host", url.netloc.decode("ascii")),
            ("User-Agent", USER_AGENT),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Range", f"bytes={start}-{stop - 1}"),
        ]
        while True:
            # The server may have closed the kept connection. Retry once on a new one.
            kept = self._take_idle(origin)
            connection = kept or await self._connector.connect(origin)
            try:
                head = await connection.ask(url.raw_path, headers)
            except ConnectionLost:
                await connection.close()
                if kept is None:
                    raise
            except BaseException:
                await connection.close()
                raise
            else:
                fields = {
                    name.decode("ascii"): value.decode("latin-1") for name, value in head.headers
                }
                return RangeResponse(url, head.status_code, fields), connection


def target(url: str) -> httpx.URL:
    """The URL, if it may be requested. Raises ``NotLookedAt``."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise NotLookedAt("its URL is not a web URL") from None
    return _checked(parsed)


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in _PORTS or not url.raw_host:
        raise NotLookedAt("its URL is neither http nor https")
    if url.port is not None and not 0 < url.port < 65536:
        raise NotLookedAt(f"its port {url.port} does not exist")
    if url.userinfo:
        raise NotLookedAt("its URL contains a user name or password")
    return url


def _next_hop(url: httpx.URL, location: str) -> httpx.URL:
    try:
        following = url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise NotLookedAt("its server redirects to something that is not a web URL") from None
    if not location:
        raise NotLookedAt("its server redirects without a location")
    if url.scheme == "https" and following.scheme == "http":
        raise NotLookedAt("its server redirects from https to http")
    return _checked(following)


def _origin(url: httpx.URL) -> Origin:
    host = url.raw_host.decode("ascii").lower()
    return url.scheme, host, _PORTS[url.scheme] if url.port is None else url.port
