"""The blocking driver: runs flows over connections of its own, or over a given ``httpx.Client``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ._driver_common import Progress, Wire
from .errors import ClientClosed, RunComfyError
from .protocol.messages import Answer, Failure, Flow, Report, Send, Sleep, Tick
from .status import Cancellation, Status

if TYPE_CHECKING:
    import httpx

__all__ = ["Driver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], Flow[Cancellation]]


class Transport(Protocol):
    """Makes one call at a time for each thread."""

    def exchange(self, send: Send) -> Answer:
        """The answer; what is raised instead is put into words by ``Wire.failure``."""
        ...

    def close(self) -> None:
        """Close the connections."""


class Driver:
    """Does what flows ask for: sends, sleeps, reports."""

    def __init__(self, wire: Wire, http: httpx.Client | None) -> None:
        self._wire = wire
        self._http = http
        self._transport: Transport | None = None
        self._process = os.getpid()
        self._lock = Lock()
        self._closed = False

    def run(
        self,
        flow: Flow[ReturnT],
        *,
        request_id: str | None = None,
        on_status: Callable[[Status], object] | None = None,
        rescue: Rescue | None = None,
    ) -> ReturnT:
        """Run the flow to its end. ``rescue`` makes the flow that cancels, for Ctrl-C."""
        progress = Progress(self._wire.redact, request_id)
        try:
            return self._run(flow, progress, on_status)
        except BaseException as stop:
            progress.explain(stop)
            if rescue and progress.request_id and not isinstance(stop, Exception):
                progress.tell_cancelled(stop, self._cancel(rescue(progress.request_id)))
            raise

    def events(self, flow: Flow[object], request_id: str) -> Iterator[Status]:
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
                    reply = self._perform(step)
        except GeneratorExit:
            raise  # the caller has seen enough
        except BaseException as stop:
            progress.explain(stop)
            raise

    def close(self) -> None:
        """Close the connections that the driver opened itself."""
        with self._lock:
            self._closed = True
            own, self._transport = self._transport, None
        if own is not None and self._http is None:
            own.close()

    def _run(
        self, flow: Flow[ReturnT], progress: Progress, on_status: Callable[[Status], object] | None
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
                if on_status:
                    on_status(step.status)
                reply = Tick(monotonic())
            else:
                reply = self._perform(step)

    def _perform(self, step: Send | Sleep) -> Answer | Failure | Tick:
        if isinstance(step, Send):
            return self._send(step)
        sleep(step.seconds)
        return Tick(monotonic())

    def _send(self, send: Send) -> Answer | Failure:
        transport = self._open()
        try:
            return transport.exchange(send)
        except Exception as error:
            # Its class decides by name, so that httpx2 and other transports count; what is unknown is raised.
            failure = self._wire.failure(error)
            if failure is None:
                raise
            return failure

    def _cancel(self, flow: Flow[Cancellation]) -> Cancellation | RunComfyError:
        try:
            return self._run(flow, Progress(self._wire.redact), None)
        except RunComfyError as error:
            return error

    def _open(self) -> Transport:
        """The transport to send with: over the caller's client, or one of our own for each process."""
        if self._closed:
            raise ClientClosed("the client is closed; nothing was sent")
        with self._lock:
            # After a fork the connections belong to the parent; they are left alone.
            if self._transport is None or self._process != os.getpid():
                self._transport = _make_transport(self._wire, self._http)
                self._process = os.getpid()
            return self._transport


def _make_transport(wire: Wire, http: httpx.Client | None) -> Transport:
    from ._transport import Origin, behind_proxy

    if http is None and not behind_proxy(wire.base_url):
        from ._transport_sync import SocketTransport

        return SocketTransport(wire, Origin(wire))
    from ._transport_httpx import HttpxTransport

    if http is None:
        import httpx

        http = httpx.Client(**wire.settings())
    return HttpxTransport(wire, http)
