"""Classification of transport errors: not connected, not sent, or response lost.

The decision depends on where the error occurred, not on its class, since libraries raise undocumented exceptions. An
error before the first byte means that nothing was sent; after it, the call may have reached the service, and a submit
may be billed.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from runcomfy.errors import RunComfyError
from runcomfy.protocol.steps import Failure, FailureKind

if TYPE_CHECKING:
    from .calls import Route

__all__ = ["ResponseCut", "failure_of", "reraise_own", "words_of", "without_frames"]

#: The exceptions that prove that there was no connection. They come from the libraries below httpx; an httpx
#: transport may translate other errors into connect errors.
_NO_CONNECTION = frozenset(
    {
        "httpcore.ConnectError",
        "httpcore.ConnectTimeout",
        "httpcore.PoolTimeout",
        "httpcore2.ConnectError",
        "httpcore2.ConnectTimeout",
        "httpcore2.PoolTimeout",
        "aiohttp.ClientConnectorError",
        "aiohttp.ConnectionTimeoutError",
        "builtins.ConnectionRefusedError",
        "socket.gaierror",
        "ssl.SSLCertVerificationError",
    }
)

#: The proxy refused the tunnel: there is no connection, and a retry does not help.
_NO_TUNNEL = frozenset({"httpcore.ProxyError", "httpcore2.ProxyError"})

#: The connect errors of httpx, by name, so that those of httpx2 match as well.
_CONNECT_ERRORS = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})


class ResponseCut(Exception):
    """The call was sent, and its response did not arrive completely."""


def failure_of(error: Exception, route: Route, *, knows_sent: bool) -> Failure:
    """The ``Failure`` for an exception raised while a step was executed."""
    reraise_own(error)
    return Failure(monotonic(), _kind_of(error, route, knows_sent=knows_sent), words_of(error))


def reraise_own(error: Exception) -> None:
    """Re-raise errors that are not connection errors: our own, and assertions of a test's mock."""
    if isinstance(error, (RunComfyError, AssertionError)):
        raise error


def words_of(error: BaseException) -> str:
    """The error as text: its class, and its message or that of its cause."""
    return (
        str(error)
        if isinstance(error, ResponseCut)
        else f"{type(error).__name__}: {_message(error)}"
    )


def without_frames(stop: BaseException, before: BaseException | None) -> None:
    """Remove the frames from an exception, because their local variables hold the token.

    ``before`` is the exception that the caller was handling, which keeps its frames.
    """
    seen: set[int] = {id(before)}
    waiting: list[BaseException | None] = [stop]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def _kind_of(error: Exception, route: Route, *, knows_sent: bool) -> FailureKind:
    if knows_sent:
        return "response lost" if route.sent else "not connected"
    if not route.sent:
        return "not sent"
    if any(name in _NO_TUNNEL for name in _names(error.__cause__ or error.__context__)):
        return "not sent"
    return "not connected" if _never_connected(error) else "response lost"


def _never_connected(error: BaseException) -> bool:
    """Whether a connect error is genuine, judged by its cause.

    httpx-aiohttp raises a connect error for a lost response too; only its cause distinguishes the two. Only the
    direct cause counts: others may belong to an exception that the caller was handling.
    """
    if any(name in _NO_CONNECTION for name in _names(error)):
        return True
    if not any(kind.__name__ in _CONNECT_ERRORS for kind in type(error).__mro__):
        return False
    behind = error.__cause__ or error.__context__
    return behind is None or _never_connected(behind)


def _names(error: BaseException | None) -> list[str]:
    if error is None:
        return []
    return [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__]


def _message(error: BaseException) -> str:
    """The message of the error, or of the first cause that has one."""
    behind = error.__cause__ or error.__context__
    return str(error) or (_message(behind) if behind else "")
