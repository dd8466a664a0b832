"""``Server``: the ports of a mock service, on its own thread and event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from .raw_http import RawConnection
from .request_log import Host

__all__ = ["Server"]

_BACKLOG = 2048
#: The turns of the event loop after which a connection that was accepted is known to be there.
_TURNS = 5
#: Seconds after which an idle keep-alive connection is not expected to send another call.
_QUIET = 0.25
#: Where a port that is open on all addresses is reached from this machine.
_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # looked up, not bound to


class Server:
    """Serves one application on one port for each host."""

    def __init__(self, app: ASGIApp, addresses: dict[Host, tuple[str, int]]) -> None:
        self._app = app
        self._addresses = addresses
        self._thread = threading.Thread(target=self._main, name="runcomfy-mock", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._ports: dict[Host, _Port] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._patience = 0.0

    def start(self) -> None:
        """Open the ports; when it returns they are open."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self, patience: float = 0.0) -> None:
        """Stop accepting connections, wait up to ``patience`` seconds for calls in progress, and close everything."""
        self._patience = patience
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def url(self, host: Host) -> str:
        """The address of a host."""
        return self._ports[host].url

    async def refuse(self, host: Host, seconds: float | None) -> None:
        """Refuse connections to the host, for ``seconds`` or until ``accept``."""
        self._ports[host].close()
        if seconds is not None:
            self._tasks.add(asyncio.ensure_future(self._accept_after(host, seconds)))

    async def accept(self, host: Host) -> None:
        """Accept connections again."""
        await self._ports[host].open()

    def is_open(self, host: Host) -> bool:
        """Whether connections to the host are possible."""
        return self._ports[host].is_open

    def call(self, work: Coroutine[Any, Any, object]) -> None:
        """Do the work on the server's thread, and wait until it is done."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _accept_after(self, host: Host, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.accept(host)

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._open()
        except Exception as error:  # noqa: BLE001  # start raises it, in the thread that waits
            self._failure = error
            self._stop.set()
        self._ready.set()
        await self._stop.wait()
        for task in self._tasks:
            task.cancel()
        for port in self._ports.values():
            await port.close_for_good()
        await self._finish(self._patience)
        busy = [task for port in self._ports.values() for task in port.free()]
        if busy:
            await asyncio.wait(busy)
        await asyncio.sleep(0)  # broken connections are closed in the turn after

    async def _finish(self, patience: float) -> None:
        """Let calls that are under way, and those that are about to come, end: within so many seconds."""
        ends = self._loop.time() + patience
        quiet_until = self._loop.time() + min(patience, _QUIET)
        while self._loop.time() < ends:
            if any(port.is_busy() for port in self._ports.values()):
                quiet_until = self._loop.time() + _QUIET
            elif self._loop.time() >= quiet_until:
                return
            await asyncio.sleep(0.01)

    async def _open(self) -> None:
        config = Config(
            self._app,
            http=RawConnection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=60,
        )
        config.load()
        for host, (address, number) in self._addresses.items():
            self._ports[host] = _Port(config, host, address, number)
            await self._ports[host].open()


class _Port:
    """One port. While no one may connect it stays bound, so that no other program takes it."""

    def __init__(self, config: Config, host: Host, address: str, number: int) -> None:
        self._state = ServerState()
        self._connect = partial(RawConnection, config, self._state, host)
        self._socket = _bound(address, number)
        self._address: str
        self._number: int
        self._address, self._number = self._socket.getsockname()[:2]
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The address, as a URL."""
        address = _REACHABLE.get(self._address, self._address)
        address = f"[{address}]" if ":" in address else address
        return f"http://{address}:{self._number}"

    @property
    def is_open(self) -> bool:
        """Whether connections are possible."""
        return self._server is not None

    async def open(self) -> None:
        """Let everybody connect."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            # The backlog is what the system allows at most: bursts of connections are what is tested.
            self._server = await loop.create_server(
                self._connect, sock=self._socket, backlog=_BACKLOG
            )

    def close(self) -> None:
        """Refuse connections, and close idle ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self._address, self._number)
            for connection in [*self._state.connections]:
                connection.shutdown()

    async def close_for_good(self) -> None:
        """Refuse connections, and release the port."""
        if self._server is None:
            self._socket.close()
            return
        # asyncio loses connections that it accepted just before the server is closed, and the system breaks those that it
        # has accepted and asyncio has not: let them in.
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket.fileno())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        waiting = [*_waiting_at(self._socket)]
        self._server.close()
        self._socket.close()
        for accepted in waiting:
            await loop.connect_accepted_socket(self._connect, accepted)

    def is_busy(self) -> bool:
        """Whether a call is under way, or a connection has not brought its first one."""
        connections = cast("set[RawConnection]", self._state.connections)
        cycles = [one.cycle for one in connections if not one.transport.is_closing()]
        for cycle in cycles:
            if cycle is not None:
                cycle.keep_alive = False  # the response says that the connection ends with it
        return any(cycle is None or not cycle.response_complete for cycle in cycles)

    def free(self) -> set[asyncio.Task[None]]:
        """Break all connections; what still has to notice it."""
        for connection in [*self._state.connections]:
            connection.transport.abort()
        return self._state.tasks


def _waiting_at(listening: socket.socket) -> Iterator[socket.socket]:
    """The connections that the system has accepted and no one else has."""
    while True:
        try:
            yield listening.accept()[0]
        except OSError:
            return


def _bound(address: str, number: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets created with the protocol number.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, number))
    except OSError:
        bound.close()
        raise
    return bound
