"""``AsyncApiTransport``: ``ApiTransport`` for event loops, with separate connections per loop."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from runcomfy.errors import ClientClosed
from runcomfy.protocol.steps import Failure, FailureKind, Reply, Send, Transfer

from .calls import AsyncCalls, AsyncWork, Route
from .config import HttpConfig
from .event_loops import PerLoop
from .failures import failure_of
from .log_filter import hide_in_logs
from .offline import require_allowed
from .patched_httpx import is_patched

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["AsyncApiTransport"]


class AsyncApiTransport:
    """API calls on asyncio and trio."""

    def __init__(self, config: HttpConfig, http: httpx.AsyncClient | None) -> None:
        self._config = config
        self._http = http
        self._given = None if http is None else self._over(http)
        self._own: PerLoop[AsyncCalls] = PerLoop(partial(self._make, patched=False))
        self._patched: PerLoop[AsyncCalls] = PerLoop(partial(self._make, patched=True))
        self._tls: ssl.SSLContext | None = None
        hide_in_logs()

    async def prepare(self, step: Transfer) -> AsyncWork:
        """The callable that makes the call."""
        assert isinstance(step, Send)  # noqa: S101  # flows of the API yield no other
        require_allowed(self._config.base_url, step.call, self._http)
        calls = self._given
        if calls is None:
            calls = await (self._patched if is_patched() else self._own).get()
        elif getattr(self._http, "is_closed", False):
            raise ClientClosed("the client given as http= is closed; nothing was sent")
        return partial(self._carry, calls, step)

    def cut(self, step: Transfer, route: Route, why: str) -> Reply:  # noqa: ARG002  # as the seam has it
        """The reply for an abandoned call. A call that may have been sent may have been accepted."""
        kind: FailureKind = "response lost" if route.sent else "not connected"
        return self._config.located(Failure(monotonic(), kind, why))

    async def rest(self) -> None:
        """Do nothing: a call holds no connection during a pause."""

    def closed(self) -> ClientClosed:
        """The error for a call after the client was closed."""
        return ClientClosed("the client is closed; nothing was sent")

    async def close(self) -> None:
        """Close the transport's own connections of this event loop."""
        await self._own.close()
        await self._patched.close()

    async def _carry(self, calls: AsyncCalls, step: Send, route: Route) -> Reply:
        try:
            return await calls.make(step, route)
        except Exception as error:  # noqa: BLE001  # where it came up decides what it proves
            failure = failure_of(error, route, knows_sent=calls.knows_sent)
            return self._config.located(failure)

    def _over(self, http: httpx.AsyncClient) -> AsyncCalls:
        from .httpx_calls import AsyncHttpxCalls

        return AsyncHttpxCalls(self._config, http)

    def _make(self, *, patched: bool) -> AsyncCalls:
        from .factory import make_async_calls, tls_context

        self._tls = self._tls or tls_context(self._config)
        return make_async_calls(self._config, self._tls, patched=patched)
