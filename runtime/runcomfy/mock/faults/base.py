"""``Fault``: one failure that the mock can inject, and its inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from runcomfy.mock.raw_http import Raw, Reply
from runcomfy.mock.request_log import Action, Asked

__all__ = [
    "API",
    "DOWNLOAD",
    "EVERYWHERE",
    "READS",
    "Change",
    "Fault",
    "Scene",
    "edit",
    "reshaped",
    "says",
]

SUBMIT: tuple[Action, ...] = ("submit",)
READS: tuple[Action, ...] = ("status", "result")
API: tuple[Action, ...] = ("submit", "status", "result", "cancel", "catalogue")
DOWNLOAD: tuple[Action, ...] = ("download",)
EVERYWHERE: tuple[Action, ...] = (*API, *DOWNLOAD)


@dataclass(frozen=True, slots=True)
class Scene:
    """The inputs of a fault: the request, the URL of the foreign host, the seconds between bytes."""

    asked: Asked
    elsewhere: str
    drip: float


#: The change to the response.
Change: TypeAlias = Callable[[Reply, Scene], Reply | Raw]


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure that the mock can inject.

    ``on`` are the actions that it applies to. With ``after``, it applies after the request was processed: a
    submit is accepted and billed. ``lasting`` faults do not end within a moment, so random faults exclude them.
    """

    name: str
    about: str
    on: tuple[Action, ...]
    change: Change = field(repr=False)
    after: bool = True
    lasting: bool = False
    #: Its changes to the job itself, such as a failure.
    job: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: Whether there is no connection at all while it lasts.
    refuses: bool = False


def edit(reply: Reply, change: Callable[[dict[str, Any]], Any]) -> Reply:
    """The response with its document changed; ``change`` may return another one."""
    try:
        document = json.loads(reply.body)
    except ValueError:
        return reply
    if not isinstance(document, dict):
        return reply
    changed = change(document)
    body = json.dumps(document if changed is None else changed).encode()
    return replace(reply, body=body)


def says(**fields: Any) -> Change:
    """The document with other values; ``...`` removes a field."""

    def change(document: dict[str, Any]) -> None:
        document.update(fields)
        for name in [name for name, value in document.items() if value is ...]:
            del document[name]

    return lambda reply, _scene: edit(reply, change)


def reshaped(shape: Callable[[dict[str, Any]], Any]) -> Change:
    """The document in another shape."""
    return lambda reply, _scene: edit(reply, shape)
