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


#: What becomes of the response.
Change: TypeAlias = Callable[[Reply, Scene], Reply | Raw]


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure that the mock can inject.

    ``on`` are the actions that it makes sense for. ``after`` says that it strikes after the service
    has done what it was asked: a submit is accepted, and billed. ``lasting`` faults do not end by
    themselves within a moment; chance leaves them out.
    """

    name: str
    about: str
    on: tuple[Action, ...]
    change: Change = field(repr=False)
    after: bool = True
    lasting: bool = False
    #: What it does to the job itself, such as let it fail.
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
    """The document with other values; ``...`` takes a field out."""

    def change(document: dict[str, Any]) -> None:
        document.update(fields)
        for name in [name for name, value in document.items() if value is ...]:
            del document[name]

    return lambda reply, _scene: edit(reply, change)


def reshaped(shape: Callable[[dict[str, Any]], Any]) -> Change:
    """The document in another shape."""
    return lambda reply, _scene: edit(reply, shape)
