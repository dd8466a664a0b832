"""The asynchronous driver: as the blocking one, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel

from ._driver_common import Progress, Wire
from .errors import ClientClosed, RunComfyError
from .protocol.messages import Answer, Failure, Flow, Report, Send, Sleep, Tick
from .status import Cancellation, Status

if TYPE_CHECKING:
    import httpx

    from ._transport import Origin

__all__ = ["AsyncDriver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], Flow[Cancellation]]
OnStatus = Callable[[Status], Awaitable[object] | object]

#: The whole attempt to cancel after an interruption.
_RESCUE = 6.0


class AsyncTransport(Protocol):
    """Makes any number of calls at once, in one event loop."""

    async def exchange(self, send: Send) -> Answer:
        """The answer; what is raised instead is put into words by ``Wire.failure``."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""


class AsyncDriver:
    """Does what flows ask for: sends, sleeps, reports."""

    def __init__(self, wire: Wire, http: httpx.AsyncClient | None) -> None:
        self._wire = wire
        self._http = http
        self._origin: Origin | None = None
        #: Connections cannot move from one event loop to another, so each loop has its own transport.
        self._own: WeakKeyDictionary[Any, AsyncTransport] = WeakKeyDictionary()
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
        """Close the connections that the driver opened itself, on this event loop."""
        self._closed = True
        own = self._own.pop(_this_loop(), None)
        if own is not None and self._http is None:
            await own.aclose()

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
        transport = self._open()
        try:
            return await transport.exchange(send)
        except Exception as error:
            # Its class decides by name, so that httpx2 and other transports count; what is unknown is raised.
            failure = self._wire.failure(error)
            if failure is None:
                raise
            return failure

    async def _cancel(self, flow: Flow[Cancellation]) -> Cancellation | RunComfyError:
        try:
            return await self._run(flow, Progress(self._wire.redact), None)
        except RunComfyError as error:
            return error

    def _open(self) -> AsyncTransport:
        """The transport to send with: over the caller's client, or one of our own for each event loop."""
        if self._closed:
            raise ClientClosed("the client is closed; nothing was sent")
        loop = _this_loop()
        own = self._own.get(loop)
        if own is None:
            own = self._own[loop] = self._make_transport()
        return own

    def _make_transport(self) -> AsyncTransport:
        from ._transport import Origin, behind_proxy

        if self._http is None and not behind_proxy(self._wire.base_url):
            from ._transport_async import AsyncSocketTransport

            self._origin = self._origin or Origin(self._wire)
            return AsyncSocketTransport(self._wire, self._origin)
        from ._transport_httpx import AsyncHttpxTransport

        if self._http is not None:
            return AsyncHttpxTransport(self._wire, self._http)
        import httpx

        return AsyncHttpxTransport(self._wire, httpx.AsyncClient(**self._wire.settings()))


def _this_loop() -> Any:
    return anyio.lowlevel.current_token().native_token
