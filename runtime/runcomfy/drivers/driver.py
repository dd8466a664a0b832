"""The blocking driver: runs flows over a given ``httpx.Client``, or one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from runcomfy.errors import ClientClosed
from runcomfy.protocol.steps import Failure, Flow, Response, Send, Sleep, StatusReport, Tick
from runcomfy.status import Cancellation, Status
from runcomfy.transports.config import HttpConfig

from .interruption import CallProgress

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["Driver"]

ReturnT = TypeVar("ReturnT")
Rescue = Callable[[str], Flow[Cancellation]]


class Driver:
    """Does what flows ask for: sends, sleeps, reports."""

    def __init__(self, config: HttpConfig, http: httpx.Client | None) -> None:
        self._config = config
        self._given = http
        self._own: httpx.Client | None = None
        self._tls: ssl.SSLContext | None = None
        self._process = os.getpid()
        self._lock = Lock()
        self._closed = Event()

    def run(
        self,
        flow: Flow[ReturnT],
        *,
        request_id: str | None = None,
        model_id: str | None = None,
        on_status: Callable[[Status], object] | None = None,
        rescue: Rescue | None = None,
    ) -> ReturnT:
        """Run the flow to its end. ``rescue`` makes the flow that cancels, for Ctrl-C."""
        progress = CallProgress(self._config.redact, request_id, model_id)
        try:
            return self._run(flow, progress, on_status)
        except BaseException as stop:
            interrupted = not isinstance(stop, Exception)
            if rescue and interrupted and progress.request_id and not progress.ended:
                with progress.rescue(stop) as tell:
                    cancel = rescue(progress.request_id)
                    tell(self._run(cancel, CallProgress(self._config.redact), None))
            else:
                progress.explain(stop)
            raise

    def events(self, flow: Flow[object], request_id: str, model_id: str | None) -> Iterator[Status]:
        """Run the flow as far as its reports are asked for."""
        progress = CallProgress(self._config.redact, request_id, model_id)
        try:
            yield from self._reports(flow, progress)
        except GeneratorExit:
            raise  # the caller has seen enough
        except BaseException as stop:
            progress.explain(stop)
            raise

    def close(self) -> None:
        """Close the client that the driver made itself, and end the pauses of calls that wait."""
        self._closed.set()
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def _run(
        self,
        flow: Flow[ReturnT],
        progress: CallProgress,
        on_status: Callable[[Status], object] | None,
    ) -> ReturnT:
        reports = self._reports(flow, progress)
        while True:
            try:
                status = next(reports)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            if on_status:
                on_status(status)

    def _reports(
        self, flow: Flow[ReturnT], progress: CallProgress
    ) -> Generator[Status, None, ReturnT]:
        """Carry the flow out; gives each status that it reports, and its value at the end."""
        reply: Any = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                value: ReturnT = end.value
                return value
            if isinstance(step, StatusReport):
                progress.take(step)
                yield step.status
                reply = Tick(monotonic())
            else:
                reply = self._perform(step, progress)

    def _perform(self, step: Send | Sleep, progress: CallProgress) -> Response | Failure | Tick:
        if isinstance(step, Send):
            http = self._http()  # what fails here was not sent, and is not under way
            progress.take(step)
            return self._send(step, http)
        progress.take(step)
        self._closed.wait(step.seconds)  # a close ends the pause
        return Tick(monotonic())

    def _send(self, send: Send, http: httpx.Client) -> Response | Failure:
        ends = None if send.timeout is None else monotonic() + send.timeout
        try:
            request = http.build_request(**self._config.arguments(send))
            request.extensions["ends"] = ends  # transports of ours end there
            response = http.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                self._config.check_packing(response.headers.get("content-encoding"))
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    self._config.check(len(body), ends)
            finally:
                response.close()
        except Exception as error:  # noqa: BLE001  # one that is unknown is raised again
            return self._config.failure_of_call(error, given=self._given is not None)
        return Response(monotonic(), response.status_code, response.headers, bytes(body))

    def _http(self) -> httpx.Client:
        """The client to send with: the caller's, or one of our own for each process."""
        if self._closed.is_set():
            raise ClientClosed("the client is closed; nothing was sent")
        if self._given is not None:
            return self._given
        with self._lock:
            # After a fork the connections belong to the parent; they are left alone.
            if self._own is None or self._process != os.getpid():
                from runcomfy.transports.factory import make_client, tls_context

                self._tls = self._tls or tls_context(self._config)
                self._own = make_client(self._config, self._tls)
                self._process = os.getpid()
            return self._own
