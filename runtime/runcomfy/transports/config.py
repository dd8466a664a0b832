"""The settings of calls: URL, token, timeouts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runcomfy._version import __version__
from runcomfy.credentials import Token
from runcomfy.protocol.steps import Failure, Send
from runcomfy.redaction import Redactor

from .proxies import Proxies

__all__ = ["CONTENT_TYPE", "USER_AGENT", "HttpConfig", "headers_by_name", "log", "plain_headers"]

log = logging.getLogger("runcomfy")

#: The User-Agent of every request.
USER_AGENT = f"runcomfy-python/{__version__}"

#: The headers of a call with a body.
CONTENT_TYPE = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """The settings of calls: base URL, token, and timeouts of single steps."""

    base_url: str
    token: Token
    connect_timeout: float
    read_timeout: float
    redact: Redactor
    proxies: Proxies = field(default_factory=Proxies, repr=False)

    @property
    def proxy(self) -> str | None:
        """The proxy for the service."""
        return self.proxies.proxy_for(self.base_url)

    def located(self, failure: Failure) -> Failure:
        """The failure, with the base URL added if the connection failed."""
        if failure.kind != "not connected":
            return failure
        return replace(failure, text=f"{self.base_url}: {failure.text}")

    def arguments(self, send: Send, make_url: Callable[[str], Any]) -> dict[str, Any]:
        """The call as arguments of httpx's ``build_request``."""
        connect, read = self.steps(send)
        return {
            "method": send.call.method,
            "url": make_url(self.base_url + send.call.path),
            "content": send.call.body,
            "headers": self.headers(send),
            # connect, read, write, wait for the pool
            "timeout": (connect, read, read, send.timeout),
        }

    def headers(self, send: Send) -> dict[str, str]:
        """The headers of the call, the token among them."""
        headers = self.headers_of_all()
        return headers if send.call.body is None else headers | CONTENT_TYPE

    def headers_of_all(self) -> dict[str, str]:
        """The headers of every call, the token among them."""
        return {
            "Authorization": f"Bearer {self.token.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }

    def steps(self, send: Send) -> tuple[float, float]:
        """Timeouts for connecting and for each read."""
        connect, read, rest = self.connect_timeout, self.read_timeout, send.timeout
        if rest is None or (rest >= connect and rest >= read):
            return connect, read
        return min(connect, max(rest, 0.0)), min(read, max(rest, 0.0))


def plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


def headers_by_name(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers with lower-case names; repeated headers are joined as in httpx."""
    headers: dict[str, str] = {}
    for given, value in raw:
        name, text = given.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers
