"""The asynchronous driver: as the blocking one, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel

from ._driver_common import AnswerCut, Progress, Wire
from .errors import ClientClosed, RunComfyError
from .protocol.messages import Answer, Failure, Flow, Report, Send, Sleep, Tick
from .status import Cancellation, Status

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["AsyncDriver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], Flow[Cancellation]]
OnStatus = Callable[[Status], Awaitable[object] | object]

#: The whole attempt to cancel after an interruption.
_RESCUE = 6.0

#: What one call may take beyond its timeout, so that the client reports its own, more exact ones first.
_GRACE = 0.25


class AsyncDriver:
    """Does what flows ask for: sends, sleeps, reports."""

    def __init__(self, wire: Wire, http: httpx.AsyncClient | None) -> None:
        self._wire = wire
        self._given = http
        self._tls: ssl.SSLContext | None = None
        #: Connections cannot move from one event loop to another, so each loop has its own client.
        self._own: WeakKeyDictionary[Any, _Own] = WeakKeyDictionary()
        self._closed = False

    async def run(
        self,
        flow: Flow[ReturnT],
        *,
        request_id: str | None = None,
        on_status: OnStatus | None = None,
        rescue: Rescue | None = None,
    ) -> ReturnT:
        """Run the flow to its end. ``rescue`` makes the flow that cancels, for cancelled tasks."""
        progress = Progress(self._wire.redact, request_id)
        try:
            return await self._run(flow, progress, on_status)
        except BaseException as stop:
            progress.explain(stop)
            if rescue and progress.request_id and not isinstance(stop, Exception):
                with anyio.move_on_after(_RESCUE, shield=True):
                    progress.tell_cancelled(stop, await self._cancel(rescue(progress.request_id)))
            raise

    async def events(self, flow: Flow[object], request_id: str) -> AsyncIterator[Status]:
        """Run the flow as far as its reports are asked for."""
        progress = Progress(self._wire.redact, request_id)
        reply: Any = None
        try:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration:
                    return
                progress.take(step)
                if isinstance(step, Report):
                    yield step.status
                    reply = Tick(monotonic())
                else:
                    reply = await self._perform(step)
        except GeneratorExit:
            raise  # the caller has seen enough
        except BaseException as stop:
            progress.explain(stop)
            raise

    async def close(self) -> None:
        """Close the client that the driver made itself for this event loop."""
        self._closed = True
        own = self._own.pop(_this_loop(), None)
        if own is not None:
            await own.keeper.aclose()

    async def _run(
        self, flow: Flow[ReturnT], progress: Progress, on_status: OnStatus | None
    ) -> ReturnT:
        reply: Any = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            progress.take(step)
            if isinstance(step, Report):
                told = on_status(step.status) if on_status else None
                if isinstance(told, Awaitable):
                    await told
                reply = Tick(monotonic())
            else:
                reply = await self._perform(step)

    async def _perform(self, step: Send | Sleep) -> Answer | Failure | Tick:
        if isinstance(step, Send):
            return await self._send(step)
        await anyio.sleep(step.seconds)
        return Tick(monotonic())

    async def _send(self, send: Send) -> Answer | Failure:
        limit = inf if send.timeout is None else send.timeout + _GRACE
        http = await self._http()
        with anyio.move_on_after(limit):
            try:
                request = http.build_request(**self._wire.arguments(send))
                response = await http.send(request, stream=True, auth=None, follow_redirects=False)
                try:
                    body = await self._read(response)
                finally:
                    await response.aclose()
            except Exception as error:
                # Its class decides by name, so that httpx2 and other transports count; what is unknown is raised.
                failure = self._wire.failure(error)
                if failure is None:
                    raise
                return failure
            return Answer(monotonic(), response.status_code, response.headers, body)
        return Failure(monotonic(), "answer lost", "the timeout of the call ran out")

    async def _read(self, response: httpx.Response) -> bytes:
        body, chunks = bytearray(), response.aiter_bytes()
        try:
            async for chunk in chunks:
                body += chunk
                self._wire.check(len(body), None)
        except AnswerCut:
            # httpx has iterators below this one, which end when the innermost is interrupted; trio warns
            # of any that is left.
            with anyio.CancelScope() as scope:
                scope.cancel()
                async for _ in chunks:
                    pass
            raise
        return bytes(body)

    async def _cancel(self, flow: Flow[Cancellation]) -> Cancellation | RunComfyError:
        try:
            return await self._run(flow, Progress(self._wire.redact), None)
        except RunComfyError as error:
            return error

    async def _http(self) -> httpx.AsyncClient:
        """The client to send with: the caller's, or one of our own for each event loop."""
        if self._closed:
            raise ClientClosed("the client is closed; nothing was sent")
        if self._given is not None:
            return self._given
        loop = _this_loop()
        own = self._own.get(loop)
        if own is None:
            own = self._own[loop] = await self._make()
        return own.http

    async def _make(self) -> _Own:
        from ._transport import make_async_client, tls_context

        for loop, own in list(self._own.items()):
            if own.http.is_closed:  # as its loop is
                del self._own[loop]
        self._tls = self._tls or tls_context(self._wire)
        keeper = _kept(make_async_client(self._wire, self._tls))
        return _Own(await anext(keeper), keeper)


class _Own(NamedTuple):
    """The client of one event loop, and what closes it."""

    http: httpx.AsyncClient
    keeper: AsyncGenerator[httpx.AsyncClient, None]


async def _kept(http: httpx.AsyncClient) -> AsyncGenerator[httpx.AsyncClient, None]:
    """Gives the client, and closes it when nobody did before the event loop ends, which ends generators."""
    try:
        yield http
    finally:
        with anyio.CancelScope(shield=True):
            await http.aclose()


def _this_loop() -> Any:
    return anyio.lowlevel.current_token().native_token
