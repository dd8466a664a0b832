"""Calls of a mock service as any program may make them, over httpx alone."""

from __future__ import annotations

from typing import Any

import httpx

from runcomfy.mock import MockService

__all__ = ["MODEL", "PAYLOAD", "TOKEN", "Calls"]

MODEL = "openai/gpt-image-2/edit"
PAYLOAD = {"prompt": "add a hat", "images": ["https://example.com/cat.png"]}
TOKEN = "tok-77aa01"  # noqa: S105  # what the tests look for


class Calls:
    """The calls of the API against one service."""

    def __init__(self, service: MockService, token: str | None = TOKEN) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=service.url, headers=headers, verify=False)  # noqa: S501  # there is no TLS on loopback, and a context takes its time

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def submit(self, payload: Any = PAYLOAD, model: str = MODEL, **options: Any) -> httpx.Response:
        return self.http.post(f"/v1/models/{model}", json=payload, **options)

    def submitted(self, **options: Any) -> str:
        request_id: str = self.submit(**options).json()["request_id"]
        return request_id

    def status(self, request_id: str, **options: Any) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(
            f"/v1/requests/{request_id}/status", **options
        ).json()
        return document

    def states(self, request_id: str, polls: int) -> list[str]:
        return [self.status(request_id)["status"] for _ in range(polls)]

    def result(self, request_id: str, query: str = "", **options: Any) -> httpx.Response:
        return self.http.get(f"/v1/requests/{request_id}/result{query}", **options)

    def cancel(self, request_id: str, **options: Any) -> httpx.Response:
        return self.http.post(f"/v1/requests/{request_id}/cancel", **options)
