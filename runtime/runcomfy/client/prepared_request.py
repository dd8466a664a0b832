"""``RequestDraft``: a request before validation and before the upload of its local files."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from runcomfy.client.result import AsyncResult, Result
from runcomfy.errors import ConfigurationError, NotFound, UnknownModel, ValidationError
from runcomfy.model.json_values import find_non_json, to_plain
from runcomfy.model.output import Output
from runcomfy.model.registry import find_model, model_ids
from runcomfy.model.request import Request, check_payload
from runcomfy.model.suggestions import ids_like
from runcomfy.model.violation import Violation
from runcomfy.protocol.urls import check_model_id
from runcomfy.redaction import clean

if TYPE_CHECKING:
    from runcomfy.downloads.async_manager import AsyncDownloads
    from runcomfy.downloads.manager import Downloads

__all__ = [
    "RequestDraft",
    "ModelRef",
    "PreparedRequest",
    "draft",
    "encode",
    "find_type",
    "Hinting",
    "require_schema",
]

_log = logging.getLogger("runcomfy")

_NO_SCHEMA = (
    "is a local file, but no installed package defines which inputs of this model accept files; "
    "upload it yourself and pass its URL"
)


@dataclass(slots=True)
class RequestDraft:
    """A model and its plain inputs, which may include local files."""

    model: ModelRef[Any]
    #: ``None`` for a model that is not installed.
    cls: type[Request[Any]] | None
    payload: dict[str, Any]

    def require_json(self) -> None:
        """Raise ``ValidationError`` for values outside JSON, for a model without a schema."""
        _require_json(self.payload, str(self.model.model_id))


def draft(request: Request[Any] | str, payload: Mapping[str, Any] | None) -> RequestDraft:
    """The draft for a request, or for a model id and a payload."""
    if isinstance(request, Request):
        if payload is not None:
            raise TypeError(
                "a request already contains its inputs; pass a payload only with a model id"
            )
        model: ModelRef[Any] = ModelRef(request.model_id, request.output_type)
        return RequestDraft(model, type(request), to_plain(request._inputs))
    if not isinstance(request, str) or not isinstance(payload, Mapping):
        raise TypeError("pass a request, or a model id and a payload: run('owner/model', {…})")
    model = find_type(check_model_id(request))
    return RequestDraft(model, find_model(request) if model.typed else None, to_plain(payload))


def require_schema(cls: type[Request[Any]], payload: object) -> None:
    """Raise ``ValidationError`` where the payload breaks the schema."""
    violations = check_payload(cls, payload)
    if violations:
        raise ValidationError(cls.model_id, violations)


def _require_json(payload: dict[str, Any], model_id: str) -> None:
    from runcomfy.model.media import is_local

    violations: list[Violation] = []
    find_non_json(payload, "", violations)
    for violation in violations:
        if is_local(violation.value):
            violation.message = _NO_SCHEMA
    if violations:
        raise ValidationError(model_id, violations)
    near = _did_you_mean(model_id)
    _log.warning(
        "%s: no installed package has this model%s; sent without validation", clean(model_id), near
    )


def _did_you_mean(model_id: str) -> str:
    """A hint that names similar installed models."""
    near = ids_like(model_id, model_ids(), 2)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""


class Hinting:
    """Wrap a submit: if the service does not know the model either, suggest similar ids."""

    __slots__ = ("_model",)

    def __init__(self, model: ModelRef[Any]) -> None:
        self._model = model

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, frames: object) -> None:
        model = self._model
        if isinstance(error, NotFound) and error.request_id is None and not model.typed:
            error.message += _did_you_mean(model.model_id) if model.model_id else ""


OutputT_co = TypeVar("OutputT_co", bound=Output, covariant=True)


@dataclass(frozen=True, slots=True)
class ModelRef(Generic[OutputT_co]):
    """The model of a request: its id, if known, and its output type."""

    model_id: str | None
    output_type: type[OutputT_co]
    typed: bool = True

    def result(
        self, request_id: str, document: dict[str, Any], downloads: Downloads
    ) -> Result[OutputT_co]:
        """The result in a response document, which may name its model."""
        model = self._named_in(document)
        output = model._output(document)
        return Result(request_id, output, document, model.model_id, model.typed, downloads)

    def async_result(
        self, request_id: str, document: dict[str, Any], downloads: AsyncDownloads
    ) -> AsyncResult[OutputT_co]:
        """``result`` for ``AsyncClient``."""
        model = self._named_in(document)
        output = model._output(document)
        return AsyncResult(request_id, output, document, model.model_id, model.typed, downloads)

    def _named_in(self, document: dict[str, Any]) -> ModelRef[OutputT_co]:
        """This model, or the one that the document names if this one is unknown."""
        model_id = document.get("model_id")
        if self.model_id is None and isinstance(model_id, str):
            known: ModelRef[Any] = find_type(model_id)
            return known
        return self

    def _output(self, document: dict[str, Any]) -> OutputT_co:
        given = document.get("output")
        content = given if isinstance(given, dict) else {} if given is None else {"output": given}
        return self.output_type.from_payload(content)


@dataclass(slots=True)
class PreparedRequest(Generic[OutputT_co]):
    """A checked request: its model, and the body that is sent."""

    model: ModelRef[OutputT_co]
    body: bytes = field(repr=False)


def find_type(model: type[Request[Any]] | str | None) -> ModelRef[Any]:
    """The reference to a model; untyped if it is not installed."""
    if isinstance(model, type):
        return ModelRef(model.model_id, model.output_type)
    if model is None:
        return ModelRef(None, Output, typed=False)
    try:
        return ModelRef(model, find_model(model).output_type)
    except UnknownModel:
        return ModelRef(model, Output, typed=False)


def encode(payload: dict[str, Any]) -> bytes:
    """The request body for a plain payload."""
    try:
        return json.dumps(payload, allow_nan=False, separators=(",", ":")).encode("ascii")
    except ValueError as error:  # a number with more digits than Python writes
        raise ConfigurationError(f"the payload cannot be written as JSON: {error}") from None
