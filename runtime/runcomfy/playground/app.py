"""The page's HTTP routes: models, checks, snippets, files, runs. Request bodies are bounded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from runcomfy.errors import RunComfyError
from runcomfy.validation.json_text import NotJSON, read_json

from .uploads import UploadRefused, Uploads

if TYPE_CHECKING:
    from starlette.requests import Request

    from .service import PlaygroundService

__all__ = ["make_app"]

#: The most bytes of a JSON body.
_BODY = 2 * 1024**2
#: Types that are displayed in the page's origin; anything else is a download. SVG can contain scripts.
_SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp", "video/", "audio/")  # fmt: skip


class BadCall(Exception):
    """An invalid call; the response has status 400 and the message."""


def make_app(service: PlaygroundService, uploads: Uploads) -> Starlette:
    """The application behind the guard."""
    page = _Endpoints(service, uploads)
    return Starlette(
        routes=[
            Route("/", page.index),
            Route("/static/{name}", page.static),
            Route("/api/state", page.state),
            Route("/api/models", page.models),
            Route("/api/models/{model_id:path}", page.model),
            Route("/api/check", page.check, methods=["POST"]),
            Route("/api/snippets", page.snippets, methods=["POST"]),
            Route("/api/files", page.upload, methods=["POST"]),
            Route("/api/files/{file_id}", page.uploaded),
            Route("/api/runs", page.runs, methods=["GET"]),
            Route("/api/runs", page.run, methods=["POST"]),
            # A key may contain slashes.
            Route("/api/runs/{key:path}/files/{number:int}", page.result),
            Route("/api/runs/{key:path}/cancel", page.cancel, methods=["POST"]),
            Route("/api/runs/{key:path}", page.one_run),
        ],
        exception_handlers=dict.fromkeys((RunComfyError, BadCall, UploadRefused), page.failed),
    )


class _Endpoints:
    """The functions behind the routes."""

    def __init__(self, service: PlaygroundService, uploads: Uploads) -> None:
        self._service = service
        self._uploads = uploads

    async def index(self, _: Request) -> Response:
        return _static("index.html")

    async def static(self, request: Request) -> Response:
        return _static(request.path_params["name"])

    async def state(self, _: Request) -> Response:
        return _answer(await self._service.state())

    async def models(self, _: Request) -> Response:
        return _answer(await self._service.models())

    async def model(self, request: Request) -> Response:
        return _answer(await self._service.model(request.path_params["model_id"]))

    async def check(self, request: Request) -> Response:
        return _answer(await run_sync(self._service.check, *await _inputs(request)))

    async def snippets(self, request: Request) -> Response:
        return _answer(await run_sync(self._service.snippets, *await _inputs(request)))

    async def upload(self, request: Request) -> Response:
        stored = await self._uploads.take(request.query_params.get("name", ""), _chunks(request))
        return _answer(stored.as_dict())

    async def uploaded(self, request: Request) -> Response:
        try:
            return _file(self._uploads[request.path_params["file_id"]].path)
        except KeyError:
            return _error("The file is no longer available.", 404)

    async def run(self, request: Request) -> Response:
        body = await _json(request)
        model_id, payload = _named(body)
        confirmed = _dollars(body.get("confirmed_usd"))
        return _answer(await self._service.run(model_id, payload, str(body.get("key")), confirmed))

    async def runs(self, request: Request) -> Response:
        text = request.query_params.get("text", "")[:200]
        count = request.query_params.get("count", "")[:6]
        shown = int(count) if count.isdecimal() else 50
        return _answer(await self._service.runs.history(text, shown))

    async def one_run(self, request: Request) -> Response:
        return _answer(await self._service.runs.one(request.path_params["key"]))

    async def cancel(self, request: Request) -> Response:
        return _answer(await self._service.runs.cancel(request.path_params["key"]))

    async def result(self, request: Request) -> Response:
        key, number = request.path_params["key"], request.path_params["number"]
        path = await self._service.runs.file(key, number)
        return _error("The file is no longer available.", 404) if path is None else _file(path)

    def failed(self, _: Request, error: Exception) -> Response:
        return _error(self._uploads.named(str(error)), 400)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


async def _json(request: Request) -> dict[str, Any]:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY:
            raise BadCall(f"The inputs are larger than {_BODY:,} bytes.")
    try:
        value = read_json(bytes(content))
    except NotJSON as error:
        raise BadCall(f"The inputs are not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadCall("The body must be a JSON object.")
    return value


async def _inputs(request: Request) -> tuple[str, dict[str, Any]]:
    return _named(await _json(request))


def _named(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    model_id, payload = body.get("model_id"), body.get("payload")
    if not isinstance(model_id, str) or not isinstance(payload, dict):
        raise BadCall('The body must be {"model_id": …, "payload": {…}}.')
    return model_id, payload


def _dollars(value: Any) -> float | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < 1e9 else None


def _static(name: str) -> Response:
    if not name.replace("_", "").replace(".", "").isalnum() or name.startswith("."):
        return _error("No such file.", 404)
    resource = files("runcomfy.playground").joinpath("static", name)
    if not resource.is_file():
        return _error("No such file.", 404)
    media_type = guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):
        media_type = "text/javascript"
    return Response(resource.read_bytes(), media_type=media_type)


def _file(path: Path) -> Response:
    """The response for a file: displayed if a browser only renders it, else a download that cannot run."""
    from runcomfy.media.probe import probe

    media_type = _media_type(path, probe(path).kind)
    if not path.is_file():
        return _error("The file is no longer available.", 404)
    shown = media_type.startswith(_SHOWN)
    response = FileResponse(
        path,
        media_type=media_type if shown else "application/octet-stream",
        filename=path.name,
        content_disposition_type="inline" if shown else "attachment",
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _media_type(path: Path, kind: str | None) -> str:
    guessed = guess_type(path.name)[0] or ""
    # The format is that of the name, if the content is of the same kind.
    return guessed if kind and guessed.startswith(f"{kind}/") else "application/octet-stream"


def _error(message: str, status: int) -> Response:
    return _answer({"error": message}, status)


def _answer(value: Any, status: int = 200) -> Response:
    """JSON for any browser: in ASCII, because external text may contain lone surrogates, and without NaN."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        text = json.dumps(json.loads(json.dumps(value), parse_constant=str))
    return Response(text, status_code=status, media_type="application/json")
