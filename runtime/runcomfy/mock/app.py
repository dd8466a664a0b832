"""The service itself: every call of the API, as a Starlette application."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runcomfy.errors import MissingExtra, UnknownModel
from runcomfy.model.registry import find_served
from runcomfy.model.request import check_payload
from runcomfy.model.violation import Violation

from . import catalogue
from . import responses as answers
from .file_host import serve_file
from .output_cache import OutputCache
from .request_log import Asked
from .settings import Settings
from .store import JobStore

__all__ = ["Origins", "make_app"]


@dataclass(slots=True)
class Origins:
    """Where the service, its file host and the foreign host can be reached."""

    service: str = ""
    files: str = ""
    elsewhere: str = ""


#: Models are found by id among those that are installed, registered, or imported by this very program.
_HOW_TO_SERVE = (
    "the mock serves models of generated packages: runcomfy.register('my_models') registers yours"
)


def make_app(
    settings: Settings, store: JobStore, outputs: OutputCache, places: Origins
) -> Starlette:
    """The application.

    ``scope["state"]`` holds ``asked``, the request's entry in the log, and ``facts`` of the job that a
    submit is to make.
    """
    service = _Service(settings, store, outputs, places)
    routes = [
        Route("/v1/models", service.listing),
        Route("/v1/models/categories", service.categories),
        Route("/v1/models/{model_id:path}", service.model),
        Route("/v1/models/{model_id:path}", service.submit, methods=["POST"]),
        Route("/v1/requests/{request_id}/status", service.status),
        Route("/v1/requests/{request_id}/result", service.result),
        Route("/v1/requests/{request_id}/cancel", service.cancel, methods=["POST"]),
        Route("/files/{request_id}/{name:path}", service.file),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_call})


class _Service:
    def __init__(
        self, settings: Settings, store: JobStore, outputs: OutputCache, places: Origins
    ) -> None:
        self._settings = settings
        self._store = store
        self._outputs = outputs
        self._places = places
        self._catalogue = catalogue.Catalogue(settings.catalogue)

    async def submit(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        model_id = request.path_params["model_id"]
        try:
            cls = find_served(model_id)
        except UnknownModel:
            return _error(404001, f"there is no model {model_id!r}; {_HOW_TO_SERVE}")
        payload = _read_json(await request.body())
        violations = _violations(cls, payload)
        if violations:
            return _json(*answers.refused(model_id, violations))
        cost = catalogue.price(model_id, payload)
        job = self._store.add(model_id, payload, cost, request.state.facts)
        if job is None:
            return _error(400002)
        asked: Asked = request.state.asked
        asked.accepted, asked.request_id = True, job.request_id
        return _json(self._settings.submit_status, answers.submitted(job, _base(request)))

    async def status(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        found = self._store.poll(request.path_params["request_id"])
        if found is None:
            return _no_request(request)
        return _json(200, answers.status(*found, _base(request), self._settings))

    async def result(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        job = self._store.get(request.path_params["request_id"])
        if job is None:
            return _no_request(request)
        if job.finished is None and self._settings.early_result == "error":
            return _error(400005)
        output = None
        if answers.output_is_due(job):
            output = await asyncio.to_thread(self._outputs.document, job, self._file_base(request))
        with_cost = request.query_params.get("include_cost", "").casefold() == "true"
        return _json(200, answers.result(job, output, with_cost, self._settings))

    async def cancel(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        found = self._store.cancel(request.path_params["request_id"])
        if found is None:
            return _no_request(request)
        return _json(200, answers.cancelled(*found, self._settings))

    async def file(self, request: Request) -> Response:
        """A file. Needs no token; a name in the query takes precedence over the one in the path."""
        job = self._store.get(request.path_params["request_id"])
        name = request.query_params.get("name") or request.path_params["name"]
        if job is None or not answers.output_is_due(job):
            return _error(404001)
        file = await asyncio.to_thread(self._outputs.file, job, name)
        return serve_file(file, request.headers) if file else _error(404001)

    async def listing(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        query = request.query_params
        try:
            limit, offset = int(query.get("limit", 100)), int(query.get("offset", 0))
        except ValueError:
            return _error(422001, "limit and offset must be whole numbers")
        page = self._catalogue.listing(
            limit,
            offset,
            include_schema=query.get("include_schema", "").casefold() == "true",
            search=query.get("search"),
            category=query.get("category"),
            kind=query.get("kind"),
        )
        return Response(page, media_type="application/json")

    async def categories(self, request: Request) -> Response:
        refusal = self._unauthorized(request)
        return refusal or _json(200, {"categories": self._catalogue.categories()})

    async def model(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        found = self._catalogue.entry(request.path_params["model_id"])
        return Response(found, media_type="application/json") if found else _error(404001)

    def _unauthorized(self, request: Request) -> Response | None:
        token = request.state.asked.token
        tokens = self._settings.tokens
        if token and (tokens is None or token in tokens):
            return None
        return _error(400004)

    def _file_base(self, request: Request) -> str:
        return self._places.files if self._settings.file_host else _base(request)


def _base(request: Request) -> str:
    """The base URL of the service, as the caller knows it."""
    return f"http://{request.headers.get('host', 'localhost')}"


def _violations(cls: Any, payload: object) -> list[Violation]:
    try:
        return check_payload(cls, payload)
    except MissingExtra:
        return []  # a rule that only the jsonschema library knows, which is not installed


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # which is no object, and refused as such


def _no_request(request: Request) -> Response:
    return _error(404001, f"there is no request {request.path_params['request_id']!r}")


async def _no_such_call(request: Request, _: Exception) -> Response:
    return _error(404001, f"there is no {request.method} {request.url.path}")


def _error(code: int, message: str | None = None) -> Response:
    return _json(*answers.error(code, message))


def _json(status: int, document: dict[str, Any]) -> Response:
    return JSONResponse(document, status)
