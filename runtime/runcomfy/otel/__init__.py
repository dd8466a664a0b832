"""Traces and metrics of jobs, by OpenTelemetry (extra ``otel``).

>>> import runcomfy.otel
>>> runcomfy.otel.instrument()

From then on, each job has a client span, with child spans for its calls and its downloads, and metrics for duration,
retries, queue position and cost. The program's own OpenTelemetry settings determine where they are sent. Prompts and
URLs are recorded only with ``record_content``; the token never is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runcomfy.errors import MissingExtra
from runcomfy.protocol.observation import observe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["carrier", "carried", "instrument", "uninstrument"]


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    record_content: bool = False,
) -> None:
    """Record all jobs of this process from now on, with the given providers or the program's own.

    ``record_content`` records the body of each submit, and with it prompts and URLs, and the URLs of files.
    Raises ``MissingExtra`` if ``opentelemetry-api`` is not installed.
    """
    try:
        from .observer import SpanObserver
    except ImportError:
        raise MissingExtra("Recording traces and metrics", "otel") from None
    observe(SpanObserver(tracer_provider, meter_provider, record_content=record_content))


def uninstrument() -> None:
    """Record no further jobs."""
    observe(None)


def carrier() -> dict[str, str]:
    """The current trace as plain data, for ``carried`` in another process, such as a worker of an engine.

    Empty if there is no trace. Raises ``MissingExtra``.
    """
    try:
        from opentelemetry.propagate import inject
    except ImportError:
        raise MissingExtra("Propagating a trace", "otel") from None
    data: dict[str, str] = {}
    inject(data)
    return data


def carried(data: Mapping[str, str]) -> AbstractContextManager[None]:
    """Within the ``with`` block, spans belong to the trace that ``carrier`` gave elsewhere. Raises ``MissingExtra``.

    >>> with carried(data):
    ...     client.run(request)
    """
    try:
        from .observer import attached
    except ImportError:
        raise MissingExtra("Propagating a trace", "otel") from None
    return attached(data)
