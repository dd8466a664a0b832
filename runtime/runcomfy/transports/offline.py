"""``RUNCOMFY_FORBID_REMOTE``: forbids submits to other machines during a test run."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runcomfy.errors import ConfigurationError
from runcomfy.protocol.urls import is_loopback

from .patched_httpx import is_patched, require_seen

if TYPE_CHECKING:
    from runcomfy.protocol.steps import Call

__all__ = ["FORBID_REMOTE", "require_allowed"]

FORBID_REMOTE = "RUNCOMFY_FORBID_REMOTE"


def require_allowed(base_url: str, call: Call, http: object) -> None:
    """Raise ``ConfigurationError`` for a submit to another machine if that is forbidden, or meant to be stopped by a patch.

    One that a test answers itself, over a mocked httpx, leaves nothing.
    """
    if call.action != "submit" or _is_here(base_url) or is_patched():
        return
    if http is None:
        require_seen()
    if os.environ.get(FORBID_REMOTE, "") in ("", "0"):
        return
    if type(getattr(http, "_transport", None)).__name__ == "MockTransport":
        return
    raise ConfigurationError(
        f"a submit to {base_url} is forbidden by the variable {FORBID_REMOTE}, which the pytest plugin of runcomfy "
        "sets; nothing was sent. In a test, use the fixture runcomfy_mock"
    )


@cache
def _is_here(base_url: str) -> bool:
    return is_loopback(urlsplit(base_url).hostname or "")
