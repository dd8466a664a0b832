"""The tools about jobs: submit, wait, result, cancel, history. Money goes through the journal.

Annotations are evaluated here, because the SDK finds in them which function answers for a parameter.
"""

import base64
import io
import time
from pathlib import Path
from typing import Annotated, Any

import anyio
from anyio.to_thread import run_sync
from mcp.server.mcpserver import (
    Context,
    Elicit,
    ElicitationResult,
    MCPServer,
    Resolve,
)
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ImageContent, ResourceLink, TextContent, ToolAnnotations

from runcomfy.downloads.filenames import safe_stem
from runcomfy.errors import DeadlineExceeded, RunComfyError
from runcomfy.journal import Entry
from runcomfy.journal.states import ENDED

from .answers import Cancelled, History, Past, SavedFile, Settled, State, Submitted
from .consent import Consent, is_given, question, require_possible
from .files import with_local_files
from .service import Service, told
from .texts import DATA, bounded, text

__all__ = ["add_job_tools"]

#: Seconds that one call waits at most, and between two looks.
_WAIT, _PAUSE = 50.0, 1.0
#: Bytes of a preview, as base64.
_PREVIEW = 64 * 1024
_KEY = 200
_SHOWN = 50

_PAYS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
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


def add_job_tools(server: MCPServer[Any], service: Service) -> None:
    """Add the tools."""

    async def consent(
        model: str,
        inputs: dict[str, Any],
        key: str,
        max_cost_usd: float,
        context: Context[Any, Any],
    ) -> Elicit[Consent] | Consent:
        """Ask a person, unless a budget covers the submit or the key has a request already."""
        cls = service.model(model)
        _require_submit(service, key, max_cost_usd)
        if await run_sync(service.journal.find, service.client.account, key) is not None:
            return Consent(pay=True)  # nothing is sent for a key that is there
        given = _local(service, cls, inputs)
        price = await service.price(model, inputs)
        if price is not None and price > max_cost_usd:
            raise ToolError(
                f"Nothing was sent: the request costs about ${price:g}, above max_cost_usd {max_cost_usd:g}."
            )
        await run_sync(_require_valid, cls, given)
        if service.fits_budget(price):
            return Consent(pay=True)
        if service.settings.budget is not None and price is not None:
            raise ToolError(
                f"Nothing was sent: the budget of ${service.settings.budget:g} is reached; ${service.spent:g} are spent or reserved."
            )
        require_possible(context)
        return question(model, key, inputs, price)

    @server.tool(annotations=_PAYS)
    async def submit(
        model: str,
        inputs: dict[str, Any],
        key: str,
        max_cost_usd: float,  # noqa: ARG001  # held against the price in consent, before this runs
        agreed: Annotated[ElicitationResult[Consent], Resolve(consent)],
    ) -> Submitted:
        """Submit a request, which is billed. `key` is yours: the same key gives the same request and is never paid twice, so repeat a broken call with it. Check the inputs first. A person may be asked to consent; max_cost_usd is only your own limit."""
        if not is_given(agreed):
            raise ToolError("Nothing was sent: the person did not consent.")
        cls = service.model(model)
        before = await run_sync(service.journal.find, service.client.account, key)
        price = await service.price(model, inputs)
        new = before is None or before.state == "not_sent"
        if new:
            service.spent += price or 0.0
        try:
            request = cls.from_payload(_local(service, cls, inputs))
            job = await service.client.submit(request, key=key)
        except RunComfyError as error:
            if new:
                await _give_back(service, key, price)
            raise told(error) from None
        entry = await run_sync(service.journal.find, service.client.account, key)
        return Submitted(
            key=key,
            request_id=job.request_id,
            state="submitted" if entry is None else entry.state,
            new=new,
            price_usd=price,
            next="Call wait with this key, then result.",
        )

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
            return await _waited(service, entry, min(max(seconds, 0.0), _WAIT), context)
        except RunComfyError as error:
            raise told(error) from None

    @server.tool(annotations=_SAVES)
    async def result(
        key: str | None = None, request_id: str | None = None
    ) -> Annotated[CallToolResult, Settled]:
        """Save the files of a request that has ended, and give their paths, the cost, and a small preview of an image."""
        entry = await service.entry(key, request_id)
        try:
            return await _result(service, entry)
        except (RunComfyError, OSError) as error:
            raise told(error) from None

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
            raise told(error) from None
        return Cancelled(cancelled=outcome.cancelled, outcome=text(outcome.outcome))

    @server.tool(annotations=_READS)
    async def history(query: str = "", limit: int = 20) -> History:
        """Search past requests by text of their inputs, keys or ids, newest first, and see what was spent."""
        return await run_sync(_history, service, query, max(1, min(limit, _SHOWN)))


def _require_submit(service: Service, key: str, max_cost_usd: float) -> None:
    if service.settings.read_only:
        raise ToolError("Nothing was sent: this server is read-only.")
    if not 0 < len(key) <= _KEY or not key.isprintable():
        raise ToolError(f"key must have 1 to {_KEY} printable characters.")
    if not 0 <= max_cost_usd < float("inf"):
        raise ToolError("max_cost_usd must be a number of US dollars.")


def _local(service: Service, cls: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    try:
        return with_local_files(cls, inputs, service.settings.roots)
    except RunComfyError as error:
        raise told(error) from None


def _require_valid(cls: Any, inputs: dict[str, Any]) -> None:
    """Refuse what the validators refuse before a person is asked."""
    from runcomfy.validation.validate import validate

    report = validate(cls, inputs)
    wrong = [*report.errors, *report.slips]
    if wrong:
        listed = "; ".join(text(str(one)) for one in wrong[:10])
        raise ToolError(
            f"Nothing was sent: {listed}. Correct the inputs; describe_model tells the limits."
        )


async def _give_back(service: Service, key: str, price: float | None) -> None:
    """What was surely not sent is not spent."""
    entry = await run_sync(service.journal.find, service.client.account, key)
    if entry is None or entry.state == "not_sent":
        service.spent -= price or 0.0


async def _waited(
    service: Service, entry: Entry, seconds: float, context: Context[Any, Any]
) -> State:
    if entry.state in ENDED or entry.request_id is None:
        return _state(entry, entry.state, None)
    job = service.client.job(entry.request_id, entry.model_id)
    ends = time.monotonic() + seconds
    while True:
        left = ends - time.monotonic()
        try:
            status = await job.status(timeout=max(left, 5.0))
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
        advice = (
            "A person has to look: it may have been billed. Do not submit it under another key."
        )
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


async def _result(service: Service, entry: Entry) -> CallToolResult:
    if entry.state == "unknown":
        raise entry.unknown_error()
    if entry.request_id is None:
        raise ToolError(
            f"The request was not sent: its state is {entry.state}. {text(entry.error)}"
        )
    paths = [file.path for file in entry.files if file.path is not None and file.path.is_file()]
    kinds = [file.kind for file in entry.files if file.path is not None and file.path.is_file()]
    cost, output = entry.cost, entry.output
    if entry.state != "succeeded" or len(paths) < len(entry.files) or not entry.files:
        found = await service.client.job(entry.request_id, entry.model_id).result()
        folder = service.settings.out / (safe_stem(entry.key) or safe_stem(entry.request_id))
        await run_sync(lambda: folder.mkdir(parents=True, exist_ok=True))
        paths = [await file.save(folder) for file in found.files]
        kinds = [file.kind for file in found.files]
        cost, output = found.cost, found.raw.get("output")
    files = [_saved(path, kind) for path, kind in zip(paths, kinds, strict=True)]
    answer = Settled(
        key=entry.key,
        request_id=entry.request_id,
        state="succeeded",
        files=files,
        cost_usd=cost,
        output=bounded(output),
        note=DATA,
    )
    content: list[Any] = [TextContent(type="text", text=answer.model_dump_json())]
    content += [
        ResourceLink(type="resource_link", name=Path(one.path).name, uri=one.uri) for one in files
    ]
    preview = await run_sync(_preview, [Path(one.path) for one in files if one.kind == "image"])
    if preview:
        content.append(ImageContent(type="image", data=preview, mime_type="image/jpeg"))
    return CallToolResult(content=content, structured_content=answer.model_dump(mode="json"))


def _saved(path: Path, kind: str) -> SavedFile:
    whole = path.resolve()
    return SavedFile(path=str(whole), uri=whole.as_uri(), kind=kind, bytes=whole.stat().st_size)


def _preview(paths: list[Path]) -> str:
    """A small JPEG of the first image, as base64; empty without Pillow, or where it cannot be read."""
    try:
        from PIL import Image
    except ImportError:
        return ""
    for side in (512, 256, 128):
        try:
            with Image.open(paths[0]) as image:
                image.thumbnail((side, side))
                content = io.BytesIO()
                image.convert("RGB").save(content, "JPEG", quality=75)
        except Exception:  # noqa: BLE001  # Pillow raises what its decoders raise; no paths end here too
            return ""
        data = base64.b64encode(content.getvalue()).decode("ascii")
        if len(data) <= _PREVIEW:
            return data
    return ""


def _history(service: Service, query: str, limit: int) -> History:
    entries = [*service.journal.entries(text=query or None)]
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
                inputs=bounded(entry.payload),
                error=text(entry.error),
            )
            for entry in entries[: -limit - 1 : -1]
        ],
        total=len(entries),
        spent_usd=sum(one.settled for one in spent),
        reserved_usd=sum(one.reserved for one in spent),
        note=DATA,
    )
