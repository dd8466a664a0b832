"""The seam for those who watch flows from outside, such as ``runcomfy.otel``. No flow is watched unless one asks."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from .steps import Flow

__all__ = ["Observer", "observe", "observed", "observed_job"]

_ReturnT = TypeVar("_ReturnT")


class Observer(Protocol):
    """Watches flows. It changes neither their steps nor what they are sent."""

    def job(self, model_id: str) -> AbstractContextManager[None]:
        """Around a job that takes several flows; those that run inside belong to it."""
        ...

    def flow(
        self, flow: Flow[_ReturnT], request_id: str | None, model_id: str | None
    ) -> Flow[_ReturnT]:
        """The same flow, watched."""
        ...


#: The one observer, if there is one.
_observers: list[Observer] = []


def observe(observer: Observer | None) -> None:
    """Have all flows from now on watched by this observer alone; ``None`` ends it."""
    _observers[:] = [] if observer is None else [observer]


def observed(flow: Flow[_ReturnT], request_id: str | None, model_id: str | None) -> Flow[_ReturnT]:
    """The flow as the driver carries it out."""
    return _observers[0].flow(flow, request_id, model_id) if _observers else flow


def observed_job(request: object) -> AbstractContextManager[None]:
    """Around a job that takes several flows; ``request`` is one, or the model's id."""
    if not _observers:
        return nullcontext()
    model_id = request if isinstance(request, str) else getattr(request, "model_id", "")
    return _observers[0].job(str(model_id))
