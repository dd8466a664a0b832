"""``Order``: a request made ready to be submitted, with what is known about its model."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from runcomfy.client.result import AsyncResult, Result
from runcomfy.errors import ConfigurationError, UnknownModel
from runcomfy.model.output import Output
from runcomfy.model.registry import find_model
from runcomfy.model.request import Request

if TYPE_CHECKING:
    from runcomfy.downloads.async_manager import AsyncDownloads
    from runcomfy.downloads.manager import Downloads

__all__ = ["Model", "Order", "encode", "find_type"]

OutputT_co = TypeVar("OutputT_co", bound=Output, covariant=True)


@dataclass(frozen=True, slots=True)
class Model(Generic[OutputT_co]):
    """What is known about the model of a request: its id, and the type of its output."""

    model_id: str | None
    output_type: type[OutputT_co]
    typed: bool = True

    def result(
        self, request_id: str, document: dict[str, Any], downloads: Downloads
    ) -> Result[OutputT_co]:
        """The result in a document, which may itself say of which model it is."""
        model = self._told(document)
        output = model._output(document)
        return Result(request_id, output, document, model.model_id, model.typed, downloads)

    def async_result(
        self, request_id: str, document: dict[str, Any], downloads: AsyncDownloads
    ) -> AsyncResult[OutputT_co]:
        """``result`` for ``AsyncClient``."""
        model = self._told(document)
        output = model._output(document)
        return AsyncResult(request_id, output, document, model.model_id, model.typed, downloads)

    def _told(self, document: dict[str, Any]) -> Model[OutputT_co]:
        """The model that the document names, if this one is not known; else this one."""
        told = document.get("model_id")
        if self.model_id is None and isinstance(told, str):
            known: Model[Any] = find_type(told)
            return known
        return self

    def _output(self, document: dict[str, Any]) -> OutputT_co:
        given = document.get("output")
        content = given if isinstance(given, dict) else {} if given is None else {"output": given}
        return self.output_type.from_payload(content)


@dataclass(frozen=True, slots=True)
class Order(Generic[OutputT_co]):
    """A checked request: its model, and the body that is sent."""

    model: Model[OutputT_co]
    body: bytes = field(repr=False)


def find_type(model: type[Request[Any]] | str | None) -> Model[Any]:
    """What is known about a model; one that is not installed is untyped."""
    if isinstance(model, type):
        return Model(model.model_id, model.output_type)
    if model is None:
        return Model(None, Output, typed=False)
    try:
        return Model(model, find_model(model).output_type)
    except UnknownModel:
        return Model(model, Output, typed=False)


def encode(payload: dict[str, Any]) -> bytes:
    """The body that is sent for a plain payload."""
    try:
        return json.dumps(payload, allow_nan=False, separators=(",", ":")).encode("ascii")
    except ValueError as error:  # a number with more digits than Python writes
        raise ConfigurationError(f"the payload cannot be written as JSON: {error}") from None
