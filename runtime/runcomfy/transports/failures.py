"""What an error of an HTTP library proves: no connection, nothing sent, or a response lost."""

from __future__ import annotations

from runcomfy.protocol.steps import FailureKind

__all__ = ["ResponseCut"]

#: The errors of httpx by name, so that those of httpx2 and of other transports count as well. The
#: first class of an error's family that is listed decides.
_FAILURE_KINDS: dict[str, FailureKind] = {
    "ConnectError": "not connected",
    "ConnectTimeout": "not connected",
    "PoolTimeout": "not connected",
    "ProxyError": "not sent",
    "UnsupportedProtocol": "not sent",
    "InvalidURL": "not sent",
    "HTTPError": "response lost",
    "StreamError": "response lost",
    "ResponseCut": "response lost",
}


#: What proves that there was no connection, in the words of the libraries under a caller's client: theirs
#: are errors of connecting only, while errors above them may be translations that say too much.
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


class ResponseCut(Exception):
    """The call went out, and its answer did not come, or not as a whole."""


def _failure_kind(error: BaseException) -> FailureKind | None:
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((_FAILURE_KINDS[name] for name in names if name in _FAILURE_KINDS), None)


def _surely_not_connected(error: BaseException) -> bool:
    """Whether an error that says so is right: by the error that it translates, or because there is none.

    httpx-aiohttp says the same of an answer that was lost, and the error behind it tells the two apart.
    Only the next one counts: further ones may belong to whatever the caller was handling.
    """
    if any(
        f"{kind.__module__.partition('.')[0]}.{kind.__name__}" in _NO_CONNECTION
        for kind in type(error).__mro__
    ):
        return True
    if _failure_kind(error) != "not connected":
        return False
    behind = error.__cause__ or error.__context__
    return behind is None or _surely_not_connected(behind)


def _words(error: BaseException) -> str:
    """What the error says, or else what those behind it say."""
    behind = error.__cause__ or error.__context__
    return str(error) or (_words(behind) if behind else "")
