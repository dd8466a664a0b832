"""Fetching documentation pages from public hosts, one at a time, as robots.txt allows."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final
from urllib.robotparser import RobotFileParser

import anyio
import httpx

from runcomfy.errors import ConfigurationError
from runcomfy.media.remote.addresses import AddressPolicy
from runcomfy.media.remote.connector import Connector
from runcomfy.media.remote.http1 import NotLookedAt
from runcomfy.media.remote.range_client import RangeClient, target
from runcomfy_codegen.errors import Misuse, SourceError

__all__ = ["WebReader"]

_AGENT: Final = "runcomfy-python"
#: Seconds for one page, redirects and robots.txt included.
_TIMEOUT: Final = 30.0
#: The part of a robots.txt that is read.
_ROBOTS: Final = 512 * 1024
_HOW: Final = "--allow-host HOST:PORT"


class WebReader:
    """Fetches pages of at most ``most_bytes``; ``allow`` names places inside as ``host:port``. Raises ``Misuse``."""

    def __init__(self, allow: Iterable[str], most_bytes: int) -> None:
        try:
            self._places = AddressPolicy(tuple(allow), _HOW)
        except ConfigurationError as error:
            raise Misuse(
                "--allow-host", str(error), "Write --allow-host docs.intranet:443."
            ) from None
        self._most = most_bytes
        #: The rules in robots.txt, by origin.
        self._robots: dict[str, RobotFileParser] = {}

    def fetch(self, url: str) -> tuple[str, bytes]:
        """The name and the bytes of a page. Raises ``SourceError``."""
        try:
            return anyio.run(self._fetch, url)
        except TimeoutError:
            problem = f"cannot be fetched: it took more than {_TIMEOUT:g} s"
        except NotLookedAt as error:
            problem = f"cannot be fetched: {error}"
        raise SourceError(url, problem, "Open it in a browser, save the page, and add the file.")

    async def _fetch(self, url: str) -> tuple[str, bytes]:
        client = RangeClient(Connector(self._places), kept=2)
        try:
            with anyio.fail_after(_TIMEOUT):
                address = target(url)
                await self._ask_robots(client, address)
                status, body = await self._read(client, address, self._most)
        finally:
            await client.close()
        if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise NotLookedAt(f"the server returned {status}")
        if len(body) > self._most:
            raise NotLookedAt(
                f"it is larger than {self._most // 1024 // 1024} MB, so it is not a documentation page"
            )
        return _name(address), body

    async def _ask_robots(self, client: RangeClient, url: httpx.URL) -> None:
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if origin not in self._robots:
            status, body = await self._read(client, url.copy_with(raw_path=b"/robots.txt"), _ROBOTS)
            parser = RobotFileParser()
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise NotLookedAt(f"its robots.txt cannot be read: the server returned {status}")
            if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                parser.disallow_all = True  # type: ignore[attr-defined]  # the documented way, missing in the stubs
            elif status >= HTTPStatus.BAD_REQUEST:
                parser.allow_all = True  # type: ignore[attr-defined]  # likewise
            else:
                parser.parse(body[:_ROBOTS].decode("utf-8", "replace").splitlines())
            self._robots[origin] = parser
        if not self._robots[origin].can_fetch(_AGENT, str(url)):
            raise NotLookedAt("its robots.txt disallows automated access")

    async def _read(self, client: RangeClient, url: httpx.URL, most: int) -> tuple[int, bytes]:
        """Status and body, of which one byte more than ``most`` is read at most."""
        answer, connection = await client.get(url, 0, most + 1)
        body = bytearray()
        try:
            if answer.status == HTTPStatus.PARTIAL_CONTENT:
                answer.read_range(0)
            while not connection.ended and len(body) <= most:
                body += await connection.read(most + 1 - len(body))
        finally:
            await client.release(answer, connection)
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise NotLookedAt("the server sent it compressed, which was not requested")
        return answer.status, bytes(body)


def _name(url: httpx.URL) -> str:
    """What a page is called: its address without what may be secret."""
    plain = str(url.copy_with(query=None, fragment=None))
    return plain if PurePosixPath(url.path).suffix else plain.rstrip("/")
