"""Inspecting one remote file with as few requests and bytes as its header allows."""

from __future__ import annotations

from http import HTTPStatus
from typing import BinaryIO, cast

import anyio

from runcomfy.media.probe import MediaInfo, NeedBytes, probe

from .http1 import Http1Connection, NotLookedAt
from .partial_content import PartialContent
from .range_client import RangeClient, RangeResponse, target

__all__ = ["RemoteFile"]

#: The first request, and the least of the second; later ones double. The headers of ordinary
#: images lie in the first, and what large metadata pushes away in the second.
_STEP = 32 * 1024


class RemoteFile:
    """A remote file; fetches only the bytes needed for its facts."""

    def __init__(self, fetcher: RangeClient, url: str, most_bytes: int, most_requests: int) -> None:
        self._fetcher = fetcher
        self._url = url
        self._most = self._bytes = most_bytes
        self._requests = most_requests
        self._step = _STEP
        self._file = PartialContent()
        self._etag: str | None = None
        self._web_page = False

    async def look(self) -> MediaInfo:
        """The facts of the file, with a reason for those that are unknown."""
        try:
            info = await self._look()
        except NotLookedAt as problem:
            return MediaInfo(size=self._file.size, reason=str(problem))
        if self._web_page and info.kind in (None, "file"):
            return MediaInfo(reason="the server returned a web page instead of a file")
        info.size = self._file.size
        if info.size is None and not info.reason:
            info.reason = "the server does not report the size of the file"
        return info

    async def _look(self) -> MediaInfo:
        url = target(self._url)
        start, stop = 0, min(_STEP, self._bytes)
        while True:
            answer, connection = await self._fetcher.get(url, start, stop)
            self._requests -= 1
            try:
                need = await self._take(answer, connection, start, stop)
            finally:
                await self._fetcher.release(answer, connection)
            if isinstance(need, MediaInfo):
                return need
            url = answer.url
            start, stop = self._following(need)

    async def _take(
        self, answer: RangeResponse, connection: Http1Connection, start: int, stop: int
    ) -> MediaInfo | NeedBytes:
        """Read the response and probe the file. Returns the facts, or the missing range."""
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            answer.read_range(start)
        elif answer.is_empty_file():
            answer.total = 0
        elif answer.status != HTTPStatus.OK:
            raise NotLookedAt(f"the server returned {_status(answer.status)}")
        self._compare(answer)
        if answer.status != HTTPStatus.OK:
            most = min(stop, answer.stop or 0) - start
            if await self._read(connection, start, most) < most:
                raise NotLookedAt("the server sent fewer bytes than it announced")
            return await self._probe()
        # The server knows no ranges, so it sends all of the file until it is cut off.
        if start:
            raise NotLookedAt("the server supports range requests only intermittently")
        most = _STEP
        while True:
            await self._read(connection, self._file.held, most)
            if connection.ended and self._file.size is None:
                self._file.size = self._file.held
            need = await self._probe()
            if isinstance(need, MediaInfo):
                await self._count(connection)
                return need
            if connection.ended or need.stop > self._file.held + self._bytes:
                raise NotLookedAt(
                    "its server does not support range requests, and its metadata is "
                    f"beyond the {self._most:,} bytes that are read of a remote file"
                )
            most = max(_STEP, need.stop - self._file.held)

    async def _read(self, connection: Http1Connection, start: int, most: int) -> int:
        """Read at most this many bytes of the response into the file. Returns their number."""
        data = await connection.read(min(most, self._bytes))
        self._bytes -= len(data)
        self._file.add(start, data)
        return len(data)

    async def _count(self, connection: Http1Connection) -> None:
        """Determine the size of a small file whose server does not report it."""
        if self._file.size is None:
            await self._read(connection, self._file.held, self._bytes)
            self._file.size = self._file.held if connection.ended else None

    async def _probe(self) -> MediaInfo | NeedBytes:
        self._file.seek(0)
        file = cast("BinaryIO", self._file)
        try:
            if self._file.held <= _STEP:
                return probe(file)
            # A long header may take its time, and the event loop has other work.
            return await anyio.to_thread.run_sync(probe, file)
        except NeedBytes as need:
            return need

    def _compare(self, answer: RangeResponse) -> None:
        """Check that the response is for the same file as earlier ones."""
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise NotLookedAt("the server sent the file compressed, which was not requested")
        etag = answer.headers.get("etag", "")
        if self._etag is None:
            self._etag, self._file.size = etag, answer.total
            page = answer.headers.get("content-type", "").lower()
            self._web_page = page.startswith(("text/html", "application/xhtml"))
        elif (self._etag, self._file.size) != (etag, answer.total):
            raise NotLookedAt("the file changed while it was being inspected")

    def _following(self, need: NeedBytes) -> tuple[int, int]:
        """The next range to request."""
        if self._file.has(need.start) or need.stop - need.start > self._bytes:
            raise self._too_long()
        if self._requests <= 0:
            raise NotLookedAt("its header is spread over too many places to be fetched")
        stop = max(need.stop, need.start + self._step)
        self._step *= 2
        ends = [stop, need.start + self._bytes]
        if self._file.size is not None:
            ends.append(self._file.size)
        return need.start, min(ends)

    def _too_long(self) -> NotLookedAt:
        return NotLookedAt(
            f"its header is longer than the {self._most:,} bytes that are read of a remote file"
        )


def _status(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)
