"""The result of a request: its saved files, and a small preview of an image."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ImageContent, ResourceLink, TextContent

from runcomfy.errors import ResultNotReady
from runcomfy.journal import Entry

from .answers import ServerFile, Settled
from .files import folder_of
from .service import AgentService
from .texts import DATA, bounded, text

__all__ = ["result_of"]

#: Bytes of a preview, as base64.
_PREVIEW = 64 * 1024


async def result_of(service: AgentService, entry: Entry) -> CallToolResult:
    """The response of the tool ``result``: files are saved once, later read from the journal. Raises ``ToolError`` and the client's errors."""
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
        try:
            found = await service.client.job(entry.request_id, entry.model_id).result()
        except ResultNotReady:
            raise ToolError("The request has not ended yet. Call wait, then result.") from None
        paths = await found.save(folder_of(service.settings.out, entry.key)) if found.files else []
        kinds = [file.kind for file in found.files]
        cost, output = found.cost, found.raw.get("output")
    files = [_saved(path, kind) for path, kind in zip(paths, kinds, strict=True)]
    answer = Settled(
        key=entry.key,
        request_id=entry.request_id,
        state="succeeded",
        files=files,
        cost_usd=cost,
        output=bounded(output if isinstance(output, dict) else {"value": output}),
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


def _saved(path: Path, kind: str) -> ServerFile:
    whole = path.resolve()
    return ServerFile(path=str(whole), uri=whole.as_uri(), kind=kind, bytes=whole.stat().st_size)


def _preview(paths: list[Path]) -> str:
    """A small JPEG of the first image, as base64; empty without Pillow, or if the image is unreadable."""
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
