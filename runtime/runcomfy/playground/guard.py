"""Access control of the playground: one browser session on this machine, no other origin."""

from __future__ import annotations

import secrets
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_COOKIE = "runcomfy_playground"
#: Sent by our own script with every request. A form or an image of another page cannot add a header.
_HEADER = "x-playground"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Wraps the application. A request passes with the session's cookie, our Host, and no foreign Origin.

    The Host is checked because a name that was rebound to this machine sends its own; the cookie is given once, for the token in
    the address that the command prints.
    """

    def __init__(self, app: ASGIApp, hosts: list[str]) -> None:
        self._app = app
        #: Filled in once the port is known.
        self.hosts = hosts
        self.token = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._used = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await self._with_headers(PlainTextResponse(refusal, 403))(scope, receive, send)
        elif self._opens(scope):
            self._used = True
            response = RedirectResponse("/", 303)
            response.set_cookie(_COOKIE, self._session, httponly=True, samesite="strict", path="/")
            await self._with_headers(response)(scope, receive, send)
        elif not self._is_known(headers):
            words = "Open the address that runcomfy-py playground printed; its token works once."
            await self._with_headers(PlainTextResponse(words, 403))(scope, receive, send)
        else:
            await self._with_headers(self._app)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> str:
        host = headers.get("host", "")
        if host not in self.hosts:
            return "This host is not the playground's."
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{one}" for one in self.hosts}:
            return "Requests from other pages are refused."
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return "Requests from other pages are refused."
        if scope["method"] not in {"GET", "HEAD"} and _HEADER not in headers:
            return "Requests from other pages are refused."
        return ""

    def _opens(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return (
            scope["path"] == "/"
            and not self._used
            and compare_digest(given.encode(), self.token.encode())
        )

    def _is_known(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        given = cookies[_COOKIE].value if _COOKIE in cookies else ""
        return compare_digest(given.encode(), self._session.encode())

    def _with_headers(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = MutableHeaders(scope=message)
                    for name, value in _HEADERS.items():
                        headers.setdefault(name, value)
                await send(message)

            await app(scope, receive, sending)

        return wrapped
