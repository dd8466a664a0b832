"""How calls travel: address, token, timeouts, limits; calls as arguments of httpx."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import Any, ClassVar

from runcomfy._version import __version__
from runcomfy.credentials import Token
from runcomfy.protocol.steps import Failure, Send
from runcomfy.redaction import Redactor
from runcomfy.transports.failures import ResponseCut, _failure_kind, _surely_not_connected, _words

__all__ = ["CONTENT_TYPE", "USER_AGENT", "HttpConfig", "log", "plain_headers"]

log = logging.getLogger("runcomfy")


USER_AGENT = f"runcomfy-python/{__version__}"


#: What a call with a body says of it.
CONTENT_TYPE = {"Content-Type": "application/json"}


#: How the body of an answer may be packed: at most once, and by what every client of HTTP unpacks.
_PACKINGS = {"identity", "gzip", "x-gzip", "deflate"}


#: Seconds that one call may take beyond its timeout, so that the client reports its own, more exact ones
#: first.
_GRACE = 0.25


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """How calls travel: where to, with which token, and how long a single step may take."""

    base_url: str
    token: Token
    connect_timeout: float
    read_timeout: float
    redact: Redactor

    #: An answer of the API is a small JSON text; more bytes than this are not read.
    longest: ClassVar[int] = 32 * 1024 * 1024

    def arguments(self, send: Send) -> dict[str, Any]:
        """The call as arguments of ``build_request``."""
        connect, read = self.steps(send)
        content = send.call.body
        return {
            "method": send.call.method,
            "url": self.base_url + send.call.path,
            "content": content,
            "headers": self.headers() if content is None else {**self.headers(), **CONTENT_TYPE},
            "timeout": (
                connect,
                read,
                read,
                send.timeout,
            ),  # connect, read, write, wait for the pool
        }

    def headers(self) -> dict[str, str]:
        """The headers of every call, the token among them."""
        return {
            "Authorization": f"Bearer {self.token.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }

    def steps(self, send: Send) -> tuple[float, float]:
        """Seconds for connecting, and for each wait for a part of the answer."""
        rest = inf if send.timeout is None else send.timeout
        return min(self.connect_timeout, rest), min(self.read_timeout, rest)

    @staticmethod
    def limit(send: Send) -> float | None:
        """Seconds after which the whole call is given up, whatever its steps do."""
        return None if send.timeout is None else send.timeout + _GRACE

    @staticmethod
    def check_packing(packing: str | None) -> None:
        """Raise ``ResponseCut`` when the body is packed so that a few bytes of it could fill the memory at once.

        A piece packed once unpacks to a thousand times its size at most; packed twice, to a million.
        """
        if packing and packing.strip().lower() not in _PACKINGS:
            raise ResponseCut(f"the answer is packed as {packing[:80]!r}, which was not asked for")

    @staticmethod
    def check(size: int, ends: float | None) -> None:
        """Raise ``ResponseCut`` when an answer is too long, or takes too long."""
        if size > HttpConfig.longest:
            raise ResponseCut(f"the answer is longer than {HttpConfig.longest:,} bytes")
        if ends is not None and monotonic() > ends:
            raise ResponseCut("the timeout of the call ran out while the answer came in")

    def failure_of_call(self, error: Exception, *, given: bool) -> Failure:
        """``failure`` of a call to the service, whose address is told where nothing answers there."""
        failure = self.failure(error, given=given)
        if failure.kind == "not connected":
            return replace(failure, text=f"{self.base_url}: {failure.text}")
        return failure

    @staticmethod
    def failure(error: Exception, *, given: bool = False) -> Failure:
        """The transport's error as a value; an error of another kind is raised again.

        The name of its class decides, so that httpx2 and other transports count.
        Of a client that was ``given``, nobody knows how its transport translates errors: there, "no
        connection" has to be proved by what is behind the error, or else the answer counts as lost.
        """
        kind = _failure_kind(error)
        if kind is None:
            raise error
        if given and kind == "not connected" and not _surely_not_connected(error):
            kind = "response lost"
        ours = isinstance(error, ResponseCut)
        text = str(error) if ours else f"{type(error).__name__}: {_words(error)}"
        return Failure(monotonic(), kind, text)


def plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers under lower-case names."""
    return {name.lower(): value for name, value in headers.items()}
