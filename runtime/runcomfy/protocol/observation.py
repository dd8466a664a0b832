"""The hook for observers of flows, such as ``runcomfy.otel``. Without one, flows are not wrapped."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from .steps import Flow

__all__ = ["Observer", "observe", "observed", "observed_job"]

_ReturnT = TypeVar("_ReturnT")


class Observer(Protocol):
    """Observes flows, without changing their steps or replies."""

    def job(self, model_id: str) -> AbstractContextManager[None]:
        """Wrap a job of several flows; flows inside belong to it."""
        ...

    def flow(
        self, flow: Flow[_ReturnT], request_id: str | None, model_id: str | None
    ) -> Flow[_ReturnT]:
        """Wrap a flow."""
        ...


#: The one observer, if there is one.
_observers: list[Observer] = []


def observe(observer: Observer | None) -> None:
    """Set the only observer of all later flows; ``None`` removes it."""
    _observers[:] = [] if observer is None else [observer]


def observed(flow: Flow[_ReturnT], request_id: str | None, model_id: str | None) -> Flow[_ReturnT]:
    """The flow, wrapped by the observer if there is one."""
    return _observers[0].flow(flow, request_id, model_id) if _observers else flow


def observed_job(request: object) -> AbstractContextManager[None]:
    """Wrap a job of several flows; ``request`` is the request or its model id."""
    if not _observers:
        return nullcontext()
    model_id = request if isinstance(request, str) else getattr(request, "model_id", "")
    return _observers[0].job(str(model_id))
