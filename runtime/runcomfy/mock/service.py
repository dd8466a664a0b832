"""``MockService``: a local mock of the RunComfy Model API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .app import Origins, make_app
from .fault_rules import FaultBook, Rule, make_rule
from .faults import Fault, find_fault
from .jobs import MockJob
from .middleware import Middleware
from .output_cache import OutputCache
from .request_log import ACTIONS, Action, Asked, Host, check_actions
from .server import Server
from .settings import Settings
from .store import JobStore

if TYPE_CHECKING:
    from runcomfy import AsyncClient, Client

__all__ = ["MockService"]

#: The token of the mock's own clients; the mock accepts any token that is not empty.
_TOKEN = "mock-token"  # noqa: S105  # it opens nothing
_LOOPBACK = "127.0.0.1"


class MockService:
    """A local mock of the RunComfy Model API, with fault injection and a request log.

    ``path`` is an SQLite file that stores its requests; without it, they are in memory. ``port`` 0 means any
    free port. A context manager, for ``with`` and ``async with``.

    >>> with MockService(Settings(polls_in_queue=3)) as service:
    ...     rule = service.fault("reset_after_accept", on="submit")
    ...     service.client().submit(request)  # raises SubmissionUnknown
    >>> service.accepted
    1
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        path: str | Path | None = None,
        host: str = _LOOPBACK,
        port: int = 0,
        watch: Callable[[Asked], object] | None = None,
    ) -> None:
        self.settings = settings or Settings()
        #: Every request that came, in order.
        self.log: list[Asked] = []
        if not 0 <= port <= 65_535:
            raise ValueError(f"port must be from 0 to 65535, where 0 picks a free one; got {port}")
        self._path = path
        self._watch = watch
        self._book = FaultBook()
        self._addresses: dict[Host, tuple[str, int]] = {
            "service": (host, port),
            "files": (host, 0),
            "elsewhere": (host, 0),
        }
        self._places = Origins()
        self._store: JobStore | None = None
        self._server: Server | None = None
        self._clients: list[Client] = []

    def start(self) -> None:
        """Start the service and wait until it accepts connections. Raises ``OSError`` if the port is taken.

        Raises ``ConfigurationError`` when the file at ``path`` cannot keep its requests.
        """
        if self._server is not None:
            raise RuntimeError(f"the mock service is already running at {self.url}")
        settings = self.settings
        store = JobStore(settings, self._path)
        app = make_app(settings, store, OutputCache(settings.make_output), self._places)
        gate = Middleware(
            app, settings, store, self._book, self._places, self.log, self._call_watch, self._refuse
        )
        server = Server(gate, self._addresses)
        try:
            server.start()
        except BaseException:
            store.close()
            raise
        self._store, self._server = store, server
        self._places.service = server.url("service")
        self._places.files = server.url("files")
        self._places.elsewhere = server.url("elsewhere")

    def close(self, patience: float = 0.0) -> None:
        """Stop the service. Calls in flight have ``patience`` seconds to end. The log stays."""
        while self._clients:
            self._clients.pop().close()
        if self._server is not None:
            self._server.stop(patience)
            self._server = None
            self._require_start().close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self.start()  # it takes some milliseconds, on any event loop
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The URL of the service, for ``base_url``. Raises ``RuntimeError`` before the start."""
        self._require_start()
        return self._places.service

    @property
    def files_url(self) -> str:
        """The URL of the file host, a separate origin; used with ``file_host=True``."""
        self._require_start()
        return self._places.files

    @property
    def elsewhere_url(self) -> str:
        """The URL of an unrelated host; some faults point there."""
        self._require_start()
        return self._places.elsewhere

    def client(self, **settings: Any) -> Client:
        """A client of this service that polls without pauses. It is closed with the service.

        >>> result = service.client().run(request)
        """
        from runcomfy import Client

        client = Client(**self._client_settings(settings))
        self._clients.append(client)
        return client

    def async_client(self, **settings: Any) -> AsyncClient:
        """An ``AsyncClient`` of this service that polls without pauses. The caller closes it."""
        from runcomfy import AsyncClient

        return AsyncClient(**self._client_settings(settings))

    def fault(
        self,
        name: str,
        *,
        on: str | None = None,
        times: int | None = 1,
        request_id: str | None = None,
        model_id: str | None = None,
        where: Callable[[Asked], bool] | None = None,
    ) -> Rule:
        """Inject the fault into the next ``times`` matching requests; ``None`` means always.

        ``on`` is an action: submit, status, result, cancel, download or catalogue; without it, all that
        the fault makes sense for. The rule that is returned counts its ``hits``. "connection_refused"
        closes the port as soon as the action is the next one to come, so it takes no other condition.

        >>> service.fault("http_503", on="status", times=3)
        """
        rule = make_rule(find_fault(name), on, times)
        rule.request_id, rule.model_id, rule.where = request_id, model_id, where
        return self.add_rule(rule)

    def add_rule(self, rule: Rule) -> Rule:
        """Add a fault rule, such as one from ``read_rule``."""
        if rule.fault.refuses and (rule.request_id or rule.model_id or rule.where):
            raise ValueError(
                f"{rule.fault.name!r} acts before any request, so it accepts no condition"
            )
        self._book.add(rule)
        if rule.fault.refuses and self._server:
            self._server.call(self._refuse(None))
        return rule

    def chaos(
        self,
        rate: float,
        *,
        seed: int = 0,
        faults: Iterable[str] | None = None,
        on: Iterable[Action] = ACTIONS,
    ) -> None:
        """Inject a random fault into each request with probability ``rate``, unless a rule matches.

        Without names these are all faults that end by themselves. The same requests in the same order
        are struck in the same way.

        >>> service.chaos(0.2, seed=7, faults=["http_503", "truncated_body"])
        """
        self._book.let_chaos(rate, seed, faults, on)

    def clear_faults(self) -> None:
        """Remove all faults and open closed ports."""
        self._book.clear()
        if self._server:
            for host in self._addresses:
                self._server.call(self._server.accept(host))

    def reset(self) -> None:
        """Clear faults, requests and the log."""
        self.clear_faults()
        self._require_start().clear()
        self.log.clear()

    def count(self, action: str) -> int:
        """The number of received requests with this action. Raises ``ValueError`` for an unknown action.

        >>> service.count("submit")
        1
        """
        check_actions([action])
        return sum(asked.action == action for asked in [*self.log])

    @property
    def accepted(self) -> int:
        """The number of accepted submits, which would have been billed."""
        return sum(asked.accepted for asked in [*self.log])

    def with_token(self, token: str) -> list[Asked]:
        """The requests that contain the token in the URL, the headers or the body."""
        return [asked for asked in [*self.log] if _holds(asked, token)]

    @property
    def jobs(self) -> list[MockJob]:
        """The jobs of the accepted submits, oldest first."""
        return self._require_start().jobs()

    @property
    def spent(self) -> float:
        """The cost of the jobs so far, in US dollars."""
        return self._require_start().spent()

    def _require_start(self) -> JobStore:
        """The jobs; a service that has never been started has none, and no address."""
        if self._store is None:
            raise RuntimeError(
                "the mock service is not started: use it in a 'with' statement, or call start()"
            )
        return self._store

    def _client_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        from runcomfy import Polling, Retries

        quick = {"polling": Polling(0.001, 0.002), "retries": Retries(first=0.01, ceiling=0.05)}
        return {"token": _TOKEN, "base_url": self.url, **quick, **settings}

    def _call_watch(self, asked: Asked) -> None:
        if self._watch:
            self._watch(asked)

    async def _refuse(self, fault: Fault | None) -> bool:
        """Close a port if a rule or chance wants it from here on; whether it was closed."""
        server = self._server
        if server is None:
            return False
        if fault and fault.refuses:
            return await self._close(server, "service", self.settings.refused_seconds)
        rule = self._book.next_refusal(self._is_due)
        if rule is None:
            return False
        download = rule.on == ("download",) and self.settings.file_host
        seconds = None if rule.times is None else self.settings.refused_seconds
        closed = await self._close(server, "files" if download else "service", seconds)
        rule.hits += closed
        return closed

    @staticmethod
    async def _close(server: Server, host: Host, seconds: float | None) -> bool:
        if not server.is_open(host):
            return False
        await server.refuse(host, seconds)
        return True

    def _is_due(self, action: Action) -> bool:
        """Whether the action may come next."""
        if action in ("status", "cancel"):
            return bool(self.jobs)
        if action == "result":
            return any(job.finished is not None for job in self.jobs)
        if action == "download":
            fetched = {asked.request_id for asked in self.log if asked.action == "result"}
            return any(job.finished is not None and job.request_id in fetched for job in self.jobs)
        return True


def _holds(asked: Asked, token: str) -> bool:
    texts = (asked.path, asked.query, *asked.headers.values())
    return any(token in text for text in texts) or token.encode() in asked.body
