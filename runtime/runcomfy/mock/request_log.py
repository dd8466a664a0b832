"""``Asked``: one request that a mock service received, and their log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

__all__ = ["ACTIONS", "Action", "Asked", "Host", "check_actions", "classify"]

#: The action of a request; ``elsewhere`` is any request to another host.
Action: TypeAlias = Literal[
    "submit", "status", "result", "cancel", "download", "catalogue", "elsewhere", "other"
]
#: The actions that faults are for.
ACTIONS: tuple[Action, ...] = ("submit", "status", "result", "cancel", "download", "catalogue")

_ALL = frozenset(get_args(Action))

#: The service itself, the host of its files, and one that has nothing to do with it.
Host: TypeAlias = Literal["service", "files", "elsewhere"]

_PATHS: tuple[tuple[str, str, Action], ...] = (
    ("POST", r"/v1/models/(?P<model_id>.+)", "submit"),
    ("GET", r"/v1/requests/(?P<request_id>.+)/status", "status"),
    ("GET", r"/v1/requests/(?P<request_id>.+)/result", "result"),
    ("POST", r"/v1/requests/(?P<request_id>.+)/cancel", "cancel"),
    ("GET", r"/v1/models(/.*)?", "catalogue"),
    ("GET", r"/files/(?P<request_id>[^/]+)/.*", "download"),
    ("HEAD", r"/files/(?P<request_id>[^/]+)/.*", "download"),
)


@dataclass(slots=True)
class Asked:
    """One request that the mock service received. ``headers`` has lower-case names and includes the token.

    ``accepted`` says that it was a submit that was taken, and billed. ``fault`` is the name of the
    fault that struck, and ``status`` the HTTP status that was sent, ``None`` if none was.
    """

    action: Action
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    host: Host = "service"
    port: int = 0
    request_id: str | None = None
    model_id: str | None = None
    accepted: bool = False
    fault: str | None = None
    status: int | None = None

    @property
    def token(self) -> str | None:
        """What follows ``Bearer`` in its authorization."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.casefold() == "bearer" else None


#: Called with each request when it has been dealt with.
Watcher: TypeAlias = Callable[[Asked], object]


def classify(method: str, path: str, host: Host) -> tuple[Action, dict[str, str]]:
    """The action, and the ids in the path."""
    if host == "elsewhere":
        return "elsewhere", {}
    for verb, pattern, action in _PATHS:
        found = re.fullmatch(pattern, path, re.DOTALL) if verb == method else None
        if found:
            return action, {name: value for name, value in found.groupdict().items() if value}
    return "other", {}


def check_actions(names: Iterable[str]) -> None:
    """Raise ``ValueError`` for a name that is no action: a count of it would always be 0."""
    for name in names:
        if name not in _ALL:
            raise ValueError(
                f"{name!r} is not an action; the actions are {', '.join(get_args(Action))}"
            )
