"""What is said to the service, and when: the lifecycle of a request, without I/O.

A flow is a generator. It yields ``Send``, ``Sleep`` or ``Report`` and is sent back what came of it, so
the same flow runs over a blocking client, an asynchronous one, or a list of replies in a test.
"""

from __future__ import annotations

from .catalogue import list_models, look_up_model
from .context import Talk
from .lifecycle import cancel, fetch, follow, look, run, submit, watch
from .retries import Polling, Retries
from .steps import Answer, Call, Failure, Flow, Report, Send, Sleep, Step, Tick

__all__ = [
    "Answer",
    "Call",
    "Failure",
    "Flow",
    "Polling",
    "Report",
    "Retries",
    "Send",
    "Sleep",
    "Step",
    "Talk",
    "Tick",
    "cancel",
    "fetch",
    "follow",
    "list_models",
    "look",
    "look_up_model",
    "run",
    "submit",
    "watch",
]
