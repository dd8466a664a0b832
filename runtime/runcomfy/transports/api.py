"""``ApiTransport``: executes API calls over the caller's client or its own connections."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from runcomfy.errors import ClientClosed
from runcomfy.protocol.steps import Failure, FailureKind, Reply, Send, Transfer

from .calls import Calls, Route, Work
from .config import HttpConfig
from .failures import failure_of
from .log_filter import hide_in_logs
from .offline import require_allowed
from .per_process import PerProcess

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["ApiTransport"]


class ApiTransport:
    """API calls. Opens its own connections with the first call."""

    def __init__(self, config: HttpConfig, http: httpx.Client | None) -> None:
        self._config = config
        self._http = http
        self._given = None if http is None else self._over(http)
        self._own = PerProcess(partial(self._make, patched=False))
        self._patched = PerProcess(partial(self._make, patched=True))
        self._tls: ssl.SSLContext | None = None
        hide_in_logs()

    def prepare(self, step: Transfer) -> Work:
        """The callable that makes the call."""
        assert isinstance(step, Send)  # noqa: S101  # flows of the API yield no other
        require_allowed(self._config.base_url, step.call, self._http)
        return partial(self._carry, self._calls(), step)

    def cut(self, step: Transfer, route: Route, why: str) -> Reply:  # noqa: ARG002  # as the seam has it
        """The reply for an abandoned call. A call that may have been sent may have been accepted."""
        kind: FailureKind = "response lost" if route.sent else "not connected"
        return self._config.located(Failure(monotonic(), kind, why))

    def rest(self) -> None:
        """Do nothing: a call holds no connection during a pause."""

    @property
    def is_over(self) -> bool:
        """Never: only the driver closes it."""
        return False

    def closed(self) -> ClientClosed:
        """The error for a call after the client was closed."""
        return ClientClosed("the client is closed; nothing was sent")

    def close(self) -> None:
        """Close the transport's own connections."""
        for own in (self._own.take(), self._patched.take()):
            if own is not None:
                own.close()

    def _carry(self, calls: Calls, step: Send, route: Route) -> Reply:
        try:
            return calls.make(step, route)
        except Exception as error:  # noqa: BLE001  # where it came up decides what it proves
            failure = failure_of(error, route, knows_sent=calls.knows_sent)
            return self._config.located(failure)

    def _calls(self) -> Calls:
        if self._given is None:
            from .patched_httpx import is_patched

            return self._patched.get() if is_patched() else self._own.get()
        if getattr(self._http, "is_closed", False):
            raise ClientClosed("the client given as http= is closed; nothing was sent")
        return self._given

    def _over(self, http: httpx.Client) -> Calls:
        from .httpx_calls import HttpxCalls

        return HttpxCalls(self._config, http)

    def _make(self, *, patched: bool) -> Calls:
        from .factory import make_calls, tls_context

        self._tls = self._tls or tls_context(self._config)
        return make_calls(self._config, self._tls, patched=patched)
