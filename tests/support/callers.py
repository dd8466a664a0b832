"""One way to call either client, so that a case is written once and run over every driver."""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import anyio

from runcomfy import AsyncClient, Client, Polling, Retries
from runcomfy.transports import factory as clients
from runcomfy_models.openai import GptImage2Edit

__all__ = [
    "BACKENDS",
    "EVERY_KIND",
    "KINDS",
    "OWN",
    "TOKEN",
    "Caller",
    "a_request",
    "without_aiohttp",
]

TOKEN = "tok-5f2c9a77e1"  # noqa: S105  # what the tests look for where it must not be


#: The event loops that ``AsyncClient`` runs in.
BACKENDS = ["asyncio", "trio"]
#: The ways to run a flow that every case takes. A second word is the library of a client given as
#: ``http``, or "spread": our own client as it is where aiohttp is not installed. All libraries are among
#: the requirements of the tests; a case fails where one is missing.
KINDS = ["sync", *BACKENDS, "sync httpx2", "asyncio httpx2"]
#: Those that the cases about sending take as well.
EVERY_KIND = [*KINDS, "asyncio spread", "sync httpx", "asyncio httpx", "asyncio httpx_aiohttp"]
#: Those that make their client themselves.
OWN = [kind for kind in EVERY_KIND if "httpx" not in kind]

#: Loading certificates for each case would take most of its time.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

FAST = {"polling": Polling(0.01, 0.02), "retries": Retries(first=0.01, ceiling=0.02)}


def a_request() -> GptImage2Edit:
    return GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])


def without_aiohttp() -> Any:
    """As if ``runcomfy[fast]`` were not installed."""
    return patch.object(clients, "find_spec", return_value=None)


class Caller:
    """Calls ``Client``, or ``AsyncClient`` in an event loop of its own."""

    def __init__(self, kind: str, url: str, **settings: Any) -> None:
        self.kind, _, self._library = kind.partition(" ")
        self._settings = {"token": TOKEN, "base_url": url, **FAST, **settings}

    def run(self, *arguments: Any, **options: Any) -> Any:
        request = arguments or (a_request(),)
        return self.call(lambda client: client.run(*request, **{"timeout": 10, **options}))

    def submit(self, *arguments: Any, **options: Any) -> Any:
        request = arguments or (a_request(),)
        return self.call(lambda client: client.submit(*request, **options))

    def on_job(self, request_id: str, method: str, **options: Any) -> Any:
        return self.call(lambda client: getattr(client.job(request_id), method)(**options))

    def call(self, use: Callable[[Any], Any]) -> Any:
        with without_aiohttp() if self._library == "spread" else nullcontext():
            return self._call(use)

    def _call(self, use: Callable[[Any], Any]) -> Any:
        if self.kind == "sync":
            with self._http("Client") as http, Client(http=http, **self._settings) as client:
                return use(client)

        async def main() -> Any:
            async with (
                self._http("AsyncClient") as http,
                AsyncClient(http=http, **self._settings) as client,
            ):
                return await use(client)

        return anyio.run(main, backend=self.kind)

    def _http(self, name: str) -> Any:
        """A client of another library, to be closed afterwards; or none."""
        if self._library not in ("", "spread"):
            library = importlib.import_module(self._library)
            make = getattr(library, name, None) or library.HttpxAiohttpClient
            return make(trust_env=False, verify=_NO_TLS)
        return nullcontext()
