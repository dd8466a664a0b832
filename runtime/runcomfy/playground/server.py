"""``Playground``: the page's server, on its own thread and event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from .app import make_app
from .guard import Guard
from .service import PlaygroundService
from .uploads import Uploads

if TYPE_CHECKING:
    from typing import Self

    from .settings import PlaygroundSettings

__all__ = ["Playground"]

_LOOPBACK = "127.0.0.1"


class Playground:
    """Serves the page on the loopback address. A context manager; ``close`` removes uploaded files and leaves runs to the journal.

    >>> with Playground(PlaygroundSettings()) as playground:
    ...     print(playground.address)
    http://127.0.0.1:8770/?token=…
    """

    def __init__(self, settings: PlaygroundSettings) -> None:
        self._settings = settings
        self._uploads = Uploads(settings.file_bytes, settings.all_file_bytes)
        self._service = PlaygroundService(settings, self._uploads)
        self._guard = Guard(make_app(self._service, self._uploads), [])
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def address(self) -> str:
        """The URL to open. Its token works once."""
        return f"{self.origin}/?token={self._guard.token}"

    @property
    def origin(self) -> str:
        """The page's origin, without the token."""
        return f"http://{self._guard.hosts[0]}"

    def start(self) -> None:
        """Start the server; it accepts calls when this returns. Raises ``OSError`` if the port is in use, and errors of client and journal."""
        bound = socket.create_server((_LOOPBACK, self._settings.port))
        # asyncio sets TCP_NODELAY only on sockets created with the protocol number; without it, responses take 40 ms longer.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = bound
        port = bound.getsockname()[1]
        self._guard.hosts[:] = [f"{_LOOPBACK}:{port}", f"localhost:{port}"]
        config = uvicorn.Config(
            self._guard, log_level="critical", access_log=False, lifespan="off", ws="none",
            server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._main, args=(ready,), name="runcomfy-playground", daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            self.close()
            raise self._failure

    def _main(self, ready: threading.Event) -> None:
        async def serve() -> None:
            try:
                await self._service.open()
            except BaseException as error:  # noqa: BLE001  # start raises it in the caller's thread
                self._failure = error
                await self._service.close()
                return
            ready.set()  # the socket is bound already, and connections wait in its queue
            assert self._server is not None  # noqa: S101  # start made it
            try:
                await self._server.serve(sockets=[self._socket] if self._socket else None)
            finally:
                await self._service.close()

        try:
            asyncio.run(serve())
        finally:
            ready.set()

    def close(self) -> None:
        """Stop the server. Running requests continue at the service, and the journal has their ids."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
        if self._socket is not None:
            self._socket.close()
        self._uploads.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
