"""The same three calls through each client: submit, status, result.

fal-client and replicate are pointed at the local service: fal by its address constant, which has no
setting for plain http, replicate by ``base_url``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import fal_client.client as fal
import httpx
import httpx2
from httpx_aiohttp import HttpxAiohttpClient
from replicate.client import Client as ReplicateClient

from runcomfy import AsyncClient, Client
from runcomfy.transports.async_pool import AsyncPooledCalls
from runcomfy.transports.event_loops import PerLoop
from runcomfy_models.openai import GptImage2Edit

__all__ = ["ASYNC", "SYNC", "AsyncCycle", "Cycle"]

#: The three calls, and the closing of the client.
Cycle = tuple[Callable[[], object], Callable[[], object]]
AsyncCycle = tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]

_INPUT = {"prompt": "add a hat", "images": ["https://example.com/cat.png"]}
_PATHS = (
    ("POST", "/v1/models/openai/gpt-image-2/edit"),
    ("GET", "/v1/requests/req-1/status"),
    ("GET", "/v1/requests/req-1/result"),
)
#: Bare httpx and replicate give up after a few seconds, before 500 jobs have had their turn; ours waits as long.
_PATIENCE = 60.0
_HEADERS = {"Authorization": "Bearer local"}


def _request() -> GptImage2Edit:
    return GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])


def ours(url: str, **settings: Any) -> Cycle:
    client = Client("local", base_url=url, **settings)

    def cycle() -> object:
        job = client.submit(_request())
        return job.status(), job.result()

    return cycle, client.close


def ours_over_httpx(url: str) -> Cycle:
    http = httpx.Client()
    return ours(url, http=http)[0], http.close


def bare_httpx(url: str) -> Cycle:
    http = httpx.Client(base_url=url, headers=_HEADERS)

    def cycle() -> object:
        return [
            json.loads(
                http.request(method, path, json=_INPUT if method == "POST" else None).content
            )
            for method, path in _PATHS
        ]

    return cycle, http.close


def fal_sync(url: str) -> Cycle:
    fal.QUEUE_URL_FORMAT = f"{url}/v1/models/"
    client = fal.SyncClient(key="local")
    return lambda: client.submit("openai/gpt", _INPUT).get(), client._client.close


def replicate_sync(url: str) -> Cycle:
    client = ReplicateClient("local", base_url=url, timeout=httpx.Timeout(_PATIENCE))

    def cycle() -> object:
        prediction = client.predictions.create(version="v", input=_INPUT)
        prediction.reload()
        prediction.reload()
        return prediction.output

    return cycle, client._client.close


def ours_async(url: str, **settings: Any) -> AsyncCycle:
    client = AsyncClient("local", base_url=url, **settings)
    return _cycle(client), client.aclose


def _cycle(client: AsyncClient) -> Callable[[], Awaitable[object]]:
    async def cycle() -> object:
        job = await client.submit(_request())
        return await job.status(), await job.result()

    return cycle


def ours_without_the_extra(url: str) -> AsyncCycle:
    """The client as it is where aiohttp is not installed."""
    client = AsyncClient("local", base_url=url)
    config = client._settings.http_config
    client._transport._own = PerLoop(lambda: AsyncPooledCalls(config, None))
    return _cycle(client), client.aclose


def ours_over_async_httpx(url: str) -> AsyncCycle:
    http = httpx.AsyncClient()
    return ours_async(url, http=http)[0], http.aclose


def bare_httpx_async(url: str, kind: Any = httpx.AsyncClient) -> AsyncCycle:
    http = kind(base_url=url, headers=_HEADERS, timeout=_PATIENCE)

    async def cycle() -> object:
        return [
            json.loads(
                (
                    await http.request(method, path, json=_INPUT if method == "POST" else None)
                ).content
            )
            for method, path in _PATHS
        ]

    return cycle, http.aclose


def bare_httpx2(url: str) -> AsyncCycle:
    return bare_httpx_async(url, httpx2.AsyncClient)


def httpx_over_aiohttp(url: str) -> AsyncCycle:
    return bare_httpx_async(url, HttpxAiohttpClient)


def bare_aiohttp(url: str) -> AsyncCycle:
    session = aiohttp.ClientSession(
        headers=_HEADERS,
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
    )

    async def cycle() -> object:
        documents = []
        for method, path in _PATHS:
            body = _INPUT if method == "POST" else None
            async with session.request(method, url + path, json=body) as reply:
                documents.append(json.loads(await reply.read()))
        return documents

    return cycle, session.close


def fal_async(url: str) -> AsyncCycle:
    fal.QUEUE_URL_FORMAT = f"{url}/v1/models/"
    client = fal.AsyncClient(key="local")

    async def cycle() -> object:
        return await (await client.submit("openai/gpt", _INPUT)).get()

    async def close() -> None:
        await (await client._client).aclose()

    return cycle, close


def replicate_async(url: str) -> AsyncCycle:
    client = ReplicateClient("local", base_url=url, timeout=httpx.Timeout(_PATIENCE))

    async def cycle() -> object:
        prediction = await client.predictions.async_create(version="v", input=_INPUT)
        await prediction.async_reload()
        await prediction.async_reload()
        return prediction.output

    return cycle, client._async_client.aclose


SYNC: dict[str, Callable[[str], Cycle]] = {
    "ours": ours,
    "ours over httpx.Client": ours_over_httpx,
    "httpx": bare_httpx,
    "fal-client": fal_sync,
    "replicate": replicate_sync,
}
ASYNC: dict[str, Callable[[str], AsyncCycle]] = {
    "ours": ours_async,
    "ours without aiohttp": ours_without_the_extra,
    "ours over httpx.AsyncClient": ours_over_async_httpx,
    "httpx": bare_httpx_async,
    "fal-client": fal_async,
    "replicate": replicate_async,
    "httpx2": bare_httpx2,
    "httpx over aiohttp": httpx_over_aiohttp,
    "aiohttp": bare_aiohttp,
}
