"""The tools about jobs: wait, result, cancel, history. None of them pays.

Annotations are evaluated here, because the SDK finds in them which function answers for a parameter.
"""

import math
import time
from collections import deque
from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from mcp.server.mcpserver import (
    Context,
    MCPServer,
)
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ToolAnnotations

from runcomfy.errors import DeadlineExceeded, RunComfyError
from runcomfy.journal import Entry
from runcomfy.journal.states import ENDED

from .answers import Cancelled, History, Past, Settled, State
from .results import result_of
from .service import AgentService, tool_error
from .texts import DATA, bounded, text

__all__ = ["add_job_tools"]

#: Seconds that one call waits at most, and between two looks.
_WAIT, _PAUSE = 49.0, 1.0
#: Seconds for the first look of a wait.
_LOOK = 5.0
#: The maximum number of past requests in one response.
_SHOWN = 50
#: Values of the inputs of a past request that are shown.
_INPUTS = 30

_LOOKS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
_SAVES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
_CANCELS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def add_job_tools(server: MCPServer[Any], service: AgentService) -> None:
    """Add the tools."""

    @server.tool(annotations=_LOOKS)
    async def wait(
        context: Context[Any, Any],
        key: str | None = None,
        request_id: str | None = None,
        seconds: float = _WAIT,
    ) -> State:
        """Wait for a request, 50 seconds at most. Still running: call again. It costs nothing."""
        entry = await service.entry(key, request_id)
        try:
            return await _waited(service, entry, _bounded_wait(seconds), context)
        except RunComfyError as error:
            raise tool_error(error) from None

    @server.tool(annotations=_SAVES)
    async def result(
        key: str | None = None, request_id: str | None = None
    ) -> Annotated[CallToolResult, Settled]:
        """Save the files of a request that has ended, and give their paths, the cost, and a small preview of an image."""
        entry = await service.entry(key, request_id)
        try:
            return await result_of(service, entry)
        except (RunComfyError, OSError) as error:
            raise tool_error(error) from None

    @server.tool(annotations=_CANCELS)
    async def cancel(key: str | None = None, request_id: str | None = None) -> Cancelled:
        """Cancel a request, which works only while it is queued."""
        if service.settings.read_only:
            raise ToolError("This server is read-only.")
        entry = await service.entry(key, request_id)
        if entry.request_id is None:
            raise ToolError(f"The request has no id: its state is {entry.state}.")
        try:
            outcome = await service.client.job(entry.request_id, entry.model_id).cancel()
        except RunComfyError as error:
            raise tool_error(error) from None
        return Cancelled(cancelled=outcome.cancelled, outcome=text(outcome.outcome))

    @server.tool(annotations=_READS)
    async def history(query: str = "", limit: int = 20) -> History:
        """Search past requests by text of their inputs, keys or ids, newest first, and see what was spent."""
        return await run_sync(_history, service, query, max(1, min(limit, _SHOWN)))


def _bounded_wait(seconds: float) -> float:
    return min(max(seconds, 0.0), _WAIT) if math.isfinite(seconds) else _WAIT


async def _waited(
    service: AgentService, entry: Entry, seconds: float, context: Context[Any, Any]
) -> State:
    if entry.state in ENDED or entry.request_id is None:
        return _state(entry, entry.state, None)
    job = service.client.job(entry.request_id, entry.model_id)
    ends = time.monotonic() + seconds
    least = _LOOK  # one look is made, however short the wait
    while True:
        left = ends - time.monotonic()
        try:
            status = await job.status(timeout=max(left, least))
            least = _PAUSE
        except DeadlineExceeded:
            return _state(entry, entry.state, None)
        await context.report_progress(
            seconds - max(left, 0.0),
            seconds,
            f"{text(status.state)}, position {status.queue_position}",
        )
        if status.phase != "running":
            return _state(entry, status.phase, status.queue_position)
        if left <= _PAUSE:
            return _state(entry, status.state, status.queue_position)
        await anyio.sleep(_PAUSE)


def _state(entry: Entry, state: str, position: int | None) -> State:
    ended = state in ("succeeded", "failed", "cancelled") or state in ENDED
    advice = "Still running: call wait again."
    if state == "succeeded":
        advice = "Call result."
    elif state == "unknown":
        advice = "A person must check: it may have been billed. Do not submit it under another key."
    elif ended:
        advice = "Call result for the reason."
    return State(
        key=entry.key,
        request_id=entry.request_id,
        state=text(state),
        ended=ended,
        queue_position=position,
        next=advice,
    )


def _history(service: AgentService, query: str, limit: int) -> History:
    newest: deque[Entry] = deque(maxlen=limit)
    total = 0
    for entry in service.journal.entries(text=query or None):
        if service.settings.allows(entry.model_id):
            newest.append(entry)
            total += 1
    spent = service.journal.spend().values()
    return History(
        requests=[
            Past(
                key=text(entry.key),
                model_id=text(entry.model_id),
                state=entry.state,
                request_id=entry.request_id,
                cost_usd=entry.cost,
                created=entry.claimed_at.isoformat(timespec="seconds"),
                inputs=bounded(entry.payload or {}, nodes=_INPUTS),
                error=text(entry.error),
            )
            for entry in reversed(newest)
        ],
        total=total,
        spent_usd=sum(one.settled for one in spent),
        reserved_usd=sum(one.reserved for one in spent),
        note=DATA,
    )
