"""The interfaces between drivers and I/O: ``Transport`` for steps, ``Calls`` for API calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from .failures import ResponseCut

if TYPE_CHECKING:
    from runcomfy.errors import ClientClosed
    from runcomfy.protocol.steps import Reply, Response, Send, Transfer

__all__ = ["AsyncCalls", "AsyncTransport", "AsyncWork", "Calls", "Route", "Transport", "Work"]


class Route:
    """The progress of one step, and whether its caller still waits for it.

    The worker and the caller may be two threads. ``leave`` is final: a step that has not sent its first byte
    by then never sends one.
    """

    __slots__ = ("_abort", "_lock", "left", "sent")

    def __init__(self) -> None:
        #: Whether the first byte may have gone out.
        self.sent = False
        #: Whether the caller has left.
        self.left = False
        self._abort: Callable[[], None] | None = None
        self._lock = Lock()

    def go(self, abort: Callable[[], None] | None = None) -> None:
        """Mark that the first byte is about to be sent. Raises ``ResponseCut`` if the step was abandoned.

        ``abort`` is as in ``take``.
        """
        with self._lock:
            if self.left:
                raise ResponseCut("the caller gave up before the call was sent")
            self._abort = abort or self._abort
            self.sent = True

    def take(self, abort: Callable[[], None]) -> None:
        """Register ``abort``, which closes the connection. Raises ``ResponseCut`` as ``go`` does."""
        with self._lock:
            if self.left:
                raise ResponseCut("the caller gave up before the call was sent")
            self._abort = abort

    def release(self) -> None:
        """Mark that the connection was returned to the pool."""
        with self._lock:
            self._abort = None

    def leave(self) -> None:
        """Abandon the step, and close its connection."""
        with self._lock:
            self.left = True
        self.break_off()

    def break_off(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            if self._abort is not None:
                self._abort()

    def check(self) -> None:
        """Raise ``ResponseCut`` if the step was abandoned."""
        if self.left:
            raise ResponseCut("the caller gave up before the response was complete")


#: Carries a step out.
Work: TypeAlias = "Callable[[Route], Reply]"
AsyncWork: TypeAlias = "Callable[[Route], Awaitable[Reply]]"


class Transport(Protocol):
    """Executes the steps of flows. The driver limits the time of each step."""

    def prepare(self, step: Transfer) -> Work:
        """The callable that executes the step. An exception here reaches the caller: nothing was started yet."""
        ...

    def cut(self, step: Transfer, route: Route, why: str) -> Reply:
        """The reply for an abandoned step."""
        ...

    def rest(self) -> None:
        """Release what must not be held during a pause."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether the transport was closed by anyone but the driver."""
        ...

    def closed(self) -> ClientClosed:
        """The error for a step after the transport was closed."""
        ...


class AsyncTransport(Protocol):
    """``Transport`` for ``AsyncDriver``."""

    async def prepare(self, step: Transfer) -> AsyncWork:
        """As ``Transport.prepare``."""
        ...

    def cut(self, step: Transfer, route: Route, why: str) -> Reply:
        """As ``Transport.cut``."""
        ...

    async def rest(self) -> None:
        """As ``Transport.rest``."""
        ...

    def closed(self) -> ClientClosed:
        """As ``Transport.closed``."""
        ...


class Calls(Protocol):
    """Connections to the service."""

    #: Whether ``route.sent`` is exact about the first byte.
    knows_sent: ClassVar[bool]

    def make(self, send: Send, route: Route) -> Response:
        """Send the call once, and return the response. ``failures.failure_of`` classifies exceptions."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether the connections are closed."""
        ...

    def close(self) -> None:
        """Close the connections; calls that wait for a response end with an error."""
        ...


class AsyncCalls(Protocol):
    """Connections to the service, in one event loop."""

    knows_sent: ClassVar[bool]

    async def make(self, send: Send, route: Route) -> Response:
        """As ``Calls.make``."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether the connections are closed."""
        ...

    async def aclose(self) -> None:
        """Close the connections; calls that wait for a response end with an error."""
        ...
