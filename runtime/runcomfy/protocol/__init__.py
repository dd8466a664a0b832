"""The protocol of the service: the lifecycle of a request, without I/O.

A flow is a generator. It yields ``Send``, ``Sleep`` or ``StatusReport`` and is sent back what came of it, so
the same flow runs over a blocking client, an asynchronous one, or a list of replies in a test.
"""

from __future__ import annotations

from .catalogue import list_models, look_up_model, read_catalogue_page
from .context import CallContext
from .lifecycle import cancel, fetch, follow, get_status, run, submit, watch
from .retries import Polling, Retries
from .steps import Call, Failure, Flow, Response, Send, Sleep, StatusReport, Step, Tick

__all__ = [
    "Response",
    "Call",
    "Failure",
    "Flow",
    "Polling",
    "StatusReport",
    "Retries",
    "Send",
    "Sleep",
    "Step",
    "CallContext",
    "Tick",
    "cancel",
    "fetch",
    "follow",
    "list_models",
    "get_status",
    "look_up_model",
    "read_catalogue_page",
    "run",
    "submit",
    "watch",
]
