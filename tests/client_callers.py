"""One way to call either client, so that a case is written once and run over every driver."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import anyio

from runcomfy import AsyncClient, Client, Polling, Retries
from runcomfy_models.openai import GptImage2Edit

__all__ = ["KINDS", "TOKEN", "Caller", "a_request"]

TOKEN = "tok-5f2c9a77e1"  # noqa: S105  # what the tests look for where it must not be
KINDS = ["sync", "asyncio", *(["trio"] if importlib.util.find_spec("trio") else [])]

FAST = {"polling": Polling(0.01, 0.02), "retries": Retries(first=0.01, ceiling=0.02)}


def a_request() -> GptImage2Edit:
    return GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])


class Caller:
    """Calls ``Client``, or ``AsyncClient`` in an event loop of its own."""

    def __init__(self, kind: str, url: str, **settings: Any) -> None:
        self.kind = kind
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
        if self.kind == "sync":
            with Client(**self._settings) as client:
                return use(client)

        async def main() -> Any:
            async with AsyncClient(**self._settings) as client:
                return await use(client)

        return anyio.run(main, backend=self.kind)
