"""``ClientSettings``: the settings and flows that both clients share."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from runcomfy.arguments import deadline
from runcomfy.credentials import find_token
from runcomfy.downloads.config import DownloadSettings
from runcomfy.errors import ConfigurationError
from runcomfy.protocol import CallContext, Flow, Polling, Retries, cancel
from runcomfy.protocol.allowed_hosts import AllowedHosts
from runcomfy.protocol.context import RecentChanges
from runcomfy.protocol.urls import check_base_url, is_loopback
from runcomfy.redaction import Redactor
from runcomfy.status import Cancellation
from runcomfy.transports.config import HttpConfig
from runcomfy.transports.proxies import Proxies

from .prepared_request import ModelRef
from .submit_checks import SubmitChecks

if TYPE_CHECKING:
    from runcomfy.journal.entry import Account

__all__ = [
    "BASE_URL",
    "CALL_TIMEOUT",
    "RUN_TIMEOUT",
    "ClientSettings",
    "check_http",
    "find_base_url",
]

BASE_URL = "https://model-api.runcomfy.net"

_VARIABLE = "RUNCOMFY_BASE_URL"

#: Seconds for a whole ``run`` or ``wait``, and for each of the other methods, retries included.
RUN_TIMEOUT = 3600.0
CALL_TIMEOUT = 120.0

#: The longest single step in seconds; system timers have a maximum.
_LONGEST_STEP = 86_400.0

#: Seconds for the one attempt to cancel after an interruption.
_RESCUE = 5.0


class ClientSettings:
    """The settings of a client. Holds the token, so its repr is empty and it cannot be pickled."""

    def __init__(
        self,
        token: str | None,
        base_url: str | None,
        polling: Polling | None,
        retries: Retries | None,
        connect_timeout: float,
        read_timeout: float,
        download_hosts: Iterable[str],
        max_file_bytes: int,
        *,
        own_http: bool = True,
        own_download_http: bool = True,
    ) -> None:
        _check_seconds("connect_timeout", connect_timeout)
        _check_seconds("read_timeout", read_timeout)
        connect_timeout = min(connect_timeout, _LONGEST_STEP)
        read_timeout = min(read_timeout, _LONGEST_STEP)
        _check_kind("polling", polling, Polling)
        _check_kind("retries", retries, Retries)
        if not isinstance(download_hosts, Iterable):
            raise ConfigurationError(f"download_hosts must be a list, got {download_hosts!r:.80}")
        if not isinstance(download_hosts, str):  # which is refused below
            download_hosts = tuple(download_hosts)
        found = find_token(token)
        self.base_url = find_base_url(base_url)
        self.redact = Redactor(found.reveal())
        # Read at creation, so that a bad setting fails here and not when the files of a paid run are saved.
        proxies = Proxies.of_environment() if own_http or own_download_http else Proxies()
        self.http_config = HttpConfig(
            self.base_url, found, connect_timeout, read_timeout, self.redact, proxies
        )
        self._download_hosts = tuple(download_hosts)
        self._polling = polling or Polling()
        self._retries = retries or Retries()
        self._changes = RecentChanges()
        #: How files are fetched; these settings have no token.
        self.downloads = DownloadSettings(
            AllowedHosts.of(self.base_url, download_hosts),
            max_file_bytes,
            connect_timeout,
            read_timeout,
            self._retries,
            proxies,
            self.base_url,
            self.redact,
        )

    def arguments(self) -> dict[str, Any]:
        """The arguments for another client with the same settings, without the token."""
        return {
            "base_url": self.base_url,
            "polling": self._polling,
            "retries": self._retries,
            "connect_timeout": self.http_config.connect_timeout,
            "read_timeout": self.http_config.read_timeout,
            "download_hosts": self._download_hosts,
            "max_file_bytes": self.downloads.max_bytes,
        }

    @property
    def account(self) -> Account:
        """The billed account: the service, and a fingerprint of the token."""
        from runcomfy.journal.entry import Account

        return Account.of(self.base_url, self.http_config.token)

    def context(
        self,
        timeout: float | None,
        model: ModelRef[Any] | None = None,
        request_id: str | None = None,
    ) -> CallContext:
        """A call context that starts now and expires after ``timeout`` seconds."""
        return self.context_until(deadline(timeout), model, request_id)

    def context_until(
        self, ends: float | None, model: ModelRef[Any] | None = None, request_id: str | None = None
    ) -> CallContext:
        """A call context that starts now and expires at ``ends`` on the monotonic clock."""
        now = monotonic()
        return CallContext(
            now=now,
            deadline=ends,
            request_id=request_id,
            model_id=model.model_id if model else None,
            polling=self._polling,
            retries=self._retries,
            chances=iter(random.random, None),
            redact=self.redact,
            since=now,
            changes=self._changes,
        )

    def submit_checks(self, allow: Iterable[str], strict: bool) -> SubmitChecks:
        """How strictly payloads for this service are checked."""
        host = urlsplit(self.base_url).hostname or ""
        return SubmitChecks.of(allow, strict, local_service=is_loopback(host))

    def rescue(self, request_id: str) -> Flow[Cancellation]:
        """The flow that attempts once to cancel a request whose caller was interrupted."""
        context = self.context(_RESCUE, request_id=request_id)
        context.retries = replace(self._retries, cancels=0)
        return cancel(context)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be pickled because it holds a token; create one in the other process"
        )


def find_base_url(argument: str | None) -> str:
    """The base URL: the argument, else the variable ``RUNCOMFY_BASE_URL``, else the public service."""
    if argument is not None:
        return check_base_url(argument)
    given = os.environ.get(_VARIABLE, "").strip()
    try:
        return check_base_url(given) if given else BASE_URL
    except ConfigurationError as error:
        raise ConfigurationError(f"the variable {_VARIABLE} cannot be used: {error}") from None


def check_http(*clients: object, blocking: bool) -> None:
    """Refuse an httpx client of the other kind: it could send a submit and lose the response."""
    wanted = "httpx.Client" if blocking else "httpx.AsyncClient"
    for http in clients:
        if http is None:
            continue
        if not hasattr(http, "build_request") or hasattr(http, "aclose") is blocking:
            raise ConfigurationError(
                f"http and download_http must each be an {wanted}, or have the same methods; got a "
                f"{type(http).__name__}"
            )


def _check_seconds(name: str, given: object) -> None:
    if not isinstance(given, (int, float)) or isinstance(given, bool) or not 0 < given < inf:
        raise ConfigurationError(
            f"{name} must be a number of seconds above 0, got {given!r:.80}; to limit a whole "
            "call, pass timeout= to its method"
        )


def _check_kind(name: str, given: object, kind: type) -> None:
    """Check a setting early: otherwise it would fail after the request is billed."""
    if given is not None and not isinstance(given, kind):
        raise ConfigurationError(f"{name} must be {name}={kind.__name__}(…), got {given!r:.80}")
