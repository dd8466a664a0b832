"""The MCP server, over stdio or HTTP on the loopback address."""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import suppress
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from runcomfy._version import __version__

from .job_tools import add_job_tools
from .model_tools import add_model_tools
from .service import AgentService
from .submit_tool import add_submit_tool
from .texts import DATA, text

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .settings import AgentSettings

__all__ = ["HttpServer", "make_server", "serve_stdio"]

_INSTRUCTIONS = (
    "Run hosted image, video and audio models. Find a model (search_models), read its inputs (describe_model), check yours (check), submit "
    "under a key that you choose, wait, then fetch the result. A submit is billed; the same key is never paid twice, so retry a failed "
    f"submit with the same key, never with a new one. {DATA}"
)
_LOOPBACK = "127.0.0.1"


class _Server(MCPServer[Any]):
    """Refuses arguments that a tool does not have; the SDK ignores them, so that a wrong name would change nothing unnoticed."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> Any:
        tool = self._tool_manager.get_tool(name)
        if tool is not None:
            known = tool.parameters.get("properties", {})
            unknown = [one for one in arguments or {} if one not in known]
            if unknown:
                raise ToolError(
                    f"{name} has no argument {text(unknown[0], 100)!r}; its arguments are {', '.join(known)}."
                )
        return await super().call_tool(name, arguments, context)


def make_server(service: AgentService) -> MCPServer[Any]:
    """Create the server with its eight tools."""
    server: MCPServer[Any] = _Server(
        "runcomfy",
        title="RunComfy",
        instructions=_INSTRUCTIONS,
        version=__version__,
        log_level="ERROR",
    )
    add_model_tools(server, service)
    add_submit_tool(server, service)
    add_job_tools(server, service)
    return server


def serve_stdio(settings: AgentSettings) -> None:
    """Serve one client over stdio until it disconnects, or until SIGINT or SIGTERM.

    Raises ``BrokenPipeError`` when the client no longer reads.
    """

    async def main() -> None:
        async with AgentService(settings).running() as service, anyio.create_task_group() as group:
            group.start_soon(_leave_on_signals, service)
            await make_server(service).run_stdio_async()
            group.cancel_scope.cancel()

    try:
        anyio.run(main)
    except BaseExceptionGroup as errors:
        if errors.split(BrokenPipeError)[1] is not None:
            raise
        raise BrokenPipeError from None


async def _leave_on_signals(service: AgentService) -> None:
    """End the process on the first signal. The SDK's thread that reads standard input cannot be stopped."""
    with (
        suppress(NotImplementedError),  # on Windows
        anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals,
    ):
        async for number in signals:
            await service.close()
            os._exit(128 + number)


class HttpServer:
    """Serves clients over streamable HTTP on the loopback address, authenticated by a bearer token.

    >>> server = HttpServer(AgentSettings(), port=0)
    >>> server.url, server.token
    ('http://127.0.0.1:8780/mcp', '…')
    """

    def __init__(self, settings: AgentSettings, port: int, token: str | None = None) -> None:
        import socket

        self._settings = settings
        self._socket = socket.create_server((_LOOPBACK, port))
        # asyncio sets TCP_NODELAY only on sockets created with the protocol number; without it, responses take 40 ms longer.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.token = token or secrets.token_urlsafe(32)
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://{_LOOPBACK}:{self.port}/mcp"

    def serve(self) -> None:
        """Serve until the process is terminated."""
        anyio.run(self.serve_async)

    async def serve_async(self) -> None:
        """The same, in an event loop."""
        import uvicorn

        hosts = [f"{_LOOPBACK}:{self.port}", f"localhost:{self.port}"]
        security = TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts]
        )
        async with AgentService(self._settings).running() as service:
            app = make_server(service).streamable_http_app(transport_security=security)
            config = uvicorn.Config(
                _Bearer(app, self.token),
                log_level="critical",
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=1,
            )
            await uvicorn.Server(config).serve(sockets=[self._socket])


class _Bearer:
    """Middleware that requires the bearer token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not compare_digest(given, self._expected):
                refusal = PlainTextResponse("A bearer token is needed.", 401)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
